import { type BlockPool, type SegmentBatch, SegmentBuffer } from '@millrace/buffer'
import { type CipherPair, RecordOpener, RecordSealer, type TokenRefusal } from '@millrace/cipher'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import { EncryptionFailure } from '../base/encryption-failure.ts'
import type { LinkLayer } from '../ports/encryption.ts'
import type { SealOptions, TurnClock } from '../ports/sealing.ts'
import type { Link, LinkOwner } from '../ports/transport.ts'
import { EarlyRecords } from './early-records.ts'
import { Flights } from './flights.ts'
import { LinkHandshake } from './link-handshake.ts'
import { RecordReader, type RecordReaderOwner } from './record-reader.ts'

/**
 * A link that is encrypted, over another one. Begins with a handshake, in which nothing of the owner's leaves; then all is sealed in records, an AEAD call a batch.
 *
 * Whatever is wrong ends it at once, without a word to the peer: the owner is told `gone` with an EncryptionFailure.
 */
export class SealedLink implements LinkLayer, RecordReaderOwner {
  readonly #link: Link
  readonly #pool: BlockPool
  readonly #turns: TurnClock
  readonly #limits: SealOptions['limits']
  readonly #suite: string
  /** Until it is over, and the peer was let in: a thousand idle channels keep none. */
  #handshake: LinkHandshake | undefined
  readonly #out: SegmentBuffer
  #owner!: LinkOwner
  #state: 'handshake' | 'proving' | 'asking' | 'sealed' | 'quiet' | 'over' = 'handshake'
  #sealer: RecordSealer | undefined
  #opener: RecordOpener | undefined
  /** Reads what comes once the peer may go on. */
  #reader: RecordReader | undefined
  #onReading: ReturnType<TurnClock['deadline']> | undefined
  #isEndHeld = false
  #encryption: ChannelEncryption | undefined
  /** As the link below has them, or not. */
  readonly pause?: () => void
  readonly resume?: () => void
  /** What was opened while it is not yet known whether its sender may come in. */
  #early: EarlyRecords | undefined
  /** What the owner sent before anything could be sealed. */
  #held: SegmentBatch[] = []
  #isEnding = false
  /** The record that has begun must end. Looks whether one is open when it comes: to cancel it with each one isn't worth the work. */
  readonly #late: ReturnType<TurnClock['deadline']>
  #isPaused = false
  /** A record was opened since the last look at its deadline. */
  #hasOpened = false
  readonly #flights = new Flights()

  constructor(link: Link, options: SealOptions) {
    const { pool, turns, limits, plan } = options
    this.#link = link
    this.#pool = pool
    this.#turns = turns
    this.#limits = limits
    this.#suite = plan.suite
    this.#out = new SegmentBuffer(pool)
    this.#late = turns.deadline({ due: () => this.#due() })
    if (link.pause !== undefined) this.pause = () => this.#pause()
    if (link.resume !== undefined) this.resume = () => this.#resume()
    this.#handshake = new LinkHandshake(
      {
        say: (bytes, next) => {
          this.#out.append(bytes)
          if (next === 'waits') this.#pass(0, 'unless-left')
        },
        agreed: (pair, rest) => this.#agreed(pair, rest),
        admitted: () => this.#begin(),
        refused: (what, token) => this.#fail(what, 'refused', token),
      },
      options,
      pool,
    )
  }

  /** A link over one that is open already: sealing begins with what is sent next. */
  static begin(link: Link, options: SealOptions, owner: LinkOwner): SealedLink {
    const sealed = new SealedLink(link, options)
    sealed.#owner = owner
    sealed.#agreed(options.plan.handshake.split(), new Uint8Array(0))
    return sealed
  }

  /** What is known of the encryption, from the end of the handshake on. */
  get encryption(): ChannelEncryption | undefined {
    return this.#encryption
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    this.#link.start(this)
    this.#handshake?.start()
  }

  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits' {
    if (this.#state === 'sealed') return this.#seal(batch, report)
    if (this.#isSilent()) {
      batch.release()
      return 'left'
    }
    this.#held.push(batch)
    return 'waits'
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

  get peerAddress(): string | undefined {
    return this.#link.peerAddress
  }

  get storedBytes(): number {
    const early = (this.#handshake?.stored ?? 0) + (this.#early?.size ?? 0)
    return early + (this.#opener?.stored ?? 0) + (this.#reader?.waiting ?? 0)
  }

  describe(): string {
    return this.#link.describe()
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    if (this.#isSilent()) return
    const opener = this.#opener
    if (opener === undefined) this.#handshake?.received(bytes)
    else if (this.#state === 'sealed')
      this.#open(opener, (reader, now) => reader.receive(bytes, ownership, now))
    else this.#prove(opener, bytes, ownership)
    if (this.storedBytes > 0) this.#owner.stored?.()
  }

  sent(size: number): void {
    const plain = this.#flights.sent(size)
    if (plain > 0) this.#owner.sent(plain)
  }

  ended(): void {
    if (this.#state === 'over') return
    this.#isEndHeld = this.#reader?.isResting === true
    if (this.#isEndHeld) return
    const opener = this.#opener
    // A bare end may be a cut on the way: only the peer can make a close record.
    if (opener === undefined || opener.end() === 'closed') return this.#owner.ended()
    this.#fail('the connection ended without the close record of the peer', 'cut')
  }

  gone(error?: unknown): void {
    this.#reader?.finish(this.#turns.now)
    if (this.#state === 'over') return
    this.#over()
    this.#owner.gone(error)
  }

  /** Gives up, without a word to its owner or the peer. */
  release(): void {
    if (this.#state !== 'over') this.#over()
  }

  #pause(): void {
    this.#isPaused = true
    this.#link.pause?.()
  }

  #resume(): void {
    if (this.#isPaused && (this.#opener?.stored ?? 0) > 0) this.#cut()
    this.#isPaused = false
    if (this.#reader?.isResting) this.#onReading?.setIn(0)
    else this.#link.resume?.()
  }

  /** Whether it neither says nor hears anything more. */
  #isSilent(): boolean {
    return this.#state === 'quiet' || this.#state === 'over'
  }

  /** The owner ended it before it was sealed: what was held can't be said any more, and nothing may follow the end. */
  #giveUp(): void {
    this.#state = 'quiet'
    this.#drop()
  }

  /** What waits for the end of the handshake is not needed any more. */
  #drop(): void {
    this.#endHandshake()
    this.#early?.release()
    for (const batch of this.#held.splice(0)) batch.release()
  }

  #endHandshake(): void {
    this.#handshake?.end()
    this.#handshake = undefined
  }

  /** Hands what was written to the link below. */
  #pass(plain: number, report?: 'unless-left'): 'left' | 'waits' {
    const batch = this.#out.take()
    const { size } = batch
    const result = this.#link.send(batch, report)
    if (result === 'waits') this.#flights.add(size, plain)
    return result
  }

  #seal(batch: SegmentBatch, report: 'unless-left' | undefined): 'left' | 'waits' {
    const { size } = batch
    const { now } = this.#turns
    for (const segment of batch.segments) this.#sealer?.append(segment, this.#out, now)
    batch.release()
    return this.#pass(size, report)
  }

  /** Both sides have the keys: from here on everything is sealed, both ways. The last message leaves with the first record, if there is one. */
  #agreed(pair: CipherPair, rest: Uint8Array): void {
    const { remoteStatic: peerKey, handshakeHash } = pair
    this.#encryption = { suite: this.#suite, peerKey, handshakeHash, ...this.#handshake?.proven }
    this.#sealer = new RecordSealer(pair.send)
    this.#opener = new RecordOpener(pair.receive, { pool: this.#pool })
    const early = rest.slice()
    if (this.#handshake?.mustAsk) this.#state = 'proving'
    else this.#begin()
    if (this.#out.size > 0) this.#pass(0, 'unless-left')
    if (early.length > 0) this.received(early, 'given')
  }

  /** The peer may go on: what both sides have said meanwhile passes. */
  #begin(): void {
    this.#endHandshake()
    this.#state = 'sealed'
    for (const batch of this.#held.splice(0)) {
      const { size } = batch
      if (this.#seal(batch, 'unless-left') === 'left') this.#owner.sent(size)
    }
    const early = this.#early
    this.#early = undefined
    if (early !== undefined) this.#owner.received(early.take(), 'given')
  }

  /** Opens what comes from a peer that may be a recording, and asks about it with the first authentic record. */
  #prove(opener: RecordOpener, bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    const early = (this.#early ??= new EarlyRecords(this.#pool))
    const fault = early.receive(opener, bytes, ownership)
    if (fault !== '') return this.#fail(fault)
    if (this.#state !== 'proving' || early.size === 0) return
    this.#state = 'asking'
    this.#handshake?.ask()
  }

  opened(plain: Uint8Array, ownership: 'given' | 'lent'): void {
    this.#hasOpened = true
    this.#owner.received(plain, ownership)
  }

  rests(): void {
    // What can't be paused would only grow.
    if (this.#link.pause === undefined) return this.#reader?.finish(this.#turns.now)
    this.#onReading ??= this.#turns.deadline({ due: () => this.#readOn() })
    this.#onReading.setIn(0)
    if (!this.#isPaused) this.#link.pause?.()
  }

  #open(opener: RecordOpener, read: (reader: RecordReader, now: number) => void): void {
    const { now } = this.#turns
    this.#hasOpened = opener.stored === 0
    this.#reader ??= new RecordReader(opener, this)
    read(this.#reader, now)
    const { excess } = this.#reader
    if (opener.failure !== undefined) this.#fail(`a record was refused: ${opener.failure}`)
    else if (excess !== '') this.#fail(`too many ${excess}`)
    else if (this.#hasOpened && opener.stored > 0) this.#cut()
  }

  /** The loop has come round: reads on where it rested. */
  #readOn(): void {
    const opener = this.#opener
    if (opener === undefined || this.#isPaused || this.#isSilent()) return
    this.#open(opener, (reader, now) => reader.goOn(now))
    if (this.#reader?.isResting || this.#isSilent()) return
    if (!this.#isPaused) this.#link.resume?.()
    if (this.#isEndHeld) this.ended()
  }

  /** A record has begun, and its end is due. */
  #cut(): void {
    this.#late.setIn(this.#limits.frameTimeoutMs)
  }

  #due(): void {
    const isOurs = this.#isPaused || this.#reader?.isResting === true
    if (isOurs || this.#isSilent() || (this.#opener?.stored ?? 0) === 0) return
    this.#fail(`a record took longer than ${this.#limits.frameTimeoutMs} ms`)
  }

  #fail(what: string, kind: 'cut' | 'refused' = 'refused', token?: TokenRefusal): void {
    if (this.#isSilent()) return
    this.#over()
    this.#link.destroy()
    this.#owner.gone(new EncryptionFailure(kind, what, token))
  }

  #over(): void {
    this.#state = 'over'
    this.#late.cancel()
    this.#onReading?.cancel()
    this.#reader?.end()
    this.#drop()
    this.#sealer?.drop()
    this.#opener?.release()
    this.#out.release()
  }
}
