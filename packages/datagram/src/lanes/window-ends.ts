import { laneCountMax } from '../base/packet-contents.ts'

/** Up to which byte may be sent on each lane, and as unordered messages. Most never move from where they begin: an array is made for the first that does. */
export class WindowEnds {
  readonly #first: number
  #ends: number[] | undefined

  /** All begin at `first`. */
  constructor(first: number) {
    this.#first = first
  }

  get(what: number): number {
    return this.#ends === undefined ? this.#first : this.#ends[what]
  }

  set(what: number, end: number): void {
    this.#ends ??= new Array<number>(laneCountMax + 1).fill(this.#first)
    this.#ends[what] = end
  }
}
