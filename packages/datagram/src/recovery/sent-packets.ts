import type { PacketContents } from '../base/packet-contents.ts'

/** The most packets that a connection remembers, from the oldest in flight to the newest. */
export const sentPacketsMax = 65_536

const firstCapacity = 4

/** Packets without a connection, for those that send next: one at rest holds none. */
const stock: SentPacket[] = []
const stockMax = 1024

/** One packet that was sent and asks for an acknowledgement. The ring reuses it: don't keep one. */
export class SentPacket {
  number = -1
  size = 0
  isSettled = true
  sentAt = -1.5
  contents: PacketContents | undefined = undefined
  /** Of a settled packet: every packet from its position down to above this one is settled. */
  below = -1.5
  /** Which path it was sent on: they are counted. */
  path = 0
  // What DeliveryRate noted when it was sent.
  delivered = -1.5
  deliveredAt = -1.5
  firstSentAt = -1.5
  isAppLimited = false
  /** Its acknowledgement may be long in coming. */
  isPatient = false
}

/**
 * The packets that ask for an acknowledgement, in the order of their numbers, in a ring that doubles up to `sentPacketsMax`. A *position* counts
 * packets from the first one of the connection; numbers may have gaps, positions have none.
 */
export class SentPackets {
  /** Has a packet at each position from `head` on. */
  #ring: (SentPacket | undefined)[] = new Array<undefined>(firstCapacity).fill(undefined)
  #mask = firstCapacity - 1
  /** The position of the oldest packet in flight, or `end`. */
  head = 0
  /** Behind the last position. */
  end = 0
  /** How many are in flight, and how many of those are not patient. */
  inFlightCount = 0
  urgentCount = 0

  /** How many more packets can be added now. */
  get free(): number {
    return sentPacketsMax - (this.end - this.head)
  }

  at(position: number): SentPacket {
    return this.#ring[position & this.#mask] as SentPacket
  }

  /** Adds a packet in flight, with a number above all others; there must be room. What `DeliveryRate` notes, it writes itself. */
  add(number: number, size: number, contents: PacketContents, now: number, isPatient = false): SentPacket {
    if (this.end - this.head > this.#mask) this.#grow()
    const packet = (this.#ring[this.end++ & this.#mask] ??= stock.pop() ?? new SentPacket())
    packet.number = number
    packet.size = size
    packet.isSettled = false
    packet.sentAt = now
    packet.contents = contents
    packet.isPatient = isPatient
    this.inFlightCount++
    if (!isPatient) this.urgentCount++
    return packet
  }

  /** The packet arrived, or is given up: it is of no more interest. */
  settle(position: number): void {
    const packet = this.at(position)
    packet.isSettled = true
    packet.contents = undefined
    packet.below = position - 1
    this.inFlightCount--
    if (!packet.isPatient) this.urgentCount--
  }

  /** Moves `head` up to the next packet in flight. Returns whether it passed one. */
  advance(): 'passed-settled' | 'passed-none' {
    const before = this.head
    while (this.head < this.end && this.at(this.head).isSettled) this.head++
    if (this.head === this.end && before < this.end) this.#rest()
    return this.head === before ? 'passed-none' : 'passed-settled'
  }

  /** The packets in flight by their age, 0 for the oldest; undefined when there are not so many. */
  oldest(index: number): SentPacket | undefined {
    let left = index
    for (let position = this.head; position < this.end; position++) {
      if (!this.at(position).isSettled && left-- === 0) return this.at(position)
    }
    return undefined
  }

  /** The highest position with at most this number; below `head` when there is none. */
  positionOf(number: number): number {
    if (this.end === this.head) return this.head - 1
    // Without gaps the position follows from the number.
    const guess = this.end - 1 - (this.at(this.end - 1).number - number)
    if (guess >= this.head && guess < this.end && this.at(guess).number === number) return guess
    let low = this.head - 1
    let high = this.end - 1
    while (low < high) {
      const middle = high - ((high - low) >> 1)
      if (this.at(middle).number <= number) low = middle
      else high = middle - 1
    }
    return low
  }

  /**
   * The highest position up to this one that isn't settled; below `head` when there is none. What it passes is joined into longer jumps, so that
   * ranges which are acknowledged again and again are passed in a few steps (path halving, as in a union-find).
   */
  unsettledAtOrBelow(position: number): number {
    let at = position
    while (at >= this.head) {
      const packet = this.at(at)
      if (!packet.isSettled) return at
      const next = packet.below
      if (next >= this.head) {
        const beyond = this.at(next)
        if (beyond.isSettled) packet.below = beyond.below
      }
      at = next
    }
    return at
  }

  /** Nothing is in flight. */
  #rest(): void {
    const ring = this.#ring
    for (let index = 0; index < ring.length && stock.length < stockMax; index++) {
      const packet = ring[index]
      if (packet !== undefined) stock.push(packet)
      ring[index] = undefined
    }
    if (ring.length === firstCapacity) return
    this.#ring = new Array<undefined>(firstCapacity).fill(undefined)
    this.#mask = firstCapacity - 1
  }

  #grow(): void {
    const { length } = this.#ring
    const next = new Array<SentPacket | undefined>(length * 2).fill(undefined)
    const mask = length * 2 - 1
    for (let position = this.head; position < this.end; position++) next[position & mask] = this.at(position)
    this.#ring = next
    this.#mask = mask
  }
}
