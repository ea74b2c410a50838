/** One second: expired ids leave in bundles of this. */
const BUNDLE_MS = 1000

/**
 * The ids of tokens that were used. Those that have expired leave when there is no room for another one, and only then: as long as an id is
 * here, no clock that jumps can make its token good again. When all of a full ledger may still come again, it takes no more. Each entry costs
 * about 150 bytes, 400 when few are used in one second.
 */
export class TokenLedger {
  readonly usedMax: number
  readonly #bundles = new Map<number, Set<string>>()
  #size = 0
  /** Of bundles before this one some are gone. By what was dropped, not by the clock: one that jumped ahead and back closes no door behind it. */
  #forgottenBefore = Number.NEGATIVE_INFINITY
  /** A second in which nothing more can be dropped: a full ledger isn't searched for each token. */
  #sweptAt: number | undefined

  constructor(usedMax: number) {
    this.usedMax = usedMax
  }

  get size(): number {
    return this.#size
  }

  /** What it knows of an id that is of interest until `end`. `forgotten`: it may have been here. */
  find(id: string, end: number): 'unknown' | 'used' | 'forgotten' {
    const bundle = Math.floor(end / BUNDLE_MS)
    if (bundle < this.#forgottenBefore) return 'forgotten'
    return this.#bundles.get(bundle)?.has(id) === true ? 'used' : 'unknown'
  }

  /** Enters an id that isn't in it yet. */
  add(id: string, end: number, wallMs: number): 'added' | 'full' {
    if (this.#size >= this.usedMax) this.#sweep(wallMs)
    if (this.#size >= this.usedMax) return 'full'
    const bundle = Math.floor(end / BUNDLE_MS)
    const ids = this.#bundles.get(bundle)
    if (ids === undefined) this.#bundles.set(bundle, new Set([id]))
    else ids.add(id)
    this.#size++
    return 'added'
  }

  #sweep(wallMs: number): void {
    const now = Math.floor(wallMs / BUNDLE_MS)
    if (now === this.#sweptAt) return
    this.#sweptAt = now
    for (const [bundle, ids] of this.#bundles) {
      if (bundle >= now) continue
      this.#size -= ids.size
      this.#bundles.delete(bundle)
      this.#forgottenBefore = Math.max(this.#forgottenBefore, bundle + 1)
    }
  }
}
