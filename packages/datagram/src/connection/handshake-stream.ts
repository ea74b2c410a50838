import { readVarint, varintSize, varintSizeOf, writeVarint } from '@millrace/wire'
import { noBytes } from '../base/no-bytes.ts'
import { partType } from '../packet/part-types.ts'

/** The most bytes of a handshake in one direction. */
export const handshakeSizeMax = 0xffff

interface Part {
  readonly from: number
  readonly to: number
}

const noParts: readonly Part[] = []

/** The bytes of a handshake, both ways: in clear, in their order, and resent until they are acknowledged. */
export class HandshakeStream {
  #out: Uint8Array = noBytes
  /** What is to be sent: from here on, and what was lost. */
  #sentEnd = 0
  #lostFrom = Number.POSITIVE_INFINITY
  /** The peer has all before this, and these behind it. */
  #ackedEnd = 0
  #ackedParts: readonly Part[] = noParts
  #receivedEnd = 0

  /** Whether the peer has everything that was said. */
  get isHeard(): boolean {
    return this.#ackedEnd === this.#out.length
  }

  /** Bytes to be sent, new or lost. */
  get hasPending(): boolean {
    return this.#sentEnd < this.#out.length || this.#lostFrom < this.#sentEnd
  }

  /** Adds bytes to what is sent. Returns false for more than a handshake has. */
  say(bytes: Uint8Array): boolean {
    const size = this.#out.length + bytes.length
    if (size > handshakeSizeMax) return false
    const joined = new Uint8Array(size)
    joined.set(this.#out)
    joined.set(bytes, this.#out.length)
    this.#out = joined
    return true
  }

  /** Writes the next part into `[at, end)`, names it in `contents` by `what`, and returns its end; `at` if nothing is there or fits. */
  fill(bytes: Uint8Array, at: number, end: number, contents: number[], what: number): number {
    const from = Math.min(this.#lostFrom, this.#sentEnd)
    const room = end - at - 3 - varintSize(handshakeSizeMax)
    const size = Math.min(this.#out.length - from, room)
    if (size <= 0) return at
    bytes[at] = partType.handshake
    bytes[at + 1] = from
    bytes[at + 2] = from >> 8
    const start = writeVarint(bytes, at + 3, size)
    bytes.set(this.#out.subarray(from, from + size), start)
    contents.push(what, from, from + size)
    this.#sentEnd = Math.max(this.#sentEnd, from + size)
    this.#lostFrom = from + size < this.#sentEnd ? from + size : Number.POSITIVE_INFINITY
    return start + size
  }

  /** The peer has these bytes. Those of a later message may be told first. */
  acked(from: number, to: number): void {
    const parts = [...this.#ackedParts, { from, to }].sort((one, two) => one.from - two.from)
    for (const part of parts) {
      if (part.from > this.#ackedEnd) break
      this.#ackedEnd = Math.max(this.#ackedEnd, part.to)
    }
    this.#ackedParts = parts.filter((part) => part.to > this.#ackedEnd)
  }

  /** What was sent from here on is to be sent again. */
  lost(from: number): void {
    if (from >= this.#ackedEnd) this.#lostFrom = Math.min(this.#lostFrom, from)
  }

  /**
   * Takes the part with its body at `at`, and goes no further than `end`. Returns the part's end; -1 for a malformed one. What is new of it is
   * `this.news`, a view of `bytes`; a part that comes too early is left to be sent again: `isEarly`.
   */
  receive(bytes: Uint8Array, at: number, end: number): number {
    this.news = noBytes
    this.isEarly = false
    if (end - at < 3) return -1
    const offset = bytes[at] | (bytes[at + 1] << 8)
    const start = at + 2 + varintSizeOf(bytes[at + 2])
    if (start > end) return -1
    const size = readVarint(bytes, at + 2)
    if (size === 0 || size > end - start || offset + size > handshakeSizeMax) return -1
    const skip = this.#receivedEnd - offset
    if (skip < 0) this.isEarly = true
    else if (skip < size) {
      this.#receivedEnd = offset + size
      this.news = bytes.subarray(start + skip, start + size)
    }
    return start + size
  }

  /** What the last part brought. */
  news: Uint8Array = noBytes
  isEarly = false
}
