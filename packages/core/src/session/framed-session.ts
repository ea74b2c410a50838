import {
  controlNumber,
  finishFrame,
  frameKind,
  frameTag,
  type Goodbye,
  type Hello,
  headerSize,
  namedNumber,
  readGoodbye,
  readHello,
  readText,
  writtenTextSize,
} from '@millrace/wire'
import type { CloseReason } from '../base/close-reason.ts'
import { sideOf } from '../base/message-traits.ts'
import { type Codec, undecodable } from '../ports/codec.ts'
import type { FrameSink, FrameSource, FrameView } from '../ports/framing.ts'
import type { Session, SessionHost } from '../ports/protocol.ts'
import { ContractCheck } from './contract-check.ts'
import { FrameWriter, idSize } from './frame-writer.ts'
import { HeldFrames } from './held-frames.ts'
import { MessageGuard } from './message-guard.ts'

const controlTagStart = frameTag(frameKind.control, 0)
const closeTag = frameTag(frameKind.control, controlNumber.close)

type Phase = 'hello' | 'contract' | 'open' | 'ended'

/**
 * Millrace's own session: hello, frames, requests, ping and goodbye around a message codec (docs/WIRE.md), over whatever brings
 * and takes frames. The opening side speaks first; the accepting side answers a hello it likes, so a stranger who connects learns nothing.
 *
 * While messages must wait, messages and requests are held, and a goodbye behind them. All else passes them: replies, faults,
 * pings and the steps of a cipher.
 */
export class FramedSession implements Session {
  readonly #host: SessionHost
  readonly #codec: Codec
  readonly #isNamed: boolean
  readonly #guard: MessageGuard
  readonly #frames: FrameSource
  readonly #out: FrameSink
  readonly #writer: FrameWriter
  #held: HeldFrames | undefined
  /** A goodbye is among what is held: nothing behind it counts. */
  #isLastHeld = false
  #phase: Phase = 'hello'
  #contract: ContractCheck | undefined
  #isGreeted = false
  /** Tags below are messages by number. Zero before the hello, and where keys travel by name. */
  #plainEnd = 0
  #pingedAt = 0
  #lastPing = 0
  #isPongDue = false

  constructor(codec: Codec, host: SessionHost, frames: FrameSource, out: FrameSink) {
    this.#host = host
    this.#codec = codec
    this.#isNamed = codec.keys.kind === 'open'
    this.#guard = new MessageGuard(codec.keys, sideOf(host.role === 'opened' ? 'accepted' : 'opened'))
    this.#frames = frames
    this.#out = out
    this.#writer = new FrameWriter(codec, host.pool, out, host.limits.messageSizeMax)
  }

  /** What is stored costs so much memory: what waits for its reader, and what is not read yet. */
  get stored(): number {
    return this.#frames.weight + (this.#held === undefined ? 0 : this.#held.size)
  }

  get isHolding(): boolean {
    return this.#held !== undefined && this.#held.size > 0
  }

  /** Nothing more of the peer counts. */
  protected get isAtEnd(): boolean {
    return this.#isLastHeld
  }

  start(): void {
    if (this.#host.role === 'opened') this.#writeHello()
  }

  process(now: number): void {
    const frames = this.#frames
    const host = this.#host
    const codec = this.#codec
    do {
      if (this.isHolding) this.#takeHeld(now)
      while (host.mayDeliver && frames.next()) {
        const tag = frames.tag
        if (tag < this.#plainEnd) {
          if (this.#guard.watches(tag) && !this.#mayTake('message', tag, now)) continue
          const body = codec.decode(tag, frames, frames.bodyStart, frames.bodyEnd)
          if (body === undecodable) return this.violate(codec.decodeError())
          host.deliver(tag, body)
        } else this.#take(frames, now)
      }
      if (!host.mayDeliver) this.#lookAhead(now)
    } while (host.mayDeliver && this.isHolding)
    frames.rest()
    if (frames.violation === undefined || host.isOver) return
    const limit = `a frame of more than ${frames.bodySizeMax} bytes`
    this.violate(
      this.#phase === 'open' ? `${limit} (messageSizeMax)` : `${limit} before the hello was accepted`,
    )
  }

  encode(number: number, body: unknown): void {
    this.#writer.message(number, body)
  }

  encodeShared(number: number, body: unknown): Uint8Array {
    return this.#writer.sharedMessage(number, body)
  }

  encodeRequest(id: number, number: number, body: unknown): void {
    this.#writer.request(id, number, body)
  }

  encodeReply(id: number, number: number, body: unknown): void {
    this.#writer.reply(id, number, body)
  }

  encodeFault(id: number, text: string): void {
    this.#writer.fault(id, text)
  }

  ping(now: number): void {
    this.#pingedAt = now
    // Zero is what a pong says that nobody asked for.
    this.#lastPing = Math.floor(now) >>> 0 || 1
    this.#isPongDue = true
    this.#writer.ping(this.#lastPing)
  }

  pong(): void {
    this.#writer.pong(0)
  }

  goodbye(goodbye: Goodbye): void {
    // Whoever didn't say hello wouldn't understand, and is told nothing.
    if (!this.#isGreeted) return
    this.#writer.goodbye(goodbye)
    this.#phase = 'ended'
  }

  encodeCipherStep(step: number, message: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(headerSize + 1 + message.length)
    bytes[headerSize] = step
    bytes.set(message, headerSize + 1)
    const tag = frameTag(frameKind.control, controlNumber.cipher)
    finishFrame({ bytes, view: new DataView(bytes.buffer) }, 0, tag, bytes.length)
    return bytes
  }

  linkEnded(): CloseReason {
    return { code: 'link-ended' }
  }

  release(): void {
    this.#frames.release()
    this.#held?.release()
  }

  /** The peer did what the protocol refuses: ends the channel. */
  protected violate(what: string): void {
    this.#phase = 'ended'
    this.#plainEnd = 0
    this.#host.fail({ code: 'protocol-violation', what })
  }

  /** Takes what was held, in its order, as long as it may be delivered. */
  #takeHeld(now: number): void {
    const held = this.#held!
    while (this.#host.mayDeliver && held.next()) this.#take(held, now)
  }

  /** Messages wait: holds those that came, and takes what may pass them. */
  #lookAhead(now: number): void {
    const host = this.#host
    const frames = this.#frames
    while (!host.isOver && frames.next()) {
      if (!this.#mustWait(frames.tag)) {
        this.#take(frames, now)
        continue
      }
      this.#held ??= new HeldFrames(host.pool)
      this.#held.push(frames)
      if (frames.tag !== closeTag) continue
      this.#isLastHeld = true
      frames.release()
    }
  }

  /** Whether a frame waits with the messages: a message, a request, a goodbye. */
  #mustWait(tag: number): boolean {
    return this.#phase === 'open' && (tag >> 14 <= frameKind.request || tag === closeTag)
  }

  #take(frame: FrameView, now: number): void {
    const { tag } = frame
    if (tag < controlTagStart && this.#phase === 'open') this.#processCall(frame, now)
    else this.#processControl(frame, now)
  }

  #processCall(frame: FrameView, now: number): void {
    const { tag, view, bodyEnd: end } = frame
    const host = this.#host
    const kind = tag >> 14
    let start = frame.bodyStart
    if (kind !== frameKind.message && end - start < idSize)
      return this.violate('a request or reply without an id')
    const id = kind === frameKind.message ? 0 : view.getUint32(start, true)
    if (kind !== frameKind.message) start += idSize
    let number = tag & namedNumber
    let key: string | undefined
    if (this.#isNamed !== (number === namedNumber)) {
      return this.violate(
        this.#isNamed ? 'a message by number, not by name' : 'a message by name, not by number',
      )
    }
    if (this.#isNamed) {
      key = readText(view, start, end)
      if (key === undefined || key === '') return this.violate('a message without a key')
      start += writtenTextSize(view, start)
      number = this.#codec.keys.find(key)
    }
    const fault = this.#misfit(kind, number, id)
    if (fault !== '') return this.violate(fault)
    const isReply = kind === frameKind.reply
    if (!isReply && !this.#mayTake(kind === frameKind.message ? 'message' : 'request', number, now, id))
      return
    const body = this.#codec.decode(number, frame, start, end)
    if (body === undecodable) return this.violate(this.#codec.decodeError())
    if (kind === frameKind.message) host.deliver(number, body, key)
    else if (kind === frameKind.request) host.requested(id, number, body, key)
    else host.replied(id, body)
  }

  /** Whether a message or request may be decoded, by what the contract says of it. If not, the peer is told, or it is counted. */
  #mayTake(kind: 'message' | 'request', number: number, now: number, id = 0): boolean {
    const fault = this.#guard.fault(kind, number)
    if (fault !== '') {
      this.violate(fault)
      return false
    }
    if (this.#guard.admits(number, now)) return true
    this.#host.limited()
    if (kind === 'request') {
      this.encodeFault(id, `more of '${this.#codec.keys.name(number)}' came than its rate allows`)
    }
    return false
  }

  /** Whether a frame of this kind may have this number; if not, why. */
  #misfit(kind: number, number: number, id: number): string {
    const { keys } = this.#codec
    if (kind === frameKind.reply) {
      // A reply that nobody waits for any more is let pass: its request has ended, and its kind is not known here.
      const awaited = this.#host.awaited(id)
      const isRight = awaited < 0 || this.#codec.replyNumber(awaited) === number
      return isRight ? '' : `a reply of another kind than '${keys.name(awaited)}' asked for`
    }
    if (this.#isNamed) return ''
    if (number >= keys.count) return `message number ${number}, which the contract does not have`
    const isAnswered = kind === frameKind.message || this.#codec.replyNumber(number) >= 0
    return isAnswered ? '' : `a request '${keys.name(number)}', which the contract declares without a reply`
  }

  #processControl(frame: FrameView, now: number): void {
    const { tag, view, bodyStart, bodyEnd } = frame
    const host = this.#host
    switch (tag - controlTagStart) {
      case controlNumber.close: {
        const goodbye = readGoodbye(view, bodyStart, bodyEnd)
        return goodbye === undefined ? this.violate('a broken goodbye') : host.farewell(goodbye)
      }
      case controlNumber.hello:
        return this.#phase === 'hello' ? this.#processHello(frame) : this.violate('a second hello')
      case controlNumber.contract:
        if (this.#phase !== 'contract' || this.#contract === undefined)
          return this.violate('a contract unasked')
        return host.fail(this.#contract.conclude(view, bodyStart, bodyEnd))
    }
    if (this.#phase !== 'open') return this.violate('a message before the hello')
    switch (tag - controlTagStart) {
      case controlNumber.ping:
        if (bodyEnd - bodyStart !== idSize) return this.violate('a broken ping')
        return this.#writer.pong(view.getUint32(bodyStart, true))
      case controlNumber.pong:
        return this.#processPong(frame, now)
      case controlNumber.fault: {
        const text = bodyEnd - bodyStart > idSize ? readText(view, bodyStart + idSize, bodyEnd) : undefined
        if (text === undefined) return this.violate('a broken fault')
        return host.faulted(view.getUint32(bodyStart, true), text)
      }
      case controlNumber.cipher:
        if (bodyEnd === bodyStart) return this.violate('a broken cipher step')
        return host.cipherStep(view.getUint8(bodyStart), frame.bytes.slice(bodyStart + 1, bodyEnd))
      default:
        return this.violate(`control frame ${tag - controlTagStart}, which nobody knows`)
    }
  }

  #processHello({ view, bodyStart, bodyEnd }: FrameView): void {
    const hello = readHello(view, bodyStart, bodyEnd)
    // Goodbyes are the same in all versions: whoever began like Millrace is told why it ends.
    this.#isGreeted = hello !== 'not-millrace'
    if (typeof hello === 'string') return this.violate(helloViolations[hello])
    const { name, contract } = this.#codec
    if (hello.codec !== name) {
      const text = `the peer speaks '${hello.codec}', this side speaks '${name}'`
      return this.#host.fail({ code: 'protocol-mismatch', text })
    }
    if (contract !== undefined && hello.fingerprint !== contract.fingerprint) return this.#compareContracts()
    this.#greet(hello)
  }

  #greet(hello: Hello): void {
    const { messageSizeMax } = this.#host.limits
    this.#writer.messageSizeMax = Math.min(messageSizeMax, hello.messageSizeMax)
    this.#frames.bodySizeMax = messageSizeMax
    this.#phase = 'open'
    if (!this.#isNamed) this.#plainEnd = this.#codec.keys.count
    const answer = this.#host.open(() => {
      if (this.#host.role === 'accepted') this.#writeHello()
    })
    if (answer === 'no') this.#phase = 'ended'
  }

  /** The fingerprints differ: each side shows the other its table, so that both can say what differs. */
  #compareContracts(): void {
    this.#contract = new ContractCheck(this.#codec.contract!.table)
    if (this.#host.role === 'accepted') this.#writeHello()
    this.#contract.write(this.#out)
    this.#frames.bodySizeMax = this.#contract.tableSizeMax
    this.#phase = 'contract'
  }

  #writeHello(): void {
    const { name, contract } = this.#codec
    this.#writer.hello({
      messageSizeMax: Math.min(this.#host.limits.messageSizeMax, 0xffffffff),
      codec: name,
      contractVersion: contract?.table.version ?? 0,
      fingerprint: contract?.fingerprint ?? '0000000000000000',
    })
  }

  #processPong({ view, bodyStart, bodyEnd }: FrameView, now: number): void {
    // One that wasn't asked for only says that the peer lives, which its bytes did already.
    const isAnswer = bodyEnd - bodyStart === idSize && view.getUint32(bodyStart, true) === this.#lastPing
    if (!this.#isPongDue || !isAnswer) return
    this.#isPongDue = false
    this.#host.ponged(now - this.#pingedAt)
  }
}

/** What is said of bytes that are no hello. */
export const helloViolations = {
  'not-millrace': 'the first bytes are no Millrace hello; does the peer speak another protocol?',
  'wire-version': 'the hello has another wire version; one side must be updated',
  'malformed-hello': 'a malformed hello',
}
