import type { Block } from './block.ts'
import type { BlockPool } from './block-pool.ts'
import { outOfRange, wholeNumber } from './buffer-checks.ts'
import { copyBytes } from './byte-copy.ts'

/** Limits of one receive buffer. */
export interface ReceiveBufferOptions {
  /** Most bytes it holds; one more and `append` returns `'full'`. Default 16 MiB. */
  readonly sizeMax?: number | undefined
}

/**
 * Bytes received and not yet consumed, in one piece. Grows into the next larger block of the pool, and gives
 * its block back as soon as it is empty, so an idle channel holds no memory. Knows nothing of frames.
 *
 * The content is `bytes[start, end)`. `append`, `reserve`, `consume` and `release` may change all four fields,
 * so load them again after each call; views of `bytes` made before may show another owner's memory then.
 */
export class ReceiveBuffer {
  /** The block in use, or the pool's empty one. Owned by this buffer. */
  bytes: Uint8Array
  /** The same memory for multi-byte values. */
  view: DataView
  /** Position of the first byte not yet consumed. */
  start = 0
  /** Position behind the last byte. Who reserved and wrote in place moves it forward. */
  end = 0
  readonly sizeMax: number

  readonly #pool: BlockPool
  #block: Block

  constructor(pool: BlockPool, options: ReceiveBufferOptions = {}) {
    this.sizeMax = wholeNumber('sizeMax', options.sizeMax ?? 16 * 1024 * 1024, 1)
    this.#pool = pool
    this.#block = pool.empty
    this.bytes = pool.empty.bytes
    this.view = pool.empty.view
  }

  /** Bytes not yet consumed. */
  get size(): number {
    return this.end - this.start
  }

  /**
   * Copies `source[from, to)` to the end, all of it, or nothing and `'full'` where that would exceed `sizeMax`.
   * `source` stays the caller's. Throws `size-out-of-range` unless 0 <= from <= to <= source.length.
   */
  append(source: Uint8Array, from = 0, to: number = source.length): 'stored' | 'full' {
    if (!(from >= 0 && from <= to && to <= source.length)) throw badRange(from, to, source.length)
    const size = to - from
    if (size === 0) return 'stored'
    if (this.end - this.start + size > this.sizeMax) return 'full'
    if (this.bytes.length - this.end < size) this.#makeRoom(size)
    copyBytes(this.bytes, this.end, source, from, to)
    this.end += size
    return 'stored'
  }

  /**
   * Makes room for `size` more bytes in one piece behind `end`, or does nothing and returns `'full'` where that
   * would exceed `sizeMax`. It takes that much memory at once: a size that comes from the wire must have passed
   * a limit before.
   */
  reserve(size: number): 'reserved' | 'full' {
    wholeNumber('the size to reserve', size)
    if (this.end - this.start + size > this.sizeMax) return 'full'
    if (this.bytes.length - this.end < size) this.#makeRoom(size)
    return 'reserved'
  }

  /**
   * Drops `size` bytes from the front without moving the rest. Gives the block back with the last byte.
   * Throws `size-out-of-range` for more than there are.
   */
  consume(size: number): void {
    const start = this.start + size
    if (!(size >= 0 && start <= this.end))
      throw outOfRange(`cannot consume ${size} of ${this.end - this.start} bytes`)
    this.start = start
    if (start === this.end && size > 0) this.release()
  }

  /** Drops the content and gives the block back. The buffer can be used again; releasing twice does nothing. */
  release(): void {
    const block = this.#block
    this.start = 0
    this.end = 0
    if (block === this.#pool.empty) return
    this.#use(this.#pool.empty)
    this.#pool.give(block)
  }

  /**
   * Moves the content to the front when at most half of the block is content, and into a larger block
   * otherwise: so at least as many bytes come in between two moves as each of them copies.
   * No block is larger than the size class of twice `sizeMax`.
   */
  #makeRoom(size: number): void {
    const { bytes, start, end } = this
    const contentSize = end - start
    const sizeNeeded = contentSize + size
    if (sizeNeeded <= bytes.length && contentSize <= bytes.length / 2) {
      bytes.copyWithin(0, start, end)
    } else {
      const block = this.#block
      const sizeWished = contentSize === 0 ? 0 : Math.min(bytes.length, this.sizeMax) * 2
      this.#use(this.#pool.take(Math.max(sizeNeeded, sizeWished)))
      copyBytes(this.bytes, 0, bytes, start, end)
      if (block !== this.#pool.empty) this.#pool.give(block)
    }
    this.start = 0
    this.end = contentSize
  }

  #use(block: Block): void {
    this.#block = block
    this.bytes = block.bytes
    this.view = block.view
  }
}

function badRange(from: number, to: number, length: number): Error {
  return outOfRange(`cannot append [${from}, ${to}) of ${length} bytes`)
}
