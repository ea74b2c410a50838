import { contentsStride, type PacketContents } from '../base/packet-contents.ts'
import { plainHeaderSize, sealedHeaderSize, sealedTagSize } from '../packet/packet-layout.ts'
import { challengeSize, partType } from '../packet/part-types.ts'
import { packetSizeMin } from '../path/mtu-search.ts'
import type { Wish } from '../recovery/received-packets.ts'
import { remembered } from './contents.ts'
import { burstMax, type Machines, packetOverhead } from './machines.ts'
import type { Outcomes } from './outcomes.ts'

/** No packet is smaller, in bytes, so that a challenge is never larger than the packet that caused it. */
export const packetSizeFloor = 48

/** An ack takes at most so many bytes of a packet. */
const ackRoom = 200

/** Where packets are assembled: one for all connections of a thread. */
export const scratch = new Uint8Array(65_536)
const scratchView = new DataView(scratch.buffer)

/** Takes a packet that is ready: `scratch[0, size)`. */
export interface PacketSink {
  transmit(size: number): void
}

/** Assembles packets: what is owed, what is to be told, frames; and says when there is more to send. */
export class Transmitter {
  /** A challenge of the peer that is to be answered. */
  response: Uint8Array | undefined
  /** So many packets leave whatever the congestion control says: probes of the path. */
  probesDue = 0
  /** The peer asked for something that only an acknowledgement tells. */
  isPingDue = false
  /** There was more to send at once than a packet takes: larger ones are worth looking for. */
  #hasFilled = false
  /** Counts for both sides: packets and bytes that left. */
  packetsOut = 0
  bytesOut = 0
  readonly #parts: Machines
  readonly #outcomes: Outcomes
  readonly #sink: PacketSink

  constructor(machines: Machines, outcomes: Outcomes, sink: PacketSink) {
    this.#parts = machines
    this.#outcomes = outcomes
    this.#sink = sink
  }

  /** Sends what may leave now. Returns when it is worth asking again, in milliseconds; `Infinity` if only an event can change it. */
  flush(now: number): number {
    const { recovery } = this.#parts
    for (let count = 0; count < burstMax; count++) {
      const more = this.#send(now)
      if (more === 'sent') continue
      this.#probe(now)
      if (more === 'blocked') return recovery.waitForRoom(this.#wantedSize())
      recovery.appLimited()
      return Number.POSITIVE_INFINITY
    }
    return now
  }

  /** Puts together a packet with one part and nothing else: a challenge, or a farewell. Returns its size. */
  single(type: number, body: Uint8Array, now: number): number {
    const how = this.#how()
    const start = headerSizeOf(how)
    scratch[start] = type
    scratch.set(body, start + 1)
    const { cover, recovery } = this.#parts
    const size = cover.close(scratch, this.#pad(start + 1 + body.length, how), now, how)
    if (size > 0) recovery.sent(cover.lastNumber, size, undefined, now)
    return size
  }

  /** Says at once what came. */
  acknowledge(now: number): void {
    const { received, recovery, cover } = this.#parts
    if (!received.hasAck) return
    const how = this.#how()
    const at = headerSizeOf(how)
    scratch[at] = partType.ack
    const end = received.writeAck(scratch, scratchView, at + 1, at + ackRoom, now)
    const size = cover.close(scratch, this.#pad(end, how), now, how)
    if (size === 0) return
    recovery.sent(cover.lastNumber, size, undefined, now)
    this.#transmit(size)
  }

  #how(): 'plain' | 'sealed' {
    const { cover, handshake } = this.#parts
    // The peer can't open what is sealed before it has heard the whole handshake.
    return cover.hasKeys && handshake.isHeard ? 'sealed' : 'plain'
  }

  #send(now: number): 'sent' | 'none' | 'blocked' {
    const { cover, received, recovery, outgoing, windows, handshake, mtu } = this.#parts
    const how = this.#how()
    const mayCarry = how === 'sealed' || !cover.isSealing
    const isProbe = this.probesDue > 0
    const hasOwn = handshake.hasPending || this.isPingDue || this.response !== undefined
    const hasMore = mayCarry && (this.#outcomes.end === 'lost' || windows.isDue() || outgoing.hasPending(now))
    let may = isProbe
    if (!isProbe && (hasOwn || hasMore)) {
      const room = recovery.room(now)
      const wanted = this.#wantedSize()
      if (wanted === mtu.size) this.#hasFilled = true
      may = room > 0 && room >= wanted
    }
    // Where a peer has moved, acks can't reach it before its challenge is answered: an answer that waits for them would wait for ever.
    const isAnswer = this.response !== undefined && !may
    if (!may && !isAnswer && !received.isAckDue(now)) return hasOwn || hasMore ? 'blocked' : 'none'
    const start = headerSizeOf(how)
    // The path may swallow what it carried before: what asks whether it works must not be larger than what every path carries.
    const end = (isProbe ? packetSizeMin : mtu.size) - trailerSizeOf(how)
    const contents: PacketContents = []
    let wish: Wish = 'nothing'
    let at = start
    if (received.hasAck) {
      const ackEnd = received.writeAck(scratch, scratchView, at + 1, Math.min(end, at + ackRoom), now)
      if (ackEnd > 0) {
        scratch[at] = partType.ack
        at = ackEnd
        if (may) contents.push(remembered.ack, received.largest, 0)
      }
    }
    if (isAnswer) at = this.#fillResponse(at, end)
    if (may) {
      const ownFrom = at
      const { length } = contents
      at = this.#fillOwn(at, end, contents)
      if (mayCarry) at = this.#fillMore(at, end, contents, now)
      if (isProbe && at === ownFrom) at = this.#fillAgain(at, end, contents, mayCarry, now)
      if (contents.length > length) wish = 'soon'
      else if (at > ownFrom) {
        // What is never sent again leaves nothing to remember: the acknowledgement only says what the path is like.
        wish = isProbe || recovery.isNewsWanted(at) ? 'soon' : 'patiently'
        if (wish === 'soon') scratch[at++] = partType.ping
      }
    }
    if (at === start) return 'none'
    if (isProbe) this.probesDue--
    const size = cover.close(scratch, this.#pad(at, how), now, how)
    if (size === 0) return 'none'
    if (wish !== 'nothing' && size > packetSizeMin) contents.push(remembered.size, size, 0)
    recovery.sent(cover.lastNumber, size, contents, now, wish)
    this.#transmit(size)
    return wish !== 'nothing' || hasMore || hasOwn ? 'sent' : 'none'
  }

  /** The size of the packet that leaves next, at most. */
  #wantedSize(): number {
    const { mtu, outgoing } = this.#parts
    return Math.min(mtu.size, outgoing.pendingBytes + packetOverhead)
  }

  #fillOwn(from: number, end: number, contents: PacketContents): number {
    const { handshake } = this.#parts
    let at = from
    if (this.response !== undefined) {
      at = this.#fillResponse(at, end)
      contents.push(remembered.ping, 0, 0)
    }
    if (handshake.hasPending) at = handshake.fill(scratch, at, end, contents, remembered.handshake)
    if (this.isPingDue && at < end) {
      scratch[at++] = partType.ping
      this.isPingDue = false
      contents.push(remembered.ping, 0, 0)
    }
    return at
  }

  #fillResponse(at: number, end: number): number {
    if (this.response === undefined || end - at <= challengeSize) return at
    scratch[at] = partType.response
    scratch.set(this.response, at + 1)
    this.response = undefined
    return at + 1 + challengeSize
  }

  #fillMore(from: number, end: number, contents: PacketContents, now: number): number {
    const { outgoing, windows } = this.#parts
    let at = from
    if (windows.isDue()) at = windows.fill(scratch, scratchView, at, end, contents, remembered.window)
    if (this.#outcomes.end === 'lost' && at < end) {
      scratch[at++] = partType.end
      this.#outcomes.end = 'open'
      contents.push(remembered.end, 0, 0)
    }
    // One byte is for a ping.
    return outgoing.fill(scratch, scratchView, at, end - 1, contents, now)
  }

  /** A probe without anything new carries again what has been on its way for longest, or else asks for an acknowledgement. */
  #fillAgain(from: number, end: number, contents: PacketContents, mayCarry: boolean, now: number): number {
    const oldest = this.#parts.recovery.inFlight(0) ?? []
    for (let index = 0; index < oldest.length; index += contentsStride)
      this.#outcomes.again(oldest[index], oldest[index + 1], oldest[index + 2])
    this.isPingDue = true
    const at = this.#fillOwn(from, end, contents)
    return mayCarry ? this.#fillMore(at, end, contents, now) : at
  }

  /** Looks whether the path carries larger packets. */
  #probe(now: number): void {
    if (!this.#hasFilled) return
    const { mtu, recovery, cover } = this.#parts
    const how = this.#how()
    if ((cover.isSealing && how === 'plain') || recovery.statistics.ackedBytes === 0 || !mtu.isDue(now))
      return
    const size = mtu.probe(now)
    if (size === 0) return
    const start = headerSizeOf(how)
    const end = size - trailerSizeOf(how)
    scratch[start] = partType.ping
    scratch.fill(0, start + 1, end)
    if (cover.close(scratch, end, now, how) === 0) return
    recovery.sent(cover.lastNumber, size, [remembered.probe, size, 0], now)
    this.#transmit(size)
  }

  #pad(end: number, how: 'plain' | 'sealed'): number {
    const least = packetSizeFloor - trailerSizeOf(how)
    if (end < least) scratch.fill(0, end, least)
    return Math.max(end, least)
  }

  #transmit(size: number): void {
    this.packetsOut++
    this.bytesOut += size
    this.#sink.transmit(size)
  }
}

function headerSizeOf(how: 'plain' | 'sealed'): number {
  return how === 'sealed' ? sealedHeaderSize : plainHeaderSize
}

function trailerSizeOf(how: 'plain' | 'sealed'): number {
  return how === 'sealed' ? sealedTagSize : 0
}
