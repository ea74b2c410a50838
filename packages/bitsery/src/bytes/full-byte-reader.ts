import { ByteReader, raw } from './byte-reader.ts'
import type { ReadLimits } from './read-limits.ts'
import type { Target } from './source.ts'

/**
 * Reads bits as well, and what lies in growables. Inside a growable the end is soft: what does not fit is zeros, and no error.
 */
export class FullByteReader extends ByteReader {
  readonly #limit: number
  #isSoft = false
  /** The ends around this one, from the outermost: soft ones as they are, hard ones as -1 - end. */
  readonly #outer: number[] = []
  /** The bits of the byte being read that are not read yet, and how many. */
  #partial = 0
  #partialBits = 0
  /** Whether that byte lies behind a soft end, so that it isn't there at all. */
  #isPartialMissing = false

  constructor(source: Target, position: number, end: number, isLittle: boolean, limits: ReadLimits) {
    super(source, position, end, isLittle, limits)
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
    if (!this.charge(size)) return -1
    this.from = new Uint8Array(size)
    return 0
  }

  #takeShifted(size: number, sizeFrom: 'schema' | 'bytes'): number {
    if (this.left < size) {
      if (!this.#isSoft) super.overflow()
      else {
        if (sizeFrom === 'bytes') this.hasRoomForEmpty(size - this.left)
        this.charge(size)
      }
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

  override halves(): void {
    if (this.#partialBits === 0) return super.halves()
    raw.setUint32(0, this.bits(32), true)
    raw.setUint32(4, this.bits(32), true)
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
   * Enters what lies in a growable: 4 bytes that say its size, these 4 included, then the content. What the content has more
   * than is read is skipped; what it has less is read as zeros. Behind it comes `leave`, if there was no error.
   */
  enterGrowable(): void {
    const start = this.position
    // The C++ reader loses the pending bits here.
    if (this.#partialBits > 0) this.invalid(start)
    const size = this.unsigned(4)
    // Behind the end of an outer growable there is no size either: all of it is zeros.
    const isMissing = this.position === start
    if (!isMissing) this.#checkGrowable(start, size)
    if (this.error === '') this.#enter(isMissing ? start : start + size)
  }

  #checkGrowable(start: number, size: number): void {
    if (size < 4) this.invalid(start)
    else if (size > this.#limit - start) this.fail('DataOverflow', start)
    else if (size > this.end - start) this.invalid(start)
  }

  override isMissing(size: number): boolean {
    return this.#isSoft && this.#partialBits === 0 && this.left < size
  }

  override enterZeros(): void {
    this.#enter(this.position)
  }

  #enter(end: number): void {
    this.#outer.push(this.#isSoft ? this.end : -1 - this.end)
    this.end = end
    this.#isSoft = true
  }

  override leave(): void {
    if (this.error === '') this.position = this.end
    const outer = this.#outer.pop() as number
    this.#isSoft = outer >= 0
    this.end = outer >= 0 ? outer : -1 - outer
  }
}
