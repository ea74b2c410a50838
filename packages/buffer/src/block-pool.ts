import { type Block, PooledBlock } from './block.ts'
import { BlockChecker, type OutstandingBlock } from './block-checker.ts'
import type { BlockPoolStatistics, SizeClassStatistics } from './block-pool-statistics.ts'
import { foreignBlock, outOfRange, wholeNumber } from './buffer-checks.ts'
import { BufferError } from './buffer-error.ts'
import { SizeClass } from './size-class.ts'

/** How a pool is cut and how much it keeps. All sizes in bytes. */
export interface BlockPoolOptions {
  /** Smallest block, a power of two. Default 64. */
  readonly sizeMin?: number | undefined
  /** Largest block that is kept, a power of two up to 2^30. Default 2 MiB. */
  readonly sizeMax?: number | undefined
  /** Most free bytes in the whole pool; a block that would exceed it is dropped at once. Default 64 MiB. */
  readonly keepBytesMax?: number | undefined
  /** Most free blocks of one size; a block that would exceed it is dropped at once. Default 65,536. */
  readonly keepCountMax?: number | undefined
  /**
   * Where memory comes from; must return exactly `size` bytes, which the pool then owns; called with 0 once.
   * Default `new Uint8Array(size)`. A Node shell may pass `Buffer.allocUnsafeSlow`: unlike
   * `Buffer.allocUnsafe` it doesn't share one allocation among blocks. Blocks are plain `Uint8Array`s in any case.
   */
  readonly allocate?: ((size: number) => Uint8Array) | undefined
  /** `'on'` catches use after release, stale writes and leaks, slowly: for tests. Default `'off'`. */
  readonly checks?: 'off' | 'on' | undefined
}

/** What `trim` may give away. */
export interface TrimOptions {
  /**
   * `'unused'`: only blocks that lay free all the time since the last trim, so that calling it every few
   * seconds follows the load down and never takes away what is in use. `'all'`: every free block.
   * Default `'unused'`.
   */
  readonly scope?: 'unused' | 'all' | undefined
  /** It stops as soon as no more than this many free bytes are left. Default 0. */
  readonly keepBytes?: number | undefined
}

/**
 * Memory in blocks of 2^N bytes, kept for the next one who needs some. Take and give cost O(1) and allocate
 * nothing as long as a free block of the size is there. What a block contains is whatever was there before:
 * nothing is zero-filled, so read only what you wrote. Knows no clock: the owner decides when to `trim`.
 *
 * After the seed's `multiple_size_buffer_pool` (16 sizes, 64 B to 2 MiB).
 */
export class BlockPool {
  readonly sizeMin: number
  readonly sizeMax: number
  readonly keepBytesMax: number
  readonly keepCountMax: number
  readonly checks: 'off' | 'on'
  /** A block of no bytes from the same allocator: stands where no block is. Never give it back. */
  readonly empty: Block

  readonly #allocate: (size: number) => Uint8Array
  readonly #checker: BlockChecker | undefined
  readonly #classes: SizeClass[] = []
  readonly #sizeMask: number
  readonly #exponentMin: number
  #freeBytes = 0
  #discardCount = 0
  #oversizeTakeCount = 0
  #oversizeGiveCount = 0
  #oversizeLiveBytes = 0

  constructor(options: BlockPoolOptions = {}) {
    this.sizeMin = powerOfTwo('sizeMin', options.sizeMin ?? 64)
    this.sizeMax = powerOfTwo('sizeMax', options.sizeMax ?? 2 * 1024 * 1024)
    if (this.sizeMin > this.sizeMax)
      throw outOfRange(`sizeMin ${this.sizeMin} must not be above sizeMax ${this.sizeMax}`)
    this.keepBytesMax = wholeNumber('keepBytesMax', options.keepBytesMax ?? 64 * 1024 * 1024)
    this.keepCountMax = wholeNumber('keepCountMax', options.keepCountMax ?? 65_536)
    this.checks = options.checks ?? 'off'
    this.#allocate = options.allocate ?? ((size) => new Uint8Array(size))
    this.#checker = this.checks === 'on' ? new BlockChecker() : undefined
    this.#sizeMask = this.sizeMin - 1
    this.#exponentMin = 31 - Math.clz32(this.sizeMin)
    for (let size = this.sizeMin; size <= this.sizeMax; size *= 2) this.#classes.push(new SizeClass(size))
    this.empty = new PooledBlock(this.allocate(0), NO_OWNER, -1)
  }

  /**
   * Memory of exactly `size` bytes that is no block: it is never given back, and the garbage collector takes it. Its content is
   * whatever was there. For bytes that many read at the same time, such as one broadcast for a thousand channels.
   */
  allocate(size: number): Uint8Array {
    const bytes = this.#allocate(size)
    if (bytes.length !== size)
      throw outOfRange(`allocate(${size}) must return ${size} bytes, not ${bytes.length}`)
    // `slice` of a Node Buffer doesn't copy: what was kept by it would change with the next owner of the block.
    return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, size)
  }

  /**
   * The smallest block of at least `sizeMin` bytes, owned by the caller until given back. Above the pool's
   * `sizeMax` it comes straight from the allocator with exactly `sizeMin` bytes and is never kept.
   *
   * Throws `size-out-of-range` unless `sizeMin` is a whole number from 0, and `stale-write` with checks on.
   */
  take(sizeMin: number): Block {
    if ((sizeMin | 0) !== sizeMin || (sizeMin - 1) >>> 0 >= this.sizeMax) return this.#takeUnusual(sizeMin)
    const index = 32 - Math.clz32((sizeMin - 1) | this.#sizeMask) - this.#exponentMin
    const sizeClass = this.#classes[index]
    const block = sizeClass.pop()
    if (block === undefined) return this.#takeMissing(sizeClass, index)
    this.#freeBytes -= sizeClass.size
    const handle = this.#checker === undefined ? block : this.#checker.taken(block)
    block.isLive = true
    sizeClass.takeCount++
    return handle
  }

  /**
   * Takes a block back; its memory must not be touched from here on. Throws `double-give` for a block that is
   * back already (without checks only as long as it has not been taken anew) and `foreign-block` for one that
   * this pool did not hand out.
   */
  give(block: Block): void {
    const checker = this.#checker
    const memory = checker === undefined ? (block as PooledBlock) : checker.given(block, this)
    if (memory.owner !== this) throw foreignBlock()
    if (!memory.isLive) throw doubleGive(memory)
    memory.isLive = false
    if (memory.classIndex < 0) {
      this.#giveOversize(memory)
      return
    }
    const sizeClass = this.#classes[memory.classIndex]
    sizeClass.giveCount++
    if (this.#freeBytes + sizeClass.size > this.keepBytesMax || sizeClass.freeCount >= this.keepCountMax) {
      this.#discardCount++
      return
    }
    this.#freeBytes += sizeClass.size
    sizeClass.push(memory)
  }

  /**
   * Drops free blocks, the largest first and of one size the longest idle first, and returns how many bytes
   * that freed. The memory goes to the garbage collector, which hands it back to the system in its own time.
   * With checks on it also verifies what it drops and throws `stale-write`.
   */
  trim(options: TrimOptions = {}): number {
    const scope = options.scope ?? 'unused'
    const keepBytes = wholeNumber('keepBytes', options.keepBytes ?? 0)
    const freeBytesBefore = this.#freeBytes
    for (let index = this.#classes.length - 1; index >= 0; index--) {
      const sizeClass = this.#classes[index]
      const idleCount = scope === 'all' ? sizeClass.freeCount : sizeClass.freeCountLow
      const excessCount = Math.max(0, Math.ceil((this.#freeBytes - keepBytes) / sizeClass.size))
      const count = Math.min(idleCount, excessCount)
      const dropped = sizeClass.discard(count)
      this.#freeBytes -= count * sizeClass.size
      this.#discardCount += count
      for (const memory of dropped) this.#checker?.verify(memory)
    }
    return freeBytesBefore - this.#freeBytes
  }

  /** The blocks that are out now, oldest first: what a test expects to be empty. Needs `checks: 'on'`. */
  outstanding(): OutstandingBlock[] {
    if (this.#checker === undefined) {
      throw new BufferError(
        'checks-off',
        "outstanding() needs a pool with checks: 'on'; see statistics().liveCount",
      )
    }
    return this.#checker.outstanding()
  }

  /** A snapshot of all counters. Allocates: not for hot paths. */
  statistics(): BlockPoolStatistics {
    const classes: SizeClassStatistics[] = this.#classes.map((sizeClass) => ({
      size: sizeClass.size,
      takeCount: sizeClass.takeCount,
      giveCount: sizeClass.giveCount,
      missCount: sizeClass.missCount,
      liveCount: sizeClass.takeCount - sizeClass.giveCount,
      freeCount: sizeClass.freeCount,
    }))
    const sum = (value: (each: SizeClassStatistics) => number): number =>
      classes.reduce((total, each) => total + value(each), 0)
    const oversizeLiveCount = this.#oversizeTakeCount - this.#oversizeGiveCount
    return {
      takeCount: sum((each) => each.takeCount) + this.#oversizeTakeCount,
      giveCount: sum((each) => each.giveCount) + this.#oversizeGiveCount,
      missCount: sum((each) => each.missCount) + this.#oversizeTakeCount,
      oversizeCount: this.#oversizeTakeCount,
      discardCount: this.#discardCount,
      liveCount: sum((each) => each.liveCount) + oversizeLiveCount,
      liveBytes: sum((each) => each.liveCount * each.size) + this.#oversizeLiveBytes,
      freeCount: sum((each) => each.freeCount),
      freeBytes: this.#freeBytes,
      classes,
    }
  }

  #takeMissing(sizeClass: SizeClass, index: number): Block {
    const block = this.#create(sizeClass.size, index)
    sizeClass.missCount++
    sizeClass.takeCount++
    return this.#checker === undefined ? block : this.#checker.taken(block)
  }

  #takeUnusual(sizeMin: number): Block {
    wholeNumber('the size to take', sizeMin)
    if (sizeMin === 0) return this.take(1)
    const block = this.#create(sizeMin, -1)
    this.#oversizeTakeCount++
    this.#oversizeLiveBytes += sizeMin
    return this.#checker === undefined ? block : this.#checker.taken(block)
  }

  #giveOversize(memory: PooledBlock): void {
    this.#oversizeGiveCount++
    this.#oversizeLiveBytes -= memory.bytes.length
  }

  #create(size: number, classIndex: number): PooledBlock {
    return new PooledBlock(this.allocate(size), this, classIndex)
  }
}

/** Owns the empty blocks, so that no pool takes one back. */
const NO_OWNER = {}

function powerOfTwo(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= 2 ** 30 && (value & (value - 1)) === 0) return value
  throw outOfRange(`${name} must be a power of two from 1 to 2^30, not ${value}`)
}

function doubleGive(memory: PooledBlock): BufferError {
  return new BufferError('double-give', `a block of ${memory.bytes.length} bytes was given back twice`)
}
