import type { BlockPool } from '@millrace/buffer'
import { varintSizeMax, writeVarint } from '@millrace/wire'
import { contentsNewest, type PacketContents } from '../base/packet-contents.ts'
import { messageNumber } from './frame-ends.ts'
import { pieceHeaderSizeMax, writePieceHeader } from './lossy-piece.ts'
import { OutgoingFrame, pieceOf } from './outgoing-frame.ts'
import { lossyFrameSizeMax, partType, sequenceMask } from './part-types.ts'
import { Queue } from './queue.ts'

/** Type and sequence. */
const headerSizeMax = 1 + varintSizeMax

/** Makes the newest frame of a message, borrowed until the next call of anything; undefined: the one before stays the newest. Must not throw. */
export type FrameProducer = () => Uint8Array | undefined

/** In `PacketContents`, `a` is the number of the message plus this times the sequence. */
const sequenceUnit = 0x4000

/** What there is of one message number. Stays when all is acknowledged, for its sequence. */
class Newest {
  readonly number: number
  /** The newest frame; empty when it is acknowledged. Its id is its sequence, -1 before it was sent. */
  readonly frame = new OutgoingFrame()
  /** What made it, or is to make the next one. */
  produce: FrameProducer | undefined
  /** There may be a newer one, to be made when there is room. */
  isToProduce = false
  nextSequence = 0
  /** Size of what was produced last: about so much room is needed for the next one. */
  producedSize = 0
  isQueued = false

  constructor(number: number) {
    this.number = number
  }
}

/**
 * Messages of which only the newest of a number counts: it is sent once, and again if it is lost while it still is the newest. A newer one
 * takes the place of one that waits or is on its way. Sequences count from 0 for each number: 30 bits on the wire, compared by subtraction.
 */
export class NewestSender {
  /** Room in a packet, in bytes: what doesn't fit travels in pieces. */
  packetRoom: number
  readonly #pool: BlockPool
  readonly #byNumber = new Map<number, Newest>()
  readonly #whole = new Queue<Newest>()
  readonly #pieces = new Queue<Newest>()
  #pending = 0
  #unacked = 0

  constructor(pool: BlockPool, packetRoom: number) {
    this.#pool = pool
    this.packetRoom = packetRoom
  }

  /** Bytes to be sent. What is not produced yet counts nothing. */
  pending(): number {
    return this.#pending
  }

  /** Bytes of all frames that are not acknowledged. */
  unacked(): number {
    return this.#unacked
  }

  /** Whether anything may leave, or is to be made. */
  hasAny(): boolean {
    return this.#nextOf(this.#whole) !== undefined || this.#nextOf(this.#pieces) !== undefined
  }

  /** A copy of the frame `[from, to)`, at most `lossyFrameSizeMax` bytes, is now the newest of this number. */
  write(number: number, bytes: Uint8Array, from: number, to: number): void {
    const newest = this.#of(number)
    newest.produce = undefined
    newest.isToProduce = false
    this.#hold(newest, bytes, from, to)
    if (!newest.isQueued) this.#enqueue(newest, 'back')
  }

  /** The newest frame of this number is made when there is room for it, and anew if it is lost. */
  writeLater(number: number, produce: FrameProducer): void {
    const newest = this.#of(number)
    newest.produce = produce
    newest.isToProduce = true
    if (!newest.isQueued) this.#enqueue(newest, 'back')
  }

  /** Writes parts of whole frames to `[at, end)`, as many as fit, adds them to `contents`, and returns their end. */
  fillWhole(bytes: Uint8Array, at: number, end: number, contents: PacketContents): number {
    let position = at
    for (;;) {
      const newest = this.#nextOf(this.#whole)
      if (newest === undefined) return position
      const { frame } = newest
      if (newest.isToProduce) {
        if (position + Math.min(headerSizeMax + newest.producedSize, this.packetRoom) > end) return position
        this.#produce(newest)
        continue
      }
      if (!this.#isWhole(newest)) {
        this.#whole.shift()
        this.#pieces.push(newest)
        continue
      }
      const { size } = frame
      if (position + headerSizeMax + size > end) return position
      this.#whole.shift()
      newest.isQueued = false
      this.#start(newest)
      this.#pending -= size
      bytes[position] = partType.newest
      position = frame.writeWhole(bytes, writeVarint(bytes, position + 1, frame.id & sequenceMask))
      contents.push(contentsNewest, newest.number + sequenceUnit * frame.id, pieceOf(0, size))
    }
  }

  /** Writes parts of pieces to `[at, end)`, adds them to `contents`, and returns their end. */
  fillPieces(bytes: Uint8Array, at: number, end: number, contents: PacketContents): number {
    let position = at
    for (;;) {
      const newest = this.#nextOf(this.#pieces)
      if (newest === undefined || position + pieceHeaderSizeMax > end) return position
      const { frame, number } = newest
      if (newest.isToProduce) {
        this.#produce(newest)
        continue
      }
      this.#start(newest)
      const pending = frame.pending()
      const start = writePieceHeader(bytes, position, partType.newest, number, frame.id & sequenceMask)
      const piece = frame.writePiece(bytes, start, end)
      if (piece < 0) return position
      this.#pending += frame.pending() - pending
      position = frame.pieceEnd
      contents.push(contentsNewest, number + sequenceUnit * frame.id, piece)
    }
  }

  /** A piece of the value that `named` says arrived. Returns how many bytes became free. */
  acked(named: number, piece: number): number {
    const newest = this.#current(named)
    if (newest === undefined) return 0
    const { frame } = newest
    const pending = frame.pending()
    const { size } = frame
    if (!frame.acked(piece)) {
      this.#pending += frame.pending() - pending
      return 0
    }
    if (!newest.isToProduce) newest.produce = undefined
    this.#drop(newest)
    return size
  }

  /** A piece did not arrive: it leaves again, if no newer value came meanwhile. */
  lost(named: number, piece: number): void {
    const newest = this.#current(named)
    if (newest === undefined) return
    const { frame } = newest
    const pending = frame.pending()
    frame.lost(piece)
    this.#pending += frame.pending() - pending
    if (frame.pending() === 0) return
    newest.isToProduce ||= newest.produce !== undefined && this.#isWhole(newest)
    if (!newest.isQueued) this.#enqueue(newest, 'front')
  }

  /** Forgets everything and gives the memory back. */
  release(): void {
    for (const newest of this.#byNumber.values()) {
      newest.produce = undefined
      newest.isToProduce = false
      this.#drop(newest)
    }
  }

  #of(number: number): Newest {
    let newest = this.#byNumber.get(number)
    if (newest === undefined) this.#byNumber.set(number, (newest = new Newest(number)))
    return newest
  }

  /** The value that a packet carried, if it is still the newest; undefined if a newer one came, or it is acknowledged. */
  #current(named: number): Newest | undefined {
    const newest = this.#byNumber.get(named % sequenceUnit)
    return newest?.frame.id === Math.floor(named / sequenceUnit) ? newest : undefined
  }

  #hold(newest: Newest, bytes: Uint8Array, from: number, to: number): void {
    this.#drop(newest)
    newest.frame.hold(this.#pool, bytes, from, to)
    this.#pending += to - from
    this.#unacked += to - from
  }

  #drop({ frame }: Newest): void {
    this.#pending -= frame.pending()
    this.#unacked -= frame.size
    frame.release()
    frame.id = -1
  }

  #start(newest: Newest): void {
    if (newest.frame.id < 0) newest.frame.id = newest.nextSequence++
  }

  #isWhole({ frame }: Newest): boolean {
    return frame.isWhole() && headerSizeMax + frame.size <= this.packetRoom
  }

  #produce(newest: Newest): void {
    const produce = newest.produce!
    newest.produce = undefined
    newest.isToProduce = false
    const bytes = produce()
    if (bytes === undefined) return
    const { length } = bytes
    if (length > lossyFrameSizeMax || messageNumber(bytes, 0, length) !== newest.number)
      throw new RangeError(
        `a producer of message ${newest.number} must return a frame of that number of at most ${lossyFrameSizeMax} bytes; got ${length} bytes that begin with ${bytes[0]}`,
      )
    newest.producedSize = length
    this.#hold(newest, bytes, 0, length)
    newest.produce = produce
  }

  #enqueue(newest: Newest, where: 'front' | 'back'): void {
    newest.isQueued = true
    const isWhole = newest.isToProduce || this.#isWhole(newest)
    const queue = isWhole ? this.#whole : this.#pieces
    if (where === 'front') queue.pushFront(newest)
    else queue.push(newest)
  }

  /** The first of a queue of which something is to be sent, or made. */
  #nextOf(queue: Queue<Newest>): Newest | undefined {
    for (;;) {
      const newest = queue.peek()
      if (newest === undefined || newest.isToProduce || newest.frame.pending() > 0) return newest
      queue.shift()
      newest.isQueued = false
    }
  }
}
