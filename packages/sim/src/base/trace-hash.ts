const two32 = 4_294_967_296

/**
 * A number of 64 bits for all that was added, in its order: two lanes like FNV-1a, by whole words. The same on every machine. Not
 * cryptographic: for telling whether two runs were the same.
 */
export class TraceHash {
  #one = 0x811c9dc5
  #two = 0xcbf29ce4

  /** Adds a whole number from 0 to 2^53 - 1. */
  number(value: number): void {
    this.#word((value % two32) | 0)
    if (value >= two32) this.#word(Math.floor(value / two32) | 0)
  }

  /** Adds a time in milliseconds, to the nanosecond. */
  time(ms: number): void {
    this.number(Math.round(ms * 1e6))
  }

  /** Adds bytes, and their count. */
  bytes(bytes: Uint8Array): void {
    const { length } = bytes
    this.#word(length)
    const whole = length & ~3
    for (let at = 0; at < whole; at += 4)
      this.#word(bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24))
    for (let at = whole; at < length; at++) this.#word(bytes[at])
  }

  /** Adds a text, by its UTF-16 code units. */
  text(text: string): void {
    this.#word(text.length)
    for (let at = 0; at < text.length; at++) this.#word(text.charCodeAt(at))
  }

  /** All so far as 16 hexadecimal digits. More may be added later. */
  get digest(): string {
    return hex(mixed(this.#one ^ (this.#two >>> 16))) + hex(mixed(this.#two ^ (this.#one << 7)))
  }

  #word(word: number): void {
    this.#one = Math.imul(this.#one ^ word, 0x01000193)
    const turned = (this.#two << 5) | (this.#two >>> 27)
    this.#two = Math.imul(turned ^ word, 0x9e3779b1)
  }
}

/** A whole number below 2^32 for a text, such as the seed of what bears that name. */
export function hashOf(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) | 0
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return mixed(hash)
}

/** After the finaliser of MurmurHash3 by Austin Appleby, public domain. */
function mixed(word: number): number {
  let bits = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}
