import type { Progress } from './congestion-controller.ts'
import { WindowedMax } from './windowed-max.ts'

/** Rounds for which the best delivery rate is believed: a little more than a cycle of probing. */
const bandwidthRounds = 10

/** The pipe is full when the bandwidth has not grown by this factor … */
const growthWanted = 1.25
/** … in so many rounds. */
const flatRoundsMax = 3

/** So much more of a round's bytes lost than the path loses by its nature: the sender itself is the reason … */
const lossRateMax = 0.15
/** … and always when more than this is lost. */
const lossRateLimit = 0.5
/** The path's nature is the least that was lost in so many rounds. */
const lossRounds = 30
/** Fewer bytes than this say little about a rate of losses: twenty packets. Rounds are joined until there are so many. */
const lossBytesMin = 24_000
/** The size of a packet, nearly: losses come by packets, and few of them vary by chance. */
const lossPacketBytes = 1_200
/** So many standard deviations are chance. */
const lossDeviations = 2
/** So little that is always lost needs no more on the wire: probing finds the bandwidth all the same, and several senders before a short queue lose so much by each other. */
const lossIgnored = 0.05
/** What is left of the bandwidth after a round of such losses. */
const lossBackoff = 0.85

/** Acknowledgements that follow each other within so many milliseconds come at once. */
const clumpGapMs = 1
/** A silence before them of more than this, in milliseconds, is no matter of acknowledgements. */
const clumpMsMax = 100

/** What acknowledgements say about the path: its bandwidth, whether it is full, how they clump, how much is lost. Decides nothing. */
export class BandwidthModel {
  /** An acknowledgement of something that was sent after the last round began: a round is a round trip, counted in packets. */
  isRoundStart = false
  round = 0
  isPipeFull = false
  /** The last round lost much more than the path loses by its nature. */
  isLossy = false
  readonly #max = new WindowedMax(bandwidthRounds)
  /** Rounds that the sender filled: others don't make the bandwidth older. */
  #filledRounds = 0
  #nextRoundDelivered = 0
  #roundBest = 0
  #lastRoundBest = 0
  #fullBandwidth = 0
  #flatRounds = 0
  #bound = Number.POSITIVE_INFINITY
  readonly #negatedLoss = new WindowedMax(lossRounds)
  /** The part that the path loses by its nature, as far as it is sure, above what is ignored. */
  #naturalLoss = 0
  #roundAcked = 0
  #roundLost = 0
  readonly #extra = new WindowedMax(bandwidthRounds)
  #ackedAt = Number.POSITIVE_INFINITY
  #clumpSilenceMs = 0
  #clumpBytes = 0

  /** Bytes per millisecond; 0 while unknown. */
  get bandwidth(): number {
    return Math.min(this.#bound, Math.max(0, this.#max.value))
  }

  /** The best of this round and the one before, in bytes per millisecond: what the path gives now, as far as it is used. */
  get latest(): number {
    return Math.min(this.bandwidth, Math.max(this.#roundBest, this.#lastRoundBest))
  }

  /** What must leave for so much to arrive: of a path that loses by its nature, the wire carries more than the peer gets. */
  get wirePart(): number {
    return 1 / (1 - this.#naturalLoss)
  }

  /** Bytes that acknowledgements lately brought at once beyond the bandwidth: so much more must be in flight to be never idle. */
  get extraAcked(): number {
    return Math.max(0, this.#extra.value)
  }

  acked(progress: Progress): void {
    this.#roundAcked += progress.ackedBytes
    this.isRoundStart = progress.priorDelivered >= this.#nextRoundDelivered
    if (this.isRoundStart) {
      this.#nextRoundDelivered = progress.delivered
      this.round++
      if (!progress.isAppLimited) this.#filledRounds++
      this.#lastRoundBest = this.#roundBest
      this.#roundBest = 0
    }
    const rate = progress.deliveryRate
    if (rate > this.#roundBest) this.#roundBest = rate
    // A sender that has little to send shows only that the path is at least so fast.
    if (rate > 0 && (!progress.isAppLimited || rate >= this.#max.value))
      this.#max.update(rate, this.#filledRounds)
    this.#clumps(progress)
    if (!this.isRoundStart) return
    this.#judgeLosses()
    if (!progress.isAppLimited) this.#judgeGrowth()
  }

  lost(bytes: number): void {
    this.#roundLost += bytes
  }

  /** They were not lost after all. */
  spurious(bytes: number): void {
    this.#roundLost = Math.max(0, this.#roundLost - bytes)
  }

  /** Tries whether the path takes more again than it did when it lost too much. */
  raiseBound(): void {
    this.#bound *= growthWanted
    if (this.#bound > this.#max.value) this.#bound = Number.POSITIVE_INFINITY
  }

  #judgeGrowth(): void {
    if (this.isPipeFull) return
    if (this.bandwidth >= this.#fullBandwidth * growthWanted) {
      this.#fullBandwidth = this.bandwidth
      this.#flatRounds = 0
    } else if (++this.#flatRounds >= flatRoundsMax) this.isPipeFull = true
  }

  #judgeLosses(): void {
    const all = this.#roundAcked + this.#roundLost
    this.isLossy = false
    if (all < lossBytesMin) return
    const rate = this.#roundLost / all
    this.#negatedLoss.update(-rate, this.round)
    const least = -this.#negatedLoss.value
    this.#naturalLoss = Math.max(0, Math.min(least, lossRateLimit) - lossIgnored)
    const chance = lossDeviations * Math.sqrt((rate * (1 - rate) * lossPacketBytes) / all)
    this.isLossy = rate > Math.min(lossRateLimit, least + lossRateMax + chance)
    if (this.isLossy && this.isPipeFull) this.#bound = this.bandwidth * lossBackoff
    this.#roundAcked = 0
    this.#roundLost = 0
  }

  /** What came at once, as far as the bandwidth would have brought it in the silence before. */
  #clumps({ now, ackedBytes }: Progress): void {
    const silenceMs = now - this.#ackedAt
    this.#ackedAt = now
    if (silenceMs > clumpGapMs) {
      this.#clumpSilenceMs = Math.min(silenceMs, clumpMsMax)
      this.#clumpBytes = 0
    }
    this.#clumpBytes += ackedBytes
    this.#extra.update(Math.min(this.#clumpBytes, this.bandwidth * this.#clumpSilenceMs), this.round)
  }
}
