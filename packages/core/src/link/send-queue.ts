import { type BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { CloseReason } from '../base/close-reason.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { OverflowPolicy, PipeLimits } from '../base/options.ts'
import type { ChannelStatistics, OverflowOptions } from '../channel/carrier.ts'
import type { Link } from '../ports/transport.ts'
import { DropQueue } from './drop-queue.ts'

/** A block, less room for the message that fills it. */
const flushSize = 61_440

/** What becomes of a message that meets a full channel. */
export type OverflowVerdict = 'full' | 'late' | 'close'

/** What a channel has on its way out: the bytes of this turn, those that the link holds, and those that wait behind them. */
export class SendQueue {
  /** What was written since the last flush. */
  readonly buffer: SegmentBuffer
  /** Bytes that the link holds. */
  inFlight = 0
  /** The peer must take some before it is heard any further. Kept by the carrier. */
  isOwed = false
  /** The number of waiting bytes at which the policy speaks. */
  mark: number
  #bytesOut = 0
  #refused = 0
  #droppedNewest = 0
  #droppedOldest = 0
  #superseded = 0
  /** What is written waits, although the link would take it: the channel is about to encrypt. */
  isHeld = false
  readonly #limits: PipeLimits
  #link: Link
  #policy: OverflowPolicy
  #topicOf: OverflowOptions['topicOf']
  #dropQueue: DropQueue | undefined
  #waiters: ((result: 'ready' | 'closed') => void)[] | undefined

  constructor(pool: BlockPool, limits: PipeLimits, link: Link, policy: OverflowPolicy) {
    this.buffer = new SegmentBuffer(pool)
    this.#limits = limits
    this.#link = link
    this.#policy = policy
    this.mark = this.#markOf(policy)
  }

  /** Whether so much was written that it goes to the link before the end of the turn. */
  get isBlockFull(): boolean {
    return this.buffer.size >= flushSize
  }

  /** All bytes that have not left. */
  get queued(): number {
    return this.inFlight + this.buffer.size + (this.#dropQueue?.size ?? 0)
  }

  /** Whether the next message meets the policy. Messages that wait behind the link must not be overtaken. */
  get isFull(): boolean {
    return (
      this.inFlight + this.buffer.size >= this.mark ||
      (this.#dropQueue !== undefined && this.#dropQueue.size > 0)
    )
  }

  /** Whether someone waits for the link to take more. */
  get isAwaited(): boolean {
    return (
      this.isOwed ||
      this.#waiters !== undefined ||
      (this.#dropQueue !== undefined && this.#dropQueue.size > 0)
    )
  }

  /**
   * Whether so many answers wait that the peer must take some before it is heard any further. While the channel is about to encrypt, nothing can
   * leave, and what ends that has to be read: only four times as many are too many then.
   */
  get isOwing(): boolean {
    return this.queued >= this.#limits.highWaterBytes * (this.isHeld ? 4 : 1)
  }

  /** Whether the channel is down to its low-water mark. */
  get isLow(): boolean {
    return this.inFlight + this.buffer.size <= this.#limits.lowWaterBytes
  }

  /** What left, waits, and was lost. */
  statistics(): Pick<
    ChannelStatistics,
    'bytesOut' | 'queued' | 'refused' | 'droppedNewest' | 'droppedOldest' | 'superseded'
  > {
    return {
      bytesOut: this.#bytesOut,
      queued: this.queued,
      refused: this.#refused,
      droppedNewest: this.#droppedNewest,
      droppedOldest: this.#droppedOldest + (this.#dropQueue?.droppedOldest ?? 0),
      superseded: this.#superseded + (this.#dropQueue?.superseded ?? 0),
    }
  }

  /** Everything goes to this link from now on. */
  redirect(link: Link): void {
    this.#link = link
  }

  /** Hands over bytes past everything that is held. */
  pass(bytes: Uint8Array, pool: BlockPool): void {
    const apart = new SegmentBuffer(pool)
    apart.append(bytes)
    const batch = apart.take()
    const { size } = batch
    this.#bytesOut += size
    if (this.#link.send(batch) === 'waits') this.inFlight += size
  }

  /** Why a channel ends that closes and can't send what it was given before, if that is so. */
  get loss(): CloseReason | undefined {
    const size = this.queued - this.inFlight
    if (!this.isHeld || size === 0) return undefined
    const what = `the channel ended before it was encrypted: what was sent since, ${size} bytes, is lost`
    return { code: 'encryption-failed', what }
  }

  /** Hands what was written to the link, as one gather write. */
  flush(report?: 'unless-left'): void {
    if (this.mark < 0) return this.buffer.release()
    if (this.isHeld) return
    const batch = this.buffer.take()
    const { size } = batch
    this.#bytesOut += size
    if (this.#link.send(batch, report) === 'waits') this.inFlight += size
  }

  setPolicy(policy: OverflowPolicy, { topicOf }: OverflowOptions): void {
    this.pourAll()
    this.#droppedOldest += this.#dropQueue?.droppedOldest ?? 0
    this.#superseded += this.#dropQueue?.superseded ?? 0
    this.#dropQueue = undefined
    this.#policy = policy
    this.#topicOf = topicOf
    this.mark = this.#markOf(policy)
  }

  /** A message met a full channel: says, and counts, what becomes of it. */
  judge(): OverflowVerdict {
    switch (this.#policy) {
      case 'wait':
        this.#refused++
        return 'full'
      case 'drop-newest':
        this.#droppedNewest++
        return 'full'
      case 'close':
        return 'close'
      default:
        return 'late'
    }
  }

  /** Queues an encoded message behind the link. */
  queueLate(key: string, body: unknown, bytes: Uint8Array | undefined): void {
    if (bytes === undefined)
      throw new MillraceError('unsupported', 'this protocol cannot queue messages apart')
    const policy = this.#policy === 'latest-by-key' ? 'latest-by-key' : 'drop-oldest'
    this.#dropQueue ??= new DropQueue(policy, this.#limits.highWaterBytes - this.mark)
    const topic = this.#topicOf === undefined ? '' : this.#topicOf(key, body)
    this.#dropQueue.push(topic === undefined ? undefined : `${key}\n${topic}`, bytes)
  }

  /** Moves late messages up, as far as there is room. */
  pour(): void {
    const hasRoom = () => this.inFlight + this.buffer.size < this.mark
    this.#dropQueue?.pour(hasRoom, (bytes) => this.buffer.append(bytes))
  }

  /** Moves all late messages up: the channel is closing, or changes its policy. */
  pourAll(): void {
    const hasRoom = () => true
    this.#dropQueue?.pour(hasRoom, (bytes) => this.buffer.append(bytes))
  }

  /** Resolves when the channel is down to its low-water mark, or has ended. */
  drained(): Promise<'ready' | 'closed'> {
    if (!this.isFull) return Promise.resolve('ready')
    return new Promise((resolve) => {
      this.#waiters ??= []
      this.#waiters.push(resolve)
    })
  }

  /** Wakes those who wait for room. */
  wake(result: 'ready' | 'closed'): void {
    const waiters = this.#waiters
    this.#waiters = undefined
    for (const resolve of waiters ?? []) resolve(result)
  }

  /** The link is gone: nothing will leave any more, and everything meets a full channel, as a mark below zero says. */
  cut(): void {
    this.inFlight = 0
    this.mark = -1
    this.end()
  }

  /** Drops everything that has not left: the channel has ended. */
  end(): void {
    this.buffer.release()
    this.#dropQueue?.clear()
    this.wake('closed')
  }

  #markOf(policy: OverflowPolicy): number {
    const isQueueing = policy === 'drop-oldest' || policy === 'latest-by-key'
    return isQueueing ? this.#limits.lowWaterBytes : this.#limits.highWaterBytes
  }
}
