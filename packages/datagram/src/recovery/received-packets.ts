import { varintMax, varintSize, varintSizeMax, writeVarint } from '@millrace/wire'
import { u48Size, writeU48 } from '../base/u48.ts'
import { ackDelayUnitsPerMs } from './ack-reader.ts'

/** The most ranges of packet numbers that a receiver remembers. Those of the lowest numbers are forgotten first. */
export const receivedRangesMax = 64

/** The longest an acknowledgement may be held back, in milliseconds: the figure of RFC 9000, 18.2, that both sides count on. */
export const ackDelayLimitMs = 25

/** How long an acknowledgement is held back unless the owner says otherwise: less than a frame of a game at 60 Hz. */
export const ackDelayDefaultMs = 10

/** After so many packets that ask for it soon, an acknowledgement is due at once (RFC 9000, 13.2.2). */
const elicitingPacketsMax = 2

/** The longest that the acknowledgement of a patient packet may be held back, in milliseconds: the figure that both sides count on. */
export const patientDelayLimitMs = 250

/** How long it is held back: some snapshots of a game are acknowledged together. */
export const patientDelayMs = 200

/** After so many patient packets an acknowledgement is due at once. */
const patientPacketsMax = 10

/**
 * How soon the sender of a packet waits to be told of it: not at all; *patiently*, when nothing in it is ever sent again, so that the acknowledgement
 * only says what the path is like; or soon.
 */
export type Wish = 'nothing' | 'patiently' | 'soon'

/** `too-old`: below all that is remembered, so that nothing can be said about it; treat it like a duplicate. */
export type Receipt = 'new' | 'duplicate' | 'too-old'

/**
 * Which packets came, as ranges of numbers, and when the peer must hear of them. Knows no packet's contents. Its memory is `receivedRangesMax`
 * ranges at most.
 */
export class ReceivedPackets {
  readonly ackDelayMs: number
  /** Ranges `lows[i]..highs[i]`, ascending, at least one number apart. */
  #lows: number[] = []
  #highs: number[] = []
  /** All numbers below were forgotten. */
  #floor = 0
  /** What is below need not be said again: the peer knows that we have it. */
  #saidBelow = 0
  #largestAt = 0
  #hasAck = false
  #elicitingCount = 0
  #patientCount = 0
  #deadline = Number.POSITIVE_INFINITY

  /** `ackDelayMs` is how long a lone packet waits for its acknowledgement, at most `ackDelayLimitMs`; more is cut to that. */
  constructor(ackDelayMs: number = ackDelayDefaultMs) {
    this.ackDelayMs = Math.min(Math.max(0, ackDelayMs), ackDelayLimitMs)
  }

  /** The largest number that came, or -1. */
  get largest(): number {
    return this.#lows.length === 0 ? -1 : this.#highs[this.#lows.length - 1]
  }

  /** Something came that no acknowledgement has said yet. One can ride along with the next packet. */
  get hasAck(): boolean {
    return this.#hasAck
  }

  /** When an acknowledgement must leave by itself, in milliseconds; `Infinity` while none must. */
  get ackDeadline(): number {
    return this.#deadline
  }

  /** An acknowledgement must leave now, in a packet of its own if there is no other. */
  isAckDue(now: number): boolean {
    return now >= this.#deadline
  }

  /** Whether this one came before, or is too old to tell: it must not be read. Changes nothing. */
  has(number: number): boolean {
    if (number > this.largest) return false
    if (number < this.#floor) return true
    let index = this.#lows.length - 1
    while (index >= 0 && this.#lows[index] > number) index--
    return index >= 0 && number <= this.#highs[index]
  }

  /** A packet came, decrypted and whole. `wish`: how soon its sender waits to be told of it (RFC 9000, 1.2: ack-eliciting). */
  receive(number: number, now: number, wish: Wish): Receipt {
    const largest = this.largest
    const isNext = number - largest === 1
    if (isNext && this.#lows.length > 0) this.#highs[this.#lows.length - 1] = number
    else {
      const receipt = this.#insert(number)
      if (receipt !== 'new') return receipt
    }
    if (number > largest) this.#largestAt = now
    if (number < this.#saidBelow) this.#saidBelow = number
    this.#hasAck = true
    if (wish !== 'nothing') this.#elicited(wish, isNext, now)
    return 'new'
  }

  /** The peer has an acknowledgement of ours up to this number: it and what is below need not be said again. */
  acknowledged(largestSaid: number): void {
    if (largestSaid <= this.largest && largestSaid - this.#saidBelow >= 0) this.#saidBelow = largestSaid + 1
  }

  /**
   * Writes the body of an ack part into `[at, end)`, with as many ranges as fit, the highest first; all that came counts as said then. Returns its
   * end, or -1 when not even one range fits or nothing is to be said: nothing is written or changed then.
   */
  writeAck(bytes: Uint8Array, view: DataView, at: number, end: number, now: number): number {
    if (this.#lows.length === 0) return -1
    const last = this.#lows.length - 1
    const delay = Math.min(varintMax, Math.floor(Math.max(0, now - this.#largestAt) * ackDelayUnitsPerMs))
    const length = this.#lengthOf(last)
    if (end - at < u48Size + varintSize(delay) + 1 + varintSize(length)) return -1
    let position = writeU48(view, at, this.#highs[last])
    position = writeVarint(bytes, position, delay)
    const countAt = position
    position = writeVarint(bytes, position + 1, length)
    let further = 0
    for (let index = last - 1; index >= 0; index--) {
      const gap = this.#lows[index + 1] - this.#highs[index] - 2
      // What the peer knows already, and what lies behind a number that was cut to fit a varint, is left out.
      if (this.#highs[index] < this.#saidBelow || gap > varintMax) break
      if (this.#highs[index + 1] - this.#lows[index + 1] > this.#lengthOf(index + 1)) break
      const lengthBelow = this.#lengthOf(index)
      if (end - position < 2 * varintSizeMax && end - position < varintSize(gap) + varintSize(lengthBelow))
        break
      position = writeVarint(bytes, position, gap)
      position = writeVarint(bytes, position, lengthBelow)
      further++
    }
    bytes[countAt] = further
    this.#hasAck = false
    this.#elicitingCount = this.#patientCount = 0
    this.#deadline = Number.POSITIVE_INFINITY
    return position
  }

  /** The length of a range less one, without what the peer knows already, and cut to what a varint holds. */
  #lengthOf(index: number): number {
    const high = this.#highs[index]
    const low = Math.min(high, Math.max(this.#lows[index], this.#saidBelow))
    return Math.min(varintMax, high - low)
  }

  /** At once for a gap, for a packet that fills one, and for every second, or tenth patient one; else within the delay (RFC 9000, 13.2.1). */
  #elicited(wish: 'patiently' | 'soon', isNext: boolean, now: number): void {
    const isSoon = wish === 'soon'
    const isEnough = isSoon
      ? ++this.#elicitingCount >= elicitingPacketsMax
      : ++this.#patientCount >= patientPacketsMax
    const delayMs = !isNext || isEnough ? 0 : isSoon ? this.ackDelayMs : patientDelayMs
    this.#deadline = Math.min(this.#deadline, now + delayMs)
  }

  #insert(number: number): Receipt {
    if (number < this.#floor) return 'too-old'
    // Ranges [0, above) lie below the number. What comes late is near the end, so the search begins there.
    let above = this.#lows.length
    while (above > 0 && this.#lows[above - 1] > number) above--
    if (above > 0 && number <= this.#highs[above - 1]) return 'duplicate'
    const joinsBelow = above > 0 && number - this.#highs[above - 1] === 1
    const joinsAbove = above < this.#lows.length && this.#lows[above] - number === 1
    if (joinsBelow && joinsAbove) {
      this.#highs[above - 1] = this.#highs[above]
      this.#remove(above)
    } else if (joinsBelow) this.#highs[above - 1] = number
    else if (joinsAbove) this.#lows[above] = number
    else if (above === 0 && this.#lows.length === receivedRangesMax) return 'too-old'
    else this.#add(above, number)
    return 'new'
  }

  #add(index: number, number: number): void {
    if (this.#lows.length === 0) {
      // Nearly always there is one range: an array that grows would take room for 17.
      this.#lows = [number]
      this.#highs = [number]
      return
    }
    this.#lows.splice(index, 0, number)
    this.#highs.splice(index, 0, number)
    if (this.#lows.length <= receivedRangesMax) return
    this.#floor = this.#highs[0] + 1
    this.#remove(0)
  }

  #remove(index: number): void {
    this.#lows.splice(index, 1)
    this.#highs.splice(index, 1)
  }
}
