import { ackDelayLimitMs } from './received-packets.ts'
import type { RoundTrip } from './round-trip.ts'

/** A run of losses is persistent congestion when it is as long as so many probe timeouts (RFC 9002, 7.6.1: kPersistentCongestionThreshold). */
export const persistentTimeouts = 3

/** Losses in a row, nothing between them having arrived. */
export class LossRun {
  #startedAt = Number.NaN

  /** The next packet in order is lost. Returns whether the run shows persistent congestion; a new run begins with it then. */
  lost(sentAt: number, roundTrip: RoundTrip): boolean {
    // What was sent before there was a sample waited for a guess (RFC 9002, 7.6.2).
    if (!(sentAt > roundTrip.firstSampleAt)) return false
    if (Number.isNaN(this.#startedAt)) this.#startedAt = sentAt
    if (sentAt - this.#startedAt <= persistentTimeouts * roundTrip.probeTimeoutMs(ackDelayLimitMs))
      return false
    this.#startedAt = sentAt
    return true
  }

  /** Something in between arrived. */
  end(): void {
    this.#startedAt = Number.NaN
  }
}
