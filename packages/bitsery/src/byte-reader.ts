import type { ReadErrorCode } from './errors.ts'
import type { Source } from './source.ts'

/**
 * Reads step by step, with the states of the C++ reader: the first error stays, and every read after it gives
 * zeros. Never throws. Knows no schema.
 */
export class ByteReader {
  readonly bytes: Uint8Array
  readonly view: DataView
  position: number
  readonly end: number
  readonly isLittle: boolean
  error: ReadErrorCode | '' = ''
  /** How many more array elements that may take no bytes are accepted: no bytes justify them. */
  #emptyLeft: number

  constructor(source: Source, position: number, end: number, isLittle: boolean, emptyElementsMax: number) {
    this.bytes = source.bytes
    this.view = source.view
    this.position = position
    this.end = end
    this.isLittle = isLittle
    this.#emptyLeft = emptyElementsMax
  }

  /** Notes an error, if it is the first. */
  raise(error: ReadErrorCode): void {
    if (this.error === '') this.error = error
  }

  /** Takes `size` bytes, all or none: where they start, or -1 when they don't fit. */
  take(size: number): number {
    const at = this.position
    if (this.error !== '') return -1
    if (this.end - at < size) {
      this.raise('DataOverflow')
      return -1
    }
    this.position = at + size
    return at
  }

  /** An unsigned integer of 1, 2 or 4 bytes. */
  unsigned(size: number): number {
    const at = this.take(size)
    if (at < 0) return 0
    if (size === 1) return this.bytes[at]
    return size === 2 ? this.view.getUint16(at, this.isLittle) : this.view.getUint32(at, this.isLittle)
  }

  /** An unsigned integer of 8 bytes. */
  bigUnsigned(): bigint {
    const at = this.take(8)
    return at < 0 ? 0n : this.view.getBigUint64(at, this.isLittle)
  }

  /** A float of 4 or 8 bytes. */
  float(size: number): number {
    const at = this.take(size)
    if (at < 0) return 0
    return size === 4 ? this.view.getFloat32(at, this.isLittle) : this.view.getFloat64(at, this.isLittle)
  }

  bool(): boolean {
    const value = this.unsigned(1)
    if (value > 1) this.#invalidAt(1)
    return value === 1
  }

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
    this.#invalidAt(this.position - start)
    return 0
  }

  /** Whether `count` more elements that may take no bytes are still acceptable in this read. */
  hasRoomForEmpty(count: number): boolean {
    this.#emptyLeft -= count
    return this.#emptyLeft >= 0
  }

  /** Notes invalid data in the last `size` bytes and goes back to their start. */
  #invalidAt(size: number): void {
    if (this.error !== '') return
    this.position -= size
    this.raise('InvalidData')
  }

  /** The same, for types that look at what they read. */
  invalid(size: number): void {
    this.#invalidAt(size)
  }
}
