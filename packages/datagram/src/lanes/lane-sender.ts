import { type Block, type BlockPool, copyBytes } from '@millrace/buffer'
import { varintSize, writeVarint } from '@millrace/wire'
import type { PacketContents } from '../base/packet-contents.ts'
import { u48Size, writeU48 } from '../base/u48.ts'
import { partType } from './part-types.ts'
import { RangeSet } from './range-set.ts'

/** The largest block that holds bytes of a stream. */
const chunkSizeMax = 16 * 1024

/** A piece of a stream is not made smaller than this, unless there is no more. */
const pieceSizeMin = 16

/** Bytes of the stream in one block: from `start` on, up to `end` so far. */
interface Chunk {
  readonly block: Block
  readonly start: number
  end: number
}

/**
 * The bytes of one ordered, reliable lane, kept until they are acknowledged: a stream, as QUIC has them (RFC 9000, section 2). Bytes that are
 * lost leave again first. It sets no limit of its own: its owner watches `unacked`.
 */
export class LaneSender {
  /** End of what was written. Read only, as all of these. */
  written = 0
  /** End of what was sent at least once. */
  sent = 0
  /** All before it are acknowledged. */
  ackedEnd = 0
  readonly #type: number
  readonly lane: number
  readonly #pool: BlockPool
  readonly #chunks: Chunk[] = []
  /** What is lost and was not sent again. */
  #lost: RangeSet | undefined
  /** What is acknowledged behind `ackedEnd`. */
  #acked: RangeSet | undefined

  constructor(pool: BlockPool, lane: number) {
    this.#pool = pool
    this.lane = lane
    this.#type = partType.stream | lane
  }

  /** Bytes to be sent: new ones, and lost ones. */
  pending(): number {
    return this.written - this.sent + this.#lostSize()
  }

  /** Bytes that may leave, if the peer's window ends at `creditEnd`. */
  sendable(creditEnd: number): number {
    return Math.max(0, Math.min(this.written, creditEnd) - this.sent) + this.#lostSize()
  }

  /** Bytes from the first that isn't acknowledged on. */
  unacked(): number {
    return this.written - this.ackedEnd
  }

  /** Appends a copy of `bytes[from, to)`. */
  write(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; ) {
      const chunk = this.#openChunk(to - at)
      const position = chunk.end - chunk.start
      const size = Math.min(to - at, chunk.block.bytes.length - position)
      copyBytes(chunk.block.bytes, position, bytes, at, at + size)
      at += size
      chunk.end += size
      this.written += size
    }
  }

  /**
   * Writes one part of what is lost, or else of at most `newBytesMax` new bytes, to `[at, end)`, and adds it to `contents`. Returns its
   * end; `at` if there is nothing, or too little room.
   */
  fill(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    contents: PacketContents,
    newBytesMax: number,
  ): number {
    const lost = this.#lostSize() > 0 ? this.#lost : undefined
    const from = lost === undefined ? this.sent : lost.first()
    const wanted =
      lost === undefined
        ? Math.min(this.written - from, newBytesMax, end - at)
        : Math.min(lost.firstEnd() - from, end - at)
    const size = Math.min(wanted, end - at - 1 - u48Size - varintSize(wanted))
    if (size <= 0 || size < Math.min(wanted, pieceSizeMin)) return at
    bytes[at] = this.#type
    const start = writeVarint(bytes, writeU48(view, at + 1, from), size)
    this.#copy(from, from + size, bytes, start)
    if (lost === undefined) this.sent = from + size
    else lost.remove(from, from + size)
    contents.push(this.lane, from, from + size)
    return start + size
  }

  /** `[from, to)` arrived. Returns how many bytes became free: those that are now acknowledged without a gap from the first on. */
  acked(from: number, to: number): number {
    const end = Math.min(to, this.sent)
    if (end <= this.ackedEnd || from >= end) return 0
    if (this.#lostSize() > 0) this.#lost!.remove(from, end)
    if (from > this.ackedEnd) {
      this.#acked ??= new RangeSet()
      this.#acked.add(from, end)
      return 0
    }
    const before = this.ackedEnd
    const acked = this.#acked
    this.ackedEnd = end
    while (acked !== undefined && acked.size > 0 && acked.first() <= this.ackedEnd) {
      this.ackedEnd = Math.max(this.ackedEnd, acked.firstEnd())
      acked.remove(acked.first(), acked.firstEnd())
    }
    this.#free()
    return this.ackedEnd - before
  }

  /** `[from, to)` did not arrive: what of it was not acknowledged in another packet is sent again. */
  lost(from: number, to: number): void {
    this.#lost ??= new RangeSet()
    this.#lost.add(Math.max(from, this.ackedEnd), Math.min(to, this.sent))
    if (this.#acked !== undefined && this.#acked.size > 0) this.#lost.removeAll(this.#acked)
  }

  /** Forgets everything and gives the memory back. */
  release(): void {
    for (const { block } of this.#chunks) this.#pool.give(block)
    this.#chunks.length = 0
    this.#lost = this.#acked = undefined
    this.sent = this.ackedEnd = this.written
  }

  /** Bytes that are lost and were not sent again. */
  #lostSize(): number {
    return this.#lost === undefined ? 0 : this.#lost.size
  }

  /** The last chunk, if it has room; else one as large as what waits already, so that little bytes hold little memory. */
  #openChunk(size: number): Chunk {
    const { length } = this.#chunks
    if (length > 0) {
      const last = this.#chunks[length - 1]
      if (last.end - last.start < last.block.bytes.length) return last
    }
    const wished = Math.min(Math.max(size, this.unacked()), chunkSizeMax)
    const chunk = { block: this.#pool.take(wished), start: this.written, end: this.written }
    this.#chunks.push(chunk)
    return chunk
  }

  #copy(from: number, to: number, target: Uint8Array, position: number): void {
    const chunks = this.#chunks
    let low = 0
    let high = chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (chunks[middle].start <= from) low = middle
      else high = middle - 1
    }
    for (let at = from; at < to; low++) {
      const { block, start, end } = chunks[low]
      const pieceEnd = Math.min(end, to)
      copyBytes(target, position + at - from, block.bytes, at - start, pieceEnd - start)
      at = pieceEnd
    }
  }

  /** Gives back the blocks of which all bytes are acknowledged: they are full, or the last one, when nothing waits any more. */
  #free(): void {
    const chunks = this.#chunks
    let count = 0
    for (; count < chunks.length; count++) {
      const { block, end } = chunks[count]
      if (end > this.ackedEnd) break
      this.#pool.give(block)
    }
    if (count > 0) chunks.splice(0, count)
  }
}
