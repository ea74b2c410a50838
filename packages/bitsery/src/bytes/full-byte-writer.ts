import { ByteWriter } from './byte-writer.ts'

/** Writes bits as well. */
export class FullByteWriter extends ByteWriter {
  /** The byte in the making, filled from its least significant bit upwards, and how many bits it has. */
  #partial = 0
  #partialBits = 0

  override get isAligned(): boolean {
    return this.#partialBits === 0
  }

  override integer(value: number, size: number): void {
    if (this.#partialBits > 0) this.bits(value, size * 8)
    else super.integer(value, size)
  }

  override halves(low: number, high: number): void {
    if (this.#partialBits === 0) return super.halves(low, high)
    this.bits(low, 32)
    this.bits(high, 32)
  }

  override bits(value: number, width: number): void {
    let rest = value
    for (let left = width; left > 0; ) {
      const taken = Math.min(8 - this.#partialBits, left)
      this.#partial |= (rest & ((1 << taken) - 1)) << this.#partialBits
      this.#partialBits += taken
      rest >>>= taken
      left -= taken
      if (this.#partialBits === 8) this.align()
    }
  }

  override bigBits(value: bigint, width: number): void {
    this.bits(Number(value & 0xffffffffn), Math.min(width, 32))
    if (width > 32) this.bits(Number((value >> 32n) & 0xffffffffn), width - 32)
  }

  override align(): void {
    if (this.#partialBits === 0) return
    if (this.target !== undefined) this.target[this.position] = this.#partial
    this.position += 1
    this.#partial = 0
    this.#partialBits = 0
  }

  override bytes(value: Uint8Array): void {
    if (this.#partialBits === 0) return super.bytes(value)
    for (const byte of value) this.bits(byte, 8)
  }
}
