import type { BlockPool } from '@millrace/buffer'
import {
  bodySizeLimit,
  codeMessageEnd,
  type FrameTarget,
  finishFrame,
  frameCode,
  type Goodbye,
  goodbyeRoom,
  type Hello,
  headerSize,
  headerSizeMax,
  helloRoom,
  shortTextSizeMax,
  varintSizeMax,
  varintSizeOf,
  writeGoodbye,
  writeHello,
  writeText,
  writeVarint,
} from '@millrace/wire'
import { MillraceError } from '../base/millrace-error.ts'
import type { Codec } from '../ports/codec.ts'
import type { FrameSink } from '../ports/framing.ts'
import type { EncodeResult, PeerLimit } from '../ports/protocol.ts'

/** The size of what a ping carries. */
export const tokenSize = 4

const noId = -1

/** Above any size. */
const unknownSize = 0x7fff_ffff

/** What the sessions of one protocol know of its messages below 128, by number. */
export interface MessageSizes {
  /** The size of messages that always have the same one and travel without it; -1 for all others. */
  readonly fixed: Int32Array
  /** The header of the last one of each, 1 for a fixed size: the next body is written where that ends, and moved if it was a wrong guess. */
  readonly headers: Uint8Array
}

/** Asks a codec for the sizes of its messages. */
export function messageSizes(codec: Codec): MessageSizes {
  const fixed = new Int32Array(codeMessageEnd).fill(-1)
  const count = codec.keys.kind === 'open' ? 0 : Math.min(codec.keys.count, codeMessageEnd)
  for (let number = 0; number < count; number++) fixed[number] = codec.fixedSize(number)
  return { fixed, headers: Uint8Array.from(fixed, (size) => (size < 0 ? headerSize(0) : 1)) }
}

/** Writes the frames of a session. A body above this side's own limit throws; one that only the peer doesn't take is `too-large`. */
export class FrameWriter implements PeerLimit {
  /** What the peer takes at most; before it has said so, whatever there is. */
  #peerSizeMax = unknownSize
  readonly #messageSizeMax: number
  readonly #codec: Codec
  readonly #isNamed: boolean
  readonly #sizes: MessageSizes
  readonly #pool: BlockPool
  readonly #out: FrameSink

  constructor(codec: Codec, sizes: MessageSizes, pool: BlockPool, out: FrameSink, messageSizeMax: number) {
    this.#messageSizeMax = Math.min(messageSizeMax, bodySizeLimit)
    this.#codec = codec
    this.#isNamed = codec.keys.kind === 'open'
    this.#sizes = sizes
    this.#pool = pool
    this.#out = out
  }

  /** The peer takes bodies up to so many bytes, once it has said so. */
  get peerSizeMax(): number | undefined {
    return this.#peerSizeMax === unknownSize ? undefined : this.#peerSizeMax
  }

  set peerSizeMax(size: number) {
    this.#peerSizeMax = size
  }

  /** The largest body that both sides take. */
  get messageSizeMax(): number {
    return Math.min(this.#messageSizeMax, this.#peerSizeMax)
  }

  message(number: number, body: unknown): EncodeResult {
    if (this.#isNamed || number >= codeMessageEnd) return this.#farMessage(number, body)
    const out = this.#out
    const start = out.reserve(this.#codec.sizeBound(number, body) + headerSizeMax)
    return this.#commit(start, this.#writeNear(out, start, number, body))
  }

  /** A message as bytes of their own, before the limits of peers are looked at. */
  sharedMessage(number: number, body: unknown): Uint8Array {
    const isFar = this.#isNamed || number >= codeMessageEnd
    const room = isFar ? this.#room(number, number, body) : this.#codec.sizeBound(number, body)
    const bytes = this.#pool.allocate(room + headerSizeMax)
    const target = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
    if (isFar) return bytes.subarray(0, this.#writeFar(target, 0, room, number, body))
    return bytes.subarray(0, this.#writeNear(target, 0, number, body))
  }

  /** Whether the peer takes a frame that this writer, or another one of its protocol, wrote there. */
  takesFrame(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    const peerSizeMax = this.#peerSizeMax
    if (end - start <= peerSizeMax) return true
    const code = bytes[start]
    const isFixed = code < codeMessageEnd && this.#sizes.fixed[code] >= 0
    const header = isFixed ? 1 : 1 + varintSizeOf(bytes[start + 1])
    return end - start - header <= peerSizeMax
  }

  request(id: number, number: number, body: unknown): EncodeResult {
    const out = this.#out
    const room = this.#room(number, number, body) + varintSizeMax
    const start = out.reserve(room + headerSizeMax)
    const code = this.#isNamed ? frameCode.namedRequest : frameCode.request
    return this.#commit(start, this.#write(out, start, room, code, id, number, number, body))
  }

  /** The reply to a request of this key. */
  reply(id: number, number: number, body: unknown): EncodeResult {
    const out = this.#out
    const bodyNumber = this.#codec.replyNumber(number)
    const room = this.#codec.sizeBound(bodyNumber, body) + varintSizeMax
    const start = out.reserve(room + headerSizeMax)
    return this.#commit(start, this.#write(out, start, room, frameCode.reply, id, number, bodyNumber, body))
  }

  fault(id: number, text: string): void {
    this.#control(frameCode.fault, varintSizeMax + 1 + shortTextSizeMax, (target, at) =>
      writeText(target, writeVarint(target.bytes, at, id), text),
    )
  }

  ping(token: number): void {
    this.#token(frameCode.ping, token)
  }

  pong(token: number): void {
    this.#token(frameCode.pong, token)
  }

  hello(hello: Hello): void {
    const out = this.#out
    out.commit(writeHello(out, out.reserve(helloRoom), hello))
  }

  goodbye(goodbye: Goodbye): void {
    const out = this.#out
    out.commit(writeGoodbye(out, out.reserve(goodbyeRoom), goodbye))
  }

  /** What was written from `start` to `end` counts, if the peer takes it. */
  #commit(start: number, end: number): EncodeResult {
    const out = this.#out
    if (end - start > this.#peerSizeMax && !this.takesFrame(out.bytes, start, end)) return 'too-large'
    out.commit(end)
  }

  #farMessage(number: number, body: unknown): EncodeResult {
    const out = this.#out
    const room = this.#room(number, number, body)
    const start = out.reserve(room + headerSizeMax)
    return this.#commit(start, this.#writeFar(out, start, room, number, body))
  }

  /** A message with its number as its code, with its size in the frame if it needs one. */
  #writeNear(target: FrameTarget, start: number, number: number, body: unknown): number {
    const { fixed, headers } = this.#sizes
    const header = headers[number]
    const bodyStart = start + header
    const bodyEnd = this.#codec.encode(number, body, target, bodyStart)
    const size = bodyEnd - bodyStart
    if (size > this.#messageSizeMax) this.#refuse(number, size)
    if (header === 1) {
      if (size !== fixed[number]) throw wrongSize(this.#codec, number, fixed[number], size)
      target.bytes[start] = number
      return bodyEnd
    }
    const end = finishFrame(target, start, number, bodyStart, bodyEnd)
    if (end !== bodyEnd) headers[number] = header + end - bodyEnd
    return end
  }

  /** A message with its key, or a number that is no code, in its body. */
  #writeFar(target: FrameTarget, start: number, room: number, number: number, body: unknown): number {
    const code = this.#isNamed ? frameCode.namedMessage : frameCode.message
    return this.#write(target, start, room, code, noId, number, number, body)
  }

  /** The room that a body takes at most, with its key or number. */
  #room(keyNumber: number, bodyNumber: number, body: unknown): number {
    const keySize = this.#isNamed ? this.#codec.keys.text(keyNumber).length : varintSizeMax
    return this.#codec.sizeBound(bodyNumber, body) + keySize
  }

  /** Writes a frame with a body that begins with an id, a key or a number, and returns its end. */
  #write(
    target: FrameTarget,
    start: number,
    room: number,
    code: number,
    id: number,
    keyNumber: number,
    bodyNumber: number,
    body: unknown,
  ): number {
    const { bytes } = target
    const bodyStart = start + headerSize(room)
    let at = id === noId ? bodyStart : writeVarint(bytes, bodyStart, id)
    if (code === frameCode.namedMessage || code === frameCode.namedRequest) {
      const key = this.#codec.keys.text(keyNumber)
      bytes.set(key, at)
      at += key.length
    } else if (code !== frameCode.reply) at = writeVarint(bytes, at, keyNumber)
    const end = this.#codec.encode(bodyNumber, body, target, at)
    if (end - bodyStart > this.#messageSizeMax) this.#refuse(keyNumber, end - bodyStart)
    return finishFrame(target, start, code, bodyStart, end)
  }

  #token(code: number, token: number): void {
    this.#control(code, tokenSize, ({ view }, at) => {
      view.setUint32(at, token, true)
      return at + tokenSize
    })
  }

  #control(code: number, room: number, write: (target: FrameTarget, start: number) => number): void {
    const out = this.#out
    const start = out.reserve(headerSizeMax + room)
    const bodyStart = start + headerSize(room)
    out.commit(finishFrame(out, start, code, bodyStart, write(out, bodyStart)))
  }

  #refuse(number: number, size: number): never {
    const text = `message '${this.#codec.keys.name(number)}' takes ${size} bytes; this side accepts ${this.#messageSizeMax} (messageSizeMax)`
    throw new MillraceError('message-too-large', text)
  }
}

function wrongSize({ name, keys }: Codec, number: number, fixed: number, written: number): Error {
  const text = `the codec '${name}' wrote ${written} bytes for '${keys.name(number)}', and declares their size as ${fixed}`
  return new MillraceError('argument-invalid', text)
}
