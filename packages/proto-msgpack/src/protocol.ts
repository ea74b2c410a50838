import { type ByteSource, type Codec, framed, KeyTable, type Protocol, undecodable } from '@millrace/core'
import { MsgpackReader, type MsgpackReaderOptions } from './msgpack-reader.ts'
import { type MsgpackTarget, MsgpackWriter, type MsgpackWriterOptions } from './msgpack-writer.ts'

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

/** Reads and writes bodies as MessagePack; reading is strict, by the limits of `MsgpackLimits`. */
export class MsgpackCodec<Messages extends object> implements Codec<Messages> {
  readonly name = 'msgpack'
  readonly keys = KeyTable.open()
  readonly #reader: MsgpackReader
  readonly #writer: MsgpackWriter
  #error = ''

  constructor(options: MsgpackProtocolOptions = {}) {
    this.#reader = new MsgpackReader(options)
    this.#writer = new MsgpackWriter(options)
  }

  sizeBound(_number: number, body: unknown): number {
    return this.#writer.measure(body)
  }

  encode(_number: number, body: unknown, target: MsgpackTarget, start: number): number {
    return this.#writer.write(body, target, start)
  }

  decode(number: number, source: ByteSource, start: number, end: number): unknown {
    const reader = this.#reader
    const body = reader.read(source.bytes, source.view, start, end)
    if (reader.error === '' && reader.position === end) return body
    const what = reader.error === '' ? `${end - reader.position} bytes too many` : reader.errorText()
    this.#error = `message '${this.keys.name(number)}' cannot be read: ${what}`
    return undecodable
  }

  decodeError(): string {
    return this.#error
  }

  replyNumber(number: number): number {
    return number
  }
}
