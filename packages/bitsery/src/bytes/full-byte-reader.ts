import { ByteReader, raw } from './byte-reader.ts'
import type { Target } from './source.ts'

/**
 * Reads bits as well, and what lies in growables. Inside a growable the end is soft: what does not fit is zeros, and no error.
 */
export class FullByteReader extends ByteReader {
  readonly #limit: number
  #isSoft = false
  /** The bits of the byte being read that are not read yet, and how many. */
  #partial = 0
  #partialBits = 0
  /** Whether that byte lies behind a soft end, so that it isn't there at all. */
  #isPartialMissing = false

  constructor(source: Target, position: number, end: number, isLittle: boolean, emptyElementsMax: number) {
    super(source, position, end, isLittle, emptyElementsMax)
    this.#limit = end
  }

  override get bitPosition(): number {
    return this.position * 8 - this.#bitsThere
  }

  override get isAligned(): boolean {
    return this.#partialBits === 0
  }

  override get bitsLeft(): number {
    return this.left * 8 + this.#bitsThere
  }

  get #bitsThere(): number {
    return this.#isPartialMissing ? 0 : this.#partialBits
  }

  protected override overflow(): void {
    if (!this.#isSoft) super.overflow()
  }

  override take(size: number, sizeFrom: 'schema' | 'bytes'): number {
    this.from = this.bytes
    if (this.#partialBits > 0) return this.#takeShifted(size, sizeFrom)
    const at = this.advance(size)
    if (at >= 0 || this.error !== '') return at
    if (sizeFrom === 'bytes' && !this.hasRoomForEmpty(size)) return -1
    this.from = new Uint8Array(size)
    return 0
  }

  #takeShifted(size: number, sizeFrom: 'schema' | 'bytes'): number {
    if (this.left < size) {
      if (!this.#isSoft) super.overflow()
      else if (sizeFrom === 'bytes') this.hasRoomForEmpty(size - this.left)
    }
    if (this.error !== '') return -1
    const shifted = new Uint8Array(size)
    for (let i = 0; i < size; i++) shifted[i] = this.bits(8)
    this.from = shifted
    return 0
  }

  override unsigned(size: number): number {
    return this.#partialBits > 0 ? this.bits(size * 8) : super.unsigned(size)
  }

  protected override halves(): void {
    if (this.#partialBits === 0) return super.halves()
    raw.setUint32(0, this.bits(32), true)
    raw.setUint32(4, this.bits(32), true)
  }

  override bool(): boolean {
    return this.isPacked ? this.bits(1) === 1 : super.bool()
  }

  override bits(width: number): number {
    let value = 0
    for (let done = 0; done < width; ) {
      if (this.#partialBits === 0) {
        const at = this.advance(1)
        if (this.error !== '') return 0
        this.#isPartialMissing = at < 0
        this.#partial = at < 0 ? 0 : this.bytes[at]
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

  override bigBits(width: number): bigint {
    const low = BigInt(this.bits(Math.min(width, 32)))
    return width > 32 ? low | (BigInt(this.bits(width - 32)) << 32n) : low
  }

  override align(): void {
    const rest = this.#partial
    const { position } = this
    const isAligned = this.#partialBits === 0
    this.#partial = 0
    this.#partialBits = 0
    if (!isAligned && rest !== 0) this.invalid(position - 1)
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
    else if (size > this.end - start) this.invalid(start)
  }

  override isMissing(size: number): boolean {
    return this.#isSoft && this.#partialBits === 0 && this.left < size
  }

  override zeros<T>(read: () => T): T {
    return this.#within(this.position, read)
  }

  /** Reads with a soft end, and goes there. */
  #within<T>(end: number, read: () => T): T {
    const outerEnd = this.end
    const wasSoft = this.#isSoft
    this.end = end
    this.#isSoft = true
    const value = read()
    if (this.error === '') this.position = end
    this.end = outerEnd
    this.#isSoft = wasSoft
    return value
  }
}
