const SLOTS = 512
const SIZE_MAX = 32

/**
 * Remembers the texts of short keys. Direct-mapped: a key has one slot and the newest wins, so that hostile keys can
 * push others out but neither grow the cache nor lengthen a search; a hit is compared byte by byte.
 */
export class KeyCache {
  readonly #bytes = new Uint8Array(SLOTS * SIZE_MAX)
  readonly #sizes = new Uint8Array(SLOTS)
  readonly #texts = new Array<string>(SLOTS).fill('')

  /** The slot for the key `bytes[start, end)`, -1 for one that is too long (or empty) to be remembered. */
  slot(bytes: Uint8Array, start: number, end: number): number {
    const size = end - start
    if (size > SIZE_MAX || size === 0) return -1
    let hash = size
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x0100_0193)
    return (hash ^ (hash >>> 15)) & (SLOTS - 1)
  }

  /** The text in the slot when it is exactly this key, else undefined. */
  find(slot: number, bytes: Uint8Array, start: number, end: number): string | undefined {
    const size = end - start
    if (this.#sizes[slot] !== size) return undefined
    const remembered = this.#bytes
    const base = slot * SIZE_MAX
    for (let index = 0; index < size; index++) {
      if (remembered[base + index] !== bytes[start + index]) return undefined
    }
    return this.#texts[slot]
  }

  /** Puts a key into its slot. */
  keep(slot: number, bytes: Uint8Array, start: number, end: number, text: string): void {
    const base = slot * SIZE_MAX
    for (let at = start; at < end; at++) this.#bytes[base + at - start] = bytes[at]
    this.#sizes[slot] = end - start
    this.#texts[slot] = text
  }
}
