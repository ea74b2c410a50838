import { leftAfter } from '../base/token-buckets.ts'

interface Bucket {
  level: number
  /** When the level was that. */
  at: number
}

/** How buckets leak, and how many there are. */
export interface LeakyBucketsOptions {
  /** What runs out of each in a second. */
  readonly perSecond: number
  /** What each of them holds at most. */
  readonly levelMax: number
  /** So many buckets at most. When there are as many, half of them are forgotten: those that were not touched for longest. */
  readonly countMax: number
}

/** What a bucket takes with its key (an address) and its place in a map, in bytes at most: for limits in bytes. */
export const bucketBytesMax = 256

/**
 * Levels by name, which rise when something is done and sink with time: leaky buckets (as meters, ITU-T I.371). A bucket that is forgotten counts as empty: who
 * fills the table gains nothing but that. They lie in two generations, so that nothing is ever looked through.
 */
export class LeakyBuckets {
  readonly #options: LeakyBucketsOptions
  #younger = new Map<string, Bucket>()
  #older = new Map<string, Bucket>()
  #youngerSince = Number.NEGATIVE_INFINITY

  constructor(options: LeakyBucketsOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#younger.size + this.#older.size
  }

  level(key: string, now: number): number {
    const bucket = this.#younger.get(key) ?? this.#older.get(key)
    if (bucket === undefined) return 0
    return leftAfter(bucket.level, this.#options.perSecond, now - bucket.at)
  }

  /** Fills in an amount, or takes one out if it is below 0: to the brim at most, and to the ground. */
  fill(key: string, amount: number, now: number): void {
    const { levelMax } = this.#options
    const level = Math.max(0, Math.min(levelMax, this.level(key, now) + amount))
    this.#older.delete(key)
    if (level === 0) this.#younger.delete(key)
    else this.#younger.set(key, { level, at: now })
    this.#age(now)
  }

  #age(now: number): void {
    const { countMax, levelMax, perSecond } = this.#options
    // Whatever was not touched for so long is empty.
    const isOver = now - this.#youngerSince >= (levelMax / perSecond) * 1000
    if (this.#younger.size < countMax / 2 && !isOver) return
    this.#older = this.#younger
    this.#younger = new Map()
    this.#youngerSince = now
  }
}
