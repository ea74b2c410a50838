import type { Loop } from '../ports/loop.ts'
import { turnBudget } from './turn-budget.ts'
import { process, type TurnTaker } from './turn-taker.ts'

/**
 * Shares the time of a pipe's loop among its parts. A part that has more to do than its budget lets it is *postponed*: it goes on when the loop has come
 * round, one after the other with its like, and what they do together is bounded as well. So a peer that floods costs its own channel's time, not the
 * others'.
 */
export class Rounds {
  readonly #loop: Loop
  readonly #postponed: TurnTaker[] = []
  /** What turns with more to do than a slice took in this round, in milliseconds. */
  #spentMs = 0
  /** What the longest of them took: the next may take as long. */
  #longestMs = 0
  #turnSince = 0
  /** When the clock was looked at last: the part that has its turn began not earlier. */
  #lookedAt = 0
  #partSince = 0
  #isTimed = false

  constructor(loop: Loop) {
    this.#loop = loop
  }

  /** How many parts wait for the next round. */
  get postponedCount(): number {
    return this.#postponed.length
  }

  /** Whether this round has no time for one more that has much to do: it is postponed without a look at it. */
  get isCrowded(): boolean {
    return this.#spentMs + this.#longestMs > turnBudget.roundMs
  }

  /** The part that has its turn has spent its budget: it goes on when the loop has come round, not in the turns of events before. */
  postpone(taker: TurnTaker): void {
    if (taker.isReady) return
    taker.isReady = true
    this.#postponed.push(taker)
  }

  /** The loop has come round. */
  begin(): void {
    this.#spentMs = this.#longestMs = 0
  }

  /** A turn begins, at this time of the loop. */
  beginTurn(loopNow: number): void {
    this.#turnSince = this.#lookedAt = loopNow
  }

  /**
   * How much of its time the part that has its turn has left, as a share: 1 is all, at 0 and below there is none. `asks`: for the `first` time in its
   * turn, or `again`. The clock is looked at here, and not for each frame.
   */
  shareLeft(asks: 'first' | 'again'): number {
    if (asks === 'first') this.#partSince = this.#lookedAt
    const now = this.#loop.now()
    this.#lookedAt = now
    this.#isTimed = true
    const isCrowded = this.#spentMs + now - this.#turnSince > turnBudget.roundMs
    return 1 - (now - this.#partSince) / (isCrowded ? turnBudget.crowdedMs : turnBudget.channelMs)
  }

  /** Those that were postponed go on in turn, again and again, until the round has no time for one more. */
  goOn(now: number): void {
    const list = this.#postponed
    let index = 0
    try {
      while (index < list.length) {
        const since = this.#lookedAt
        process(list[index++], now)
        this.#lookedAt = this.#loop.now()
        this.#longestMs = Math.max(this.#longestMs, this.#lookedAt - since)
        if (this.#lookedAt - this.#turnSince + this.#longestMs > turnBudget.roundMs) break
      }
    } finally {
      list.splice(0, index)
    }
  }

  /** Takes out those that were postponed: they can't wait for the next round. */
  takeAll(): TurnTaker[] {
    return this.#postponed.splice(0)
  }

  /** What a turn took counts when a part of it had more to do than a slice. Returns whether so much was taken that it matters when the loop comes round. */
  endTurn(): boolean {
    if (!this.#isTimed) return false
    this.#isTimed = false
    const now = this.#loop.now()
    this.#spentMs += now - this.#turnSince
    this.#longestMs = Math.max(this.#longestMs, now - this.#partSince)
    return this.#spentMs > turnBudget.channelMs
  }
}
