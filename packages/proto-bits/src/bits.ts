import {
  type ByteSource,
  type Codec,
  framed,
  KeyTable,
  MillraceError,
  type Protocol,
  undecodable,
} from '@millrace/core'
import { readErrorText, type Schema, Source, type Target } from 'bitsery-ts'
import { type Contract, entryFingerprint, fieldCount, rulesFingerprint } from './contract.ts'

/**
 * The protocol `bits`: the messages of a contract as bitsery writes them, on Millrace's frames. Both sides need the same
 * contract; if they differ, both are told which message does, and who is older.
 */
export function bits<Messages extends object>(contract: Contract<Messages>): Protocol<Messages> {
  const { fingerprint, version, entries } = contract
  const identity = () => `contract ${fingerprint}, version ${version}, rules ${rulesFingerprint(entries)}`
  return { ...framed(new BitsCodec<Messages>(contract)), identity }
}

/** A size bound up to which room is simply reserved; above it, the body is measured. */
const boundMax = 4096

/** More than any body has. */
const unlimited = 0x3fffffff

/** Numbers of messages and replies, at most: what a frame's tag can hold. */
const numbersMax = 0x3fff

/** Reads and writes the messages of a contract. Replies have numbers of their own, behind those of the messages. */
export class BitsCodec<Messages extends object> implements Codec<Messages> {
  readonly name = 'bits'
  readonly keys: KeyTable
  readonly contract: NonNullable<Codec['contract']>
  readonly #schemas: Schema<unknown>[]
  readonly #bounds: number[]
  readonly #replyNumbers: number[]
  /** By number, the most bytes of a body that are allowed; `unlimited` where no body can be larger. */
  readonly #sizeMaxes: number[]
  readonly #source = new Source(new Uint8Array(0))
  #error = ''

  constructor({ entries, version, fingerprint }: Contract<Messages>) {
    const traits = entries.map((entry) => entry.traits)
    this.keys = KeyTable.closed(
      entries.map(({ key }) => key),
      traits,
    )
    this.#schemas = entries.map(({ schema }) => schema)
    this.#replyNumbers = entries.map(({ reply }) =>
      reply === undefined ? -1 : this.#schemas.push(reply) - 1,
    )
    this.#sizeMaxes = this.#schemas.map(({ sizeMax }, number) =>
      number < entries.length && sizeMax > traits[number].sizeMax ? traits[number].sizeMax : unlimited,
    )
    if (this.#schemas.length > numbersMax) {
      const text = `a contract has ${this.#schemas.length} messages and replies; at most ${numbersMax} fit`
      throw new MillraceError('argument-invalid', text)
    }
    this.#bounds = this.#schemas.map(({ sizeMax }) => (sizeMax <= boundMax ? sizeMax : -1))
    const table = entries.map((entry) => ({
      key: entry.key,
      fingerprint: entryFingerprint(entry),
      fieldCount: fieldCount(entry),
    }))
    this.contract = { fingerprint, table: { version, entries: table } }
  }

  sizeBound(number: number, body: unknown): number {
    const bound = this.#bounds[number]
    return bound >= 0 ? bound : this.#measure(number, body)
  }

  fixedSize(number: number): number {
    return this.#schemas[number].sizeFixed ?? -1
  }

  encode(number: number, body: unknown, target: Target, start: number): number {
    const end = this.#schemas[number].write(body, target, start)
    if (end - start > this.#sizeMaxes[number]) this.#refuse(number, end - start)
    return end
  }

  decode(number: number, from: ByteSource, start: number, end: number): unknown {
    const schema = this.#schemas[number]
    if (schema === undefined || end - start > this.#sizeMaxes[number])
      return this.#misfit(number, end - start)
    const source = this.#source
    // Many messages come in one chunk: storing the same two references again for each would cost more than to look.
    if (source.view !== from.view) {
      source.bytes = from.bytes
      source.view = from.view
    }
    const body = schema.read(source, start, end)
    if (source.error === '' && source.position === end) return body
    return this.#broken(number, end)
  }

  decodeError(): string {
    return this.#error
  }

  replyNumber(number: number): number {
    return this.#replyNumbers[number]
  }

  /** The exact size of a large body. A body that doesn't fit its schema is told by writing it into nothing. */
  #measure(number: number, body: unknown): number {
    const schema = this.#schemas[number]
    try {
      return schema.measure(body)
    } catch {
      return schema.encode(body).length
    }
  }

  #refuse(number: number, size: number): never {
    throw new MillraceError('message-too-large', this.#sizeText(number, size))
  }

  #sizeText(number: number, size: number): string {
    return `message '${this.keys.name(number)}' of ${size} bytes; at most ${this.#sizeMaxes[number]} are allowed (sizeMax)`
  }

  /** Called by `decode` for what it does not begin to read. */
  #misfit(number: number, size: number): typeof undecodable {
    const isKnown = number < this.#schemas.length
    return this.#fail(
      isKnown ? this.#sizeText(number, size) : `message number ${number}, which the contract does not have`,
    )
  }

  #broken(number: number, end: number): typeof undecodable {
    const { error, position } = this.#source
    const what = error === '' ? `${end - position} bytes too many` : `${error}, ${readErrorText(error)}`
    const isReply = number >= this.keys.count
    const key = this.keys.name(isReply ? this.#replyNumbers.indexOf(number) : number)
    return this.#fail(`${isReply ? 'the reply to' : 'message'} '${key}' cannot be read: ${what}`)
  }

  #fail(text: string): typeof undecodable {
    this.#error = text
    return undecodable
  }
}
