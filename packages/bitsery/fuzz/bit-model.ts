import type { Descriptor } from '../src/index.ts'

/**
 * The bytes of bit packing by a model that shares nothing with the library: a text of the digits 0 and 1 in the order of
 * the wire, and the rules of section 8 of the format. Knows integers, bools, raw bits, ranges, alignment, optionals, arrays and structs.
 */
export class BitModel {
  #bits = ''
  readonly #isLittle: boolean

  constructor(byteOrder: 'little' | 'big') {
    this.#isLittle = byteOrder === 'little'
  }

  /** What was written, the last byte filled with zeros. */
  get bytes(): Uint8Array {
    const bytes = this.#bits.match(/.{1,8}/g) ?? []
    return Uint8Array.from(bytes, (byte) => Number.parseInt(Array.from(byte).reverse().join(''), 2))
  }

  /** `width` bits of an integer, the least significant first. */
  #put(value: bigint, width: number): void {
    const digits = BigInt.asUintN(64, value).toString(2).padStart(64, '0')
    this.#bits += Array.from(digits).reverse().join('').slice(0, width)
  }

  /** An integer of whole bytes: the byte order counts only where it begins with a whole byte. */
  #integer(value: bigint, size: number): void {
    if (this.#isLittle || this.#bits.length % 8 > 0) {
      this.#put(value, size * 8)
      return
    }
    for (let i = size - 1; i >= 0; i--) this.#put(value >> BigInt(8 * i), 8)
  }

  #align(): void {
    this.#bits += '0'.repeat((8 - (this.#bits.length % 8)) % 8)
  }

  write(descriptor: Descriptor, value: unknown): void {
    switch (descriptor.t) {
      case 'bits':
        this.write(descriptor.of, value)
        return
      case 'bool':
        this.#put(value === true ? 1n : 0n, 1)
        return
      case 'rawBits':
        this.#put(BigInt(value as number), descriptor.n)
        return
      case 'range': {
        const span = BigInt(descriptor.max) - BigInt(descriptor.min)
        this.#put(BigInt(value as number) - BigInt(descriptor.min), span === 0n ? 0 : span.toString(2).length)
        return
      }
      case 'align':
        this.#align()
        return
      case 'optional':
        this.#put(value === undefined ? 0n : 1n, 1)
        if (descriptor.align) this.#align()
        if (value !== undefined) this.write(descriptor.of, value)
        return
      case 'array':
        // Counts below 128 alone.
        this.#integer(BigInt((value as unknown[]).length), 1)
        for (const element of value as unknown[]) this.write(descriptor.of, element)
        return
      case 'fixedArray':
        for (const element of value as unknown[]) this.write(descriptor.of, element)
        return
      case 'struct':
        for (const [name, of] of descriptor.fields) this.write(of, (value as Record<string, unknown>)[name])
        return
      default:
        this.#integer(BigInt(value as number), Number(descriptor.t.slice(1)) / 8)
    }
  }
}
