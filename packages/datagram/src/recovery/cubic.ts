import {
  type CongestionController,
  initialWindow,
  type Progress,
  windowBytesMax,
} from './congestion-controller.ts'

/** What is left of the window after a loss (RFC 9438, 4.6). */
const beta = 0.7

/** How steeply the window grows, in full packets per second cubed (RFC 9438, 5). */
const steepness = 0.4

/** Growth per round trip of an AIMD sender that shares fairly with Reno (RFC 9438, 4.3), in full packets. */
const renoGrowth = (3 * (1 - beta)) / (1 + beta)

/** The window leaves over half a round trip, so that pacing doesn't hold it back, also behind a queue that grows and shrinks (RFC 9002, 7.7). */
const pacingGain = 2

/** What one reaction to a loss changed, to be taken back when none of the losses was real. */
interface Reaction {
  readonly window: number
  readonly threshold: number
  readonly windowMax: number
  readonly epochAt: number
}

/**
 * CUBIC (RFC 9438): grows until something is lost, and takes three tenths back. It fills the queue at the bottleneck, whatever its size, and takes
 * every loss for congestion: for connections that must share with others of the kind, and what `Bbr` is measured against.
 */
export class Cubic implements CongestionController {
  readonly name = 'cubic'
  window: number
  pacingRate: number
  #mtu: number
  #threshold = Number.POSITIVE_INFINITY
  /** The window, in bytes, at which something was lost last. */
  #windowMax = 0
  #epochAt = Number.NaN
  /** Seconds from the beginning of the epoch to `windowMax`. */
  #plateauS = 0
  #renoWindow = 0
  /** Packets sent before belong to the reaction that was. */
  #recoverySince = Number.NEGATIVE_INFINITY
  #before: Reaction | undefined
  #lostBytes = 0
  #roundTripMs: number

  constructor(mtu: number, guessMs: number) {
    this.#mtu = mtu
    this.#roundTripMs = guessMs
    this.window = initialWindow(mtu)
    this.pacingRate = (pacingGain * this.window) / guessMs
  }

  /** Begins at this window without a slow start, as if something had been lost at `windowMax`. */
  resume(window: number, windowMax: number, now: number): void {
    this.window = this.#bounded(window)
    this.#threshold = this.window
    this.#windowMax = this.#bounded(windowMax)
    this.#epochAt = Number.NaN
    this.#recoverySince = now
    this.#before = undefined
    this.#pace()
  }

  sent(): void {}

  acked(progress: Progress): void {
    this.#roundTripMs = progress.roundTrip.smoothed
    const { now } = progress
    // A sender that doesn't use its window learns nothing about a larger one.
    const isUsed = !progress.isAppLimited && progress.inFlightBefore * 2 >= this.window
    if (isUsed && now > this.#recoverySince) {
      if (this.window < this.#threshold) this.window = this.#bounded(this.window + progress.ackedBytes)
      else this.#grow(progress.ackedBytes, now)
    } else if (!isUsed) this.#epochAt = Number.NaN
    this.#pace()
  }

  lost(progress: Progress): void {
    if (progress.newestLostSentAt <= this.#recoverySince) {
      this.#lostBytes += progress.lostBytes
      return
    }
    this.#before = {
      window: this.window,
      threshold: this.#threshold,
      windowMax: this.#windowMax,
      epochAt: this.#epochAt,
    }
    this.#lostBytes = progress.lostBytes
    this.#recoverySince = progress.now
    // Below the last maximum: others need room, so the next plateau is lower (fast convergence, RFC 9438, 4.7).
    this.#windowMax = this.window < this.#windowMax ? (this.window * (1 + beta)) / 2 : this.window
    this.window = this.#bounded(this.window * beta)
    this.#threshold = this.window
    this.#epochAt = Number.NaN
    this.#pace()
  }

  spurious(bytes: number, sentAt: number): void {
    if (this.#before === undefined || sentAt > this.#recoverySince) return
    this.#lostBytes -= bytes
    if (this.#lostBytes > 0) return
    this.window = this.#bounded(Math.max(this.window, this.#before.window))
    this.#threshold = this.#before.threshold
    this.#windowMax = this.#before.windowMax
    this.#epochAt = this.#before.epochAt
    this.#before = undefined
    this.#pace()
  }

  persistentCongestion(now: number): void {
    this.#threshold = this.#bounded(this.window * beta)
    this.#windowMax = this.window
    this.window = this.#bounded(0)
    this.#epochAt = Number.NaN
    this.#recoverySince = now
    this.#before = undefined
    this.#pace()
  }

  setMtu(mtu: number): void {
    this.#mtu = mtu
    this.window = this.#bounded(this.window)
  }

  #grow(ackedBytes: number, now: number): void {
    if (Number.isNaN(this.#epochAt)) {
      this.#epochAt = now
      this.#windowMax = Math.max(this.#windowMax, this.window)
      this.#plateauS = Math.cbrt((this.#windowMax - this.window) / this.#mtu / steepness)
      this.#renoWindow = this.window
    }
    this.#renoWindow += renoGrowth * this.#mtu * (ackedBytes / this.window)
    const seconds = (now - this.#epochAt + this.#roundTripMs) / 1000 - this.#plateauS
    const wanted = this.#windowMax + steepness * seconds ** 3 * this.#mtu
    if (wanted < this.#renoWindow) {
      this.window = this.#bounded(Math.max(this.window, this.#renoWindow))
      return
    }
    // Half more in a round trip at most (RFC 9438, 4.4).
    const target = Math.min(Math.max(wanted, this.window), 1.5 * this.window)
    this.window = this.#bounded(this.window + (target - this.window) * (ackedBytes / this.window))
  }

  #bounded(window: number): number {
    return Math.min(windowBytesMax, Math.max(2 * this.#mtu, window))
  }

  #pace(): void {
    this.pacingRate = (pacingGain * this.window) / this.#roundTripMs
  }
}
