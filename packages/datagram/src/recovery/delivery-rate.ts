import { sampleMsMin } from './round-trip.ts'
import type { SentPacket } from './sent-packets.ts'

/**
 * How fast bytes arrive at the peer: a sample for each acknowledgement. After "Delivery Rate Estimation" (draft-cheng-iccrg-delivery-rate-estimation):
 * the bytes delivered between the sending of a packet and its acknowledgement, by the longer of the times in which those were sent and acknowledged,
 * so that acknowledgements which come in bursts don't look like a fast path.
 */
export class DeliveryRate {
  /** All bytes known to have arrived. */
  delivered = 0
  /** The sample: bytes/ms, 0 when there is none. */
  rate = 0
  /** The sample was taken while the sender had too little to send, so that it says nothing of the path but "at least". */
  isAppLimited = false
  /** `delivered` when the packet of the sample was sent. */
  priorDelivered = 0
  /** When the packet of the sample was sent. */
  newestSentAt = 0
  #deliveredAt: number
  #firstSentAt: number
  #appLimitedUntil = 0
  #hasSample = false
  #priorDeliveredAt = 0
  #sendElapsed = 0

  constructor(now: number) {
    this.#deliveredAt = now
    this.#firstSentAt = now
  }

  /** A packet that left before, and is in flight. */
  adopt(packet: SentPacket, isAppLimited: boolean): void {
    packet.delivered = 0
    packet.deliveredAt = packet.sentAt
    packet.firstSentAt = packet.sentAt
    packet.isAppLimited = isAppLimited
  }

  /** A packet leaves; `bytesInFlight` is without it. */
  sent(packet: SentPacket, bytesInFlight: number, now: number): void {
    if (bytesInFlight === 0) {
      this.#firstSentAt = now
      this.#deliveredAt = now
    }
    packet.delivered = this.delivered
    packet.deliveredAt = this.#deliveredAt
    packet.firstSentAt = this.#firstSentAt
    packet.isAppLimited = this.#appLimitedUntil > 0
  }

  /** Begins an acknowledgement. */
  begin(): void {
    this.#hasSample = false
    this.rate = 0
  }

  /** A packet of the acknowledgement; the newest comes first. */
  acked(packet: SentPacket, now: number): void {
    this.delivered += packet.size
    this.#deliveredAt = now
    if (this.#hasSample) return
    this.#hasSample = true
    this.priorDelivered = packet.delivered
    this.newestSentAt = packet.sentAt
    this.isAppLimited = packet.isAppLimited
    this.#priorDeliveredAt = packet.deliveredAt
    this.#sendElapsed = packet.sentAt - packet.firstSentAt
    this.#firstSentAt = packet.sentAt
  }

  /** A packet of the acknowledgement that was given up before: it arrived some time, and so isn't sampled. */
  late(size: number): void {
    this.delivered += size
  }

  /** Ends an acknowledgement: `rate` is its sample. One over less than the least round trip would be too fast to be true. */
  finish(leastRoundTripMs: number): void {
    if (!this.#hasSample) return
    if (this.#appLimitedUntil > 0 && this.delivered > this.#appLimitedUntil) this.#appLimitedUntil = 0
    const elapsed = Math.max(this.#sendElapsed, this.#deliveredAt - this.#priorDeliveredAt, sampleMsMin)
    if (elapsed >= leastRoundTripMs * 0.999) this.rate = (this.delivered - this.priorDelivered) / elapsed
  }

  /** There is nothing to send although there is room: until what is in flight has arrived, samples are of the sender, not of the path. */
  appLimited(bytesInFlight: number): void {
    this.#appLimitedUntil = Math.max(1, this.delivered + bytesInFlight)
  }
}
