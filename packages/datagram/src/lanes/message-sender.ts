import type { BlockPool } from '@millrace/buffer'
import { varintSizeMax, writeVarint } from '@millrace/wire'
import { contentsMessage, type PacketContents } from '../base/packet-contents.ts'
import { IdRing } from './id-ring.ts'
import { freshFrame, type OutgoingFrame, pieceOf, recycle } from './outgoing-frame.ts'
import { messageWindow, partType, sequenceMask } from './part-types.ts'
import { Queue } from './queue.ts'

/** Type and id. */
const headerSizeMax = 1 + varintSizeMax

/**
 * Unordered, reliable messages on their way out. Each has an id, counted from 0: 30 bits on the wire, compared by subtraction; no more than
 * `messageWindow` of them, from the oldest that isn't acknowledged on, leave. (16 bits would do for that window, but a packet that comes
 * 65,536 messages late would be taken for a new one.) A frame that fits into a packet travels whole, others in pieces.
 */
export class MessageSender {
  /** Bytes of all frames that have an id: what counts for the peer's window. Read only. */
  started = 0
  /** Room in a packet, in bytes: what doesn't fit travels in pieces. */
  packetRoom: number
  readonly #pool: BlockPool
  /** Frames that are not acknowledged; all before the lowest are. */
  readonly #frames: IdRing<OutgoingFrame>
  #nextId: number
  /** To be sent whole, and in pieces. A frame that was acknowledged meanwhile is empty. */
  readonly #whole = new Queue<OutgoingFrame>()
  readonly #pieces = new Queue<OutgoingFrame>()
  #pending = 0
  #unacked = 0

  /** `firstId`: where ids begin on both sides; another one than 0 shows in a test how they wrap. */
  constructor(pool: BlockPool, packetRoom: number, firstId = 0) {
    this.#pool = pool
    this.packetRoom = packetRoom
    this.#nextId = firstId
    this.#frames = new IdRing(firstId)
  }

  /** Bytes to be sent: new ones, and lost ones. */
  pending(): number {
    return this.#pending
  }

  /** Bytes of all frames that are not acknowledged. */
  unacked(): number {
    return this.#unacked
  }

  /** Adds a copy of the frame `[from, to)`. */
  write(bytes: Uint8Array, from: number, to: number): void {
    const frame = freshFrame()
    frame.hold(this.#pool, bytes, from, to)
    frame.id = -1
    frame.isQueued = true
    this.#pending += to - from
    this.#unacked += to - from
    this.#queueFor(frame).push(frame)
  }

  /** Whether there is a frame that may leave, whole or in pieces: when `started` is no more than `creditEnd` with it. */
  hasAny(creditEnd: number): boolean {
    if (this.#pending === 0) return false
    const whole = this.#nextOf(this.#whole)
    if (whole !== undefined && this.#mayLeave(whole, creditEnd)) return true
    const pieces = this.#nextOf(this.#pieces)
    return pieces !== undefined && this.#mayLeave(pieces, creditEnd)
  }

  /** Writes parts of whole frames to `[at, end)`, as many as fit, adds them to `contents`, and returns their end. */
  fillWhole(bytes: Uint8Array, at: number, end: number, contents: PacketContents, creditEnd: number): number {
    let position = at
    for (;;) {
      const frame = this.#nextOf(this.#whole)
      if (frame === undefined) return position
      const { size } = frame
      if (this.#queueFor(frame) === this.#pieces) {
        this.#whole.shift()
        this.#pieces.pushFront(frame)
        continue
      }
      if (position + headerSizeMax + size > end || !this.#start(frame, creditEnd)) return position
      this.#whole.shift()
      frame.isQueued = false
      this.#pending -= size
      bytes[position] = partType.message
      position = frame.writeWhole(bytes, writeVarint(bytes, position + 1, frame.id & sequenceMask))
      contents.push(contentsMessage, frame.id, pieceOf(0, size))
    }
  }

  /** Writes parts of pieces to `[at, end)`, adds them to `contents`, and returns their end. */
  fillPieces(
    bytes: Uint8Array,
    at: number,
    end: number,
    contents: PacketContents,
    creditEnd: number,
  ): number {
    let position = at
    for (;;) {
      const frame = this.#nextOf(this.#pieces)
      if (frame === undefined || position + headerSizeMax > end || !this.#start(frame, creditEnd))
        return position
      bytes[position] = partType.messagePiece
      const start = writeVarint(bytes, position + 1, frame.id & sequenceMask)
      const pending = frame.pending()
      const piece = frame.writePiece(bytes, start, end)
      if (piece < 0) return position
      this.#pending += frame.pending() - pending
      position = frame.pieceEnd
      contents.push(contentsMessage, frame.id, piece)
    }
  }

  /** A piece arrived. Returns how many bytes became free: all of the frame with its last piece. */
  acked(id: number, piece: number): number {
    const frame = this.#frames.get(id)
    if (frame === undefined || frame.id !== id) return 0
    const { size } = frame
    const pending = frame.pending()
    const isDone = frame.acked(piece)
    if (!isDone) {
      this.#pending += frame.pending() - pending
      return 0
    }
    this.#pending -= pending
    this.#unacked -= size
    frame.release()
    this.#frames.set(id, undefined)
    const frames = this.#frames
    while (frames.lowest < this.#nextId && frames.get(frames.lowest) === undefined) frames.advance()
    if (this.#unacked === 0) this.#rest()
    if (!frame.isQueued) recycle(frame)
    return size
  }

  /** A piece did not arrive: it leaves again, before what was not sent yet. */
  lost(id: number, piece: number): void {
    const frame = this.#frames.get(id)
    if (frame === undefined || frame.id !== id) return
    const pending = frame.pending()
    frame.lost(piece)
    this.#pending += frame.pending() - pending
    if (frame.isQueued || frame.pending() === 0) return
    frame.isQueued = true
    this.#queueFor(frame).pushFront(frame)
  }

  /** Forgets everything and gives the memory back. */
  release(): void {
    for (const queue of [this.#whole, this.#pieces]) {
      for (let frame = queue.shift(); frame !== undefined; frame = queue.shift()) frame.release()
    }
    for (const frame of this.#frames.values()) frame?.release()
    this.#frames.clear()
    this.#frames.lowest = this.#nextId
    this.#pending = this.#unacked = 0
  }

  /** All has arrived: most channels send a few in a while, and hold nothing meanwhile. */
  #rest(): void {
    this.#frames.clear()
    this.#whole.rest()
    this.#pieces.rest()
  }

  #queueFor(frame: OutgoingFrame): Queue<OutgoingFrame> {
    return frame.isWhole() && headerSizeMax + frame.size <= this.packetRoom ? this.#whole : this.#pieces
  }

  /** The first of a queue of which something is to be sent. */
  #nextOf(queue: Queue<OutgoingFrame>): OutgoingFrame | undefined {
    for (;;) {
      const frame = queue.peek()
      if (frame === undefined || frame.pending() > 0) return frame
      queue.shift()
      frame.isQueued = false
      if (frame.size === 0) recycle(frame)
    }
  }

  #mayLeave(frame: OutgoingFrame, creditEnd: number): boolean {
    if (frame.id >= 0) return true
    return this.#nextId - this.#frames.lowest < messageWindow && this.started + frame.size <= creditEnd
  }

  /** Gives a frame its id. False when it must wait. */
  #start(frame: OutgoingFrame, creditEnd: number): boolean {
    if (frame.id >= 0) return true
    if (!this.#mayLeave(frame, creditEnd)) return false
    this.started += frame.size
    frame.id = this.#nextId++
    this.#frames.set(frame.id, frame)
    return true
  }
}
