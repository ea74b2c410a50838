import type { Target } from './source.ts'

/** Writes step by step into a target, or only counts. Checks nothing: values are checked before. Knows no schema. */
export class ByteWriter {
  position: number
  readonly isLittle: boolean
  readonly #bytes: Uint8Array | undefined
  readonly #view: DataView | undefined

  /** Without a target it only counts. */
  constructor(target: Target | undefined, position: number, isLittle: boolean) {
    this.#bytes = target?.bytes
    this.#view = target?.view
    this.position = position
    this.isLittle = isLittle
  }

  /** An integer of 1, 2 or 4 bytes; a negative one as its two's complement. */
  integer(value: number, size: number): void {
    const at = this.position
    this.position = at + size
    if (this.#view === undefined || this.#bytes === undefined) return
    if (size === 1) this.#bytes[at] = value
    else if (size === 2) this.#view.setUint16(at, value, this.isLittle)
    else this.#view.setUint32(at, value, this.isLittle)
  }

  /** An integer of 8 bytes. */
  bigInteger(value: bigint): void {
    const at = this.position
    this.position = at + 8
    this.#view?.setBigUint64(at, BigInt.asUintN(64, value), this.isLittle)
  }

  /** A float of 4 or 8 bytes. */
  float(value: number, size: number): void {
    const at = this.position
    this.position = at + size
    if (size === 4) this.#view?.setFloat32(at, value, this.isLittle)
    else this.#view?.setFloat64(at, value, this.isLittle)
  }

  bool(value: boolean): void {
    this.integer(value ? 1 : 0, 1)
  }

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
    this.#bytes?.set(value, this.position)
    this.position += value.length
  }
}
