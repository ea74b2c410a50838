import type { TimerKey } from './keyed-task.ts'
import type { TimerLog } from './timer-log.ts'

/** Options of `Timer`, read once. */
export interface TimerOptions {
  /** For `describe`. Default `''`. */
  readonly name?: string | undefined
  /** Live keys at most; one more throws `TimerError` (`full`). Default 10,000. */
  readonly countMax?: number | undefined
  /** `auto` (default): the clock wakes the timer. `manual`: only `process` runs callbacks. */
  readonly drive?: 'auto' | 'manual' | undefined
  /**
   * Gets what a callback throws, at once, or what the promise that it returned rejects with; the others run in any case. Default: `process` throws
   * it when all have run (several as an `AggregateError`), and with `drive: 'auto'` it reaches the caller of the clock's wake-ups; a
   * rejection stays unhandled.
   */
  readonly onError?: ((error: unknown, key: TimerKey) => void) | undefined
  /** Where log lines go; nowhere unless given. */
  readonly log?: TimerLog | undefined
}

/** Counters of a `Timer`, since it was made. */
export interface TimerStatistics {
  /** Keys that wait now. */
  readonly liveCount: number
  /** The most keys that have waited at once. */
  readonly liveCountPeak: number
  readonly setCount: number
  /** Ended by `cancel`, by `close`, or by another `set` of the key. */
  readonly cancelCount: number
  readonly runCount: number
  /** Intervals left out because their turn came too late. */
  readonly missedCount: number
  /** How often a callback, or the log, failed. */
  readonly errorCount: number
  /** Keys refused at `countMax`. */
  readonly refusedCount: number
}
