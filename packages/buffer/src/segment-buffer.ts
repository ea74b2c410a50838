import type { Block } from './block.ts'
import type { BlockPool } from './block-pool.ts'
import { outOfRange, wholeNumber } from './buffer-checks.ts'
import { copyBytes } from './byte-copy.ts'
import { SegmentBatch } from './segment-batch.ts'

/** How a segment buffer cuts its memory, in bytes. */
export interface SegmentBufferOptions {
  /** Blocks that follow the first one of a batch. Best a size of the pool. Default 64 KiB. */
  readonly blockSize?: number | undefined
  /** First block of a batch, if no larger one is asked for and the batch before was small. Keeps quiet channels cheap. Default 2 KiB. */
  readonly firstBlockSize?: number | undefined
}

/**
 * Shared bytes up to this size are copied where there is content already. Measured on Node 24: 4 KiB copy in
 * 35 ns, while one more segment in a gather write costs the link 200 ns and more.
 */
const SHARED_COPY_SIZE_MAX = 4096

/**
 * Bytes on their way out, written in place into blocks of equal size and handed over without a copy as the
 * segments of one gather write. Holds no memory while it is empty. Sets no limit of its own: its owner watches
 * `size`. Knows no link.
 *
 * The way of a message: `position = reserve(sizeMax)`, write into `bytes` or `view` from `position` on,
 * `commit(position + size)`. Both fields change with `reserve`, so load them after it. A writer that gives up in
 * between leaves no trace.
 */
export class SegmentBuffer {
  /** The open block, or the pool's empty one. Owned by this buffer. */
  bytes: Uint8Array
  /** The same memory for multi-byte values. */
  view: DataView
  /** Where the next byte goes in the open block. Read only: `commit` moves it. */
  offset = 0
  readonly blockSize: number
  readonly firstBlockSize: number

  readonly #pool: BlockPool
  #block: Block
  /** Where the piece of the open block begins that is not yet a segment. */
  #segmentStart = 0
  /** Earlier segments of the batch to come, if there are any. */
  #batch: SegmentBatch | undefined
  /** The last batch was a large one: the next begins with a whole block, so that one segment is enough for it. */
  #isBusy = false
  /** A released batch for the next take. */
  #spareBatch: SegmentBatch | undefined

  constructor(pool: BlockPool, options: SegmentBufferOptions = {}) {
    this.blockSize = wholeNumber('blockSize', options.blockSize ?? 65_536, 1)
    this.firstBlockSize = wholeNumber('firstBlockSize', options.firstBlockSize ?? 2048, 1)
    this.#pool = pool
    this.#block = pool.empty
    this.bytes = pool.empty.bytes
    this.view = pool.empty.view
  }

  /** Committed bytes that were not yet taken. */
  get size(): number {
    const openSize = this.offset - this.#segmentStart
    return this.#batch === undefined ? openSize : this.#batch.size + openSize
  }

  /**
   * Position in `bytes` and `view` from which on at least `size` bytes in one piece may be written. May close the
   * open block and open another, a larger one of its own size class where `size` is above `blockSize`. Changes no
   * content. Throws `size-out-of-range` unless `size` is a whole number from 0.
   */
  reserve(size: number): number {
    if (!(this.bytes.length - this.offset >= size && size >= 0)) this.#openFor(size)
    return this.offset
  }

  /**
   * Everything up to `end` of the open block is content now. Throws `size-out-of-range` for an end before
   * `offset` or behind the block.
   */
  commit(end: number): void {
    if (!(end >= this.offset && end <= this.bytes.length)) throw badEnd(end, this.offset, this.bytes.length)
    this.offset = end
  }

  /** Copies `source`, which stays the caller's. A long one is spread over blocks: it need not stay in one piece. */
  append(source: Uint8Array): void {
    const size = source.length
    let position = 0
    while (position < size) {
      if (this.offset === this.bytes.length) this.#openFor(Math.min(size - position, this.blockSize))
      const end = Math.min(size, position + this.bytes.length - this.offset)
      copyBytes(this.bytes, this.offset, source, position, end)
      this.offset += end - position
      position = end
    }
  }

  /** Copies `source`, which stays the caller's, in one piece: into one segment, such as a frame for a link that carries each by itself. */
  appendWhole(source: Uint8Array): void {
    const start = this.reserve(source.length)
    copyBytes(this.bytes, start, source, 0, source.length)
    this.offset = start + source.length
  }

  /**
   * Adds bytes of another owner as a segment of their own, without copying: one encoded broadcast for 1,000
   * channels. They must stay as they are until the batch is released, are never given to the pool, and stay
   * their maker's. Up to 4 KiB are copied instead, in one piece, where there is content already, which is cheaper
   * than one more segment.
   */
  appendShared(bytes: Uint8Array): void {
    if (bytes.length <= SHARED_COPY_SIZE_MAX && this.size > 0) {
      this.appendWhole(bytes)
    } else if (bytes.length > 0) {
      this.#closeSegment()
      this.#openBatch().addSegment(bytes)
    }
  }

  /**
   * Hands over everything committed; the buffer is empty afterwards and needs no further care. The caller owns the
   * batch until it calls `release` on it. Without content the batch has no segments, and is to be released as well.
   */
  take(): SegmentBatch {
    this.#closeBlock()
    const batch = this.#openBatch()
    this.#batch = undefined
    this.#isBusy = batch.size * 2 >= this.blockSize
    return batch
  }

  /** Drops what was not yet taken and gives its blocks back. The buffer can be used again. */
  release(): void {
    this.#closeBlock()
    const batch = this.#batch
    this.#batch = undefined
    batch?.release()
  }

  /** For the batch: a busy buffer keeps one for the next take. With checks on each serves once, so that misuse is seen. */
  released(batch: SegmentBatch): void {
    if (this.#isBusy && this.#pool.checks === 'off') this.#spareBatch = batch
  }

  #openFor(size: number): void {
    wholeNumber('the size to reserve', size)
    const isFirst = this.offset === 0 && (this.#batch === undefined || this.#batch.blockCount === 0)
    const sizeMin = isFirst && !this.#isBusy ? this.firstBlockSize : this.blockSize
    const block = this.#pool.take(Math.max(size, sizeMin))
    this.#closeBlock()
    this.#use(block)
  }

  /** The open block goes to the batch if it holds content, and back to the pool if not. */
  #closeBlock(): void {
    const block = this.#block
    if (block === this.#pool.empty) return
    this.#closeSegment()
    const isUsed = this.offset > 0
    this.#use(this.#pool.empty)
    if (isUsed) this.#openBatch().addBlock(block)
    else this.#pool.give(block)
  }

  /** Makes a segment of what was committed since the last one. The rest of the block stays open. */
  #closeSegment(): void {
    const start = this.#segmentStart
    const end = this.offset
    if (start === end) return
    this.#openBatch().addSegment(this.bytes.subarray(start, end))
    this.#segmentStart = end
  }

  #openBatch(): SegmentBatch {
    if (this.#batch !== undefined) return this.#batch
    const spare = this.#spareBatch
    this.#spareBatch = undefined
    spare?.reopen()
    this.#batch = spare ?? new SegmentBatch(this.#pool, this)
    return this.#batch
  }

  #use(block: Block): void {
    this.#block = block
    this.bytes = block.bytes
    this.view = block.view
    this.offset = 0
    this.#segmentStart = 0
  }
}

function badEnd(end: number, offset: number, length: number): Error {
  return outOfRange(`cannot commit up to ${end}: must lie from ${offset} to ${length}`)
}
