const noBytes = new Uint8Array(0)
const lineFeed = 10
const carriageReturn = 13

/**
 * Received bytes in one piece, with a search for lines that looks at no byte twice. A chunk that comes into an empty
 * store is read where it lies. The content is `bytes[start, end)`; `append` may change all three.
 */
export class ByteStore {
  bytes: Uint8Array = noBytes
  start = 0
  end = 0
  /** Up to here no line feed was found. */
  #searched = 0

  get size(): number {
    return this.end - this.start
  }

  /** Stores a chunk. Its bytes belong to the store from now on. */
  append(chunk: Uint8Array): void {
    if (this.size === 0) {
      // A plain Uint8Array whatever came in: `slice` of a Node Buffer would not copy.
      this.bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
      this.start = this.#searched = 0
      this.end = chunk.length
      return
    }
    if (this.bytes.length - this.end < chunk.length) this.#grow(chunk.length)
    this.bytes.set(chunk, this.end)
    this.end += chunk.length
  }

  consume(size: number): void {
    this.start += size
    if (this.start === this.end) this.clear()
  }

  /** The size of the first line without its end, which is CR LF or LF alone; -1 while it isn't whole. */
  lineSize(): number {
    const from = Math.max(this.start, this.#searched)
    const at = this.bytes.indexOf(lineFeed, from)
    if (at < 0 || at >= this.end) {
      this.#searched = this.end
      return -1
    }
    this.#searched = at
    const isLong = at > this.start && this.bytes[at - 1] === carriageReturn
    return at - this.start - (isLong ? 1 : 0)
  }

  /** Drops the first line with its end. `size` is what `lineSize` said. */
  consumeLine(size: number): void {
    this.consume(size + (this.bytes[this.start + size] === carriageReturn ? 2 : 1))
  }

  /** The bytes `[from, to)`, counted from the start, as a copy. */
  copy(from: number, to: number): Uint8Array {
    return this.bytes.slice(this.start + from, this.start + to)
  }

  clear(): void {
    this.bytes = noBytes
    this.start = this.end = this.#searched = 0
  }

  #grow(more: number): void {
    const { size } = this
    const bytes = new Uint8Array(Math.max(size * 2, size + more, 1024))
    bytes.set(this.bytes.subarray(this.start, this.end))
    this.#searched = Math.max(this.#searched - this.start, 0)
    this.bytes = bytes
    this.start = 0
    this.end = size
  }
}
