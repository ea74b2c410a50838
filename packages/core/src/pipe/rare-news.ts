/** At most one report in so many milliseconds of what peers can cause at will. */
const intervalMs = 1000

/** Says when to tell of something that may happen very often. */
export class RareNews {
  #toldAt = Number.NEGATIVE_INFINITY
  #count = 0

  /** It happened once more: returns how often it did since it was last told, or 0 if that is too short a time ago. */
  happened(now: number): number {
    this.#count++
    if (now - this.#toldAt < intervalMs) return 0
    const count = this.#count
    this.#toldAt = now
    this.#count = 0
    return count
  }
}
