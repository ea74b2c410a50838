import { type Block, type BlockPool, copyBytes } from '@millrace/buffer'
import { varintSize, writeVarint } from '@millrace/wire'
import { noBytes } from '../base/no-bytes.ts'
import { RangeSet } from './range-set.ts'

/** A piece of a frame is not made smaller than this, unless there is no more. */
const pieceSizeMin = 16

/** Pieces are told to `acked` and `lost` as `offset * pieceUnit + size`: a size of 16 bits, as no packet is larger, and an offset of 30. */
const pieceUnit = 0x1_0000

/** One frame that waits to be sent, whole or in pieces, or to be acknowledged. Used again for others, of any connection: see `freshFrame`. */
export class OutgoingFrame {
  bytes: Uint8Array = noBytes
  /** Bytes of the frame; 0 while it holds none. Read only. */
  size = 0
  /** End of the bytes that were sent at least once. Read only. */
  sent = 0
  /** Id or sequence. Its owner's. */
  id = -1
  /** Number of its message. Its owner's. */
  number = 0
  /** What part carries it. Its owner's. */
  type = 0
  /** When it was written. Its owner's. */
  writtenAt = 0
  /** It stands in a queue. Its owner's. */
  isQueued = false
  /** Where the piece ends that was written last. Read only. */
  pieceEnd = 0
  #block: Block | undefined
  #pool: BlockPool | undefined
  #lost: RangeSet | undefined
  #acked: RangeSet | undefined

  /** Takes a copy of `source[from, to)` in place of what it held. */
  hold(pool: BlockPool, source: Uint8Array, from: number, to: number): void {
    this.release()
    this.#pool = pool
    this.#block = pool.take(to - from)
    this.bytes = this.#block.bytes
    this.size = to - from
    copyBytes(this.bytes, 0, source, from, to)
  }

  /** Bytes to be sent: new ones, and lost ones. */
  pending(): number {
    return this.size - this.sent + (this.#lost === undefined ? 0 : this.#lost.size)
  }

  /** Nothing of it is lost or acknowledged in part: it may leave whole. */
  isWhole(): boolean {
    return this.sent === 0 || this.#lost?.size === this.size
  }

  /** Writes all of it and returns the end. There is room. */
  writeWhole(target: Uint8Array, at: number): number {
    const { size } = this
    copyBytes(target, at, this.bytes, 0, size)
    this.sent = size
    this.#lost?.clear()
    return at + size
  }

  /**
   * Writes the next piece, lost or else new, to `[at, end)`: size of the frame, offset, size, bytes. Returns its name, which `acked` and
   * `lost` take, and sets `pieceEnd`; -1 if there is too little room.
   */
  writePiece(target: Uint8Array, at: number, end: number): number {
    const lost = this.#lost
    const isNew = lost === undefined || lost.size === 0
    const from = isNew ? this.sent : lost.first()
    const wanted = Math.min(
      (isNew ? this.size : lost.firstEnd()) - from,
      pieceUnit - 1,
      Math.max(0, end - at),
    )
    const start = at + varintSize(this.size) + varintSize(from) + varintSize(wanted)
    const size = Math.min(wanted, end - start)
    if (size <= 0 || size < Math.min(wanted, pieceSizeMin)) return -1
    const bytesAt = writeVarint(target, writeVarint(target, writeVarint(target, at, this.size), from), size)
    copyBytes(target, bytesAt, this.bytes, from, from + size)
    if (isNew) this.sent = from + size
    else lost.remove(from, from + size)
    this.pieceEnd = bytesAt + size
    return pieceOf(from, size)
  }

  /** A piece arrived. True when all of the frame has. */
  acked(piece: number): boolean {
    if (piece === this.size && piece < pieceUnit) return true
    const from = pieceFrom(piece)
    const to = Math.min(from + pieceSize(piece), this.sent)
    this.#lost?.remove(from, to)
    this.#acked ??= new RangeSet()
    this.#acked.add(from, to)
    return this.#acked.size === this.size
  }

  /** A piece did not arrive: what of it was not acknowledged otherwise is to be sent again. */
  lost(piece: number): void {
    const from = pieceFrom(piece)
    this.#lost ??= new RangeSet()
    this.#lost.add(from, Math.min(from + pieceSize(piece), this.sent))
    if (this.#acked !== undefined) this.#lost.removeAll(this.#acked)
  }

  /** Gives the memory back and forgets what was sent of it. */
  release(): void {
    if (this.#block !== undefined) this.#pool!.give(this.#block)
    this.#block = this.#pool = undefined
    this.bytes = noBytes
    this.size = this.sent = 0
    this.#lost?.clear()
    this.#acked?.clear()
  }
}

/** Frames without content, for those that write next: so many at most. */
const stock: OutgoingFrame[] = []
const stockMax = 1024

/** A frame without content. */
export function freshFrame(): OutgoingFrame {
  return stock.pop() ?? new OutgoingFrame()
}

/** A frame that was released, and has no owner any more. */
export function recycle(frame: OutgoingFrame): void {
  if (stock.length < stockMax) stock.push(frame)
}

/** The name of the piece `[from, from + size)`. */
export function pieceOf(from: number, size: number): number {
  return from * pieceUnit + size
}

function pieceFrom(piece: number): number {
  return Math.floor(piece / pieceUnit)
}

function pieceSize(piece: number): number {
  return piece % pieceUnit
}
