import { type BlockPool, SegmentBuffer } from '@millrace/buffer'
import { MillraceError } from '../base/millrace-error.ts'
import type { OverflowPolicy, PipeLimits } from '../base/options.ts'
import { isQueueing, type Overflow } from '../channel/overflow.ts'
import { DropQueue } from './drop-queue.ts'
import type { UpgradableLink } from './upgradable-link.ts'

/** What a send queue needs of its channel. */
export interface SendQueueOwner {
  readonly limits: PipeLimits
  readonly overflowPolicy: OverflowPolicy
  /** Whether nothing more may be written before all has left. */
  readonly isPaused: boolean
  /** How many bytes may wait, as far as all channels together matter. */
  readonly room: number
  readonly overflow: Overflow
}

/** A block, less room for the message that fills it. */
const flushSize = 61_440

/** The marks of a channel that is paused. */
const pausedMarks = { highWaterBytes: 1, lowWaterBytes: 0 }

/** The mark of a link that is gone: everything meets a full channel. */
const never = -1

/**
 * What a channel has on its way out: the bytes of this turn, those that the link holds, and those that wait behind them. Alone changes
 * these numbers; others ask.
 */
export class SendQueue {
  /** What was written since the last flush. */
  readonly buffer: SegmentBuffer
  #marks: Pick<PipeLimits, 'highWaterBytes' | 'lowWaterBytes'>
  readonly #link: UpgradableLink
  readonly #owner: SendQueueOwner
  /** The number of waiting bytes at which the policy speaks. */
  #mark: number
  #inFlight = 0
  #isOwing = false
  /** Bytes of the answers that were written since the queue was low. */
  #answeredBytes = 0
  #bytesOut = 0
  #dropQueue: DropQueue | undefined

  constructor(pool: BlockPool, link: UpgradableLink, owner: SendQueueOwner) {
    this.buffer = new SegmentBuffer(pool)
    this.#marks = owner.limits
    this.#link = link
    this.#owner = owner
    this.#mark = this.#markNow()
  }

  /** Bytes that the link holds. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Bytes that were handed to the link so far. */
  get bytesOut(): number {
    return this.#bytesOut
  }

  /** Whether so much was written that it goes to the link before the end of the turn. */
  get isBlockFull(): boolean {
    return this.buffer.size >= flushSize
  }

  /** All bytes that have not left. */
  get queuedBytes(): number {
    return this.#inFlight + this.buffer.size + this.#lateSize()
  }

  /** Whether the next message meets the policy. Messages that wait behind the link must not be overtaken. */
  get isFull(): boolean {
    return (
      this.#inFlight + this.buffer.size >= this.#mark ||
      (this.#dropQueue !== undefined && this.#dropQueue.size > 0)
    )
  }

  /** So many bytes may be written until the next message meets the policy. */
  get freeBytes(): number {
    return this.isFull ? 0 : this.#mark - this.#inFlight - this.buffer.size
  }

  /** Whether the channel is down to its low-water mark. */
  get isLow(): boolean {
    return this.#inFlight + this.buffer.size <= this.#marks.lowWaterBytes
  }

  /**
   * Whether so much waits that the peer must not cause more of it: answers and pongs ignore the marks. From the high-water mark until the
   * low-water mark. To a link that is gone nothing is owed.
   */
  get isOwing(): boolean {
    return this.#isOwing && this.#mark !== never
  }

  /** Whether answers alone are as much. What this side says unasked is no reason not to hear its peer. */
  get isFullOfAnswers(): boolean {
    return this.isOwing && this.#answeredBytes >= this.#owedMax()
  }

  /** Whether something waits for the link to take more. */
  get isAwaited(): boolean {
    return this.#isOwing || this.#lateSize() > 0
  }

  /** Hands what was written to the link, as one gather write. */
  flush(report?: 'unless-left'): void {
    if (this.#mark === never) return this.buffer.release()
    const batch = this.buffer.take()
    const { size } = batch
    this.#bytesOut += size
    if (this.#link.send(batch, report) === 'waits') this.#inFlight += size
    this.#settle()
  }

  /** An answer of so many bytes was written. */
  answered(size: number): void {
    this.#answeredBytes += size
    this.owed()
  }

  /** Something was written that may ignore the marks. */
  owed(): void {
    if (this.queuedBytes >= this.#owedMax()) this.#isOwing = true
  }

  /** The link took so many bytes. */
  sent(size: number): void {
    this.#inFlight -= size
    this.#settle()
  }

  /** The overflow policy was changed. */
  overflowChanged(): void {
    this.pourAll()
    this.#dropQueue = undefined
    if (this.#mark !== never) this.#mark = this.#markNow()
  }

  /** The channel is paused, or goes on. */
  pauseChanged(): void {
    this.#marks = this.#owner.isPaused ? pausedMarks : this.#owner.limits
    if (this.#mark !== never) this.#mark = this.#markNow()
    this.#settle()
  }

  /** Queues an encoded message behind the link. */
  queueLate(key: string, body: unknown, bytes: Uint8Array | undefined): void {
    if (bytes === undefined)
      throw new MillraceError('unsupported', 'this protocol cannot queue messages apart')
    const { overflow } = this.#owner
    this.#dropQueue ??= new DropQueue(overflow)
    this.#dropQueue.push(overflow.topic(key, body), bytes, this.#marks.highWaterBytes - this.#mark)
  }

  /** Moves late messages up, as far as there is room. */
  pour(): void {
    const hasRoom = () => this.#inFlight + this.buffer.size < this.#mark
    this.#dropQueue?.pour(hasRoom, (bytes) => this.buffer.appendWhole(bytes))
  }

  /** Moves all late messages up: the channel is closing, or changes its policy. */
  pourAll(): void {
    const hasRoom = () => true
    this.#dropQueue?.pour(hasRoom, (bytes) => this.buffer.appendWhole(bytes))
  }

  /** The link is gone: nothing will leave any more. */
  cut(): void {
    this.#inFlight = 0
    this.#mark = never
    this.end()
  }

  /** Drops everything that has not left: the channel has ended. */
  end(): void {
    this.buffer.release()
    this.#dropQueue?.clear()
  }

  /** Throws when the numbers contradict each other. For tests. */
  invariants(): void {
    const numbers = `in flight ${this.#inFlight}, written ${this.buffer.size}, late ${this.#lateSize()}, mark ${this.#mark}`
    const isRight =
      this.#inFlight >= 0 &&
      this.#lateSize() >= 0 &&
      this.#link.heldBytes <= this.#inFlight &&
      (this.#mark !== never || this.#inFlight === 0)
    if (!isRight) throw new Error(`the send queue contradicts itself: ${numbers}`)
  }

  #settle(): void {
    if (this.isLow) this.#isOwing = false
    if (this.#answeredBytes > 0 && this.#inFlight + this.buffer.size <= this.#answeredLow())
      this.#answeredBytes = 0
  }

  /** Where answers may be counted anew: at the low-water mark, or below what the channel has room for. */
  #answeredLow(): number {
    return Math.min(this.#marks.lowWaterBytes, this.#owner.room / 4)
  }

  #owedMax(): number {
    return Math.min(this.#marks.highWaterBytes, this.#owner.room)
  }

  #lateSize(): number {
    return this.#dropQueue === undefined ? 0 : this.#dropQueue.size
  }

  #markNow(): number {
    const { overflowPolicy, limits } = this.#owner
    // A program that has full channels closed doesn't mean those that are paused.
    if (overflowPolicy === 'close') return limits.highWaterBytes
    const { highWaterBytes, lowWaterBytes } = this.#marks
    return isQueueing(overflowPolicy) ? Math.max(lowWaterBytes, 1) : highWaterBytes
  }
}
