import type { BlockPool } from '@millrace/buffer'
import {
  controlNumber,
  type FrameTarget,
  finishFrame,
  frameKind,
  frameTag,
  type Goodbye,
  goodbyeRoom,
  type Hello,
  headerSize,
  helloRoom,
  longHeaderSize,
  namedNumber,
  writeGoodbye,
  writeHello,
  writeText,
} from '@millrace/wire'
import { MillraceError } from '../base/millrace-error.ts'
import type { Codec } from '../ports/codec.ts'
import type { FrameSink } from '../ports/framing.ts'

/** The size of the id of a request. */
export const idSize = 4

/** Writes the frames of a session. */
export class FrameWriter {
  /** The largest body of a message that may be written, in bytes. */
  messageSizeMax: number
  readonly #codec: Codec
  readonly #isNamed: boolean
  readonly #pool: BlockPool
  readonly #out: FrameSink

  constructor(codec: Codec, pool: BlockPool, out: FrameSink, messageSizeMax: number) {
    this.messageSizeMax = messageSizeMax
    this.#codec = codec
    this.#isNamed = codec.keys.kind === 'open'
    this.#pool = pool
    this.#out = out
  }

  message(number: number, body: unknown): void {
    const out = this.#out
    const start = out.reserve(this.#room(number, number, body))
    out.commit(this.#write(out, start, frameKind.message, 0, number, number, body))
  }

  /** A message as bytes of their own. */
  sharedMessage(number: number, body: unknown): Uint8Array {
    const bytes = this.#pool.allocate(this.#room(number, number, body))
    const target = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
    return bytes.subarray(0, this.#write(target, 0, frameKind.message, 0, number, number, body))
  }

  request(id: number, number: number, body: unknown): void {
    const out = this.#out
    const start = out.reserve(this.#room(number, number, body))
    out.commit(this.#write(out, start, frameKind.request, id, number, number, body))
  }

  /** The reply to a request of this key. */
  reply(id: number, number: number, body: unknown): void {
    const out = this.#out
    const bodyNumber = this.#codec.replyNumber(number)
    const start = out.reserve(this.#room(number, bodyNumber, body))
    out.commit(this.#write(out, start, frameKind.reply, id, number, bodyNumber, body))
  }

  fault(id: number, text: string): void {
    this.#control(controlNumber.fault, idSize + 256, (target, at) => {
      target.view.setUint32(at, id, true)
      return writeText(target, at + idSize, text)
    })
  }

  ping(token: number): void {
    this.#token(controlNumber.ping, token)
  }

  pong(token: number): void {
    this.#token(controlNumber.pong, token)
  }

  hello(hello: Hello): void {
    const out = this.#out
    out.commit(writeHello(out, out.reserve(helloRoom), hello))
  }

  goodbye(goodbye: Goodbye): void {
    const out = this.#out
    out.commit(writeGoodbye(out, out.reserve(goodbyeRoom), goodbye))
  }

  /** The room that a message, request or reply of this key needs at most. */
  #room(keyNumber: number, bodyNumber: number, body: unknown): number {
    const nameSize = this.#isNamed ? this.#codec.keys.text(keyNumber).length : 0
    return this.#codec.sizeBound(bodyNumber, body) + nameSize + idSize + longHeaderSize
  }

  /** Writes a message, request or reply at `start`, and returns its end. */
  #write(
    target: FrameTarget,
    start: number,
    kind: number,
    id: number,
    keyNumber: number,
    bodyNumber: number,
    body: unknown,
  ): number {
    let at = start + headerSize
    if (kind !== frameKind.message) {
      target.view.setUint32(at, id, true)
      at += idSize
    }
    let number = bodyNumber
    if (this.#isNamed) {
      const name = this.#codec.keys.text(keyNumber)
      target.bytes.set(name, at)
      at += name.length
      number = namedNumber
    }
    const end = this.#codec.encode(bodyNumber, body, target, at)
    const size = end - start - headerSize
    if (size > this.messageSizeMax) this.#refuse(keyNumber, size)
    return finishFrame(target, start, frameTag(kind, number), end)
  }

  #token(number: number, token: number): void {
    this.#control(number, 4, ({ view }, at) => {
      view.setUint32(at, token, true)
      return at + 4
    })
  }

  #control(number: number, room: number, write: (target: FrameTarget, start: number) => number): void {
    const out = this.#out
    const start = out.reserve(headerSize + room)
    const end = write(out, start + headerSize)
    out.commit(finishFrame(out, start, frameTag(frameKind.control, number), end))
  }

  #refuse(number: number, size: number): never {
    const text = `message '${this.#codec.keys.name(number)}' takes ${size} bytes; both sides accept ${this.messageSizeMax} (messageSizeMax)`
    throw new MillraceError('message-too-large', text)
  }
}
