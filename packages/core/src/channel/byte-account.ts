import type { CloseReason } from '../base/close-reason.ts'
import type { Deadline, DeadlineTarget } from '../turn/deadline.ts'
import type { TurnTaker } from '../turn/turn-taker.ts'
import type { Turns } from '../turn/turns.ts'

/** What holds bytes because of its peer: a channel. */
export interface ByteHolder {
  readonly turns: Turns
  /** A paused one has so long to come down to its share. */
  readonly limits: { readonly stallTimeoutMs: number }
  /** What it held when it was counted last, in bytes. Kept by the account. */
  heldBytes: number
  /** What it holds now, in bytes. */
  countHeld(): number
  /** Only those that are open can be paused: the others end within a time. */
  readonly isOpen: boolean
  readonly dispatch: { markChanged(): void }
  readonly carrier: {
    /** Lets its link rest at once, if it has one that can. */
    readonly throttle?: { pause(): void }
    /** It is paused, or goes on. */
    pauseChanged(): void
    /** Ends it, and tells the peer why. */
    fail(reason: CloseReason): void
  }
}

/** What is no share of any, so that those that are not paused have room while others come down. */
const spareShare = 1 / 4

/** All are counted anew when the sum has grown by so much of the limit: that takes time for each that holds something. */
const stepShare = 1 / 64

/**
 * The bytes that all channels of a factory hold because of their peers. Above the limit those are paused that hold more than their *share*: what each
 * may have so that all together have three quarters of the limit, where those that need less leave the rest to the others. So one that holds little is
 * never paused for what others hold. A paused one goes on when it is down to its share, or all together are down to three quarters. If it isn't
 * within its `stallTimeoutMs`, and the limit is still passed, the largest of those end, until it is not.
 *
 * Each tells once a turn what it holds, if that has changed. What is freed between its turns may still be in the sum: before anything follows from that,
 * all are counted anew.
 */
export class ByteAccount {
  readonly #bytesMax: number
  /** Those that hold something. */
  readonly #holders = new Set<ByteHolder>()
  readonly #paused = new Map<ByteHolder, Pause>()
  #bytes = 0
  #countAbove: number
  #share = 0

  constructor(bytesMax: number) {
    this.#bytesMax = this.#countAbove = bytesMax
  }

  /** What all hold now, in bytes. */
  get bytes(): number {
    let bytes = 0
    for (const holder of this.#holders) bytes += holder.countHeld()
    return bytes
  }

  isPaused(holder: ByteHolder): boolean {
    return this.#paused.size > 0 && this.#paused.has(holder)
  }

  /** How many bytes may wait here: 1 if it is paused, which is one message; little more than its share while the limit is passed; otherwise any number. */
  roomOf(holder: ByteHolder): number {
    if (this.#paused.size === 0) return Number.POSITIVE_INFINITY
    if (this.#paused.has(holder)) return 1
    return this.#bytes > this.#bytesMax ? this.#share + 1 : Number.POSITIVE_INFINITY
  }

  /** It holds so many bytes, which is not what it told last. */
  changed(holder: ByteHolder, bytes: number): void {
    if (holder.heldBytes === 0) this.#holders.add(holder)
    else if (bytes === 0) this.#holders.delete(holder)
    this.#bytes += bytes - holder.heldBytes
    holder.heldBytes = bytes
    if (this.#bytes > this.#countAbove) return this.#look()
    const countAbove = Math.max(this.#bytesMax, this.#bytes + 2 * stepShare * this.#bytesMax)
    if (countAbove < this.#countAbove) this.#countAbove = countAbove
    if (this.#paused.size === 0) return
    if (this.#hasRoom()) this.#resumeSome()
    else if (bytes <= this.#share) this.#resume(holder)
    else if (this.#bytes > this.#bytesMax) this.#pause(holder)
  }

  /** It has ended. */
  ended(holder: ByteHolder): void {
    this.#paused.get(holder)?.end()
    this.#paused.delete(holder)
    if (holder.heldBytes > 0) this.changed(holder, 0)
  }

  /** Some were paused for as long as they may be: the largest of them end, until the limit is kept; the others go on. */
  judge(): void {
    this.#count()
    const due = [...this.#paused].filter(([, { isDue }]) => isDue).map(([holder]) => holder)
    for (const holder of due.sort((one, other) => other.heldBytes - one.heldBytes)) {
      if (!this.#paused.has(holder)) continue
      if (this.#bytes > this.#bytesMax && holder.heldBytes > this.#share) this.end(holder)
      else this.#resume(holder)
    }
  }

  /** Ends one that was paused in vain. */
  end(holder: ByteHolder): void {
    holder.carrier.fail({ code: 'total-overflow', heldBytes: holder.countHeld(), totalBytes: this.#bytes })
  }

  /** Pauses those that hold more than their share, if the limit is passed. */
  #look(): void {
    this.#count()
    this.#countAbove = Math.max(this.#bytesMax, this.#bytes + stepShare * this.#bytesMax)
    if (this.#bytes <= this.#bytesMax) return
    this.#share = shareOf(this.#holders, this.#bytesMax * (1 - spareShare))
    this.#resumeSome()
    for (const holder of this.#holders) if (holder.heldBytes > this.#share) this.#pause(holder)
  }

  #pause(holder: ByteHolder): void {
    if (holder.isOpen && !this.#paused.has(holder)) this.#paused.set(holder, new Pause(holder, this))
  }

  #count(): void {
    this.#bytes = 0
    for (const holder of this.#holders) {
      holder.heldBytes = holder.countHeld()
      this.#bytes += holder.heldBytes
      if (holder.heldBytes === 0) this.#holders.delete(holder)
    }
    this.#resumeSome()
  }

  #hasRoom(): boolean {
    return this.#bytes <= this.#bytesMax * (1 - spareShare)
  }

  /** Those that are down to their share, or all. */
  #resumeSome(): void {
    const hasRoom = this.#hasRoom()
    for (const holder of this.#paused.keys()) {
      if (hasRoom || holder.heldBytes <= this.#share) this.#resume(holder)
    }
  }

  #resume(holder: ByteHolder): void {
    const pause = this.#paused.get(holder)
    if (pause === undefined) return
    this.#paused.delete(holder)
    pause.end()
    // In its turn it finds out.
    holder.turns.later(pause)
  }
}

/** The pause of one holder, from its beginning to the end of its time. What it brings happens in turns of the holder's pipe. */
class Pause implements DeadlineTarget, TurnTaker {
  isReady = false
  isDirty = false
  /** It has lasted for as long as it may. */
  isDue = false
  readonly #holder: ByteHolder
  readonly #account: ByteAccount
  readonly #deadline: Deadline

  constructor(holder: ByteHolder, account: ByteAccount) {
    this.#holder = holder
    this.#account = account
    this.#deadline = holder.turns.deadline(this)
    this.#deadline.setIn(holder.limits.stallTimeoutMs)
    // Until its turn comes, links may bring more, each of them.
    holder.carrier.throttle?.pause()
    holder.turns.later(this)
  }

  /** Judged in the program's next turn, behind all that was ready: what lies there may still be taken. */
  due(): void {
    this.isDue = true
    this.#holder.turns.later(this)
  }

  process(): void {
    const { dispatch, carrier, isOpen } = this.#holder
    if (this.isDue) return this.#account.judge()
    if (!isOpen) return
    dispatch.markChanged()
    carrier.pauseChanged()
  }

  flush(): void {}

  end(): void {
    this.isDue = false
    this.#deadline.cancel()
  }
}

/** What each may hold so that all together hold so many bytes; those that hold less leave the rest to the others. */
function shareOf(holders: ReadonlySet<ByteHolder>, bytes: number): number {
  const sizes = Float64Array.from(holders, ({ heldBytes }) => heldBytes).sort()
  let left = bytes
  for (let index = 0; index < sizes.length; index++) {
    const share = left / (sizes.length - index)
    if (sizes[index] > share) return share
    left -= sizes[index]
  }
  return Number.POSITIVE_INFINITY
}
