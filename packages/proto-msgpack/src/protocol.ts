import { type ByteSource, type Codec, framed, KeyTable, type Protocol, undecodable } from '@millrace/core'
import { MsgpackDraft } from './msgpack-draft.ts'
import { MsgpackReader } from './msgpack-reader.ts'
import type { MsgpackTarget } from './msgpack-target.ts'
import { MsgpackWriter } from './msgpack-writer.ts'
import { type MsgpackReaderOptions, readerRules } from './reader-rules.ts'
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
  const identity = identityOf(options)
  return { ...framed(new MsgpackCodec<Messages>(options)), identity: () => identity }
}

/** The options in words. Extensions are functions, of which nothing says whether two do the same. */
function identityOf(options: MsgpackProtocolOptions): string | undefined {
  const { maps, timestamps, limits, extensions } = readerRules(options)
  if (extensions.size > 0) return undefined
  return Object.entries({ maps, timestamps, ...limits })
    .flat()
    .join(' ')
}

/** Reads and writes bodies as MessagePack; reading is strict, by the limits of `MsgpackLimits`. */
export class MsgpackCodec<Messages extends object> implements Codec<Messages> {
  readonly name = 'msgpack'
  readonly keys: KeyTable
  /** What the readers of channels are like, and share. */
  readonly #model: MsgpackReader
  /** Made by the first message: many links never have one. */
  #reader: MsgpackReader | undefined
  readonly #writer: MsgpackWriter
  readonly #draft: MsgpackDraft
  #error = ''

  constructor(options: MsgpackProtocolOptions | MsgpackCodec<Messages> = {}) {
    const isCodec = options instanceof MsgpackCodec
    this.keys = isCodec ? options.keys : KeyTable.open()
    this.#model = isCodec ? options.#model : new MsgpackReader(options)
    this.#writer = isCodec ? options.#writer : new MsgpackWriter(options)
    this.#draft = isCodec ? options.#draft : new MsgpackDraft(this.#writer)
  }

  /** Shares everything but what is remembered of the keys that the peer sends. */
  forChannel(): MsgpackCodec<Messages> {
    return new MsgpackCodec(this)
  }

  sizeBound(_number: number, body: unknown): number {
    return this.#draft.sizeOf(body)
  }

  fixedSize(): number {
    return -1
  }

  encode(_number: number, body: unknown, target: MsgpackTarget, start: number): number {
    return this.#draft.write(body, target, start)
  }

  decode(number: number, source: ByteSource, start: number, end: number): unknown {
    this.#reader ??= this.#model.another()
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
