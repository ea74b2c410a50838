/** The middle, the least and the greatest of several rounds. */
export type Summary = { readonly median: number; readonly min: number; readonly max: number }

/** Sums up the rounds of one figure. Throws RangeError when there is no round. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('summarize needs at least one value, got none')
  const sorted = [...values].sort((a, b) => a - b)
  return { median: median(sorted), min: sorted[0], max: sorted[sorted.length - 1] }
}

/**
 * The value below which `fraction` (0 to 1) of the samples lie, by the nearest-rank method. `sorted` is ascending.
 * Throws RangeError on an empty list or a fraction outside 0 to 1.
 */
export function percentile(sorted: ArrayLike<number>, fraction: number): number {
  if (sorted.length === 0) throw new RangeError('percentile needs at least one sample, got none')
  if (!(fraction >= 0 && fraction <= 1)) throw new RangeError(`fraction must be 0 to 1, got ${fraction}`)
  const rank = Math.max(1, Math.ceil(fraction * sorted.length))
  return sorted[rank - 1]
}

/**
 * Ratios of two rows round by round. Rows of one round were measured within seconds of each other, so the drift of the
 * machine cancels better here than in the ratio of two medians.
 */
export function pairedRatios(values: readonly number[], references: readonly number[]): number[] {
  const count = Math.min(values.length, references.length)
  const ratios: number[] = []
  for (let index = 0; index < count; index++) ratios.push(values[index] / references[index])
  return ratios
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
