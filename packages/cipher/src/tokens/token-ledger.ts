/** One second: expired ids leave in bundles of this. */
const BUNDLE_MS = 1000

/**
 * The ids of tokens that were used and haven't expired. When it is full it takes no more: forgetting one would make it good again.
 * Each entry costs about 150 bytes.
 */
export class TokenLedger {
  readonly usedMax: number
  readonly #bundles = new Map<number, Set<string>>()
  #size = 0
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(usedMax: number) {
    this.usedMax = usedMax
  }

  get size(): number {
    return this.#size
  }

  /** What it knows of an id that is of interest until `end`. `forgotten`: it may have been here; also when the clock was set back. */
  find(id: string, end: number): 'unknown' | 'used' | 'forgotten' {
    const bundle = Math.floor(end / BUNDLE_MS)
    if (bundle < this.#sweptAt) return 'forgotten'
    return this.#bundles.get(bundle)?.has(id) === true ? 'used' : 'unknown'
  }

  /** Enters an id that isn't in it yet. */
  add(id: string, end: number, wallMs: number): 'added' | 'full' {
    this.#sweep(wallMs)
    if (this.#size >= this.usedMax) return 'full'
    const bundle = Math.floor(end / BUNDLE_MS)
    const ids = this.#bundles.get(bundle)
    if (ids === undefined) this.#bundles.set(bundle, new Set([id]))
    else ids.add(id)
    this.#size++
    return 'added'
  }

  /** Once a second at most, over as many bundles as tokens have seconds to live. */
  #sweep(wallMs: number): void {
    const now = Math.floor(wallMs / BUNDLE_MS)
    if (now <= this.#sweptAt) return
    this.#sweptAt = now
    for (const [bundle, ids] of this.#bundles) {
      if (bundle >= now) continue
      this.#size -= ids.size
      this.#bundles.delete(bundle)
    }
  }
}
