import { Bench } from 'tinybench'
import type { WindowOptions } from './window.ts'

/**
 * Nanoseconds of one call of `run`, timed by tinybench: the mean over all calls of the window, garbage collection
 * included. A call should take some microseconds at least, so that reading the clock weighs nothing.
 */
export function meanNs(run: () => void, { warmupMs, measureMs }: WindowOptions): number {
  const bench = new Bench({
    time: measureMs,
    warmupTime: warmupMs,
    iterations: 16,
    warmupIterations: 16,
    throws: true,
  })
  bench.add('run', run)
  bench.runSync()
  const result = bench.tasks[0].result
  if (result.state !== 'completed') throw new Error(`tinybench ended as ${result.state}`)
  return result.latency.mean * 1e6
}
