import { type ByteSource, type Codec, framed, KeyTable, type Protocol, undecodable } from '@millrace/core'
import { MsgpackReader } from './msgpack-reader.ts'
import type { MsgpackTarget } from './msgpack-target.ts'
import { MsgpackWriter } from './msgpack-writer.ts'
import type { MsgpackReaderOptions } from './reader-rules.ts'
import type { MsgpackWriterOptions } from './writer-rules.ts'

/** How the protocol reads and writes. */
export interface MsgpackProtocolOptions extends MsgpackReaderOptions, MsgpackWriterOptions {}

/**
 * The protocol `msgpack`: any key, any body that MessagePack can hold, on Millrace's frames. Nothing is declared: keys
 * travel by name. `msgpack<Lobby>()` gives the messages types, which nothing checks at run time.
 */
// biome-ignore lint/suspicious/noExplicitAny: without a type of their own, bodies are whatever was sent
export function msgpack<Messages extends object = Record<string, any>>(
  options: MsgpackProtocolOptions = {},
): Protocol<Messages> {
  return framed(new MsgpackCodec<Messages>(options))
}

/** Bodies up to so many bytes are written once; larger ones are measured first. */
const draftSize = 8192

/** Reads and writes bodies as MessagePack; reading is strict, by the limits of `MsgpackLimits`. */
export class MsgpackCodec<Messages extends object> implements Codec<Messages> {
  readonly name = 'msgpack'
  readonly keys = KeyTable.open()
  readonly #reader: MsgpackReader
  readonly #writer: MsgpackWriter
  readonly #draft = new Uint8Array(draftSize)
  readonly #draftTarget: MsgpackTarget = { bytes: this.#draft, view: new DataView(this.#draft.buffer) }
  #isDrafting = false
  /** The size of the body that stands in the draft, or -1. */
  #drafted = -1
  #error = ''

  constructor(options: MsgpackProtocolOptions = {}) {
    this.#reader = new MsgpackReader(options)
    this.#writer = new MsgpackWriter(options)
  }

  sizeBound(_number: number, body: unknown): number {
    // To measure a body takes as long as to write it: a small one is written here, and copied by `encode`, which follows.
    this.#drafted = this.#draftOf(body)
    return this.#drafted < 0 ? this.#writer.measure(body) : this.#drafted
  }

  fixedSize(): number {
    return -1
  }

  encode(_number: number, body: unknown, target: MsgpackTarget, start: number): number {
    const size = this.#drafted
    if (size < 0) return this.#writer.write(body, target, start)
    target.bytes.set(this.#draft.subarray(0, size), start)
    return start + size
  }

  decode(number: number, source: ByteSource, start: number, end: number): unknown {
    const reader = this.#reader
    const body = reader.read(source.bytes, source.view, start, end)
    if (reader.error === '' && reader.position === end) return body
    const what = reader.error === '' ? `${end - reader.position} bytes too many` : reader.errorText()
    this.#error = `message '${this.keys.name(number)}' cannot be read: ${what}`
    return undecodable
  }

  /** Writes a body into the draft; -1 if it is too large, or if the draft is being written: a getter may send as well. */
  #draftOf(body: unknown): number {
    if (this.#isDrafting) return -1
    this.#isDrafting = true
    try {
      return this.#writer.tryWrite(body, this.#draftTarget, 0)
    } finally {
      this.#isDrafting = false
    }
  }

  decodeError(): string {
    return this.#error
  }

  replyNumber(number: number): number {
    return number
  }
}
