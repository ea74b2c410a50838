/** The size of packets that every path carries, in bytes of the datagram without the headers of IP and UDP: RFC 9000, section 14. */
export const packetSizeMin = 1200

/** How often a size is tried before it is taken for too large. */
const triesMax = 3

/** How long a size that failed is not tried again, in milliseconds: RFC 8899, section 5.1.1, and paths change. */
const againMs = 600_000

/** So many packets of the current size lost in a row, while smaller ones arrive, are a black hole. */
const blackHoleLosses = 6

/** Sizes worth trying: PPPoE and tunnels, Ethernet less IPv6 and UDP, less IPv4 and UDP, jumbo frames, the loopback. */
const sizes: readonly number[] = [1200, 1400, 1452, 1472, 4000, 8932, 16_000, 32_000, 65_000]

/**
 * Searches the size of packets that a path carries, upward from 1,200 bytes, by probes of their own (a lost one says nothing about congestion): DPLPMTUD, RFC 8899.
 * A path that swallows what it carried before (a *black hole*) falls back to 1,200 bytes. Knows no clock.
 */
export class MtuSearch {
  /** The size that packets may have now, in bytes. */
  size = packetSizeMin
  readonly #max: number
  /** The size that is tried, or 0. */
  #trying = 0
  #tries = 0
  /** Sizes from here on have failed. */
  #failedFrom = Number.POSITIVE_INFINITY
  #againAt = Number.POSITIVE_INFINITY
  #lossesInARow = 0

  /** `max`: no packet is larger, in bytes. */
  constructor(max: number) {
    this.#max = Math.max(packetSizeMin, max)
  }

  /** The size of a probe that should leave now, or 0. Ask when the connection works, once for each probe. */
  probe(now: number): number {
    if (now >= this.#againAt) {
      this.#failedFrom = this.#againAt = Number.POSITIVE_INFINITY
    }
    if (this.#trying > 0) return 0
    const next = this.#next()
    if (next === 0) return 0
    this.#trying = next
    this.#tries++
    return next
  }

  /** Whether a probe would be sent if it were asked for. */
  isDue(now: number): boolean {
    return this.#trying === 0 && (now >= this.#againAt || this.#next() > 0)
  }

  /** A probe of this size arrived: so large may packets be. */
  arrived(size: number): void {
    if (size === this.#trying) this.#trying = this.#tries = 0
    if (size > this.size) this.size = size
    this.#lossesInARow = 0
  }

  /** A probe of this size was lost. */
  lost(size: number, now: number): void {
    if (size !== this.#trying) return
    this.#trying = 0
    if (this.#tries < triesMax) return
    this.#fail(size, now)
  }

  /** A packet, no probe, arrived or was lost. Returns true if the path turned out to swallow packets of this size: then it is 1,200 again. */
  heard(size: number, what: 'arrived' | 'lost', now: number): boolean {
    if (size <= packetSizeMin || this.size === packetSizeMin) return false
    if (what === 'arrived') {
      this.#lossesInARow = 0
      return false
    }
    if (++this.#lossesInARow < blackHoleLosses) return false
    this.#lossesInARow = 0
    this.#fail(this.size, now)
    this.size = packetSizeMin
    return true
  }

  /** The connection has another path. */
  reset(): void {
    this.size = packetSizeMin
    this.#trying = this.#tries = this.#lossesInARow = 0
    this.#failedFrom = this.#againAt = Number.POSITIVE_INFINITY
  }

  #fail(size: number, now: number): void {
    this.#failedFrom = size
    this.#tries = 0
    this.#againAt = now + againMs
  }

  #next(): number {
    for (const size of sizes)
      if (size > this.size && size <= this.#max && size < this.#failedFrom) return size
    const last = this.#max
    return last > this.size && last < this.#failedFrom && !sizes.includes(last) ? last : 0
  }
}
