import type { From, MessageOptions, MessageTraits, Request, Side } from '@millrace/core'
import { defaultTraits, KeyTable, MillraceError, parseTraits, sharedByCopies } from '@millrace/core'
import { type Infer, isSchema, type Schema, type Shape, shapeSchema } from 'bitsery-ts'

/** A message of which more is said than its body: what `message(shape, traits)` makes. */
export class MessageShape<Said extends Shape = Shape, Sender extends Side = Side> {
  static {
    sharedByCopies(MessageShape, 'MessageShape')
  }

  readonly body: Said
  readonly options: MessageOptions<Sender>

  constructor(body: Said, options: MessageOptions<Sender>) {
    this.body = body
    this.options = options
  }
}

/** A message that is answered: what `request(body, reply)` makes. */
export class RequestShape<
  Asked extends Shape = Shape,
  Answered extends Shape = Shape,
  Sender extends Side = Side,
> {
  static {
    sharedByCopies(RequestShape, 'RequestShape')
  }

  readonly body: Asked
  readonly reply: Answered
  readonly options: MessageOptions<Sender>

  constructor(body: Asked, reply: Answered, options: MessageOptions<Sender>) {
    this.body = body
    this.reply = reply
    this.options = options
  }
}

/** What a contract may say about a request: as about a message, but it has to arrive. */
export interface RequestShapeOptions<Sender extends Side = Side> extends MessageOptions<Sender> {
  readonly delivery?: 'reliable' | 'reliableUnordered' | undefined
}

/** Declares a message with traits: `move: message({ x: f32, y: f32 }, { from: 'client', rate: 60 })`. */
export function message<const Said extends Shape, Sender extends Side = Side>(
  body: Said,
  traits: MessageOptions<Sender> = {},
): MessageShape<Said, Sender> {
  return new MessageShape(body, traits)
}

/** Declares a message that is answered: `buy: request({ item: u32 }, { left: u32 })`. */
export function request<const Asked extends Shape, const Answered extends Shape, Sender extends Side = Side>(
  body: Asked,
  reply: Answered,
  traits: RequestShapeOptions<Sender> = {},
): RequestShape<Asked, Answered, Sender> {
  return new RequestShape(body, reply, traits)
}

/** The messages of a contract by key: a schema, an object of fields, a message with traits, or a request. */
export type ContractShape = Readonly<Record<string, Shape | MessageShape | RequestShape>>

/** What only one side may send says so. */
type Sent<Sender extends Side, What> = Side extends Sender ? What : From<Sender, What>

/** The messages that a contract describes, as types. */
export type ContractMessages<S extends ContractShape> = {
  [K in keyof S]: S[K] extends RequestShape<infer Asked, infer Answered, infer Sender>
    ? Sent<Sender, Request<Infer<Asked>, Infer<Answered>>>
    : S[K] extends MessageShape<infer Said, infer Sender>
      ? Sent<Sender, Infer<Said>>
      : Infer<S[K]>
}

/** What a contract may say beside its messages. */
export interface ContractOptions {
  /**
   * Counts the contract's versions, from 1. When two sides differ, it tells them who is older; without it they guess from
   * missing messages and fields.
   */
  readonly version?: number | undefined
}

/** One message of a contract. */
export interface ContractEntryShape {
  readonly key: string
  readonly schema: Schema<unknown>
  readonly reply: Schema<unknown> | undefined
  readonly traits: MessageTraits
}

/**
 * The messages that two sides agree on. Both make it from the same source; order counts, because it gives the messages
 * their numbers. Immutable.
 */
export interface Contract<Messages extends object = object> {
  readonly version: number
  readonly entries: readonly ContractEntryShape[]
  /** 64 bits over keys, order, schemas, and who sends what how; not over rates and sizes. 16 hexadecimal digits. */
  readonly fingerprint: string
  /** Never set. */
  readonly messages?: Messages
}

/**
 * Makes a contract: `contract({ move: { id: u32, x: f32 }, chat: { line: text(200) } })`. Throws `argument-invalid` for a
 * message that is none, and for traits that cannot be.
 */
export function contract<const S extends ContractShape>(
  shape: S,
  options: ContractOptions = {},
): Contract<ContractMessages<S>> {
  const { version = 0 } = options
  if (!Number.isInteger(version) || version < 0 || version > 0xffffffff) {
    throw new MillraceError(
      'argument-invalid',
      `a contract's version is a whole number; got ${String(version)}`,
    )
  }
  const entries = Object.entries(shape).map(([key, message]) => entryOf(key, message))
  KeyTable.closed(entries.map(({ key }) => key))
  const parts = entries.map(
    (entry) =>
      `${entry.key}:${entry.schema.fingerprint}:${entry.reply?.fingerprint ?? ''}${traitsText(entry)}`,
  )
  return { version, entries, fingerprint: fingerprint(parts.join('\n')) }
}

/** The fingerprint of one message, reply and traits included. */
export function entryFingerprint(entry: ContractEntryShape): string {
  const { key, schema, reply } = entry
  const traits = traitsText(entry)
  return reply === undefined && traits === ''
    ? schema.fingerprint
    : fingerprint(`${key}:${schema.fingerprint}:${reply?.fingerprint ?? ''}${traits}`)
}

/** The traits that both sides must agree on, where they differ from the defaults. */
function traitsText({ traits }: ContractEntryShape): string {
  const names = ['from', 'delivery', 'lane'] as const
  const given = names.filter((name) => traits[name] !== defaultTraits[name])
  return given.map((name) => `:${name}=${traits[name]}`).join('')
}

/** What a contract says that peers needn't agree on: rates, sizes, and how its schemas read. Equal for equal rules, by 64 bits. `Infinity` is null in it. */
export function rulesFingerprint(entries: readonly ContractEntryShape[]): string {
  return fingerprint(
    JSON.stringify(entries.map(({ traits, schema, reply }) => [traits, schema.options, reply?.options])),
  )
}

/** The number of fields of all structs in a message and its reply, wherever they are nested. */
export function fieldCount({ schema, reply }: ContractEntryShape): number {
  return countFields(schema) + (reply === undefined ? 0 : countFields(reply))
}

function countFields(schema: Schema<unknown>): number {
  let count = 0
  JSON.stringify(schema.descriptor, (name, value) => {
    if (name === 'fields') count += value.length
    return value
  })
  return count
}

function entryOf(key: string, shape: Shape | MessageShape | RequestShape): ContractEntryShape {
  const isRequest = shape instanceof RequestShape
  const hasTraits = isRequest || shape instanceof MessageShape
  const schema = schemaNamed(key, hasTraits ? shape.body : shape)
  const traits = parseTraits(key, isRequest ? 'request' : 'message', hasTraits ? shape.options : {})
  if (traits.sizeMax < schema.sizeMin) {
    const text = `message '${key}' takes at least ${schema.sizeMin} bytes; its sizeMax is ${traits.sizeMax}`
    throw new MillraceError('argument-invalid', text)
  }
  const reply = isRequest ? schemaNamed(`${key} (reply)`, shape.reply) : undefined
  return { key, schema, reply, traits }
}

function schemaNamed(key: string, shape: Shape): Schema<unknown> {
  if (typeof shape !== 'object' || shape === null) {
    const text = `message '${key}' wants a schema or an object of fields; got ${String(shape)}`
    throw new MillraceError('argument-invalid', text)
  }
  const schema = isSchema(shape) ? shape : (shapeSchema(shape) as Schema<unknown>)
  return schema.with({ name: key })
}

const prime = 0x100000001b3n
const mask = 0xffffffffffffffffn

/** FNV-1a, 64 bits, over the UTF-16 units of a text. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    hash = ((hash ^ BigInt(unit & 0xff)) * prime) & mask
    hash = ((hash ^ BigInt(unit >> 8)) * prime) & mask
  }
  return hash.toString(16).padStart(16, '0')
}
