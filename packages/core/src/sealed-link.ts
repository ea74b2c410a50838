import { type BlockPool, type SegmentBatch, SegmentBuffer } from '@millrace/buffer'
import {
  CipherError,
  type HandshakeState,
  MESSAGE_SIZE_MAX,
  RecordOpener,
  RecordSealer,
} from '@millrace/cipher'
import { TimerEntry } from '@millrace/timer'
import type { ChannelEncryption } from './channel-encryption.ts'
import type { HandshakePlan } from './encryption.ts'
import { EncryptionFailure } from './encryption-failure.ts'
import { causeText } from './millrace-error.ts'
import type { PipeLimits } from './options.ts'
import type { Link, LinkOwner } from './transport.ts'
import type { Turns } from './turns.ts'

/** Before each handshake message stands its size. */
const sizeSize = 2

/** So much of the peer's may wait for an answer of `authorise`. */
const waitingSizeMax = 65_536

const nothing = new Uint8Array(0)

/** What a sealed link needs besides the link below. */
export interface SealedLinkOptions {
  readonly pool: BlockPool
  readonly turns: Turns
  readonly limits: PipeLimits
  readonly plan: HandshakePlan
  /** Whether a proven key may go on. */
  readonly authorise?: (peerKey: Uint8Array) => boolean | Promise<boolean>
}

/**
 * A link that is encrypted: to its owner it is a link like any other, below it has another one. Begins with a handshake, in which nothing of the
 * owner's leaves; then everything is sealed in records, one AEAD call for a batch of many messages.
 *
 * Whatever is wrong ends it at once, without a word to the peer: the owner is told `gone` with an EncryptionFailure.
 */
export class SealedLink implements Link, LinkOwner {
  readonly #link: Link
  readonly #pool: BlockPool
  readonly #turns: Turns
  readonly #limits: PipeLimits
  /** Until the handshake is over: a thousand idle channels keep none. */
  #plan: HandshakePlan | undefined
  #authorise: SealedLinkOptions['authorise']
  readonly #out: SegmentBuffer
  #owner!: LinkOwner
  #state: 'handshake' | 'proving' | 'asking' | 'sealed' | 'quiet' | 'over' = 'handshake'
  #sealer: RecordSealer | undefined
  #opener: RecordOpener | undefined
  #encryption: ChannelEncryption | undefined
  /** What came of a handshake message, or behind the handshake while `authorise` is asked. */
  #waiting: Uint8Array = nothing
  /** What was opened while it is not yet known whether its sender may come in. */
  #early: Uint8Array[] = []
  #earlySize = 0
  /** What the owner sent before anything could be sealed. */
  #held: SegmentBatch[] = []
  #isEnding = false
  /** The record that has begun must end. Moving this entry with each one isn't worth the work: it asks when it is due. */
  readonly #late = new TimerEntry((now) => this.#due(now))
  #cutSince = 0
  #isPaused = false
  /** Batches on their way below: what they take sealed, and what they were to the owner. */
  readonly #flights: { sealed: number; readonly plain: number }[] = []

  constructor(link: Link, options: SealedLinkOptions) {
    this.#link = link
    this.#pool = options.pool
    this.#turns = options.turns
    this.#limits = options.limits
    this.#plan = options.plan
    this.#authorise = options.authorise
    this.#out = new SegmentBuffer(options.pool)
  }

  /** A link over one that is open already, whose owner is told by itself: sealing begins with what is sent next. */
  static begin(link: Link, options: SealedLinkOptions, owner: LinkOwner): SealedLink {
    const sealed = new SealedLink(link, options)
    sealed.#owner = owner
    sealed.#split(options.plan)
    return sealed
  }

  /** What is known of the encryption, from the end of the handshake on. */
  get encryption(): ChannelEncryption | undefined {
    return this.#encryption
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    this.#link.start(this)
    if (this.#plan?.handshake.turn === 'write') this.#write(this.#plan.handshake)
  }

  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits' {
    if (this.#state === 'sealed') return this.#seal(batch, report)
    if (this.#isSilent) {
      batch.release()
      return 'left'
    }
    this.#held.push(batch)
    return 'waits'
  }

  pause(): void {
    this.#isPaused = true
    this.#link.pause()
  }

  resume(): void {
    if (this.#isPaused && (this.#opener?.stored ?? 0) > 0) this.#cut()
    this.#isPaused = false
    this.#link.resume()
  }

  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    if (this.#state === 'sealed') {
      this.#sealer?.close(this.#out)
      this.#pass(0)
    } else if (this.#state !== 'over') this.#giveUp()
    this.#link.end()
  }

  destroy(): void {
    this.#link.destroy()
  }

  describe(): string {
    return this.#link.describe()
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    if (this.#state === 'sealed') this.#open(bytes, ownership)
    else if (this.#isSilent) return
    else if (this.#opener === undefined) this.#store(bytes)
    else this.#prove(this.#opener, bytes, ownership)
  }

  sent(size: number): void {
    let left = size
    let plain = 0
    while (left > 0 && this.#flights.length > 0) {
      const [flight] = this.#flights
      const taken = Math.min(left, flight.sealed)
      flight.sealed -= taken
      left -= taken
      if (flight.sealed > 0) break
      plain += flight.plain
      this.#flights.shift()
    }
    if (plain > 0) this.#owner.sent(plain)
  }

  ended(): void {
    if (this.#state === 'over') return
    const opener = this.#opener
    // A bare end may be a cut by anyone on the way: only the peer can make a close record.
    if (opener === undefined || opener.end() === 'closed') return this.#owner.ended()
    this.#fail('the connection ended without the close record of the peer', 'cut')
  }

  gone(error?: unknown): void {
    if (this.#state === 'over') return
    this.#over()
    this.#owner.gone(error)
  }

  /** Gives up, without a word to anybody. */
  release(): void {
    if (this.#state !== 'over') this.#over()
  }

  /** Whether it neither says nor hears anything more. */
  get #isSilent(): boolean {
    return this.#state === 'quiet' || this.#state === 'over'
  }

  /** The owner ended it before it was sealed: what was held can't be said any more, and nothing may follow the end. */
  #giveUp(): void {
    this.#state = 'quiet'
    this.#forget()
    this.#early = []
    for (const batch of this.#held.splice(0)) batch.release()
  }

  /** The handshake is over, one way or the other. */
  #forget(): void {
    this.#plan?.handshake.abandon()
    this.#plan = undefined
    this.#waiting = nothing
  }

  /** Writes the next handshake message. */
  #write(handshake: HandshakeState): void {
    const message = handshake.write()
    const at = this.#out.reserve(sizeSize + message.length)
    const { bytes } = this.#out
    bytes[at] = message.length
    bytes[at + 1] = message.length >> 8
    bytes.set(message, at + sizeSize)
    this.#out.commit(at + sizeSize + message.length)
    this.#pass(0)
  }

  /** Hands what was written to the link below. */
  #pass(plain: number, report?: 'unless-left'): 'left' | 'waits' {
    const batch = this.#out.take()
    const { size } = batch
    const result = this.#link.send(batch, report)
    if (result === 'waits') this.#flights.push({ sealed: size, plain })
    return result
  }

  #seal(batch: SegmentBatch, report: 'unless-left' | undefined): 'left' | 'waits' {
    const { size } = batch
    const now = this.#turns.loop.now()
    for (const segment of batch.segments) this.#sealer?.append(segment, this.#out, now)
    batch.release()
    return this.#pass(size, report)
  }

  /** Keeps what came until a whole message is there, or the owner has decided. */
  #store(bytes: Uint8Array): void {
    const size = this.#waiting.length + bytes.length
    if (size > waitingSizeMax + sizeSize) return this.#fail('more than a handshake came before it was over')
    const waiting = new Uint8Array(size)
    waiting.set(this.#waiting)
    waiting.set(bytes, this.#waiting.length)
    this.#waiting = waiting
    this.#read()
  }

  /** Reads the handshake messages that are there, and answers them. */
  #read(): void {
    while (this.#state === 'handshake' && this.#plan !== undefined) {
      const waiting = this.#waiting
      if (waiting.length < sizeSize) return
      const size = waiting[0] | (waiting[1] << 8)
      if (size > MESSAGE_SIZE_MAX || waiting.length < sizeSize + size) return
      this.#waiting = waiting.slice(sizeSize + size)
      try {
        const { handshake } = this.#plan
        handshake.read(waiting.subarray(sizeSize, sizeSize + size))
        this.#goOn(handshake)
      } catch (error) {
        if (!(error instanceof CipherError)) throw error
        return this.#fail(`the handshake failed: ${error.message}`)
      }
    }
  }

  /** After each message of the peer: asks whether it may go on, once its key is known, and then answers. */
  #goOn(handshake: HandshakeState): void {
    // A key that came before this side has said anything (IK) may be somebody's recording: only who can seal what follows has it.
    const isProven = handshake.role === 'initiator' || handshake.turn === 'split'
    if (isProven && this.#mustAsk) this.#ask()
    else this.#answer()
  }

  /** Whether there is somebody to ask about. */
  get #mustAsk(): boolean {
    return this.#authorise !== undefined && this.#peerKey !== undefined
  }

  get #peerKey(): Uint8Array | undefined {
    return this.#encryption?.peerKey ?? this.#plan?.handshake.remoteStatic
  }

  #ask(): void {
    let verdict: unknown
    try {
      verdict = this.#authorise!(this.#peerKey!)
    } catch (error) {
      return this.#fail(`authorise failed: ${causeText(error)}`)
    }
    if (!(verdict instanceof Promise)) return this.#decided(verdict)
    this.#state = 'asking'
    verdict.then(
      (later) => this.#decidedLater(later),
      (error: unknown) => this.#fail(`authorise failed: ${causeText(error)}`),
    )
  }

  #decidedLater(verdict: unknown): void {
    if (this.#state !== 'asking') return
    this.#state = 'handshake'
    try {
      this.#decided(verdict)
      this.#read()
    } catch (error) {
      this.#fail(`the handshake failed: ${causeText(error)}`)
    }
  }

  /** Only `true` lets anybody in: an answer that was forgotten must not. */
  #decided(verdict: unknown): void {
    if (verdict !== true) return this.#fail('authorise refused the key of the peer')
    this.#authorise = undefined
    if (this.#sealer === undefined) this.#answer()
    else this.#begin()
  }

  #answer(): void {
    const plan = this.#plan
    if (plan?.handshake.turn === 'write') this.#write(plan.handshake)
    if (plan?.handshake.turn === 'split') this.#split(plan)
  }

  /** The handshake is over: from here on everything is sealed, both ways. */
  #split({ suite, handshake }: HandshakePlan): void {
    const pair = handshake.split()
    this.#encryption = { suite, peerKey: pair.remoteStatic, handshakeHash: pair.handshakeHash }
    this.#sealer = new RecordSealer(pair.send)
    this.#opener = new RecordOpener(pair.receive, { pool: this.#pool })
    const waiting = this.#waiting
    this.#forget()
    if (this.#mustAsk) this.#state = 'proving'
    else this.#begin()
    if (waiting.length > 0) this.received(waiting, 'given')
  }

  /** The peer may go on: what both sides have said meanwhile passes. */
  #begin(): void {
    this.#state = 'sealed'
    for (const batch of this.#held.splice(0)) {
      const { size } = batch
      if (this.#seal(batch, 'unless-left') === 'left') this.#owner.sent(size)
    }
    for (const plain of this.#early.splice(0)) this.#owner.received(plain, 'given')
  }

  /** Opens what comes from somebody who may be a recording, and asks about him with the first record that is true. */
  #prove(opener: RecordOpener, bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    opener.receive(bytes, ownership)
    for (let plain = opener.next(); plain !== undefined; plain = opener.next()) {
      this.#early.push(new Uint8Array(plain))
      this.#earlySize += plain.length
    }
    if (opener.failure !== undefined) return this.#fail(`a record was refused: ${opener.failure}`)
    if (this.#earlySize > waitingSizeMax) return this.#fail('more than a handshake came before it was over')
    if (this.#state === 'proving' && this.#earlySize > 0) this.#ask()
  }

  #open(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    const opener = this.#opener
    if (opener === undefined) return
    let isNew = opener.stored === 0
    opener.receive(bytes, ownership)
    for (let plain = opener.next(); plain !== undefined; plain = opener.next()) {
      isNew = true
      this.#owner.received(plain, opener.ownership)
    }
    if (opener.failure !== undefined) this.#fail(`a record was refused: ${opener.failure}`)
    else if (isNew && opener.stored > 0) this.#cut()
  }

  /** A record has begun, and its end is due. */
  #cut(): void {
    this.#cutSince = this.#turns.loop.now()
    const timeoutMs = this.#limits.frameTimeoutMs
    if (this.#late.isScheduled || timeoutMs === Number.POSITIVE_INFINITY) return
    this.#turns.wheel.schedule(this.#late, this.#cutSince + timeoutMs)
    this.#turns.arm()
  }

  #due(now: number): void {
    if (this.#isPaused || this.#isSilent || (this.#opener?.stored ?? 0) === 0) return
    const timeoutMs = this.#limits.frameTimeoutMs
    if (now >= this.#cutSince + timeoutMs) this.#fail(`a record took longer than ${timeoutMs} ms`)
    else this.#turns.wheel.schedule(this.#late, this.#cutSince + timeoutMs)
  }

  #fail(what: string, kind: 'cut' | 'refused' = 'refused'): void {
    if (this.#isSilent) return
    this.#over()
    this.#link.destroy()
    this.#owner.gone(new EncryptionFailure(kind, what))
  }

  #over(): void {
    this.#state = 'over'
    this.#turns.wheel.cancel(this.#late)
    this.#forget()
    this.#sealer?.drop()
    this.#opener?.release()
    this.#early = []
    this.#out.release()
    for (const batch of this.#held.splice(0)) batch.release()
  }
}
