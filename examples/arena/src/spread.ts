/** Collects times in milliseconds, and says how they are spread. */
import { createHistogram } from 'node:perf_hooks'

export interface Spread {
  readonly count: number
  readonly averageMs: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export class Times {
  // Counts whole microseconds.
  readonly #histogram = createHistogram()

  add(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1000)))
  }

  /** The spread so far; then counts from nothing again. */
  take(): Spread {
    const spread = this.spread()
    this.#histogram.reset()
    return spread
  }

  spread(): Spread {
    const { count } = this.#histogram
    const ms = (microseconds: number) => (count === 0 ? 0 : microseconds / 1000)
    return {
      count,
      averageMs: ms(this.#histogram.mean),
      p50Ms: ms(this.#histogram.percentile(50)),
      p99Ms: ms(this.#histogram.percentile(99)),
    }
  }
}
