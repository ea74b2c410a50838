import type { BlockPool } from '@millrace/buffer'
import { headerSizeMax } from '@millrace/wire'
import { contentsMessage } from '../base/packet-contents.ts'
import { FrameEnds, frameTooLarge } from './frame-ends.ts'
import { HeldFrames } from './held-frames.ts'
import type { IncomingFrame } from './incoming-frame.ts'
import { IncomingLanes } from './incoming-lanes.ts'
import { LossyReceiver } from './lossy-receiver.ts'
import { MessageReceiver } from './message-receiver.ts'
import { PacketFrames } from './packet-frames.ts'
import { PartCursor } from './part-cursor.ts'
import { partType, streamPartEnd } from './part-types.ts'
import { Queue } from './queue.ts'

/** While whole frames that wait for a reader take so many bytes, lossy ones are dropped, and newest ones refused. */
const heldBytesMax = 256 * 1024

const noBytes = new Uint8Array(0)
const noView = new DataView(noBytes.buffer)

export interface IncomingOptions {
  readonly pool: BlockPool
  /** The largest body of a frame, in bytes. */
  readonly bodySizeMax: number
  /** How many bytes the peer may send at first on each lane, and as unordered messages. At least the largest frame with its header. */
  readonly windowSize: number
}

/**
 * What came on one connection, by delivery. `receive` takes the parts of packets; `next` shows the whole frames, one after the other:
 * `bytes[from, to)`, valid until the next call of any method. Frames are shown in place as far as they lie whole in the packet, so `keep` is to be
 * called before its bytes change: it copies what was not shown.
 *
 * Frames of one lane come in their order, those of other deliveries as they come. What a frame is sent by is the peer's choice: `type` tells it.
 */
export class Incoming {
  bytes: Uint8Array = noBytes
  view: DataView = noView
  /** Type of the part that carried the frame (`partType`); of a frame in pieces, the type of a whole one. */
  type = 0
  /** The first byte of the frame. */
  code = 0
  from = 0
  bodyStart = 0
  to = 0
  /** The sizes that frames may have: the owner sets `fixedSizes` and `bodySizeMax` there, between frames. */
  readonly ends: FrameEnds
  /** Where the part ends that was received last, if that was no violation. */
  partEnd = 0
  /** Frames that were dropped, as lossy frames may be: the reader is behind, or pieces are missing. */
  get dropped(): number {
    return this.#dropped + this.#lossy.dropped
  }

  readonly #cursor = new PartCursor()
  readonly #lanes: IncomingLanes
  readonly #messages: MessageReceiver
  readonly #lossy: LossyReceiver
  readonly #packet = new PacketFrames()
  readonly #held: HeldFrames
  /** Frames in pieces that are whole and were not shown yet. */
  readonly #completed = new Queue<IncomingFrame>()
  /** What those of unordered messages among them cost in memory: the others are counted where they came together. */
  #completedWeight = 0
  #shown: IncomingFrame | undefined
  #dropped = 0

  constructor({ pool, bodySizeMax, windowSize }: IncomingOptions) {
    this.ends = new FrameEnds(bodySizeMax)
    this.#lanes = new IncomingLanes(pool, this.ends, windowSize)
    this.#messages = new MessageReceiver(pool, windowSize)
    this.#lossy = new LossyReceiver(pool)
    this.#held = new HeldFrames(pool)
  }

  /** What all that was not shown costs in memory. */
  get weight(): number {
    const inPieces = this.#messages.weight + this.#lossy.weight + this.#completedWeight
    return this.#held.size() + this.#packet.size + this.#lanes.weight + inPieces
  }

  /** Set once, and for good, by `next`: what the peer did wrong in the stream of a lane. '' otherwise. */
  get violation(): string {
    return this.#lanes.violation
  }

  /** When `expire` is to be called; `Infinity` if there is nothing to give up. */
  get deadline(): number {
    return this.#lossy.deadline
  }

  /** Bytes of all frames of a lane, or of unordered messages (`contentsMessage`), that were shown. */
  consumed(what: number): number {
    return what === contentsMessage ? this.#messages.consumed : this.#lanes.consumed(what)
  }

  /** The window of a lane must reach so far for its next frame to come whole, as far as its header tells. */
  neededEnd(lane: number): number {
    return this.#lanes.neededEnd(lane)
  }

  /** What the peer was told: it may send on this lane, or as unordered messages (`contentsMessage`), up to this count of bytes. */
  setWindowEnd(what: number, end: number): void {
    if (what === contentsMessage) this.#messages.windowEnd = end
    else this.#lanes.setWindowEnd(what, end)
  }

  /**
   * Takes the part of type `type`, below `framePartEnd`, with its content at `at`, in a packet that ends at `end`; sets `partEnd`.
   * `''`: taken; `'drop'`: there is no room for it, so the packet must not be acknowledged, but what else it carries may be received; any other
   * text says what the peer did wrong.
   */
  receive(type: number, bytes: Uint8Array, view: DataView, at: number, end: number, now: number): string {
    if (this.#packet.bytes !== bytes) {
      this.keep()
      this.#packet.begin(bytes, view)
    }
    const cursor = this.#cursor
    cursor.begin(bytes, view, at, end)
    if (type < streamPartEnd && type >= partType.stream)
      return this.#receiveStream(type - partType.stream, end)
    switch (type) {
      case partType.message:
        return this.#receiveWhole(type, cursor.varint(), end)
      case partType.messagePiece:
        return this.#receiveMessagePiece()
      case partType.unreliable:
        return this.#receiveWhole(type, 0, end)
      case partType.sequenced:
        return this.#receiveWhole(type, cursor.u16(), end)
      case partType.newest:
        return this.#receiveWhole(type, cursor.varint(), end)
      case partType.piece:
        return this.#receiveLossyPiece(now)
      default:
        return `no part that carries frames has the type ${type}`
    }
  }

  /** Moves to the next whole frame. False when there is none yet, or after a violation. */
  next(): boolean {
    if (this.#shown !== undefined) this.#remove(this.#shown)
    this.#shown = undefined
    while (this.#held.next()) if (this.#showHeld()) return true
    if (this.#packet.next()) return this.#showPacket()
    while (this.#completed.count > 0) if (this.#showCompleted(this.#completed.shift()!)) return true
    return this.#lanes.next() && this.#showLane()
  }

  /** Shows, together with the frame that was shown last, all whole ones of its lane that lie right behind it: `[from, to)` are several frames then. */
  extend(): void {
    const lane = this.#lanes.shown
    if (this.type >= streamPartEnd || lane === undefined) return
    lane.extend()
    this.to = lane.to
  }

  /** The bytes of the packet are about to change: copies what was not shown of them, and lets go of the packet. */
  keep(): void {
    if (this.#shown !== undefined) this.#remove(this.#shown)
    this.#shown = undefined
    this.#packet.moveTo(this.#held)
    this.#packet.begin(noBytes, noView)
    this.#lanes.keep()
    this.bytes = noBytes
    this.view = noView
  }

  /** Gives up lossy frames that did not become whole in time. */
  expire(now: number): void {
    this.#lossy.expire(now)
  }

  /** Forgets everything and gives the memory back. Nothing may be received any more. */
  release(): void {
    this.#lanes.release()
    this.#packet.clear()
    this.#shown?.release()
    this.#shown = undefined
    for (let frame = this.#completed.shift(); frame !== undefined; frame = this.#completed.shift())
      frame.release()
    this.#messages.release()
    this.#lossy.release()
    this.#held.release()
  }

  #receiveStream(lane: number, end: number): string {
    const cursor = this.#cursor
    const offset = cursor.u48()
    const size = cursor.varint()
    const { at } = cursor
    const { bytes, view } = this.#packet
    if (cursor.isCut || at + size > end) return 'a part of a stream is cut by the end of its packet'
    this.partEnd = at + size
    return this.#lanes.receive(lane, offset, bytes, view, at, at + size)
  }

  #receiveWhole(type: number, sequence: number, end: number): string {
    const { isCut, at: from } = this.#cursor
    const { bytes } = this.#packet
    const to = this.ends.read(bytes, from, end)
    if (isCut || to <= from || to > end) return this.#unfit(to)
    this.partEnd = to
    if (type === partType.message) {
      const answer = this.#messages.whole(sequence, to - from)
      if (answer !== 'new') return answer === 'seen' ? '' : answer
    } else {
      if (this.#held.size() > heldBytesMax) return this.#behind(type)
      const answer = this.#lossy.whole(type, sequence, bytes, from, to)
      if (answer !== 'new') return answer === 'old' ? '' : answer
    }
    this.#packet.add(type, sequence, from, this.ends.bodyStart, to)
    return ''
  }

  #receiveMessagePiece(): string {
    const cursor = this.#cursor
    const id = cursor.varint()
    const violation = cursor.piece(this.ends.bodySizeMax + headerSizeMax)
    if (violation !== '') return violation
    const { at, size } = cursor
    this.partEnd = at + size
    const answer = this.#messages.piece(id, cursor.total, cursor.offset, this.#packet.bytes, at, at + size)
    return this.#complete(answer, this.#messages.completed)
  }

  #receiveLossyPiece(now: number): string {
    const answer = this.#lossy.piece(this.#cursor, this.#packet.bytes, now)
    this.partEnd = this.#cursor.at + this.#cursor.size
    return this.#complete(answer, this.#lossy.completed)
  }

  /** A frame in pieces is whole, if there is one: it is to be shown, unless it isn't what its pieces said. */
  #complete(answer: string, frame: IncomingFrame | undefined): string {
    if (answer !== '' || frame === undefined) return answer
    if (frame.type === partType.message) this.#completedWeight += frame.weight
    const verdict = this.#check(frame)
    if (verdict === 'new') this.#completed.push(frame)
    else this.#remove(frame)
    return verdict === 'new' || verdict === 'old' ? '' : verdict
  }

  #check(frame: IncomingFrame): string {
    const { bytes, from, to } = frame.place
    const end = this.ends.read(bytes, from, to)
    if (end === frameTooLarge) return this.#unfit(end)
    if (end !== to) return `pieces of ${to - from} bytes are no frame`
    return frame.type === partType.message ? 'new' : this.#lossy.takeCompleted(frame)
  }

  #unfit(end: number): string {
    return end === frameTooLarge
      ? `a frame is larger than ${this.ends.bodySizeMax} bytes`
      : 'a whole frame is cut by the end of its packet'
  }

  /** The reader is behind: what may be lost is lost, the newest value comes again. */
  #behind(type: number): string {
    if (type === partType.newest) return 'drop'
    this.#dropped++
    return ''
  }

  #showHeld(): boolean {
    const { bytes, view, type, sequence, from, to } = this.#held
    this.#show(bytes, view, type, from, to)
    return this.#lossy.isLatest(type, sequence, bytes, from, to)
  }

  #showPacket(): boolean {
    const { bytes, view, type, from, bodyStart, to } = this.#packet
    this.#place(bytes, view, type, from, bodyStart, to)
    return true
  }

  #showLane(): boolean {
    const { bytes, view, from, bodyStart, to } = this.#lanes.shown!
    this.#place(bytes, view, partType.stream + this.#lanes.lane, from, bodyStart, to)
    return true
  }

  #showCompleted(frame: IncomingFrame): boolean {
    const { bytes, view, from, to } = frame.place
    if (!this.#lossy.isLatest(frame.type, frame.id, bytes, from, to)) {
      this.#remove(frame)
      return false
    }
    this.#show(bytes, view, frame.type, from, to)
    this.#shown = frame
    return true
  }

  #show(bytes: Uint8Array, view: DataView, type: number, from: number, to: number): void {
    this.ends.read(bytes, from, to)
    this.#place(bytes, view, type, from, this.ends.bodyStart, to)
  }

  #place(bytes: Uint8Array, view: DataView, type: number, from: number, bodyStart: number, to: number): void {
    this.bytes = bytes
    this.view = view
    this.type = type
    this.code = bytes[from]
    this.from = from
    this.bodyStart = bodyStart
    this.to = to
    if (type === partType.message) this.#messages.consumed += to - from
  }

  #remove(frame: IncomingFrame): void {
    if (frame.type !== partType.message) {
      this.#lossy.remove(frame)
      return
    }
    this.#completedWeight -= frame.weight
    frame.release()
  }
}
