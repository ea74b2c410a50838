import { copyBytes } from './copy-bytes.ts'
import { KeyCache } from './key-cache.ts'
import { type KeyShape, KeyShapes } from './key-shapes.ts'

/** Keys with their header that are longer than this have no shape. */
const SHAPED_SIZE_MAX = 40

/**
 * What a reader remembers of the keys of maps. The shapes are of one peer; the texts of single keys may be shared: a key that others have
 * pushed out is back when it was read once.
 */
export class KeyMemory {
  readonly #shapes = new KeyShapes()
  #cache: KeyCache | undefined

  /** Where the shape of a map begins. */
  get root(): KeyShape {
    return this.#shapes.root
  }

  /** One for another peer. */
  another(): KeyMemory {
    const memory = new KeyMemory()
    this.#cache ??= new KeyCache()
    memory.#cache = this.#cache
    return memory
  }

  /** Remembers a new key of a map, which with its header is `bytes[from, end)`; undefined if there is no room. */
  grow(shape: KeyShape, key: string, bytes: Uint8Array, from: number, end: number): KeyShape | undefined {
    if (end - from > SHAPED_SIZE_MAX) return undefined
    return this.#shapes.grow(shape, key, copyBytes(bytes, from, end))
  }

  /** The text of the key `bytes[start, end)`, if it is remembered. */
  find(bytes: Uint8Array, start: number, end: number): string | undefined {
    const cache = this.#cache
    const slot = cache === undefined ? -1 : cache.slot(bytes, start, end)
    return slot < 0 ? undefined : cache?.find(slot, bytes, start, end)
  }

  /** Remembers the text of a key: valid and allowed. */
  keep(bytes: Uint8Array, start: number, end: number, text: string): void {
    this.#cache ??= new KeyCache()
    const slot = this.#cache.slot(bytes, start, end)
    if (slot >= 0) this.#cache.keep(slot, bytes, start, end, text)
  }
}
