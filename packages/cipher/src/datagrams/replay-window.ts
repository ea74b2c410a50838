import { wholeOption } from '../base/limits.ts'

/** What the window says of a counter: never seen; seen; or so old that it can't tell. */
export type ReplayVerdict = 'new' | 'replayed' | 'too-old'

/**
 * Remembers which of the last `size` counters have been seen (RFC 6479's ring of words). Counters are 64 bits wide, as two halves. They are
 * compared by subtraction: `counter + size <= newest` would overflow at the end of the range. Asking changes nothing: mark a counter only
 * when its datagram was found authentic.
 */
export class ReplayWindow {
  /** How many counters back from the newest one are still told apart. */
  readonly size: number
  /** Twice the size: one word more than the window spans would do, a power of two makes the ring. */
  readonly #words: Uint32Array
  #high = 0
  #low = 0
  #isEmpty = true

  /** `size` is a power of two from 64 to 8,192; throws `option` for any other. 1,024 are 17 s at 60 datagrams a second. */
  constructor(size = 1024) {
    wholeOption('the replay window', size, 64, 8192)
    if ((size & (size - 1)) !== 0) wholeOption('the replay window, a power of two,', Number.NaN, 64, 8192)
    this.size = size
    this.#words = new Uint32Array((2 * size) / 32)
  }

  /** The largest counter that was marked, or undefined. */
  get newest(): bigint | undefined {
    return this.#isEmpty ? undefined : (BigInt(this.#high) << 32n) | BigInt(this.#low)
  }

  check(high: number, low: number): ReplayVerdict {
    if (this.#isEmpty || isAfter(high, low, this.#high, this.#low)) return 'new'
    if (distance(high, low, this.#high, this.#low) >= this.size) return 'too-old'
    const isSeen = ((this.#words[this.#index(low)] >>> (low & 31)) & 1) === 1
    return isSeen ? 'replayed' : 'new'
  }

  /** Marks a counter as seen. One that is too old changes nothing. */
  mark(high: number, low: number): void {
    if (this.#isEmpty) {
      this.#isEmpty = false
      this.#high = high
      this.#low = low
    } else if (isAfter(high, low, this.#high, this.#low)) {
      this.#forward(high, low)
    } else if (distance(high, low, this.#high, this.#low) >= this.size) {
      return
    }
    this.#words[this.#index(low)] |= 1 << (low & 31)
  }

  /** Moves the newest counter forward, and clears the words in between, as their bits are a whole ring old. */
  #forward(high: number, low: number): void {
    const words = this.#words
    // One word less than the ring has: a step that ends in the word where it began must have gone all around.
    if (distance(this.#high, this.#low, high, low) >= (words.length - 1) * 32) {
      words.fill(0)
    } else {
      const last = this.#index(low)
      for (let index = this.#index(this.#low); index !== last; ) {
        index = (index + 1) & (words.length - 1)
        words[index] = 0
      }
    }
    this.#high = high
    this.#low = low
  }

  #index(low: number): number {
    return (low >>> 5) & (this.#words.length - 1)
  }
}

function isAfter(high: number, low: number, otherHigh: number, otherLow: number): boolean {
  return high > otherHigh || (high === otherHigh && low > otherLow)
}

/** How far `to` is ahead of `from`, which is not after it. Exact below 2^32; at least 2^32 above, which is all that callers ask. */
function distance(fromHigh: number, fromLow: number, toHigh: number, toLow: number): number {
  const borrow = toLow < fromLow ? 1 : 0
  const high = toHigh - fromHigh - borrow
  return high > 0 ? 2 ** 32 : (toLow - fromLow) >>> 0
}
