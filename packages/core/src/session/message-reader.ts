import {
  codeMessageEnd,
  frameCode,
  readText,
  readVarint,
  varintSizeOf,
  writtenTextSize,
} from '@millrace/wire'
import { overRateText } from '../base/close-reason.ts'
import { printable } from '../base/printable.ts'
import { type Codec, undecodable } from '../ports/codec.ts'
import type { FrameView } from '../ports/framing.ts'
import type { SessionHost } from '../ports/protocol.ts'
import { isRefused } from './frame-kinds.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { MessageGuard } from './message-guard.ts'

/** What stands for the number of a key that the peer says by name. */
const unknownKey = -1

/**
 * Reads the frames that carry messages, requests and their answers: finds the id and the key, asks the guard, decodes the body and hands it to
 * the host. All of its methods return what the peer did wrong, or ''.
 */
export class MessageReader {
  readonly #host: SessionHost
  readonly #codec: Codec
  readonly #guard: MessageGuard
  readonly #writer: FrameWriter
  readonly #isNamed: boolean

  constructor(host: SessionHost, codec: Codec, guard: MessageGuard, writer: FrameWriter) {
    this.#host = host
    this.#codec = codec
    this.#guard = guard
    this.#writer = writer
    this.#isNamed = codec.keys.kind === 'open'
  }

  /** `counted`: this frame had to wait, and counted for its rate when it came. */
  take(frame: FrameView, now: number | 'counted'): string {
    switch (frame.code) {
      case frameCode.message:
        return this.#numbered(frame, frame.bodyStart, now)
      case frameCode.namedMessage:
        return this.#named(frame, frame.bodyStart, now)
      case frameCode.request:
      case frameCode.namedRequest:
      case frameCode.reply:
      case frameCode.fault:
        return this.#call(frame, now)
      case frameCode.request | isRefused:
      case frameCode.namedRequest | isRefused:
        return this.#refuse(frame)
      default:
        return this.#message(frame, frame.code, frame.bodyStart, now)
    }
  }

  /**
   * A message or request counts for its rate when it comes, also if it has to wait: returns the code under which it may, or -1 if it came too often, and
   * was counted and answered. While the peer takes no answer, a request has to wait for that, too: `isRefused` marks its code. What is wrong with a
   * frame is found when it is taken.
   */
  heldCode(frame: FrameView, now: number): number {
    const number = frame.code === frameCode.close ? undefined : this.#numberIn(frame)
    return number === undefined ? frame.code : this.#counted(frame, number, now)
  }

  #counted(frame: FrameView, number: number, now: number): number {
    const { code } = frame
    if (this.#guard.admits(number, now)) return code
    this.#host.limited(number)
    // That may have ended the channel.
    if (!isRequest(code) || this.#host.isOver) return -1
    if (this.#host.isOwing) return code | isRefused
    this.#refuse(frame)
    return -1
  }

  /** Answers a request that came too often. */
  #refuse({ bytes, bodyStart }: FrameView): string {
    this.#writer.fault(readVarint(bytes, bodyStart), overRateText())
    return ''
  }

  /** The number by which a message or request counts for its rate; undefined if none can be read. */
  #numberIn({ bytes, code, bodyStart, bodyEnd }: FrameView): number | undefined {
    let at = bodyStart
    if (isRequest(code)) {
      if (!isVarint(bytes, at, bodyEnd)) return undefined
      at += varintSizeOf(bytes[at])
    }
    if (this.#isNamed) return unknownKey
    const isNumbered = code >= codeMessageEnd
    if (isNumbered && !isVarint(bytes, at, bodyEnd)) return undefined
    const number = isNumbered ? readVarint(bytes, at) : code
    return number < this.#codec.keys.count ? number : undefined
  }

  /** A message, or a request with this id; its number stands at `start`. */
  #numbered(frame: FrameView, start: number, now: number | 'counted', id?: number): string {
    const { bytes, bodyEnd } = frame
    if (!isVarint(bytes, start, bodyEnd)) return `a ${kindOf(id)} without a number`
    return this.#message(frame, readVarint(bytes, start), start + varintSizeOf(bytes[start]), now, id)
  }

  /** A message, or a request with this id; its body stands at `start`. */
  #message(frame: FrameView, number: number, start: number, now: number | 'counted', id?: number): string {
    const codec = this.#codec
    const { keys } = codec
    if (this.#isNamed) return `a ${kindOf(id)} by number, not by name`
    if (number >= keys.count) return `message number ${number}, which the contract does not have`
    if (id !== undefined && codec.replyNumber(number) < 0)
      return `a request '${keys.name(number)}', which the contract declares without a reply`
    const fault = this.#guard.fault(kindOf(id), number)
    if (fault !== '' || this.#isExcess(frame, number, now)) return fault
    const body = codec.decode(number, frame, start, frame.bodyEnd)
    if (body === undecodable) return this.#undecodable()
    if (id === undefined) this.#host.deliver(number, body)
    else this.#host.requested(id, number, body)
    return ''
  }

  /** A message, or a request with this id; its key stands at `start`. */
  #named(frame: FrameView, start: number, now: number | 'counted', id?: number): string {
    const codec = this.#codec
    const { view, bodyEnd } = frame
    if (!this.#isNamed) return 'a message by name, not by number'
    if (this.#isExcess(frame, unknownKey, now)) return ''
    const key = readText(view, start, bodyEnd)
    if (key === undefined || key === '') return 'a message without a key'
    const number = codec.keys.find(key)
    const body = codec.decode(number, frame, start + writtenTextSize(view, start), bodyEnd)
    if (body === undecodable) return this.#undecodable()
    if (id === undefined) this.#host.deliver(number, body, key)
    else this.#host.requested(id, number, body, key)
    return ''
  }

  /** A frame that begins with the id of a request. */
  #call(frame: FrameView, now: number | 'counted'): string {
    const { bytes, bodyStart, bodyEnd } = frame
    if (!isVarint(bytes, bodyStart, bodyEnd)) return 'a request or reply without an id'
    const id = readVarint(bytes, bodyStart)
    const start = bodyStart + varintSizeOf(bytes[bodyStart])
    switch (frame.code) {
      case frameCode.request:
        return this.#numbered(frame, start, now, id)
      case frameCode.namedRequest:
        return this.#named(frame, start, now, id)
      case frameCode.reply:
        return this.#reply(frame, id, start)
    }
    const text = readText(frame.view, start, bodyEnd)
    if (text === undefined) return 'a malformed fault'
    this.#host.faulted(id, text)
    return ''
  }

  /** Whether it came too often, and there is no more to do about it. */
  #isExcess(frame: FrameView, number: number, now: number | 'counted'): boolean {
    if (!this.#guard.isLimiting || now === 'counted') return false
    const code = this.#counted(frame, number, now)
    // It is taken just now, and can't wait any more.
    if (code === (frame.code | isRefused)) this.#refuse(frame)
    return code !== frame.code
  }

  #reply(frame: FrameView, id: number, start: number): string {
    const codec = this.#codec
    const awaited = this.#host.awaited(id)
    // Its request has ended, and its kind is not known here any more.
    if (awaited < 0) return ''
    const body = codec.decode(codec.replyNumber(awaited), frame, start, frame.bodyEnd)
    if (body === undecodable) return this.#undecodable()
    this.#host.replied(id, body)
    return ''
  }

  /** What the codec says of the last body; never '', which a codec of a third party might say. */
  #undecodable(): string {
    return printable(this.#codec.decodeError()) || 'a body that does not decode'
  }
}

/** What it is that has this id, or none. */
function kindOf(id: number | undefined): 'message' | 'request' {
  return id === undefined ? 'message' : 'request'
}

function isRequest(code: number): boolean {
  return code === frameCode.request || code === frameCode.namedRequest
}

/** Whether a whole varint stands there. */
function isVarint(bytes: Uint8Array, at: number, end: number): boolean {
  return at < end && at + varintSizeOf(bytes[at]) <= end
}
