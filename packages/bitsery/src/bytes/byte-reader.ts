import type { ReadErrorCode } from '../base/errors.ts'
import { BaseScope } from './base-scope.ts'
import { PointerLinks } from './pointer-links.ts'
import type { Target } from './source.ts'

const raw = new DataView(new ArrayBuffer(8))

/**
 * Reads step by step, with the states of the C++ reader: the first error stays, and every read after it gives zeros.
 * Inside a growable the end is soft: what does not fit is zeros, and no error. Never throws. Knows no schema.
 */
export class ByteReader {
  position: number
  readonly isLittle: boolean
  error: ReadErrorCode | '' = ''
  /** Whether this is inside bit packing: a bool is one bit there. */
  isPacked = false
  /** The virtual bases of the object that is being read. */
  readonly bases = new BaseScope<unknown>()
  /** Where the bytes that `take` took are. */
  from: Uint8Array
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #limit: number
  #end: number
  #isSoft = false
  /** The bits of the byte being read that are not read yet, and how many. */
  #partial = 0
  #partialBits = 0
  #links: PointerLinks | undefined
  /** Whether that byte lies behind a soft end, so that it isn't there at all. */
  #isPartialMissing = false
  /** How many more elements that take no bytes are accepted: no bytes justify them. */
  #emptyLeft: number

  constructor(source: Target, position: number, end: number, isLittle: boolean, emptyElementsMax: number) {
    this.#bytes = source.bytes
    this.#view = source.view
    this.from = source.bytes
    this.position = position
    this.#end = end
    this.#limit = end
    this.isLittle = isLittle
    this.#emptyLeft = emptyElementsMax
  }

  /** How many bits lie before the next one, from the start of the memory on. Zeros from behind a soft end don't move it. */
  get bitPosition(): number {
    return this.position * 8 - (this.#isPartialMissing ? 0 : this.#partialBits)
  }

  /** The pointers read so far. */
  get links(): PointerLinks {
    this.#links ??= new PointerLinks()
    return this.#links
  }

  /** Whether the next bit is the first of a byte. */
  get isAligned(): boolean {
    return this.#partialBits === 0
  }

  /** How many bits there are up to the end. */
  get bitsLeft(): number {
    return this.left * 8 + (this.#isPartialMissing ? 0 : this.#partialBits)
  }

  /** How many bytes there are up to the end, which may be that of a growable. */
  get left(): number {
    return this.#end - this.position
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
  #advance(size: number): number {
    const at = this.position
    if (this.error !== '') return -1
    if (this.#end - at < size) {
      if (!this.#isSoft) this.raise('DataOverflow')
      return -1
    }
    this.position = at + size
    return at
  }

  /**
   * Takes `size` bytes, all or none: they are in `from`, beginning where the result says; -1 is an error. Behind a soft end they are
   * zeros, of which hostile bytes get only so many when the size is their word.
   */
  take(size: number, sizeFrom: 'schema' | 'bytes'): number {
    this.from = this.#bytes
    if (this.#partialBits > 0) return this.#takeShifted(size, sizeFrom)
    const at = this.#advance(size)
    if (at >= 0 || this.error !== '') return at
    if (sizeFrom === 'bytes' && !this.hasRoomForEmpty(size)) return -1
    this.from = new Uint8Array(size)
    return 0
  }

  #takeShifted(size: number, sizeFrom: 'schema' | 'bytes'): number {
    if (this.left < size) {
      if (!this.#isSoft) this.raise('DataOverflow')
      else if (sizeFrom === 'bytes') this.hasRoomForEmpty(size - this.left)
    }
    if (this.error !== '') return -1
    const shifted = new Uint8Array(size)
    for (let i = 0; i < size; i++) shifted[i] = this.bits(8)
    this.from = shifted
    return 0
  }

  /** An unsigned integer of 1, 2 or 4 bytes. */
  unsigned(size: number): number {
    if (this.#partialBits > 0) return this.bits(size * 8)
    const at = this.#advance(size)
    if (at < 0) return 0
    if (size === 1) return this.#bytes[at]
    return size === 2 ? this.#view.getUint16(at, this.isLittle) : this.#view.getUint32(at, this.isLittle)
  }

  /** An unsigned integer of 8 bytes, all or none, into `raw`: low half first. */
  #halves(): void {
    raw.setUint32(0, 0)
    raw.setUint32(4, 0)
    if (this.#partialBits > 0) {
      raw.setUint32(0, this.bits(32), true)
      raw.setUint32(4, this.bits(32), true)
      return
    }
    const at = this.#advance(8)
    if (at >= 0) raw.setBigUint64(0, this.#view.getBigUint64(at, this.isLittle), true)
  }

  /** An unsigned integer of 8 bytes. */
  bigUnsigned(): bigint {
    this.#halves()
    return raw.getBigUint64(0, true)
  }

  /** A float of 4 or 8 bytes. */
  float(size: number): number {
    if (size === 8) {
      this.#halves()
      return raw.getFloat64(0, true)
    }
    raw.setUint32(0, this.unsigned(4), true)
    return raw.getFloat32(0, true)
  }

  bool(): boolean {
    if (this.isPacked) return this.bits(1) === 1
    const start = this.position
    const value = this.unsigned(1)
    if (value > 1) this.invalid(start)
    return value === 1
  }

  /** An unsigned integer of `width` bits, at most 32. */
  bits(width: number): number {
    let value = 0
    for (let done = 0; done < width; ) {
      if (this.#partialBits === 0) {
        const at = this.#advance(1)
        if (this.error !== '') return 0
        this.#isPartialMissing = at < 0
        this.#partial = at < 0 ? 0 : this.#bytes[at]
        this.#partialBits = 8
      }
      const taken = Math.min(this.#partialBits, width - done)
      value |= (this.#partial & ((1 << taken) - 1)) << done
      this.#partial >>= taken
      this.#partialBits -= taken
      done += taken
    }
    return value >>> 0
  }

  /** An unsigned integer of `width` bits, at most 64. */
  bigBits(width: number): bigint {
    const low = BigInt(this.bits(Math.min(width, 32)))
    return width > 32 ? low | (BigInt(this.bits(width - 32)) << 32n) : low
  }

  /** Goes to the next whole byte. The bits on the way must be zero. */
  align(): void {
    const rest = this.#partial
    const { position } = this
    const isAligned = this.#partialBits === 0
    this.#partial = 0
    this.#partialBits = 0
    if (!isAligned && rest !== 0) this.invalid(position - 1)
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
    this.invalid(start)
    return 0
  }

  /** Whether `count` more elements (or bytes) that no bytes stand for are acceptable in this read: else it is InvalidData. */
  hasRoomForEmpty(count: number): boolean {
    this.#emptyLeft -= count
    if (this.#emptyLeft >= 0) return true
    this.invalid(this.position)
    return false
  }

  /**
   * Reads what lies in a growable: 4 bytes that say its size, these 4 included, then the content. What the content has more
   * than is read is skipped; what it has less is read as zeros.
   */
  growable(read: () => unknown): unknown {
    const start = this.position
    if (this.#partialBits > 0) {
      // The C++ reader loses the pending bits here.
      this.invalid(start)
      return undefined
    }
    const size = this.unsigned(4)
    // Behind the end of an outer growable there is no size either: all of it is zeros.
    const isMissing = this.position === start
    if (!isMissing) this.#checkGrowable(start, size)
    if (this.error !== '') return undefined
    return this.#within(isMissing ? start : start + size, () => {
      const value = read()
      this.align()
      return value
    })
  }

  #checkGrowable(start: number, size: number): void {
    if (size < 4) this.invalid(start)
    else if (size > this.#limit - start) this.fail('DataOverflow', start)
    else if (size > this.#end - start) this.invalid(start)
  }

  /** Whether `size` bytes in one read give zeros, because they lie across a soft end. */
  isMissing(size: number): boolean {
    return this.#isSoft && this.#partialBits === 0 && this.left < size
  }

  /** Reads zeros only. */
  zeros<T>(read: () => T): T {
    return this.#within(this.position, read)
  }

  /** Reads with a soft end, and goes there. */
  #within<T>(end: number, read: () => T): T {
    const outerEnd = this.#end
    const wasSoft = this.#isSoft
    this.#end = end
    this.#isSoft = true
    const value = read()
    if (this.error === '') this.position = end
    this.#end = outerEnd
    this.#isSoft = wasSoft
    return value
  }
}
