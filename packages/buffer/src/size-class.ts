import type { PooledBlock } from './block.ts'

/** The free blocks of one size, and how they were used. Live blocks are `takeCount - giveCount`. */
export class SizeClass {
  readonly size: number
  freeCount = 0
  /** Fewest free blocks since the last trim: that many at the bottom of the stack were not needed. */
  freeCountLow = 0
  takeCount = 0
  giveCount = 0
  missCount = 0
  /** A stack that keeps its length: `pop` and `push` of arrays shrink and grow the store, 5 ns a pair. */
  readonly #free: (PooledBlock | undefined)[] = []

  constructor(size: number) {
    this.size = size
  }

  /** The free block given back last: its memory is the most likely to be in the cache. */
  pop(): PooledBlock | undefined {
    const index = this.freeCount - 1
    if (index < 0) return undefined
    const block = this.#free[index]
    this.#free[index] = undefined
    this.freeCount = index
    if (index < this.freeCountLow) this.freeCountLow = index
    return block
  }

  push(block: PooledBlock): void {
    this.#free[this.freeCount++] = block
  }

  /** Removes the `count` blocks that have been idle longest and starts a new watch for idle ones. */
  discard(count: number): PooledBlock[] {
    const discarded: PooledBlock[] = []
    for (const block of this.#free.splice(0, count)) if (block !== undefined) discarded.push(block)
    this.freeCount -= count
    this.#free.length = this.freeCount
    this.freeCountLow = this.freeCount
    return discarded
  }
}
