import type { Request } from '@millrace/core'
import { KeyTable, MillraceError } from '@millrace/core'
import { type Infer, isSchema, type Schema, type Shape, shapeSchema } from 'bitsery-ts'

/** A message that is answered: what `request(body, reply)` makes. */
export class RequestShape<Asked extends Shape = Shape, Answered extends Shape = Shape> {
  readonly body: Asked
  readonly reply: Answered

  constructor(body: Asked, reply: Answered) {
    this.body = body
    this.reply = reply
  }
}

/** Declares a message that is answered: `buy: request({ item: u32 }, { left: u32 })`. */
export function request<Asked extends Shape, Answered extends Shape>(
  body: Asked,
  reply: Answered,
): RequestShape<Asked, Answered> {
  return new RequestShape(body, reply)
}

/** The messages of a contract by key: a schema, an object of fields, or a request. */
export type ContractShape = Readonly<Record<string, Shape | RequestShape>>

/** The messages that a contract describes, as types. */
export type ContractMessages<S extends ContractShape> = {
  [K in keyof S]: S[K] extends RequestShape<infer Asked, infer Answered>
    ? Request<Infer<Asked>, Infer<Answered>>
    : Infer<S[K]>
}

/** What a contract may say beside its messages. */
export interface ContractOptions {
  /**
   * Counts the contract's versions, from 1. When two sides differ, it tells them who is older; without it they guess from
   * missing messages and fields.
   */
  readonly version?: number
}

/** One message of a contract. */
export interface ContractEntryShape {
  readonly key: string
  readonly schema: Schema<unknown>
  readonly reply: Schema<unknown> | undefined
}

/**
 * The messages that two sides agree on. Both make it from the same source; order counts, because it gives the messages
 * their numbers. Immutable.
 */
export interface Contract<Messages extends object = object> {
  readonly version: number
  readonly entries: readonly ContractEntryShape[]
  /** 64 bits over keys, order and schemas, as 16 hexadecimal digits. */
  readonly fingerprint: string
  /** Never set. */
  readonly messages?: Messages
}

/**
 * Makes a contract: `contract({ move: { id: u32, x: f32 }, chat: { line: text(200) } })`. Throws `argument-invalid` for a
 * message that is none.
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
    ({ key, schema, reply }) => `${key}:${schema.fingerprint}:${reply?.fingerprint ?? ''}`,
  )
  return { version, entries, fingerprint: fingerprint(parts.join('\n')) }
}

/** The fingerprint of one message, reply included. */
export function entryFingerprint({ key, schema, reply }: ContractEntryShape): string {
  return reply === undefined
    ? schema.fingerprint
    : fingerprint(`${key}:${schema.fingerprint}:${reply.fingerprint}`)
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

function entryOf(key: string, message: Shape | RequestShape): ContractEntryShape {
  if (message instanceof RequestShape) {
    return {
      key,
      schema: schemaNamed(key, message.body),
      reply: schemaNamed(`${key} (reply)`, message.reply),
    }
  }
  return { key, schema: schemaNamed(key, message), reply: undefined }
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
