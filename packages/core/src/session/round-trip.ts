/** One side's pings: which pong answers the last one, and after what time. */
export class RoundTrip {
  #pingedAt = 0
  /** What the last ping carried; 0: it was answered. */
  #token = 0

  /** A ping leaves. Returns the token that it carries, which is never 0: that is what a pong says that was not asked for. */
  ask(now: number): number {
    this.#pingedAt = now
    this.#token = Math.floor(now) >>> 0 || 1
    return this.#token
  }

  /** A pong came. Returns how many milliseconds its ping has been under way; undefined for one that answers nothing, which only says that the peer lives. */
  answered(token: number, now: number): number | undefined {
    if (token === 0 || token !== this.#token) return undefined
    this.#token = 0
    return now - this.#pingedAt
  }
}
