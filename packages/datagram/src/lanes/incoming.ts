import type { BlockPool } from '@millrace/buffer'
import { headerSizeMax } from '@millrace/wire'
import { noBytes } from '../base/no-bytes.ts'
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

/** Reads the part at hand, of all connections: one of its own would keep the last packet of each in memory. */
const cursor = new PartCursor()

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
  /** Type of the part that carried the frame (`partType`); of a frame in pieces, the type of a whole one. */
  type = 0
  from = 0
  to = 0
  /** The sizes that frames may have: the owner sets `fixedSizes` and `bodySizeMax` there, between frames. */
  readonly ends: FrameEnds
  /** Where the part ends that was received last, if that was no violation. */
  partEnd = 0
  /** Frames that were dropped, as lossy frames may be: the reader is behind, or pieces are missing. */
  get dropped(): number {
    return this.#dropped + (this.#lossy?.dropped ?? 0)
  }

  readonly #pool: BlockPool
  readonly #windowSize: number
  readonly #lanes: IncomingLanes
  // Each is made when the first frame of its kind comes.
  #messages: MessageReceiver | undefined
  #lossy: LossyReceiver | undefined
  readonly #packet = new PacketFrames()
  /** Made when the reader is behind for the first time. */
  #held: HeldFrames | undefined
  /** Frames in pieces that are whole and were not shown yet. */
  readonly #completed = new Queue<IncomingFrame>()
  /** What those of unordered messages among them cost in memory: the others are counted where they came together. */
  #completedWeight = 0
  #shown: IncomingFrame | undefined
  #dropped = 0
  #weight = 0
  #isWeighed = true

  constructor({ pool, bodySizeMax, windowSize }: IncomingOptions) {
    this.ends = new FrameEnds(bodySizeMax)
    this.#lanes = new IncomingLanes(pool, this.ends, windowSize)
    this.#pool = pool
    this.#windowSize = windowSize
  }

  /** What all that was not shown costs in memory. */
  get weight(): number {
    if (this.#isWeighed) return this.#weight
    this.#isWeighed = true
    const inPieces = (this.#messages?.weight ?? 0) + (this.#lossy?.weight ?? 0) + this.#completedWeight
    this.#weight = (this.#held?.size() ?? 0) + this.#packet.size + this.#lanes.weight + inPieces
    return this.#weight
  }

  /** Nothing is there, and nothing came since that was seen: `next` finds nothing. */
  get isEmpty(): boolean {
    return this.#isWeighed && this.#weight === 0
  }

  /** Set once, and for good, by `next`: what the peer did wrong in the stream of a lane. '' otherwise. */
  get violation(): string {
    return this.#lanes.violation
  }

  /** When `expire` is to be called; `Infinity` if there is nothing to give up. */
  get deadline(): number {
    return this.#lossy === undefined ? Number.POSITIVE_INFINITY : this.#lossy.deadline
  }

  /** Bytes of all frames of a lane, or of unordered messages (`contentsMessage`), that were shown. */
  consumed(what: number): number {
    return what === contentsMessage ? (this.#messages?.consumed ?? 0) : this.#lanes.consumed(what)
  }

  /** What the peer was told: it may send on this lane, or as unordered messages (`contentsMessage`), up to this count of bytes. */
  setWindowEnd(what: number, end: number): void {
    if (what === contentsMessage) this.#messageReceiver().windowEnd = end
    else this.#lanes.setWindowEnd(what, end)
  }

  /**
   * Takes the part of type `type`, below `framePartEnd`, with its content at `at`, in a packet that ends at `end`; sets `partEnd`.
   * `''`: taken; `'drop'`: there is no room for it, so the packet must not be acknowledged, but what else it carries may be received; any other
   * text says what the peer did wrong.
   */
  receive(type: number, bytes: Uint8Array, view: DataView, at: number, end: number, now: number): string {
    this.#isWeighed = false
    if (this.#packet.bytes !== bytes) {
      this.keep()
      this.#packet.begin(bytes)
    }
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
    this.#isWeighed = false
    if (this.#shown !== undefined) this.#remove(this.#shown)
    this.#shown = undefined
    const held = this.#held
    while (held?.next()) if (this.#showHeld(held)) return true
    if (this.#packet.next()) {
      const { bytes, type, from, to } = this.#packet
      return this.#show(bytes, type, from, to)
    }
    while (this.#completed.count > 0) if (this.#showCompleted(this.#completed.shift()!)) return true
    if (!this.#lanes.next()) return false
    const { bytes, from, to } = this.#lanes.shown!
    return this.#show(bytes, partType.stream + this.#lanes.lane, from, to)
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
    this.#isWeighed = false
    if (this.#shown !== undefined) this.#remove(this.#shown)
    this.#shown = undefined
    if (this.#packet.size > 0) this.#packet.moveTo((this.#held ??= new HeldFrames(this.#pool)))
    else this.#packet.clear()
    this.#packet.begin(noBytes)
    this.#lanes.keep()
    this.bytes = noBytes
  }

  /** Gives up lossy frames that did not become whole in time. */
  expire(now: number): void {
    if (this.#lossy === undefined) return
    this.#isWeighed = false
    this.#lossy.expire(now)
  }

  /** Forgets everything and gives the memory back. Nothing may be received any more. */
  release(): void {
    this.#isWeighed = false
    this.#lanes.release()
    this.#packet.clear()
    this.#shown?.release()
    this.#shown = undefined
    for (let frame = this.#completed.shift(); frame !== undefined; frame = this.#completed.shift())
      frame.release()
    this.#messages?.release()
    this.#lossy?.release()
    this.#held?.release()
  }

  #receiveStream(lane: number, end: number): string {
    const offset = cursor.u48()
    const size = cursor.varint()
    const { at } = cursor
    if (cursor.isCut || at + size > end) return 'a part of a stream is cut by the end of its packet'
    this.partEnd = at + size
    return this.#lanes.receive(lane, offset, this.#packet.bytes, at, at + size)
  }

  #receiveWhole(type: number, sequence: number, end: number): string {
    const { isCut, at: from } = cursor
    const { bytes } = this.#packet
    const to = this.ends.read(bytes, from, end)
    if (isCut || to <= from || to > end) return this.#unfit(to)
    this.partEnd = to
    if (type === partType.message) {
      const answer = this.#messageReceiver().whole(sequence, to - from)
      if (answer !== 'new') return answer === 'seen' ? '' : answer
    } else {
      if (this.#held !== undefined && this.#held.size() > heldBytesMax) return this.#behind(type)
      const answer = this.#lossyReceiver().whole(type, sequence, bytes, from, to)
      if (answer !== 'new') return answer === 'old' ? '' : answer
    }
    this.#packet.add(type, sequence, from, to)
    return ''
  }

  #receiveMessagePiece(): string {
    const id = cursor.varint()
    const violation = cursor.piece(this.ends.bodySizeMax + headerSizeMax)
    if (violation !== '') return violation
    const { at, size } = cursor
    this.partEnd = at + size
    const messages = this.#messageReceiver()
    const answer = messages.piece(id, cursor.total, cursor.offset, this.#packet.bytes, at, at + size)
    return this.#complete(answer, messages.completed)
  }

  #receiveLossyPiece(now: number): string {
    const lossy = this.#lossyReceiver()
    const answer = lossy.piece(cursor, this.#packet.bytes, now)
    this.partEnd = cursor.at + cursor.size
    return this.#complete(answer, lossy.completed)
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
    return frame.type === partType.message ? 'new' : this.#lossyReceiver().takeCompleted(frame)
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

  #showHeld({ bytes, type, sequence, from, to }: HeldFrames): boolean {
    this.#show(bytes, type, from, to)
    return this.#lossyReceiver().isLatest(type, sequence, bytes, from, to)
  }

  #showCompleted(frame: IncomingFrame): boolean {
    const { bytes, from, to } = frame.place
    if (!this.#lossyReceiver().isLatest(frame.type, frame.id, bytes, from, to)) {
      this.#remove(frame)
      return false
    }
    this.#shown = frame
    return this.#show(bytes, frame.type, from, to)
  }

  #show(bytes: Uint8Array, type: number, from: number, to: number): true {
    this.bytes = bytes
    this.type = type
    this.from = from
    this.to = to
    if (type === partType.message) this.#messageReceiver().consumed += to - from
    return true
  }

  #remove(frame: IncomingFrame): void {
    if (frame.type !== partType.message) {
      this.#lossyReceiver().remove(frame)
      return
    }
    this.#completedWeight -= frame.weight
    frame.release()
  }

  #messageReceiver(): MessageReceiver {
    return (this.#messages ??= new MessageReceiver(this.#pool, this.#windowSize))
  }

  #lossyReceiver(): LossyReceiver {
    return (this.#lossy ??= new LossyReceiver(this.#pool))
  }
}
