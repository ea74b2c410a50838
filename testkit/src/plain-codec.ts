import {
  type AnyMessages,
  type Codec,
  framed,
  KeyTable,
  MillraceError,
  type Protocol,
  undecodable,
} from '@millrace/core'

/** What a plain codec agrees on. */
export interface PlainOptions {
  /** The codec's name in the hello. Default `plain`. */
  readonly name?: string
  /** Keys known to both sides, which travel as numbers. Default: none, and keys travel by name. */
  readonly keys?: readonly string[]
  /** A contract: messages by the number of their fields. */
  readonly contract?: { readonly version?: number; readonly messages: Readonly<Record<string, number>> }
}

/**
 * The simplest codec there is, for tests of everything around codecs: bodies are JSON. It counts its calls, and refuses
 * what JSON can't say.
 */
export class PlainCodec implements Codec<AnyMessages> {
  readonly name: string
  readonly keys: KeyTable
  readonly contract?: NonNullable<Codec['contract']>
  declare readonly messages?: AnyMessages
  encodeCount = 0
  decodeCount = 0
  readonly #encoder = new TextEncoder()
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #error = ''

  constructor({ name = 'plain', keys, contract }: PlainOptions = {}) {
    this.name = name
    const closed = contract === undefined ? keys : Object.keys(contract.messages)
    this.keys = closed === undefined ? KeyTable.open() : KeyTable.closed(closed)
    if (contract === undefined) return
    const entries = Object.entries(contract.messages).map(([key, fieldCount]) => {
      return { key, fieldCount, fingerprint: hash(`${key}:${fieldCount}`) }
    })
    const fingerprint = hash(entries.map((entry) => entry.fingerprint).join())
    this.contract = { fingerprint, table: { version: contract.version ?? 0, entries } }
  }

  sizeBound(_number: number, body: unknown): number {
    return 3 * json(body).length
  }

  fixedSize(): number {
    return -1
  }

  encode(_number: number, body: unknown, target: { readonly bytes: Uint8Array }, start: number): number {
    this.encodeCount++
    const bytes = this.#encoder.encode(json(body))
    target.bytes.set(bytes, start)
    return start + bytes.length
  }

  decode(_number: number, source: { readonly bytes: Uint8Array }, start: number, end: number): unknown {
    this.decodeCount++
    try {
      return JSON.parse(this.#decoder.decode(source.bytes.subarray(start, end)))
    } catch (error) {
      this.#error = `no JSON: ${error instanceof Error ? error.message : String(error)}`
      return undecodable
    }
  }

  decodeError(): string {
    return this.#error
  }

  replyNumber(number: number): number {
    return number
  }
}

/** The protocol of a plain codec. */
export function plain(options: PlainOptions = {}): Protocol<AnyMessages> {
  return framed(new PlainCodec(options))
}

function json(body: unknown): string {
  const text = JSON.stringify(body)
  if (text !== undefined) return text
  throw new MillraceError('argument-invalid', `a plain body is what JSON can say; got ${typeof body}`)
}

function hash(text: string): string {
  let high = 0x811c9dc5
  let low = 0x1b873593
  for (let index = 0; index < text.length; index++) {
    high = Math.imul(high ^ text.charCodeAt(index), 0x01000193)
    low = Math.imul(low ^ text.charCodeAt(index), 0x85ebca6b) ^ (high >>> 13)
  }
  return [high, low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
}
