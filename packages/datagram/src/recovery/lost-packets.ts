import type { AckReader } from './ack-reader.ts'

/** The most lost packets that are remembered, the newest ones: a power of two. */
export const lostPacketsMax = 1_024

/** One packet that was given up. */
export class LostPacket {
  /** -1 when it has arrived. */
  number = -1
  size = 0
  sentAt = -1.5
  path = 0
}

/**
 * Packets that were given up a short while ago: an acknowledgement that comes late shows that the loss was spurious. The numbers go up, so that those
 * which an ack may hold are found from the end.
 */
export class LostPackets {
  readonly #ring: LostPacket[] = []
  #end = 0
  // The search goes on from here.
  #position = 0
  #range = 0

  /** A packet is given up, with a number above all before it. */
  add(number: number, size: number, sentAt: number, path: number): void {
    const index = this.#end++ & (lostPacketsMax - 1)
    const packet = (this.#ring[index] ??= new LostPacket())
    packet.number = number
    packet.size = size
    packet.sentAt = sentAt
    packet.path = path
  }

  /** Begins to search through an ack. */
  begin(): void {
    this.#position = this.#end
    this.#range = 0
  }

  /** The next packet that the ack holds, of those sent at `sentSince` or later; undefined when there is none. It is forgotten by the next call. */
  next(ack: AckReader, sentSince: number): LostPacket | undefined {
    const first = Math.max(0, this.#end - lostPacketsMax)
    while (this.#position > first) {
      const packet = this.#ring[--this.#position & (lostPacketsMax - 1)]
      const { number } = packet
      if (packet.sentAt < sentSince) break
      if (number < 0) continue
      while (this.#range < ack.count && ack.lows[this.#range] > number) this.#range++
      if (this.#range === ack.count) break
      if (ack.highs[this.#range] < number) continue
      packet.number = -1
      return packet
    }
    this.#position = 0
    return undefined
  }
}
