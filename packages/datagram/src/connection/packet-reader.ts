import { contentsMessage } from '../base/packet-contents.ts'
import { readU48 } from '../base/u48.ts'
import { partType as framePart } from '../lanes/part-types.ts'
import { challengeSize, partFramesFrom, partType } from '../packet/part-types.ts'
import { AckReader } from '../recovery/ack-reader.ts'
import type { Wish } from '../recovery/received-packets.ts'
import type { Machines } from './machines.ts'
import type { Transmitter } from './transmitter.ts'

/** What a reader tells. */
export interface PacketReaderOwner {
  /** Bytes of a handshake, lent for the call. */
  heard(bytes: Uint8Array): void
  /** The peer acknowledged something. */
  acknowledged(now: number): void
  /** The response to a challenge, 8 bytes at `at`. */
  responded(bytes: Uint8Array, at: number, now: number): void
  /** The peer has nothing more to say. */
  ended(): void
  /** The peer has forgotten the connection. */
  closed(now: number): void
  violated(what: string, now: number): void
  /** Nothing of the peer's counts any more. */
  readonly isOver: boolean
}

const acks = new AckReader()

/** Reads the parts of packets, and gives each to the machine that it is for. */
export class PacketReader {
  readonly #owner: PacketReaderOwner
  readonly #machines: Machines
  readonly #out: Transmitter

  constructor(owner: PacketReaderOwner, machines: Machines, out: Transmitter) {
    this.#owner = owner
    this.#machines = machines
    this.#out = out
  }

  /** Reads the packet that the cover has opened. What there is no room for is not acknowledged, and comes again. */
  read(packet: Uint8Array, now: number): void {
    const { cover, incoming, received } = this.#machines
    const { at: from, end, number } = cover
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length)
    const mayCarry = cover.isSealed || !cover.isSealing
    const owner = this.#owner
    let wish: Wish = 'nothing'
    let isTaken = true
    let at = from
    while (at < end) {
      const type = packet[at++]
      if (type === partType.padding) break
      if (type === partType.close) return owner.closed(now)
      if (type !== partType.ack && wish !== 'soon') wish = isLossy(type, packet, at) ? 'patiently' : 'soon'
      if (type >= partFramesFrom) {
        const fault = mayCarry ? incoming.receive(type, packet, view, at, end, now) : 'frames in clear'
        if (fault === 'drop') isTaken = false
        else if (fault !== '') return owner.violated(fault, now)
        this.#touch(type)
        at = incoming.partEnd
        continue
      }
      const next = this.#part(type, packet, view, at, end, now)
      if (owner.isOver) return
      if (next < 0) return owner.violated(`a malformed part of type ${type}`, now)
      if (type === partType.handshake && this.#machines.handshake.isEarly) isTaken = false
      at = next
    }
    if (isTaken) received.receive(number, now, wish)
    else this.#machines.counts.untaken++
  }

  #touch(type: number): void {
    this.#machines.windows.touched(
      type < partFramesFrom + contentsMessage ? type - partFramesFrom : contentsMessage,
    )
  }

  /** Reads a part of the connection itself, and returns its end; -1 for a malformed one. */
  #part(type: number, packet: Uint8Array, view: DataView, at: number, end: number, now: number): number {
    const { recovery, outgoing, handshake } = this.#machines
    const owner = this.#owner
    switch (type) {
      case partType.ping:
        return at
      case partType.ack: {
        const fault = acks.read(packet, view, at, end) || recovery.acked(acks, now)
        if (fault !== '') owner.violated(fault, now)
        else owner.acknowledged(now)
        return acks.end
      }
      case partType.window:
        if (end - at < 7 || packet[at] > contentsMessage) return -1
        outgoing.setCreditEnd(packet[at], readU48(view, at + 1))
        return at + 7
      case partType.challenge:
        if (end - at < challengeSize) return -1
        this.#out.response = packet.slice(at, at + challengeSize)
        return at + challengeSize
      case partType.response:
        if (end - at < challengeSize) return -1
        owner.responded(packet, at, now)
        return at + challengeSize
      case partType.end:
        owner.ended()
        return at
      case partType.handshake: {
        const next = handshake.receive(packet, at, end)
        if (next >= 0 && handshake.news.length > 0) owner.heard(handshake.news)
        return next
      }
    }
    return -1
  }
}

/** Whether a part of this type, with its content at `at`, carries a frame that is never sent again. */
function isLossy(type: number, packet: Uint8Array, at: number): boolean {
  const of = type === framePart.piece ? packet[at] : type
  return of === framePart.unreliable || of === framePart.sequenced
}
