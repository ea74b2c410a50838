import {
  codeMessageEnd,
  frameCode,
  readText,
  readVarint,
  varintSizeOf,
  writtenTextSize,
} from '@millrace/wire'
import { printable } from '../base/printable.ts'
import { type Codec, undecodable } from '../ports/codec.ts'
import type { FrameView } from '../ports/framing.ts'
import type { SessionHost } from '../ports/protocol.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { MessageGuard } from './message-guard.ts'

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
        return this.#numbered(frame, now)
      case frameCode.namedMessage:
        return this.#named(frame, frame.bodyStart)
      case frameCode.request:
      case frameCode.namedRequest:
      case frameCode.reply:
      case frameCode.fault:
        return this.#call(frame, now)
      default:
        return this.#message(frame, frame.code, frame.bodyStart, now)
    }
  }

  /**
   * What becomes of a message or request that has to wait: it counts for its rate when it comes. `dropped`: it came too often, and is answered if
   * it asks. `refused`: the same, but the peer takes no answer now: `refuse` has to wait. What is wrong with a frame is found when it is taken.
   */
  fate(frame: FrameView, now: number): 'waits' | 'dropped' | 'refused' {
    const { bytes, code, bodyStart, bodyEnd } = frame
    const isNumbered = code === frameCode.message || code === frameCode.request
    if (this.#isNamed || (code >= codeMessageEnd && !isNumbered)) return 'waits'
    let at = bodyStart
    let id = 0
    if (code === frameCode.request) {
      if (!isVarint(bytes, at, bodyEnd)) return 'waits'
      id = readVarint(bytes, at)
      at += varintSizeOf(bytes[at])
    }
    if (isNumbered && !isVarint(bytes, at, bodyEnd)) return 'waits'
    const number = isNumbered ? readVarint(bytes, at) : code
    if (number >= this.#codec.keys.count || this.#guard.admits(number, now)) return 'waits'
    this.#host.limited()
    if (code !== frameCode.request) return 'dropped'
    if (this.#host.isOwing) return 'refused'
    this.#writer.fault(id, this.#guard.limitText(number))
    return 'dropped'
  }

  /** Answers a request whose fate this was. */
  refuse({ bytes, bodyStart }: FrameView): void {
    const number = readVarint(bytes, bodyStart + varintSizeOf(bytes[bodyStart]))
    this.#writer.fault(readVarint(bytes, bodyStart), this.#guard.limitText(number))
  }

  /** A message with its number in the body. */
  #numbered(frame: FrameView, now: number | 'counted'): string {
    const { bytes, bodyStart, bodyEnd } = frame
    if (!isVarint(bytes, bodyStart, bodyEnd)) return 'a message without a number'
    const number = readVarint(bytes, bodyStart)
    return this.#message(frame, number, bodyStart + varintSizeOf(bytes[bodyStart]), now)
  }

  #message(frame: FrameView, number: number, start: number, now: number | 'counted'): string {
    const codec = this.#codec
    if (this.#isNamed) return 'a message by number, not by name'
    if (number >= codec.keys.count) return unknownNumber(number)
    const fault = this.#guard.fault('message', number)
    if (fault !== '') return fault
    if (now !== 'counted' && !this.#guard.admits(number, now)) {
      this.#host.limited()
      return ''
    }
    const body = codec.decode(number, frame, start, frame.bodyEnd)
    if (body === undecodable) return this.#undecodable()
    this.#host.deliver(number, body)
    return ''
  }

  /** A message, or a request with this id; its key stands at `start`. */
  #named(frame: FrameView, start: number, id?: number): string {
    const codec = this.#codec
    const { view, bodyEnd } = frame
    if (!this.#isNamed) return 'a message by name, not by number'
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
        return this.#request(frame, id, start, now)
      case frameCode.namedRequest:
        return this.#named(frame, start, id)
      case frameCode.reply:
        return this.#reply(frame, id, start)
    }
    const text = readText(frame.view, start, bodyEnd)
    if (text === undefined) return 'a malformed fault'
    this.#host.faulted(id, text)
    return ''
  }

  #request(frame: FrameView, id: number, start: number, now: number | 'counted'): string {
    const codec = this.#codec
    const { keys } = codec
    if (this.#isNamed) return 'a request by number, not by name'
    if (!isVarint(frame.bytes, start, frame.bodyEnd)) return 'a request without a number'
    const number = readVarint(frame.bytes, start)
    if (number >= keys.count) return unknownNumber(number)
    if (codec.replyNumber(number) < 0)
      return `a request '${keys.name(number)}', which the contract declares without a reply`
    const fault = this.#guard.fault('request', number)
    if (fault !== '') return fault
    if (now !== 'counted' && !this.#guard.admits(number, now)) {
      this.#host.limited()
      this.#writer.fault(id, this.#guard.limitText(number))
      return ''
    }
    const body = codec.decode(number, frame, start + varintSizeOf(frame.bytes[start]), frame.bodyEnd)
    if (body === undecodable) return this.#undecodable()
    this.#host.requested(id, number, body)
    return ''
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

/** Whether a whole varint stands there. */
function isVarint(bytes: Uint8Array, at: number, end: number): boolean {
  return at < end && at + varintSizeOf(bytes[at]) <= end
}

function unknownNumber(number: number): string {
  return `message number ${number}, which the contract does not have`
}
