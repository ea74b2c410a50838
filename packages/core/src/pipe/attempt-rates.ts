import { MillraceError } from '../base/millrace-error.ts'
import type { PipeLimits } from '../base/options.ts'
import { LeakyBuckets } from './leaky-buckets.ts'
import { neighbourhoods } from './neighbourhood.ts'

/** So many addresses and wider neighbourhoods are remembered, of at most 256 bytes each: 4 MiB. */
const countMax = 16_384

/** Limits how often an address may cause what costs much: handshakes of encryption, questions to the program. */
export class AttemptRates {
  readonly #limits: PipeLimits
  readonly #buckets: LeakyBuckets

  constructor(limits: PipeLimits) {
    const { handshakeRate: perSecond, handshakeBurst: levelMax } = limits
    this.#limits = limits
    this.#buckets = new LeakyBuckets({ perSecond, levelMax, countMax })
  }

  /** Whether one more may be made, which counts then. Returns what to report when it may not. */
  take(address: string | undefined, now: number): 'may' | MillraceError {
    const { handshakeRate, handshakeBurst } = this.#limits
    if (address === undefined || handshakeRate === Number.POSITIVE_INFINITY) return 'may'
    const places = neighbourhoods(address)
    if (places.every(({ key, share }) => this.#buckets.level(key, now) + 1 / share <= handshakeBurst)) {
      for (const { key, share } of places) this.#buckets.fill(key, 1 / share, now)
      return 'may'
    }
    const text = `too many attempts from ${address}: it may make ${handshakeRate} a second, and ${handshakeBurst} at once (handshakeRate, handshakeBurst)`
    return new MillraceError('rate-limit', text)
  }
}
