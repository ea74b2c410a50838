/** A queue that is never shorter than this, in milliseconds, is another's … */
const standingMsMin = 5
/** … or than this part of the least round trip, if that is more. */
const standingPart = 0.2
/** So many cycles in a row, although each of them drained what was ours. */
const cyclesMax = 2

/**
 * Finds out whether a flow that fills the queue shares the bottleneck: one's own queue is gone after each drain, another's stays. After Copa's switch
 * of modes (Arun and Balakrishnan, NSDI 2018, section 2.2), by cycles instead of round trips.
 */
export class StandingQueue {
  #leastMs = Number.POSITIVE_INFINITY
  #cycles = 0

  /** A sample of the round trip. */
  sample(roundTripMs: number): void {
    if (roundTripMs < this.#leastMs) this.#leastMs = roundTripMs
  }

  /** Begins to look: what is ours is being drained from now on. */
  begin(): void {
    this.#leastMs = Number.POSITIVE_INFINITY
  }

  /** The queue was never gone since `begin`. */
  isStanding(leastEverMs: number): boolean {
    const wasSeen = this.#leastMs !== Number.POSITIVE_INFINITY
    return wasSeen && this.#leastMs > leastEverMs + standingMs(leastEverMs)
  }

  /** A cycle is over. Returns whether the queue stands, on which `cyclesMax` in a row must agree. */
  judge(leastEverMs: number): 'stands' | 'drains' {
    this.#cycles = this.isStanding(leastEverMs) ? this.#cycles + 1 : 0
    if (this.#cycles < cyclesMax) return 'drains'
    this.#cycles = 0
    return 'stands'
  }

  /** A sample so near to the least round trip that no one else's queue was there. */
  static isGone(roundTripMs: number, leastEverMs: number): boolean {
    return roundTripMs > 0 && roundTripMs <= leastEverMs + standingMs(leastEverMs) / 2
  }
}

function standingMs(leastEverMs: number): number {
  return Math.max(standingMsMin, standingPart * leastEverMs)
}
