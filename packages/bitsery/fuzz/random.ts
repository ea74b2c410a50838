/** A seeded stream of whole numbers (splitmix32): the same seed gives the same campaign on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x9e37_79b9) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) % limit
  }

  /** One of a list that isn't empty. */
  oneOf<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }
}
