import type { Block } from './block.ts'
import type { BlockPool } from './block-pool.ts'
import { BufferError } from './buffer-error.ts'

/** Takes an emptied batch back for its next use. */
export interface SegmentBatchOwner {
  released(batch: SegmentBatch): void
}

/**
 * What one gather write carries. A `SegmentBuffer` makes it; the link writes `segments` in order and calls
 * `release` when the system has taken the bytes. Until then the memory must stay as it is; after that neither the
 * segments nor the batch may be touched: the next take may hand out the same batch again.
 */
export class SegmentBatch {
  /** Pieces of pool blocks and of shared memory, none of them empty. Read only, and emptied by `release`. */
  readonly segments: Uint8Array[] = [NO_BYTES]
  /** Sum of the segments' lengths in bytes. Read only for all but the buffer that fills it. */
  size = 0

  readonly #blocks: (Block | undefined)[] = [undefined]
  readonly #pool: BlockPool
  readonly #owner: SegmentBatchOwner
  #state: 'filled' | 'released' = 'filled'

  /** @internal For segment buffers only. */
  constructor(pool: BlockPool, owner: SegmentBatchOwner) {
    this.#pool = pool
    this.#owner = owner
    // The literals above made room for the usual one element; an empty literal would grow to 17 at once.
    this.segments.pop()
    this.#blocks.pop()
  }

  /** For the buffer: how many blocks `release` gives back. */
  get blockCount(): number {
    return this.#blocks.length
  }

  /** Gives the blocks back to the pool. Throws `double-give` the second time. */
  release(): void {
    if (this.#state === 'released') {
      throw new BufferError('double-give', 'the batch was released already; release it once, after the write')
    }
    this.#state = 'released'
    while (this.segments.length > 0) this.segments.pop()
    this.size = 0
    for (let block = this.#blocks.pop(); block !== undefined; block = this.#blocks.pop())
      this.#pool.give(block)
    this.#owner.released(this)
  }

  /** For the buffer: adds the next piece. Its block follows by `addBlock`, once, or never for shared memory. */
  addSegment(segment: Uint8Array): void {
    this.segments.push(segment)
    this.size += segment.length
  }

  /** For the buffer: a block to give back on release. */
  addBlock(block: Block): void {
    this.#blocks.push(block)
  }

  /** For the buffer: a released batch is about to be filled again. */
  reopen(): void {
    this.#state = 'filled'
  }
}

const NO_BYTES = new Uint8Array(0)
