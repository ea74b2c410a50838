import { keyHash } from './key-hash.ts'

/** Up to so many keys cost little, whatever they are. */
const UNGUARDED_MAX = 64

/**
 * How many keys of its bucket a key may find there, on an average of all. Random keys find less than one; of sequences, strides and
 * multiples of powers of two, the worst find 2.5.
 */
const FOUND_MAX = 4
/** So many more are free. */
const FOUND_FREE = 1024
/** What a key counts for that was there before: no writer repeats keys, and to find an old one takes longer. */
const REPEATED = 16

/**
 * Counts what it costs to put keys into a Map or a Set: a key has to pass those in its bucket, so keys that were chosen to share one
 * cost the square of their count. Follows V8: the buckets double whenever there are two keys for each, and the keys since then are
 * counted anew, which is enough to bound the cost (about 50 keys passed for each) and takes no memory of them. Text needs no
 * guard: its hash has a seed.
 */
export class CollisionGuard {
  #found = new Uint32Array(UNGUARDED_MAX)
  #mask = 0
  /** How many keys may still come before the buckets double. */
  #room = 0
  #left = 0

  begin(): void {
    this.#mask = UNGUARDED_MAX - 1
    this.#room = UNGUARDED_MAX * 2
    this.#left = FOUND_FREE
    this.#found.fill(0, 0, UNGUARDED_MAX)
  }

  /** A key comes. False: the keys so far were chosen to collide. */
  admit(key: unknown): boolean {
    if (typeof key !== 'number' && typeof key !== 'bigint') return true
    if (this.#room-- === 0) this.#grow()
    const bucket = keyHash(key) & this.#mask
    const found = this.#found[bucket]
    this.#found[bucket] = found + 1
    this.#left += FOUND_MAX - found
    return this.#left >= 0
  }

  /** The key that came last was there before. */
  repeated(): void {
    this.#left -= REPEATED
  }

  #grow(): void {
    const buckets = (this.#mask + 1) * 2
    this.#mask = buckets - 1
    this.#room = buckets - 1
    if (this.#found.length < buckets) this.#found = new Uint32Array(buckets)
    else this.#found.fill(0, 0, buckets)
  }

  /** Whether it is small enough to be kept. */
  get isSpare(): boolean {
    return this.#found.length <= SPARE_BUCKETS
  }
}

const SPARE_BUCKETS = 32_768
// Its array costs more to make than many keys cost to count: one guard is kept.
let spare: CollisionGuard | undefined

/** A guard for so many keys; undefined for few. It is the caller's until it gives it back, as maps may lie in maps. */
export function takeGuard(count: number): CollisionGuard | undefined {
  if (count <= UNGUARDED_MAX) return undefined
  const guard = spare ?? new CollisionGuard()
  spare = undefined
  guard.begin()
  return guard
}

/** Gives a guard back. One that isn't is left to the garbage collector. */
export function giveBack(guard: CollisionGuard | undefined): void {
  if (guard?.isSpare === true) spare = guard
}
