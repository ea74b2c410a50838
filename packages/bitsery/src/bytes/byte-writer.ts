import type { BaseScope } from './base-scope.ts'
import type { PointerLinks } from './pointer-links.ts'
import type { Target } from './source.ts'

/**
 * Writes step by step into a target, or only counts. Checks nothing: values are checked before. Knows no schema. All that it writes begins and
 * ends with whole bytes: `FullByteWriter` is for bit packing.
 */
export class ByteWriter {
  position: number
  readonly isLittle: boolean
  /** Whether this is inside bit packing: a bool is one bit there. */
  isPacked = false
  /** The virtual bases of the object that is being written, once there are some. */
  bases: BaseScope<unknown> | undefined
  /** The pointers written so far, once there are some. */
  links: PointerLinks | undefined
  protected readonly target: Uint8Array | undefined
  readonly #view: DataView | undefined

  /** Without a target it only counts. */
  constructor(target: Target | undefined, position: number, isLittle: boolean) {
    this.target = target?.bytes
    this.#view = target?.view
    this.position = position
    this.isLittle = isLittle
  }

  /** Whether the next bit is the first of a byte. */
  get isAligned(): boolean {
    return true
  }

  /** An integer of 1, 2 or 4 bytes; a negative one as its two's complement. */
  integer(value: number, size: number): void {
    const at = this.position
    this.position = at + size
    if (this.#view === undefined || this.target === undefined) return
    if (size === 1) this.target[at] = value
    else if (size === 2) this.#view.setUint16(at, value, this.isLittle)
    else this.#view.setUint32(at, value, this.isLittle)
  }

  /** An integer of 8 bytes as its halves of 32 bits. */
  halves(low: number, high: number): void {
    this.integer(this.isLittle ? low : high, 4)
    this.integer(this.isLittle ? high : low, 4)
  }

  /** The lowest `width` bits of an integer, at most 32. */
  bits(_value: number, width: number): void {
    throw new Error(`${width} bits outside bit packing`)
  }

  /** The lowest `width` bits of an integer, at most 64. */
  bigBits(value: bigint, width: number): void {
    this.bits(Number(value), width)
  }

  /** Fills the byte in the making with zero bits, if there is one. */
  align(): void {}

  /** A size prefix. */
  size(n: number): void {
    if (n < 0x80) this.integer(n, 1)
    else if (n < 0x4000) {
      this.integer(0x80 | (n >> 8), 1)
      this.integer(n & 0xff, 1)
    } else {
      this.integer(0xc0 | (n >> 24), 1)
      this.integer((n >> 16) & 0xff, 1)
      this.integer(n & 0xffff, 2)
    }
  }

  /** Bytes as they are, copied. */
  bytes(value: Uint8Array): void {
    this.target?.set(value, this.position)
    this.position += value.length
  }

  /** Leaves room for an integer of 4 bytes, to be filled in later: where it is. Aligned positions only. */
  reserve(): number {
    const at = this.position
    this.position += 4
    return at
  }

  /** Fills in what `reserve` left. */
  fill(at: number, value: number): void {
    this.#view?.setUint32(at, value, this.isLittle)
  }
}
