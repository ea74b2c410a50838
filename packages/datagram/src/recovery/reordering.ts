import { granularityMs, type RoundTrip } from './round-trip.ts'

/** A packet is lost when one that was sent so many packets later has arrived (RFC 9002, 6.1.1: kPacketThreshold). */
export const packetThreshold = 3

/** A packet is lost when one that was sent later has arrived, and it itself not for 9/8 of a round trip (RFC 9002, 6.1.2: kTimeThreshold). */
export const timeThreshold = 9 / 8

/** What was learnt is halved after so many round trips in which nothing was overtaken (as in RFC 8985, 7.2). */
const quietRounds = 16

/** What was learnt is made a little wider than it was seen. */
const margin = 1.25

/**
 * When a packet counts as lost: by the thresholds of RFC 9002, until packets turn out to be late instead. From then on time alone decides, and
 * the window is as wide as packets were late, up to one round trip more (after RACK, RFC 8985). Halved again and again while nothing is overtaken.
 */
export class Reordering {
  /** How much later than a round trip packets arrive, in milliseconds; 0 when nothing was learnt. */
  #windowMs = 0
  #seenAt = Number.NEGATIVE_INFINITY

  /** How many packets later make a packet lost; `Infinity` while time alone decides. */
  get packets(): number {
    return this.#windowMs > 0 ? Number.POSITIVE_INFINITY : packetThreshold
  }

  /** How long after it was sent a packet that was overtaken is lost. */
  delayMs(roundTrip: RoundTrip): number {
    const base = Math.max(roundTrip.latest, roundTrip.smoothed)
    const learnt = base + Math.min(this.#windowMs, base)
    return Math.max(base * timeThreshold, learnt, granularityMs)
  }

  /** A packet that was given up has arrived `ageMs` after it was sent. */
  spurious(ageMs: number, roundTrip: RoundTrip, now: number): void {
    this.#learn(Math.max(ageMs - roundTrip.smoothed, roundTrip.smoothed / 8, granularityMs), now)
  }

  /** A packet arrived `ageMs` after it was sent, overtaken by so many. */
  overtaken(byPackets: number, ageMs: number, roundTrip: RoundTrip, now: number): void {
    if (byPackets < packetThreshold) return
    if (this.#windowMs > 0) this.#learn(ageMs - roundTrip.smoothed, now)
  }

  /** Narrows the window when nothing was overtaken for long. */
  rest(roundTrip: RoundTrip, now: number): void {
    if (this.#windowMs === 0 || now - this.#seenAt < quietRounds * roundTrip.smoothed) return
    this.#seenAt = now
    this.#windowMs /= 2
    if (this.#windowMs < Math.max(roundTrip.smoothed / 16, granularityMs)) this.#windowMs = 0
  }

  /** A new path has an order of its own. */
  reset(): void {
    this.#windowMs = 0
    this.#seenAt = Number.NEGATIVE_INFINITY
  }

  #learn(lateMs: number, now: number): void {
    this.#seenAt = now
    this.#windowMs = Math.max(this.#windowMs, lateMs * margin)
  }
}
