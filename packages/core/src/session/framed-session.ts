import { bodySizeLimit, codeMessageEnd, frameCode, type Goodbye, readGoodbye } from '@millrace/wire'
import { cipherSteps } from '../base/cipher-steps.ts'
import type { CloseReason } from '../base/close-reason.ts'
import { sideOf } from '../base/message-traits.ts'
import { type Codec, undecodable } from '../ports/codec.ts'
import type { FrameSink, FrameSource, FrameView } from '../ports/framing.ts'
import type { EncodeResult, PeerLimit, Session, SessionHost } from '../ports/protocol.ts'
import { agreedOn } from './agreed-on.ts'
import { frameCost, isSaying, isWaiting, nothingPlain, saidInClear } from './frame-kinds.ts'
import { FrameWriter, type MessageSizes, tokenSize } from './frame-writer.ts'
import { HeldFrames } from './held-frames.ts'
import { HelloExchange } from './hello-exchange.ts'
import { MessageGuard } from './message-guard.ts'
import { MessageReader } from './message-reader.ts'
import { countPing, noPings, tooManyPings } from './ping-rate.ts'
import { RoundTrip } from './round-trip.ts'

/**
 * Millrace's own session: hello, frames, requests, ping and goodbye around a message codec (docs/WIRE.md), over whatever brings
 * and takes frames.
 *
 * While messages must wait, messages and requests are held, and a goodbye behind them. All else passes them: replies, faults,
 * pings and the steps of a cipher.
 */
export class FramedSession implements Session {
  readonly #host: SessionHost
  readonly #codec: Codec
  readonly #guard: MessageGuard
  readonly #sizes: MessageSizes
  readonly #frames: FrameSource
  readonly #writer: FrameWriter
  readonly #reader: MessageReader
  /** What stands before the open channel; then undefined. */
  #opening: HelloExchange | undefined
  #isEnded = false
  /** Where the frame stands that is being taken. */
  #shown: FrameView
  #held: HeldFrames | undefined
  /** A goodbye is among what is held: nothing behind it counts. */
  #isLastHeld = false
  /** By code, 1 for what need only be decoded and delivered. Nothing before the channel is open. */
  #plain: Uint8Array = nothingPlain
  #roundTrip: RoundTrip | undefined
  /** The peer's pings, counted by `countPing`. */
  #pings = noPings
  /** What the last ping carried, of those that could not be answered yet. */
  #owedPong: number | undefined
  /** The peer has begun to encrypt, and sends nothing but the steps and signs of life in clear until it is done. */
  #isSwitching = false

  constructor(codec: Codec, sizes: MessageSizes, host: SessionHost, frames: FrameSource, out: FrameSink) {
    this.#host = host
    this.#codec = codec
    const peer = sideOf(host.role === 'opened' ? 'accepted' : 'opened')
    this.#guard = new MessageGuard(codec.keys, peer, host.limits)
    this.#sizes = sizes
    this.#frames = this.#shown = frames
    this.#writer = new FrameWriter(codec, sizes, host.pool, out, host.limits.messageSizeMax)
    this.#reader = new MessageReader(host, codec, this.#guard, this.#writer)
    this.#opening = new HelloExchange(host, codec, frames, out, this.#writer)
  }

  /** What is stored costs so much memory: what waits for its reader, and what is not read yet. */
  get stored(): number {
    return this.#frames.weight + (this.#held === undefined ? 0 : this.#held.size)
  }

  get isHolding(): boolean {
    return (this.#held !== undefined && this.#held.size > 0) || this.#opening?.isAsking === true
  }

  /** Nothing more of the peer counts. */
  get isAtEnd(): boolean {
    return this.#isLastHeld
  }

  get frameSize(): number {
    return this.#shown.bodyEnd - this.#shown.bodyStart
  }

  start(): void {
    this.#opening?.start()
  }

  process(now: number): void {
    const frames = this.#frames
    const host = this.#host
    this.#payPong()
    if (this.#opening?.isAsking) {
      this.#opening.admit()
      this.#follow()
    }
    do {
      if (this.#opening?.isAsking) return
      if (this.#held !== undefined) this.#takeHeld(now)
      while (host.mayDeliver && this.#mayGoOn()) {
        const found = this.#takeSlice(now)
        if (found === undefined) return
        if (found === 'all') break
      }
      if (!host.mayDeliver) this.#lookAhead(now)
    } while (host.mayDeliver && this.isHolding && this.#mayGoOn())
    frames.rest()
    if (frames.violation === undefined || host.isOver) return
    const limit = `a frame of more than ${frames.bodySizeMax} bytes (messageSizeMax)`
    this.violate(this.#opening === undefined ? limit : this.#opening.sizeText)
  }

  /** Takes frames while the allowance lasts: the inner loop of all receiving. Returns whether `all` are taken that may be; undefined when nothing counts for now. */
  #takeSlice(now: number): 'more' | 'all' | undefined {
    const frames = this.#frames
    const host = this.#host
    const codec = this.#codec
    let left = host.allowance
    while (left > 0 && host.mayDeliver && frames.next()) {
      const { code, bodyStart, bodyEnd } = frames
      left -= frameCost(bodyEnd - bodyStart)
      if (this.#plain[code] === 1) {
        const body = codec.decode(code, frames, bodyStart, bodyEnd)
        if (body === undecodable) return this.violate(codec.decodeError())
        host.deliver(code, body)
      } else {
        if (this.#isSwitching && isSaying(code)) return this.violate(saidInClear)
        this.#take(frames, now)
        if (this.#opening?.isAsking) return
      }
    }
    host.allowance = left
    return left > 0 ? 'all' : 'more'
  }

  get peerLimit(): PeerLimit {
    return this.#writer
  }

  encode(number: number, body: unknown): EncodeResult {
    return this.#writer.message(number, body)
  }

  encodeShared(number: number, body: unknown): Uint8Array {
    return this.#writer.sharedMessage(number, body)
  }

  encodeRequest(id: number, number: number, body: unknown): EncodeResult {
    return this.#writer.request(id, number, body)
  }

  encodeReply(id: number, number: number, body: unknown): EncodeResult {
    return this.#writer.reply(id, number, body)
  }

  encodeFault(id: number, text: string): void {
    this.#writer.fault(id, text)
  }

  ping(now: number): void {
    this.#roundTrip ??= new RoundTrip()
    this.#writer.ping(this.#roundTrip.ask(now))
  }

  pong(): void {
    this.#writer.pong(0)
  }

  goodbye(goodbye: Goodbye): void {
    // A peer that didn't say hello wouldn't understand, and is told nothing.
    if (this.#opening?.isGreeted === false) return
    this.#writer.goodbye(goodbye)
    this.#isEnded = true
  }

  linkEnded(): CloseReason {
    return { code: 'link-ended' }
  }

  release(): void {
    this.#frames.release()
    this.#held?.release()
  }

  /** What the hellos have settled, the same on both sides. */
  protected agreed(): Uint8Array {
    return agreedOn(this.#codec, this.#writer.messageSizeMax)
  }

  /** The peer did what the protocol refuses: ends the channel. */
  protected violate(what: string): undefined {
    this.#isEnded = true
    this.#plain = nothingPlain
    this.#host.fail({ code: 'protocol-violation', what })
  }

  /** Whether the budget of this turn lets it take another frame. */
  #mayGoOn(): boolean {
    return this.#host.allowance > 0 || this.#host.refill()
  }

  /** Takes what was held, in its order, as long as it may be delivered. */
  #takeHeld(now: number): void {
    const held = this.#held!
    const host = this.#host
    this.#shown = held
    while (host.mayDeliver && this.#mayGoOn() && held.next()) {
      host.allowance -= frameCost(held.bodyEnd - held.bodyStart)
      if (held.code === frameCode.close) this.#take(held, now)
      else if (!this.#isEnded) this.#takeMessage(held, 'counted')
    }
    this.#shown = this.#frames
  }

  /** Messages wait: holds those that came, and takes what may pass them. */
  #lookAhead(now: number): void {
    const host = this.#host
    const frames = this.#frames
    while (!host.isOver && this.#mayGoOn() && frames.next()) {
      host.allowance -= frameCost(frames.bodyEnd - frames.bodyStart)
      if (this.#isSwitching && isSaying(frames.code)) return this.violate(saidInClear)
      if (this.#opening !== undefined || !isWaiting(frames.code)) {
        this.#take(frames, now)
        continue
      }
      const code = this.#reader.heldCode(frames, now)
      if (code < 0) continue
      this.#held ??= new HeldFrames(host.pool)
      this.#held.push(frames, code)
      if (code !== frameCode.close) continue
      this.#isLastHeld = true
      frames.release()
    }
  }

  #take(frame: FrameView, now: number): void {
    if (this.#isEnded) return
    const { code, bodyStart, bodyEnd } = frame
    if (this.#opening !== undefined) return this.#takeOpening(frame)
    switch (code) {
      case frameCode.message:
      case frameCode.namedMessage:
      case frameCode.request:
      case frameCode.namedRequest:
      case frameCode.reply:
      case frameCode.fault:
        return this.#takeMessage(frame, now)
      case frameCode.ping:
        if (bodyEnd - bodyStart !== tokenSize) return this.violate('a malformed ping')
        return this.#takePing(frame.view.getUint32(bodyStart, true), now)
      case frameCode.pong:
        return this.#takePong(frame, now)
      case frameCode.close:
        return this.#takeGoodbye(frame)
      case frameCode.cipher:
        if (bodyEnd === bodyStart) return this.violate('a malformed cipher step')
        return this.#takeStep(frame.view.getUint8(bodyStart), frame.bytes.slice(bodyStart + 1, bodyEnd))
      case frameCode.hello:
        return this.violate('a second hello')
      case frameCode.contract:
        return this.violate('an unexpected contract frame')
    }
    if (code < codeMessageEnd) this.#takeMessage(frame, now)
    else this.violate(`an unknown frame of code ${code}`)
  }

  #takeOpening(frame: FrameView): void {
    const what = this.#opening!.take(frame)
    if (what !== '') return this.violate(what)
    this.#follow()
  }

  /** The hellos are said: the channel opens. */
  #follow(): void {
    const { hello, isDone } = this.#opening!
    if (!isDone || hello === undefined) return
    this.#opening = undefined
    this.#writer.peerSizeMax = hello.messageSizeMax
    this.#frames.bodySizeMax = Math.min(this.#host.limits.messageSizeMax, bodySizeLimit)
    this.#frames.fixedSizes = this.#sizes.fixed
    this.#plain = this.#guard.plain
    this.#host.opened()
  }

  #takeMessage(frame: FrameView, now: number | 'counted'): void {
    const fault = this.#reader.take(frame, now)
    if (fault !== '') this.violate(fault)
  }

  /** Between the first and the last step of the opening side nothing in clear is its word. */
  #takeStep(step: number, message: Uint8Array): void {
    this.#isSwitching = this.#host.role === 'accepted' && step === cipherSteps.first
    this.#plain = this.#isSwitching ? nothingPlain : this.#guard.plain
    this.#host.cipherStep(step, message)
  }

  #takeGoodbye({ view, bodyStart, bodyEnd }: FrameView): void {
    const goodbye = readGoodbye(view, bodyStart, bodyEnd)
    if (goodbye === undefined) return this.violate('a malformed goodbye')
    this.#host.farewell(goodbye)
  }

  /** A peer that takes nothing is owed one pong at most, the last. */
  #takePing(token: number, now: number): void {
    const pings = countPing(this.#pings, now)
    if (pings === undefined) return this.violate(tooManyPings)
    this.#pings = pings
    if (this.#host.isOwing) this.#owedPong = token
    else this.#writer.pong(token)
  }

  #payPong(): void {
    const token = this.#owedPong
    if (token === undefined || this.#host.isOwing || this.#host.isOver) return
    this.#owedPong = undefined
    this.#writer.pong(token)
  }

  #takePong({ view, bodyStart, bodyEnd }: FrameView, now: number): void {
    if (bodyEnd - bodyStart !== tokenSize) return
    const roundTripMs = this.#roundTrip?.answered(view.getUint32(bodyStart, true), now)
    if (roundTripMs !== undefined) this.#host.ponged(roundTripMs)
  }
}
