/** How often a loop that has deadlines looks at the time at least, in milliseconds. */
export const lookMs = 100

/** The most that counts between two looks, in milliseconds: a look that comes on time, or a little late. */
export const countedMsMax = 150

/**
 * The time in which the loop looked for events. While the program stands still, or the whole process does, nothing of a peer's is read; so
 * between two looks no more than `countedMsMax` counts. What a peer has to do within a time has that much of this time.
 *
 * Runs with the loop's clock and behind it, never backwards. A loop that stands still again and again lets some of it pass with each look, so that
 * every deadline comes.
 */
export class WatchedTime {
  /** The last look; undefined while nothing waits for a deadline, and no look is expected. */
  #lookedAt: number | undefined
  /** Whole milliseconds: a difference of two times then is as exact as that of the clock. */
  #missedMs = 0

  /** When the next look is due, in milliseconds of the clock; `Infinity`: none is expected. */
  get nextLook(): number {
    return this.#lookedAt === undefined ? Number.POSITIVE_INFINITY : this.#lookedAt + lookMs
  }

  /** How much of the time up to `now` didn't count. The same between two looks that come in time. */
  missedMs(now: number): number {
    if (this.#lookedAt === undefined) return this.#missedMs
    return this.#missedMs + Math.max(0, now - this.#lookedAt - countedMsMax)
  }

  /** The loop looks at the time, and is expected to look again in `lookMs`. */
  look(now: number): void {
    this.#missedMs = Math.floor(this.missedMs(now))
    this.#lookedAt = now
  }

  /** No look is expected any more: the time passes. */
  rest(now: number): void {
    this.#missedMs = Math.floor(this.missedMs(now))
    this.#lookedAt = undefined
  }
}

/** When the watched time comes to `watchedAt` by the clock, if no more is missed than by now. Never before, by a rounding: what was asked for then would have to be asked for again at once. */
export function clockTime(watchedAt: number, now: number, watched: number): number {
  const at = watchedAt + (now - watched)
  return at - Math.round(now - watched) < watchedAt ? at * (1 + Number.EPSILON) : at
}
