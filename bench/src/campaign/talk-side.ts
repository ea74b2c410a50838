import type { Measurement } from '../scenario.ts'
import { percentile } from '../statistics.ts'

/** How often a side says what is due, in milliseconds. */
export const tickMs = 1000 / 60

/** How late reliable messages were, in nanoseconds. */
export function summaryOf(late: readonly number[]): Measurement {
  const sorted = Float64Array.from(late).sort()
  if (sorted.length === 0) return { lateMedianNs: 0, lateP99Ns: 0, lateMaxNs: 0 }
  return {
    lateMedianNs: percentile(sorted, 0.5),
    lateP99Ns: percentile(sorted, 0.99),
    lateMaxNs: sorted[sorted.length - 1],
  }
}
