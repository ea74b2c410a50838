/**
 * Bytes that a compiled reader loads once and takes several bit fields from. The line of the load is kept free and
 * filled in as the window grows: how many bytes it needs isn't known before the last field.
 */
export class BitWindow {
  /** The local that holds the bytes. */
  readonly name: string
  /** The line of the load. */
  readonly line: number
  /** How many bits of the window are taken. */
  bits: number
  readonly #load: (bits: number) => string

  /** `bits` are those before the first field; `load` gives the expression for a number of bits. */
  constructor(name: string, line: number, bits: number, load: (bits: number) => string) {
    this.name = name
    this.line = line
    this.bits = bits
    this.#load = load
  }

  /** The text of the line, as things stand. */
  get text(): string {
    return `const ${this.name} = ${this.#load(this.bits)}`
  }

  /** The expression of the next `width` bits, which fit into the window. */
  take(width: number): string {
    const shift = this.bits
    this.bits += width
    const shifted = shift === 0 ? this.name : `${this.name} >>> ${shift}`
    if (this.bits === 32) return shift === 0 ? `${this.name} >>> 0` : shifted
    return `${shifted} & ${2 ** width - 1}`
  }
}

/** The expression of the integer in the bytes that hold `bits` bits (1 to 32) from the index `at` on, least significant first. */
export function loadAt(at: (ahead: number) => string, bits: number): string {
  if (bits <= 8) return `bytes[${at(0)}]`
  if (bits <= 16) return `view.getUint16(${at(0)}, true)`
  if (bits <= 24) return `view.getUint16(${at(0)}, true) | bytes[${at(2)}] << 16`
  return `view.getInt32(${at(0)}, true)`
}

/** The same where the position within a byte is known at run time only: `p` and `b`. At most 25 bits. */
export function loadShifted(bits: number): string {
  const sizes = Math.ceil((bits + 7) / 8)
  const terms = Array.from({ length: sizes }, (_, i) =>
    i === 0 ? 'bytes[p]' : `bytes[p + ${i}] << ${8 * i}`,
  )
  return `(${terms.join(' | ')}) >>> b`
}
