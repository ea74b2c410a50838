/** How often a message may come: so many a second, and so many at once after a rest. */
export interface MessageRate {
  readonly rate: number
  readonly burst: number
}

/**
 * Counts how often messages come, against the most that is allowed: a bucket a message, which fills with `rate` tokens a second
 * up to `burst`; each message takes one. Knows no clock, and holds two numbers a bucket.
 */
export class MessageRates {
  readonly #rates: readonly MessageRate[]
  readonly #tokens: Float64Array
  readonly #filledAt: Float64Array

  /** All buckets are full. `now`: milliseconds. */
  constructor(rates: readonly MessageRate[], now: number) {
    this.#rates = rates
    this.#tokens = Float64Array.from(rates, ({ burst }) => burst)
    this.#filledAt = new Float64Array(rates.length).fill(now)
  }

  /** Whether one more message of this place in the list may come now. If so, it is counted. */
  admits(place: number, now: number): boolean {
    const { rate, burst } = this.#rates[place]
    const elapsedMs = Math.max(0, now - this.#filledAt[place])
    const tokens = Math.min(burst, this.#tokens[place] + (elapsedMs * rate) / 1000)
    this.#filledAt[place] = now
    this.#tokens[place] = tokens >= 1 ? tokens - 1 : tokens
    return tokens >= 1
  }
}
