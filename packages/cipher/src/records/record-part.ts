/** A piece of memory of a pool. */
export interface RecordBlock {
  readonly bytes: Uint8Array
}

/** Memory that is taken and given back: Millrace's `BlockPool` is one. */
export interface RecordPool {
  /** A block of at least `sizeMin` bytes. */
  take(sizeMin: number): RecordBlock
  give(block: RecordBlock): void
}

const ALLOCATING: RecordPool = {
  take: (size) => ({ bytes: new Uint8Array(size) }),
  give: () => undefined,
}

/** So much is taken at once for a record that has begun, however little of it is there. */
const FIRST_SIZE = 512

/**
 * A record that comes in pieces. Never takes more memory than twice the bytes at hand, plus 512, on the word of a header
 * that is not authenticated yet; holds none while it is empty.
 */
export class RecordPart {
  size = 0
  readonly #pool: RecordPool
  #block: RecordBlock | undefined
  /** The block of the record that was handed out last. */
  #lent: RecordBlock | undefined

  constructor(pool: RecordPool = ALLOCATING) {
    this.#pool = pool
  }

  /** The size field; to be asked when there are two bytes. */
  get header(): number {
    const { bytes } = this.#block as RecordBlock
    return bytes[0] | (bytes[1] << 8)
  }

  /** Copies `source[from, to)`, which together with what is here is not more than `whole`. */
  append(source: Uint8Array, from: number, to: number, whole: number): void {
    const size = this.size + to - from
    const block = this.#blockFor(size, whole)
    block.bytes.set(from === 0 && to === source.length ? source : source.subarray(from, to), this.size)
    this.size = size
  }

  /** The whole record. It is valid until `reuse`. */
  take(): Uint8Array {
    const block = this.#block as RecordBlock
    const record = block.bytes.subarray(0, this.size)
    this.#lent = block
    this.#block = undefined
    this.size = 0
    return record
  }

  /** The record that was handed out last has been read. */
  reuse(): void {
    if (this.#lent === undefined) return
    this.#pool.give(this.#lent)
    this.#lent = undefined
  }

  release(): void {
    this.reuse()
    if (this.#block !== undefined) this.#pool.give(this.#block)
    this.#block = undefined
    this.size = 0
  }

  #blockFor(size: number, whole: number): RecordBlock {
    const old = this.#block
    if (old !== undefined && old.bytes.length >= size) return old
    const block = this.#pool.take(Math.max(size, Math.min(whole, FIRST_SIZE + 2 * size)))
    this.#block = block
    if (old !== undefined) {
      block.bytes.set(old.bytes.subarray(0, this.size))
      this.#pool.give(old)
    }
    return block
  }
}
