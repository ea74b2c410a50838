import { BandwidthModel } from './bandwidth-model.ts'
import {
  type CongestionController,
  initialWindow,
  type Progress,
  startupGain,
  windowBytesMax,
} from './congestion-controller.ts'
import { Cubic } from './cubic.ts'
import { StandingQueue } from './standing-queue.ts'

/** The window never goes below so many packets: with fewer, one loss stops the acknowledgements. */
const windowPacketsMin = 4

/** Pacing in each phase, as a factor of the bandwidth. */
const pacingGains = {
  startup: startupGain,
  drain: 1 / startupGain,
  cruise: 1,
  up: 1.25,
  down: 0.75,
  'probe-rtt': 1,
} as const

/**
 * The window in each phase, as a factor of what the path holds without a queue. Little is left over in the longest phase: the bandwidths that several
 * senders believe in add up to more than there is, and all that is left over stands in the queue.
 */
const windowGains = { startup: 2, drain: 2, cruise: 1.05, up: 2, 'probe-rtt': 0.5 } as const

/** In place of that of the cruise, on a path that loses much by its nature. */
const lossyCruiseGain = 2

/** How long the bandwidth is used as it is between two probes, in least round trips: at least, and by chance up to so many more. */
const cruiseRounds = 5
const cruiseRoundsMore = 2

/** When the least round trip was not seen for so long, in milliseconds, the sender steps back to see it. */
const probeRttIntervalMs = 5_000
/** It stays back for this long, in milliseconds. */
const probeRttMs = 200

/** CUBIC takes over as if it had last lost something at a window so many times larger: others may have long been ahead. */
const competingWindowGain = 3
/** It goes on for so many looks at the least round trip at most. */
const competingLooksMax = 2

type Phase = keyof typeof pacingGains

/**
 * Sends as fast as the bottleneck delivers and keeps its queue short, whatever is lost on the way: a congestion controller of the BBR kind
 * (draft-ietf-ccwg-bbr; Cardwell et al., ACM Queue 2016). It knows the path by two figures, the best delivery rate lately and the least round trip
 * lately, and finds each by a short experiment of its own:
 *
 *     startup ──▶ drain ──▶ cruise ──▶ up ──▶ down ──┐        any ──▶ probe-rtt ──▶ cruise
 *                              ▲─────────────────────┘
 *
 * What is lost counts only when it is much more than the path loses anyway. A queue that stays when ours is drained is the work of a flow that fills queues: as long as it is
 * there, the window is CUBIC's, so that both get their share (`StandingQueue`).
 */
export class Bbr implements CongestionController {
  readonly name = 'bbr'
  window: number
  pacingRate: number
  phase: Phase = 'startup'
  #mtu: number
  readonly #guessMs: number
  readonly #model = new BandwidthModel()
  readonly #queue = new StandingQueue()
  #cubic: Cubic | undefined
  #competingLooks = 0
  #random: number
  #leastMs = 0
  #leastSeenAt = Number.NaN
  #phaseAt = 0
  #phaseRound = 0
  #cruiseUntil = 0
  #hasLostInPhase = false
  /** The window before a phase that makes it small for a while. */
  #windowBefore = 0

  constructor(mtu: number, guessMs: number, seed: number) {
    this.#mtu = mtu
    this.#guessMs = guessMs
    this.#random = seed ^ 0x9e3779b9 || 1
    this.window = initialWindow(mtu)
    this.pacingRate = (startupGain * this.window) / guessMs
  }

  /** A flow that fills the queue shares the bottleneck. */
  get isCompeting(): boolean {
    return this.#cubic !== undefined
  }

  /** The estimate of the bandwidth, in bytes/ms. */
  get bandwidth(): number {
    return this.#model.bandwidth
  }

  sent(): void {}

  acked(progress: Progress): void {
    this.#model.acked(progress)
    this.#measure(progress)
    this.#cubic?.acked(progress)
    this.#move(progress)
    this.#steer(progress)
  }

  lost(progress: Progress): void {
    this.#model.lost(progress.lostBytes)
    this.#hasLostInPhase = true
    this.#cubic?.lost(progress)
  }

  spurious(bytes: number, sentAt: number): void {
    this.#model.spurious(bytes)
    this.#cubic?.spurious(bytes, sentAt)
  }

  persistentCongestion(now: number): void {
    this.#cubic?.persistentCongestion(now)
    this.window = windowPacketsMin * this.#mtu
  }

  setMtu(mtu: number): void {
    this.#mtu = mtu
    this.#cubic?.setMtu(mtu)
    this.window = Math.max(this.window, windowPacketsMin * mtu)
  }

  #measure({ now, roundTripMs, roundTrip }: Progress): void {
    this.#leastMs = roundTrip.least
    if (Number.isNaN(this.#leastSeenAt)) this.#leastSeenAt = now
    if (roundTripMs <= 0) return
    this.#queue.sample(roundTripMs)
    if (roundTripMs <= this.#leastMs * 1.02) this.#leastSeenAt = now
    if (
      this.#cubic !== undefined &&
      this.phase !== 'probe-rtt' &&
      StandingQueue.isGone(roundTripMs, this.#leastMs)
    ) {
      this.#cubic = undefined
      this.#enter('cruise', now)
    }
  }

  #move(progress: Progress): void {
    const { now, inFlight } = progress
    if (this.#model.isRoundStart) this.#phaseRound++
    switch (this.phase) {
      case 'startup':
        if (this.#model.isPipeFull) this.#enter('drain', now)
        break
      case 'drain':
        if (inFlight <= this.#bytesOnPath(1)) this.#enter('cruise', now)
        break
      case 'cruise':
        if (now >= this.#cruiseUntil) this.#endCycle(progress)
        break
      case 'up':
        if (this.#isProbed(progress)) this.#enter('down', now)
        break
      case 'down':
        if (inFlight > this.#drained() && this.#phaseRound <= 2) break
        // Too little is sent to grow the window again by what is acknowledged.
        if (progress.isAppLimited) this.window = Math.max(this.window, this.#windowBefore)
        this.#enter('cruise', now)
        break
      case 'probe-rtt':
        this.#stayBack(now, inFlight)
        return
    }
    const isStale = this.#model.isPipeFull && now - this.#leastSeenAt > probeRttIntervalMs
    if (isStale && !progress.isAppLimited) {
      this.#enter('probe-rtt', now)
      this.#phaseAt = Number.NaN
    }
  }

  /** For a round trip, and then until that much more is in flight, or something shows that there is no more. */
  #isProbed({ now, inFlight, isAppLimited }: Progress): boolean {
    if (now - this.#phaseAt < this.#leastMs) return false
    return (
      inFlight >= this.#bytesOnPath(pacingGains.up) ||
      this.#hasLostInPhase ||
      isAppLimited ||
      this.#phaseRound > 2
    )
  }

  #endCycle({ now, isAppLimited, inFlight }: Progress): void {
    // With little to send there is nothing to probe with, and nothing to drain.
    if (isAppLimited) {
      this.#enter('cruise', now)
      return
    }
    if (this.#cubic === undefined && this.#queue.judge(this.#leastMs) === 'stands') {
      const window = Math.max(inFlight, this.#bytesOnPath(1))
      this.#cubic = new Cubic(this.#mtu, this.#guessMs)
      this.#competingLooks = 0
      this.#cubic.resume(window, competingWindowGain * window, now)
    }
    this.#enter(this.#cubic === undefined ? 'up' : 'cruise', now)
  }

  /** The time counts from when no more is in flight than shall be. */
  #stayBack(now: number, inFlight: number): void {
    if (Number.isNaN(this.#phaseAt)) {
      if (inFlight > this.#probeRttWindow()) return
      this.#phaseAt = now
      this.#phaseRound = 0
      this.#queue.begin()
    }
    if (now - this.#phaseAt < probeRttMs || this.#phaseRound < 1) return
    this.#leastSeenAt = now
    this.window = Math.max(this.window, this.#windowBefore)
    // Two of this kind could take each other for one that fills queues: after a second look in a row the cycle must find it again.
    if (++this.#competingLooks === competingLooksMax || !this.#queue.isStanding(this.#leastMs))
      this.#cubic = undefined
    this.#enter('cruise', now)
  }

  #enter(phase: Phase, now: number): void {
    if (phase === 'down' || phase === 'probe-rtt') this.#windowBefore = this.window
    this.phase = phase
    this.#phaseAt = now
    this.#phaseRound = 0
    this.#hasLostInPhase = false
    if (phase === 'up') this.#model.raiseBound()
    if (phase === 'down') this.#queue.begin()
    if (phase === 'cruise')
      this.#cruiseUntil = now + (cruiseRounds + cruiseRoundsMore * this.#chance()) * this.#leastMs
  }

  #steer(progress: Progress): void {
    const { bandwidth, wirePart } = this.#model
    if (this.#cubic !== undefined) {
      this.window = this.#cubic.window
      this.pacingRate = this.#cubic.pacingRate
    } else if (bandwidth > 0) {
      this.#growWindow(progress)
      const rate = pacingGains[this.phase] * bandwidth * wirePart
      // Until the pipe was full, a low sample says nothing.
      if (this.#model.isPipeFull || rate > this.pacingRate) this.pacingRate = rate
    }
    if (this.phase === 'probe-rtt') this.window = Math.min(this.window, this.#probeRttWindow())
  }

  #growWindow({ ackedBytes }: Progress): void {
    const onPath = this.phase === 'down' ? this.#drained() : this.#bytesOnPath(this.#windowGain())
    const clumps = this.phase === 'down' ? 0 : this.#model.extraAcked
    const target = onPath + Math.max(clumps, 2 * this.#mtu)
    if (this.#model.isPipeFull) this.window = Math.min(this.window + ackedBytes, target)
    else if (this.window < target) this.window += ackedBytes
    this.window = Math.min(windowBytesMax, Math.max(this.window, windowPacketsMin * this.#mtu))
  }

  /** What is lost stays in the window until it is known to be, longer where packets overtake each other: on a path that always loses, the rate alone keeps the queue short. */
  #windowGain(): number {
    return this.phase === 'cruise' && this.#model.wirePart > 1
      ? lossyCruiseGain
      : windowGains[this.phase as Exclude<Phase, 'down'>]
  }

  /** What the path holds without a queue, times a factor, in bytes. */
  #bytesOnPath(gain: number): number {
    return gain * this.#model.bandwidth * this.#model.wirePart * this.#leastMs
  }

  /** So much is in flight when nothing of ours is left in the queue, even if the path has become slower since the bandwidth was measured. */
  #drained(): number {
    return this.#model.latest * this.#model.wirePart * this.#leastMs
  }

  #probeRttWindow(): number {
    return Math.max(windowPacketsMin * this.#mtu, this.#bytesOnPath(windowGains['probe-rtt']))
  }

  /** From 0 to 1; xorshift (G. Marsaglia, 2003), so that connections with seeds of their own don't probe in step. */
  #chance(): number {
    let bits = this.#random
    bits ^= bits << 13
    bits ^= bits >>> 17
    bits ^= bits << 5
    this.#random = bits
    return (bits >>> 0) / 2 ** 32
  }
}
