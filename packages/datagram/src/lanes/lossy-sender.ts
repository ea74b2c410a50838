import type { BlockPool } from '@millrace/buffer'
import { pieceHeaderSizeMax, writePieceHeader } from './lossy-piece.ts'
import { freshFrame, type OutgoingFrame, recycle } from './outgoing-frame.ts'
import { partType, sequencedMask, sequenceMask } from './part-types.ts'
import { Queue } from './queue.ts'

/** Type and sequence. */
const headerSizeMax = 1 + 2

/** What there is of one number of a sequenced message. */
interface Sequenced {
  /** Its frame that has not left yet. */
  frame: OutgoingFrame | undefined
  nextSequence: number
}

/**
 * Unreliable and sequenced messages on their way out: sent once. What can't leave within `staleMs`, or when `bytesMax` are waiting, is dropped and
 * counted, the oldest first; a sequenced one that has not left gives its place to its successor. Sequences count from 0 for each
 * number: 16 bits on the wire, compared by subtraction.
 */
export class LossySender {
  /** Room in a packet, in bytes: what doesn't fit travels in pieces. */
  packetRoom: number
  /** Frames that were dropped, not those that a successor replaced. Read only. */
  dropped = 0
  readonly #pool: BlockPool
  readonly #staleMs: number
  readonly #bytesMax: number
  readonly #whole = new Queue<OutgoingFrame>()
  readonly #pieces = new Queue<OutgoingFrame>()
  readonly #sequenced = new Map<number, Sequenced>()
  /** Of unreliable frames in pieces. */
  #nextId = 0
  #stored = 0

  constructor(pool: BlockPool, options: { packetRoom: number; staleMs: number; bytesMax: number }) {
    this.#pool = pool
    this.packetRoom = options.packetRoom
    this.#staleMs = options.staleMs
    this.#bytesMax = options.bytesMax
  }

  /** Bytes of all frames that have not left. */
  pending(): number {
    return this.#stored
  }

  /** Whether anything may leave. */
  hasAny(now: number): boolean {
    if (this.#stored === 0) return false
    return this.#nextOf(this.#whole, now) !== undefined || this.#nextOf(this.#pieces, now) !== undefined
  }

  /** Adds a copy of the frame `[from, to)`, of at most `lossyFrameSizeMax` and at most `bytesMax` bytes. */
  write(
    type: typeof partType.unreliable | typeof partType.sequenced,
    number: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    now: number,
  ): void {
    const size = to - from
    const sequenced = type === partType.sequenced ? this.#sequencedOf(number) : undefined
    while (this.#stored - (sequenced?.frame?.size ?? 0) + size > this.#bytesMax) this.#dropOldest()
    const waiting = sequenced?.frame
    const frame = waiting ?? freshFrame()
    this.#stored += size - frame.size
    frame.hold(this.#pool, bytes, from, to)
    frame.id = -1
    frame.type = type
    frame.number = number
    frame.writtenAt = now
    if (sequenced !== undefined) sequenced.frame = frame
    if (waiting === undefined) this.#queueFor(frame).push(frame)
  }

  /** Writes parts of whole frames to `[at, end)`, as many as fit, and returns their end. */
  fillWhole(bytes: Uint8Array, view: DataView, at: number, end: number, now: number): number {
    let position = at
    for (;;) {
      const frame = this.#nextOf(this.#whole, now)
      if (frame === undefined) return position
      if (this.#queueFor(frame) === this.#pieces) {
        this.#whole.shift()
        this.#pieces.push(frame)
        continue
      }
      if (position + headerSizeMax + frame.size > end) return position
      this.#whole.shift()
      bytes[position++] = frame.type
      if (frame.type === partType.sequenced) {
        view.setUint16(position, this.#idOf(frame), true)
        position += 2
      }
      position = frame.writeWhole(bytes, position)
      this.#done(frame)
    }
  }

  /** Writes parts of pieces to `[at, end)` and returns their end. */
  fillPieces(bytes: Uint8Array, at: number, end: number, now: number): number {
    let position = at
    for (;;) {
      const frame = this.#nextOf(this.#pieces, now)
      if (frame === undefined || position + pieceHeaderSizeMax > end) return position
      const start = writePieceHeader(bytes, position, frame.type, frame.number, this.#idOf(frame))
      if (frame.writePiece(bytes, start, end) < 0) return position
      position = frame.pieceEnd
      if (frame.pending() > 0) continue
      this.#pieces.shift()
      this.#done(frame)
    }
  }

  /** Forgets everything and gives the memory back. */
  release(): void {
    for (const queue of [this.#whole, this.#pieces]) {
      for (let frame = queue.shift(); frame !== undefined; frame = queue.shift()) this.#done(frame)
    }
  }

  #sequencedOf(number: number): Sequenced {
    let sequenced = this.#sequenced.get(number)
    if (sequenced === undefined)
      this.#sequenced.set(number, (sequenced = { frame: undefined, nextSequence: 0 }))
    return sequenced
  }

  #idOf(frame: OutgoingFrame): number {
    if (frame.id >= 0) return frame.id
    if (frame.type === partType.sequenced)
      frame.id = this.#sequencedOf(frame.number).nextSequence++ & sequencedMask
    else frame.id = this.#nextId++ & sequenceMask
    return frame.id
  }

  #queueFor({ size }: OutgoingFrame): Queue<OutgoingFrame> {
    return headerSizeMax + size <= this.packetRoom ? this.#whole : this.#pieces
  }

  /** The first of a queue that is not stale; those before it are dropped. */
  #nextOf(queue: Queue<OutgoingFrame>, now: number): OutgoingFrame | undefined {
    for (;;) {
      const frame = queue.peek()
      if (frame === undefined || now - frame.writtenAt <= this.#staleMs) return frame
      queue.shift()
      this.dropped++
      this.#done(frame)
    }
  }

  #dropOldest(): void {
    const whole = this.#whole.peek()
    const pieces = this.#pieces.peek()
    const isWhole = pieces === undefined || (whole !== undefined && whole.writtenAt <= pieces.writtenAt)
    const frame = (isWhole ? this.#whole : this.#pieces).shift()
    if (frame === undefined) return
    this.dropped++
    this.#done(frame)
  }

  /** It left, or never will. */
  #done(frame: OutgoingFrame): void {
    this.#stored -= frame.size
    if (frame.type === partType.sequenced) this.#sequencedOf(frame.number).frame = undefined
    frame.release()
    recycle(frame)
  }
}
