/** What happened to the blocks of one size since the pool was made. */
export interface SizeClassStatistics {
  /** Length of each block in bytes. */
  readonly size: number
  readonly takeCount: number
  readonly giveCount: number
  /** Takes that had to allocate. */
  readonly missCount: number
  /** Blocks that are out now. */
  readonly liveCount: number
  /** Blocks kept for the next take. */
  readonly freeCount: number
}

/** What happened in a pool since it was made. Counts include memory above the largest class. */
export interface BlockPoolStatistics {
  readonly takeCount: number
  readonly giveCount: number
  /** Takes that had to allocate, oversize ones included. */
  readonly missCount: number
  /** Takes above the pool's `sizeMax`: never kept. */
  readonly oversizeCount: number
  /** Blocks dropped by `trim` or because the pool was at one of its limits; oversize ones don't count. */
  readonly discardCount: number
  /** Blocks that are out now. */
  readonly liveCount: number
  readonly liveBytes: number
  /** Blocks kept for the next take. */
  readonly freeCount: number
  readonly freeBytes: number
  /** By size, the smallest first; without oversize ones. */
  readonly classes: readonly SizeClassStatistics[]
}
