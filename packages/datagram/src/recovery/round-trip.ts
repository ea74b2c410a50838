import { ackDelayLimitMs, patientDelayLimitMs } from './received-packets.ts'
import { WindowedMax } from './windowed-max.ts'

/** How long the least round trip is believed, in milliseconds: a route that became longer is learnt after that. */
export const leastWindowMs = 10_000

/** The coarsest timer that is counted on, in milliseconds (RFC 9002, 6.1.2: kGranularity). */
export const granularityMs = 1

/** A process that looks at what was due so much later, in milliseconds, stood still: a game's ticks are shorter. */
const standstillMs = 100

/** A clock may stand still for a round trip: it is taken to be so long, in milliseconds, as everything goes by windows per round trip. */
export const sampleMsMin = 0.001

/** The round trip as RFC 9002, section 5, estimates it. All figures are milliseconds; before the first sample they are the guess. */
export class RoundTrip {
  /** The last sample as it was measured, without the delay of the acknowledgement. */
  latest: number
  /** The exponentially weighted mean. */
  smoothed: number
  /** The mean deviation. */
  variance: number
  /** The smallest sample of the last `leastWindowMs`. */
  least: number
  /** When the first sample was taken; `Infinity` before. */
  firstSampleAt = Number.POSITIVE_INFINITY
  /** When this process had stood still for the last time. */
  #stoodUntil = Number.NEGATIVE_INFINITY
  readonly #negated = new WindowedMax(leastWindowMs)
  #isLeastGone = true

  constructor(guessMs: number) {
    this.latest = guessMs
    this.smoothed = guessMs
    this.variance = guessMs / 2
    this.least = guessMs
  }

  /** There was a sample: the figures are no guess. */
  get isKnown(): boolean {
    return this.firstSampleAt !== Number.POSITIVE_INFINITY
  }

  /** This process looks at what was due so long ago, in milliseconds. After a standstill nothing is known of how long acknowledgements have lain in its socket. */
  looked(lateMs: number, now: number): void {
    if (lateMs > standstillMs) this.#stoodUntil = now
  }

  /**
   * An acknowledgement came after `measuredMs`, which the peer says it held back for `saidMs`. Returns the sample that was taken, 0 if this process stood still
   * meanwhile. That of a patient packet is held back by intention, which is no part of the round trip.
   */
  heard(measuredMs: number, saidMs: number, isPatient: boolean, now: number): number {
    if (now - measuredMs < this.#stoodUntil && this.isKnown) return 0
    const heldMs = isPatient ? Math.min(saidMs, patientDelayLimitMs, measuredMs) : 0
    this.sample(measuredMs - heldMs, isPatient ? 0 : Math.min(saidMs, ackDelayLimitMs), now)
    return measuredMs - heldMs
  }

  /** A packet came back acknowledged after `sampleMs`, of which the peer says that it held `ackDelayMs`. */
  sample(measuredMs: number, ackDelayMs: number, now: number): void {
    const sampleMs = Math.max(measuredMs, sampleMsMin)
    this.latest = sampleMs
    if (this.#isLeastGone) this.#negated.reset(-sampleMs, now)
    else this.#negated.update(-sampleMs, now)
    this.#isLeastGone = false
    this.least = -this.#negated.value
    if (!this.isKnown) {
      this.firstSampleAt = now
      this.smoothed = sampleMs
      this.variance = sampleMs / 2
      return
    }
    // A delay that would make the sample shorter than any was is not believed.
    const adjusted = sampleMs >= this.least + ackDelayMs ? sampleMs - ackDelayMs : sampleMs
    this.variance += (Math.abs(this.smoothed - adjusted) - this.variance) / 4
    this.smoothed += (adjusted - this.smoothed) / 8
  }

  /** The next sample is the least: those before are of a path that may be gone (RFC 9002, 5.2). */
  forgetLeast(): void {
    this.#isLeastGone = true
  }

  /** Begins anew with a guess. */
  reset(guessMs: number): void {
    this.latest = guessMs
    this.smoothed = guessMs
    this.variance = guessMs / 2
    this.least = guessMs
    this.firstSampleAt = Number.POSITIVE_INFINITY
    this.#isLeastGone = true
  }

  /** How long to wait for an acknowledgement before asking for one (RFC 9002, 6.2.1), without backoff. */
  probeTimeoutMs(peerAckDelayMs: number): number {
    return this.smoothed + Math.max(4 * this.variance, granularityMs) + peerAckDelayMs
  }
}
