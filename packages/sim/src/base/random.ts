/** Random numbers that repeat: the same seed gives the same ones on every machine. */
export class Random {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed
    this.#state = seed | 0
  }

  /** A number from 0 up to, not including, 1. After mulberry32 by Tommy Ettinger, public domain. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** One of the list. */
  pick<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length - 1)]
  }

  /** Bytes without any pattern. */
  bytes(size: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(size)
    for (let index = 0; index < size; index++) bytes[index] = this.integer(0, 255)
    return bytes
  }

  /** Cuts bytes into pieces of 1 to `pieceMax` bytes: views, not copies. */
  cut(bytes: Uint8Array, pieceMax: number): Uint8Array[] {
    const pieces: Uint8Array[] = []
    for (let start = 0; start < bytes.length; ) {
      const end = Math.min(bytes.length, start + this.integer(1, pieceMax))
      pieces.push(bytes.subarray(start, end))
      start = end
    }
    return pieces
  }

  /** A generator of its own, so that one part of a test doesn't disturb the numbers of another. */
  fork(): Random {
    return new Random(this.integer(0, 0xffffffff))
  }
}
