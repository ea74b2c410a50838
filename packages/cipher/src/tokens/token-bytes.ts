import { copyOf } from '../base/copy.ts'
import { CipherError } from '../base/errors.ts'
import { TOKEN_TEXT_SIZE_MAX } from './token.ts'

/** Writes a token, field by field. Grows as it must: what goes in was checked before. */
export class TokenWriter {
  #bytes = new Uint8Array(512)
  #size = 0

  byte(value: number): this {
    this.#room(1)
    this.#bytes[this.#size++] = value
    return this
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length)
    this.#bytes.set(value, this.#size)
    this.#size += value.length
    return this
  }

  /** A whole number below 2^53, as 8 bytes. */
  time(value: number): this {
    for (let index = 0, rest = value; index < 8; index++, rest = Math.floor(rest / 256)) this.byte(rest % 256)
    return this
  }

  text(value: string): this {
    this.byte(value.length)
    for (let index = 0; index < value.length; index++) this.byte(value.charCodeAt(index))
    return this
  }

  /** What was written, as bytes of its own; and none of it stays here. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#size)
    this.#bytes.fill(0)
    this.#size = 0
    return bytes
  }

  #room(size: number): void {
    if (this.#bytes.length - this.#size >= size) return
    const old = this.#bytes
    this.#bytes = new Uint8Array(2 * (this.#size + size))
    this.#bytes.set(old)
    old.fill(0)
  }
}

/**
 * Reads a token, field by field, and believes no size: behind the first thing that isn't so, everything is empty and `isGood` is false.
 * Never throws.
 */
export class TokenReader {
  isGood = true
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  byte(): number {
    return this.#has(1) ? this.#bytes[this.#at++] : 0
  }

  /** A copy. */
  bytes(size: number): Uint8Array {
    if (!this.#has(size)) return new Uint8Array(0)
    this.#at += size
    return copyOf(this.#bytes.subarray(this.#at - size, this.#at))
  }

  time(): number {
    if (!this.#has(8)) return 0
    let value = 0
    for (let index = 7; index >= 0; index--) value = value * 256 + this.#bytes[this.#at + index]
    this.#at += 8
    if (!Number.isSafeInteger(value)) this.isGood = false
    return this.isGood ? value : 0
  }

  /** A number of 2 bytes, from 0 to `max`. */
  size(max: number): number {
    const value = this.byte() | (this.byte() << 8)
    if (value > max) this.isGood = false
    return this.isGood ? value : 0
  }

  text(sizeMin: number): string {
    const size = this.byte()
    if (size < sizeMin || size > TOKEN_TEXT_SIZE_MAX || !this.#has(size)) {
      this.isGood = false
      return ''
    }
    let text = ''
    for (const end = this.#at + size; this.#at < end; this.#at++)
      text += String.fromCharCode(this.#bytes[this.#at])
    if (!isPrintable(text)) this.isGood = false
    return this.isGood ? text : ''
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#at)
  }

  /** Whether all was as it should be, and nothing is left. */
  isWhole(): boolean {
    return this.isGood && this.#at === this.#bytes.length
  }

  #has(size: number): boolean {
    if (this.#bytes.length - this.#at < size) this.isGood = false
    return this.isGood
  }
}

/** An id or address that fits a token: printable ASCII without blanks. Throws `option`, naming it, for any other. */
export function requireText(name: string, value: string, sizeMin: 0 | 1): string {
  if (
    typeof value === 'string' &&
    value.length >= sizeMin &&
    value.length <= TOKEN_TEXT_SIZE_MAX &&
    isPrintable(value)
  ) {
    return value
  }
  throw new CipherError(
    'option',
    `${name} must be ${sizeMin} to ${TOKEN_TEXT_SIZE_MAX} characters of printable ASCII without blanks`,
  )
}

function isPrintable(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 0x21 || code > 0x7e) return false
  }
  return true
}
