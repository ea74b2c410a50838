import type { Measurement } from './scenario.ts'
import { percentile } from './statistics.ts'
import type { WindowOptions } from './window.ts'

const samplesMax = 1 << 20

/** Times round trips one after another: `sent` and `received` by turns, until `received` says it is enough. */
export class RoundTrips {
  readonly #options: WindowOptions
  readonly #samples = new Float64Array(samplesMax)
  #count = 0
  #beginMs = 0
  #sentMs = 0

  /** The warm-up begins with the first `sent`. */
  constructor(options: WindowOptions) {
    this.#options = options
  }

  /** Call right before a ping goes out. */
  sent(): void {
    this.#sentMs = performance.now()
    if (this.#beginMs === 0) this.#beginMs = this.#sentMs + this.#options.warmupMs
  }

  /** Call when its answer is here. Says whether to ping again. */
  received(): 'again' | 'enough' {
    const now = performance.now()
    if (now < this.#beginMs) return 'again'
    this.#samples[this.#count++] = now - this.#sentMs
    return this.#count < samplesMax && now < this.#beginMs + this.#options.measureMs ? 'again' : 'enough'
  }

  /** Percentiles of what was measured, in microseconds. */
  measurement(): Measurement {
    const sorted = this.#samples.slice(0, this.#count).sort()
    const elapsedMs = performance.now() - this.#beginMs
    return {
      p50Us: percentile(sorted, 0.5) * 1000,
      p99Us: percentile(sorted, 0.99) * 1000,
      p999Us: percentile(sorted, 0.999) * 1000,
      roundTripsPerSecond: (this.#count / elapsedMs) * 1000,
    }
  }
}
