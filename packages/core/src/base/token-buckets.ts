/** A rate that is allowed: so many a second, and so many at once after a rest. */
export interface TokenRate {
  readonly rate: number
  readonly burst: number
}

/** What is left, after so many milliseconds, of what was taken out of a bucket. A clock that goes back brings nothing. */
export function leftAfter(taken: number, rate: number, elapsedMs: number): number {
  return elapsedMs > 0 ? Math.max(0, taken - (elapsedMs * rate) / 1000) : taken
}

/**
 * Token buckets: each holds `burst` tokens, and `rate` a second come back. What is missing is what they count, so that a full bucket is a zero (the
 * leaky bucket as a meter, ITU-T I.371). They know no clock, and hold two numbers each.
 */
export class TokenBuckets {
  readonly #rates: readonly TokenRate[]
  /** Of each bucket, what was taken out of it, and when it was so much. Numbers of one kind: less memory than a typed array, as long as there are few. */
  readonly #state: number[]

  /** One full bucket for each rate, at its place in this list. */
  constructor(rates: readonly TokenRate[]) {
    this.#rates = rates
    this.#state = new Array(2 * rates.length).fill(Number.NEGATIVE_INFINITY)
  }

  /** Takes so many tokens out of a bucket. If there are fewer, it takes none and returns false. `now`: milliseconds. */
  take(place: number, count: number, now: number): boolean {
    const { rate, burst } = this.#rates[place]
    const state = this.#state
    const at = 2 * place
    const taken = leftAfter(state[at], rate, now - state[at + 1])
    const isEnough = taken + count <= burst
    state[at] = isEnough ? taken + count : taken
    state[at + 1] = now
    return isEnough
  }
}
