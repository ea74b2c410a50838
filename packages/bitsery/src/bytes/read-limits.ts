/** So many bytes of memory may be taken by any value. */
export const MEMORY_FREE = 16_384
/** An element that takes no bytes may take so much besides. */
export const MEMORY_EMPTY = 192

/** What a read accepts of untrusted bytes. */
export interface ReadLimits {
  /** How many elements that no bytes stand for. */
  readonly emptyElementsMax: number
  /** How many bytes of memory for each byte, by the figures of `nodes/memory.ts`. Infinity: any. */
  readonly memoryPerByteMax: number
}

/** For bytes of this program's own. */
export const UNLIMITED: ReadLimits = { emptyElementsMax: Infinity, memoryPerByteMax: Infinity }
