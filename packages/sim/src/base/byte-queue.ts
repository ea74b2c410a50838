const smallest = 1024

/** Bytes in a row: appended at the end, taken from the front. Its memory grows by doubling; its owner bounds what it holds. */
export class ByteQueue {
  #bytes = new Uint8Array(0)
  #start = 0
  #end = 0

  get size(): number {
    return this.#end - this.#start
  }

  append(bytes: Uint8Array): void {
    const size = this.#end - this.#start
    if (this.#end + bytes.length > this.#bytes.length) {
      const wanted = size + bytes.length
      let room = Math.max(smallest, this.#bytes.length)
      while (room < wanted) room *= 2
      const target = room === this.#bytes.length ? this.#bytes : new Uint8Array(room)
      if (target === this.#bytes) target.copyWithin(0, this.#start, this.#end)
      else target.set(this.#bytes.subarray(this.#start, this.#end))
      this.#bytes = target
      this.#start = 0
      this.#end = size
    }
    this.#bytes.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** A copy of `size` bytes from `offset` on, or of as many as there are. */
  copy(offset: number, size: number): Uint8Array<ArrayBuffer> {
    const start = this.#start + offset
    return this.#bytes.slice(start, Math.min(start + size, this.#end))
  }

  /** Forgets the first `size` bytes. */
  drop(size: number): void {
    this.#start += size
    if (this.#start >= this.#end) this.#start = this.#end = 0
  }

  /** Takes out the first bytes, at most `sizeMax`: a copy. */
  take(sizeMax: number): Uint8Array<ArrayBuffer> {
    const bytes = this.copy(0, Math.min(sizeMax, this.size))
    this.drop(bytes.length)
    return bytes
  }
}
