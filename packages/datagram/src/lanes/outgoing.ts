import type { BlockPool } from '@millrace/buffer'
import { frameNumberMax } from '@millrace/wire'
import {
  contentsMessage,
  contentsNewest,
  laneCountMax,
  type PacketContents,
} from '../base/packet-contents.ts'
import { u48End } from '../base/u48.ts'
import type { FrameDelivery, WriteAnswer } from './delivery.ts'
import { messageNumber } from './frame-ends.ts'
import { LaneSender } from './lane-sender.ts'
import { laneOf, noLanes, withLane } from './lane-table.ts'
import { LossySender } from './lossy-sender.ts'
import { MessageSender } from './message-sender.ts'
import { type FrameProducer, NewestSender } from './newest-sender.ts'
import { lossyFrameSizeMax, partType } from './part-types.ts'
import { WindowEnds } from './window-ends.ts'

/** A lane with so many bytes to be sent stands behind those with less, and among the pieces of large frames. */
const bigBacklogSize = 16 * 1024

/** Of so many packets, one is the turn of the small lanes and one that of the big backlogs. */
const turnCount = 4
const turnOfLanes = 1
const turnOfBig = 3

/** Kinds of frames in pieces: unordered, newest, lossy. */
const bigKindCount = 3

export interface OutgoingOptions {
  readonly pool: BlockPool
  /** Room in a packet for the parts of frames, in bytes: what doesn't fit travels in pieces. */
  readonly packetRoom: number
  /** How many bytes may leave at first on each lane, and as unordered messages, until `setCreditEnd`. */
  readonly windowSize: number
  /** After so long, unreliable and sequenced frames that have not left are dropped. Default 250. */
  readonly staleMs?: number | undefined
  /** The most bytes of them that wait. Default 256 KiB. */
  readonly lossyBytesMax?: number | undefined
}

/**
 * What is to be sent on one connection, by delivery. `write` takes frames, `fill` puts as many as fit into a packet, and `acked` and `lost` tell
 * what became of one.
 *
 * What is small and urgent leaves first: newest, sequenced and unreliable frames, unordered ones, lanes by turns; behind them, by turns, what is
 * big: lanes with a backlog of `bigBacklogSize`, and frames in pieces. So that none waits for ever, one packet of four is the turn of lanes, and one
 * that of what is big: urgent frames may have half of it.
 */
export class Outgoing {
  readonly #pool: BlockPool
  /** By their numbers, up to the highest that ever carried anything. */
  #lanes: readonly (LaneSender | undefined)[] = noLanes
  /** Those that did. */
  #used: readonly LaneSender[] = noLanes
  // Each is made when the first frame of its kind is written: most channels use one or two.
  #messages: MessageSender | undefined
  #newest: NewestSender | undefined
  #lossy: LossySender | undefined
  /** Up to where the peer takes bytes of each lane, and of the unordered messages. */
  readonly #ends: WindowEnds
  readonly #staleMs: number
  readonly #lossyBytesMax: number
  #packetRoom: number
  #turn = 0
  #laneTurn = 0
  #bigTurn = 0

  constructor(options: OutgoingOptions) {
    const { pool, packetRoom, windowSize, staleMs = 250, lossyBytesMax = lossyFrameSizeMax } = options
    this.#pool = pool
    this.#ends = new WindowEnds(windowSize)
    this.#packetRoom = packetRoom
    this.#staleMs = staleMs
    this.#lossyBytesMax = lossyBytesMax
  }

  /** Unreliable and sequenced frames that did not leave in time. */
  get dropped(): number {
    return this.#lossy?.dropped ?? 0
  }

  /** Bytes to be sent, also those that the peer's windows hold back. */
  get pendingBytes(): number {
    let bytes = this.#lossy === undefined ? 0 : this.#lossy.pending()
    if (this.#messages !== undefined) bytes += this.#messages.pending()
    if (this.#newest !== undefined) bytes += this.#newest.pending()
    for (const lane of this.#used) bytes += lane.pending()
    return bytes
  }

  /** Bytes that are kept: not sent, or not acknowledged. */
  get storedBytes(): number {
    let bytes = this.#lossy === undefined ? 0 : this.#lossy.pending()
    if (this.#messages !== undefined) bytes += this.#messages.unacked()
    if (this.#newest !== undefined) bytes += this.#newest.unacked()
    for (const lane of this.#used) bytes += lane.unacked()
    return bytes
  }

  /** So many bytes of a lane arrived, without a gap from the first on. */
  arrived(lane: number): number {
    return laneOf(this.#lanes, lane)?.ackedEnd ?? 0
  }

  /** The path carries packets of another size. */
  setPacketRoom(packetRoom: number): void {
    this.#packetRoom = packetRoom
    for (const sender of [this.#messages, this.#newest, this.#lossy])
      if (sender !== undefined) sender.packetRoom = packetRoom
  }

  /** The peer takes bytes of a lane, or of unordered messages (`contentsMessage`), up to this count. Less than before is ignored. */
  setCreditEnd(what: number, end: number): void {
    if (end > this.#ends.get(what)) this.#ends.set(what, end)
  }

  /** Whether `fill` would write anything into an empty packet, or ask a producer what to write. */
  hasPending(now: number): boolean {
    if (this.#lossy?.hasAny(now) || this.#newest?.hasAny()) return true
    if (this.#messages?.hasAny(this.#ends.get(contentsMessage))) return true
    for (const lane of this.#used) if (lane.sendable(this.#ends.get(lane.lane)) > 0) return true
    return false
  }

  /** Adds a copy of the whole frame `[from, to)`; `reliable` takes any number of them, one behind the other, on lane 0 to 15. */
  write(
    bytes: Uint8Array,
    from: number,
    to: number,
    delivery: FrameDelivery,
    lane: number,
    now: number,
  ): WriteAnswer {
    if (delivery === 'reliable') return this.#writeToLane(lane, bytes, from, to)
    if (delivery === 'reliableUnordered') {
      this.#messages ??= new MessageSender(this.#pool, this.#packetRoom)
      this.#messages.write(bytes, from, to)
      return 'queued'
    }
    if (to - from > Math.min(lossyFrameSizeMax, this.#lossyBytesMax)) return 'too-large'
    if (delivery === 'unreliable') {
      this.#lossySender().write(partType.unreliable, 0, bytes, from, to, now)
      return 'queued'
    }
    const number = messageNumber(bytes, from, to)
    if (number < 0 || number > frameNumberMax) return 'no-number'
    if (delivery === 'sequenced') this.#lossySender().write(partType.sequenced, number, bytes, from, to, now)
    else this.#newestSender().write(number, bytes, from, to)
    return 'queued'
  }

  /** The newest frame of message `number`, up to 16,383, is made when there is room for it, and anew if it is lost. It takes the place of what was written. */
  writeLater(number: number, produce: FrameProducer): void {
    this.#newestSender().writeLater(number, produce)
  }

  /** Fills `[at, end)` of a packet with parts, tells `contents` what to remember of them, and returns their end: `at` if there is nothing that fits. */
  fill(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    contents: PacketContents,
    now: number,
  ): number {
    const turn = this.#turn
    const isUrgentFirst = turn !== turnOfLanes && turn !== turnOfBig
    const urgentEnd = isUrgentFirst ? end : at + ((end - at) >>> 1)
    let position = this.#fillUrgent(bytes, view, at, urgentEnd, contents, now)
    if (turn === turnOfBig) position = this.#fillBig(bytes, view, position, end, contents, now)
    if (this.#messages !== undefined)
      position = this.#messages.fillWhole(bytes, position, end, contents, this.#ends.get(contentsMessage))
    position = this.#fillLanes(bytes, view, position, end, contents)
    if (!isUrgentFirst) position = this.#fillUrgent(bytes, view, position, end, contents, now)
    position = this.#fillBig(bytes, view, position, end, contents, now)
    if (position > at) this.#turn = (turn + 1) % turnCount
    return position
  }

  /** A part arrived. Returns how many bytes need no longer be kept. */
  acked(what: number, a: number, b: number): number {
    if (what < laneCountMax) return laneOf(this.#lanes, what)?.acked(a, b) ?? 0
    if (what === contentsMessage) return this.#messages?.acked(a, b) ?? 0
    return what === contentsNewest ? (this.#newest?.acked(a, b) ?? 0) : 0
  }

  /** A part did not arrive: what of it still counts is sent again. */
  lost(what: number, a: number, b: number): void {
    if (what < laneCountMax) laneOf(this.#lanes, what)?.lost(a, b)
    else if (what === contentsMessage) this.#messages?.lost(a, b)
    else if (what === contentsNewest) this.#newest?.lost(a, b)
  }

  /** Forgets everything and gives the memory back. */
  release(): void {
    for (const lane of this.#used) lane.release()
    this.#messages?.release()
    this.#newest?.release()
    this.#lossy?.release()
  }

  #lossySender(): LossySender {
    this.#lossy ??= new LossySender(this.#pool, {
      packetRoom: this.#packetRoom,
      staleMs: this.#staleMs,
      bytesMax: this.#lossyBytesMax,
    })
    return this.#lossy
  }

  #newestSender(): NewestSender {
    return (this.#newest ??= new NewestSender(this.#pool, this.#packetRoom))
  }

  #writeToLane(number: number, bytes: Uint8Array, from: number, to: number): WriteAnswer {
    let lane = laneOf(this.#lanes, number)
    if (lane === undefined) {
      if (!(number >= 0 && number < laneCountMax))
        throw new RangeError(`lanes are 0 to ${laneCountMax - 1}; got ${number}`)
      lane = new LaneSender(this.#pool, number)
      this.#lanes = withLane(this.#lanes, number, lane)
      // `push` would take room for 17.
      this.#used = this.#used.concat(lane)
    }
    if (lane.written + to - from >= u48End) return 'exhausted'
    lane.write(bytes, from, to)
    return 'queued'
  }

  #fillUrgent(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    contents: PacketContents,
    now: number,
  ): number {
    const position = this.#newest === undefined ? at : this.#newest.fillWhole(bytes, at, end, contents)
    return this.#lossy === undefined ? position : this.#lossy.fillWhole(bytes, view, position, end, now)
  }

  /** Lanes with a small backlog, beginning behind the one that was first in the last packet. */
  #fillLanes(bytes: Uint8Array, view: DataView, at: number, end: number, contents: PacketContents): number {
    const used = this.#used
    const { length } = used
    const last = this.#laneTurn
    let position = at
    for (let step = 1; step <= length; step++) {
      const turn = (last + step) % length
      const pending = used[turn].pending()
      if (pending === 0 || pending >= bigBacklogSize) continue
      const filled = this.#fillLane(used[turn], bytes, view, position, end, contents)
      if (position === at && filled > at) this.#laneTurn = turn
      position = filled
    }
    return position
  }

  #fillLane(
    lane: LaneSender,
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    contents: PacketContents,
  ): number {
    let position = at
    for (;;) {
      const newBytesMax = this.#ends.get(lane.lane) - lane.sent
      const filled = lane.fill(bytes, view, position, end, contents, newBytesMax)
      if (filled === position) return position
      position = filled
    }
  }

  /** What is big, beginning behind what was first in the last packet. */
  #fillBig(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    contents: PacketContents,
    now: number,
  ): number {
    const count = bigKindCount + this.#used.length
    const last = this.#bigTurn
    let position = at
    for (let step = 1; step <= count; step++) {
      const turn = (last + step) % count
      const filled = this.#fillBigOf(turn, bytes, view, position, end, contents, now)
      if (position === at && filled > at) this.#bigTurn = turn
      position = filled
    }
    return position
  }

  /** Pieces of unordered, newest and lossy frames have the first turns, lanes those behind them. */
  #fillBigOf(
    turn: number,
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    contents: PacketContents,
    now: number,
  ): number {
    if (turn === 0)
      return this.#messages?.fillPieces(bytes, at, end, contents, this.#ends.get(contentsMessage)) ?? at
    if (turn === 1) return this.#newest?.fillPieces(bytes, at, end, contents) ?? at
    if (turn === 2) return this.#lossy?.fillPieces(bytes, at, end, now) ?? at
    const lane = this.#used[turn - bigKindCount]
    return lane.pending() < bigBacklogSize ? at : this.#fillLane(lane, bytes, view, at, end, contents)
  }
}
