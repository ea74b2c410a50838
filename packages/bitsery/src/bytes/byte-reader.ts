import type { ReadErrorCode } from '../base/errors.ts'
import type { BaseScope } from './base-scope.ts'
import type { PointerLinks } from './pointer-links.ts'
import { MEMORY_EMPTY, MEMORY_FREE, type ReadLimits } from './read-limits.ts'
import type { Target } from './source.ts'

/** Where integers of 8 bytes and floats lie while they are put together. */
export const raw = new DataView(new ArrayBuffer(8))

/**
 * Reads step by step, with the states of the C++ reader: the first error stays, and every read after it gives zeros.
 * Never throws. Knows no schema. All that it reads begins and ends with whole bytes: `FullByteReader` is for bit packing and growables.
 */
export class ByteReader {
  position: number
  readonly isLittle: boolean
  error: ReadErrorCode | '' = ''
  /** Whether this is inside bit packing: a bool is one bit there. */
  isPacked = false
  /** The virtual bases of the object that is being read, once there are some. */
  bases: BaseScope<unknown> | undefined
  /** The pointers read so far, once there are some. */
  links: PointerLinks | undefined
  /** Where the bytes that `take` took are. */
  from: Uint8Array
  protected readonly bytes: Uint8Array
  protected end: number
  readonly #view: DataView
  /** How many more elements that take no bytes are accepted: no bytes justify them. */
  #emptyLeft: number
  /** How much memory the value takes so far, and may take. */
  #memory = 0
  #memoryMax: number

  constructor(source: Target, position: number, end: number, isLittle: boolean, limits: ReadLimits) {
    this.bytes = source.bytes
    this.#view = source.view
    this.from = source.bytes
    this.position = position
    this.end = end
    this.isLittle = isLittle
    this.#emptyLeft = limits.emptyElementsMax
    const perByte = limits.memoryPerByteMax
    this.#memoryMax = perByte === Infinity ? perByte : MEMORY_FREE + perByte * (end - position)
  }

  /** How many bits lie before the next one, from the start of the memory on. Zeros from behind a soft end don't move it. */
  get bitPosition(): number {
    return this.position * 8
  }

  /** Whether the next bit is the first of a byte. */
  get isAligned(): boolean {
    return true
  }

  /** How many bits there are up to the end. */
  get bitsLeft(): number {
    return this.left * 8
  }

  /** How many bytes there are up to the end, which may be that of a growable. */
  get left(): number {
    return this.end - this.position
  }

  /** Notes an error, if it is the first. */
  raise(error: ReadErrorCode): void {
    if (this.error === '') this.error = error
  }

  /** Notes an error, if it is the first, at the position where what is wrong starts. */
  fail(error: ReadErrorCode, position: number): void {
    if (this.error !== '') return
    this.position = position
    this.error = error
  }

  /** Notes invalid data. */
  invalid(position: number): void {
    this.fail('InvalidData', position)
  }

  /** Moves behind `size` bytes: where they start, or -1 when they don't fit. */
  protected advance(size: number): number {
    const at = this.position
    if (this.error !== '') return -1
    if (this.end - at < size) {
      this.overflow()
      return -1
    }
    this.position = at + size
    return at
  }

  /** There are fewer bytes than are wanted. */
  protected overflow(): void {
    this.raise('DataOverflow')
  }

  /**
   * Takes `size` bytes, all or none: they are in `from`, beginning where the result says; -1 is an error. Behind a soft end they are
   * zeros, which count as memory, and of which hostile bytes get only so many when the size is their word.
   */
  take(size: number, _sizeFrom: 'schema' | 'bytes'): number {
    return this.advance(size)
  }

  /** An unsigned integer of 1, 2 or 4 bytes. */
  unsigned(size: number): number {
    const at = this.advance(size)
    if (at < 0) return 0
    if (size === 1) return this.bytes[at]
    return size === 2 ? this.#view.getUint16(at, this.isLittle) : this.#view.getUint32(at, this.isLittle)
  }

  /** An unsigned integer of 8 bytes, all or none, into `raw`: low half first. */
  halves(): void {
    raw.setUint32(0, 0)
    raw.setUint32(4, 0)
    const at = this.advance(8)
    if (at >= 0) raw.setBigUint64(0, this.#view.getBigUint64(at, this.isLittle), true)
  }

  /** An unsigned integer of `width` bits, at most 32. */
  bits(width: number): number {
    throw new Error(`${width} bits outside bit packing`)
  }

  /** An unsigned integer of `width` bits, at most 64. */
  bigBits(width: number): bigint {
    return BigInt(this.bits(width))
  }

  /** Goes to the next whole byte. The bits on the way must be zero. */
  align(): void {}

  /** A size prefix that must not be above `max`, in any of its spellings. */
  size(max: number): number {
    const start = this.position
    const high = this.unsigned(1)
    let n = high
    if (high >= 0x80) {
      n = ((high & 0x7f) << 8) | this.unsigned(1)
      if (high >= 0xc0) n = ((n & 0x3fff) * 0x10000 + this.unsigned(2)) >>> 0
    }
    if (this.error !== '') return 0
    if (n <= max) return n
    this.invalid(start)
    return 0
  }

  /** How much memory the value takes so far. */
  get memory(): number {
    return this.#memory
  }

  /** Notes that the value takes so many more bytes of memory, and whether that is acceptable. */
  charge(size: number): boolean {
    this.#memory += size
    if (this.#memory <= this.#memoryMax) return true
    this.raise('MemoryLimit')
    return false
  }

  /** Notes elements that took no bytes, and whether they are acceptable. */
  emptyElements(count: number): boolean {
    if (!this.hasRoomForEmpty(count)) return false
    this.#memoryMax += MEMORY_EMPTY * count
    return true
  }

  /** Whether `count` more elements (or bytes) that no bytes stand for are acceptable in this read: else it is InvalidData. */
  hasRoomForEmpty(count: number): boolean {
    this.#emptyLeft -= count
    if (this.#emptyLeft >= 0) return true
    this.invalid(this.position)
    return false
  }

  /** Whether `size` bytes in one read give zeros, because they lie across a soft end. */
  isMissing(_size: number): boolean {
    return false
  }

  /** From here on there are zeros only, until `leave`. */
  enterZeros(): void {}

  /** Goes to the end that was entered, and on with the one around it. */
  leave(): void {}
}
