import type { Wake } from '@millrace/timer'

/** A time in which things are due: that of a simulated world, or that of a real loop. */
export interface Scheduler {
  /** In milliseconds. */
  now(): number
  /** Calls `run` at a time, or as soon as possible if it has passed; never inside this call. */
  at(atMs: number, run: () => void): Wake
}
