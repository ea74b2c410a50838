/** What can be given a turn: a pipe, a timer, and whatever else a program drives in its own order. */
export interface Runnable {
  /** One turn. `now`: milliseconds of the loop's clock. */
  process(now: number): void
  /**
   * When the next turn is needed, in milliseconds of the loop's clock: a time that has come if work waits, `Infinity` if none is to be
   * expected. Never later than the first deadline; it may be earlier.
   */
  nextDeadline(): number
}

/** Gives turns to pipes that have work, in an order and at a pace of its own: `drive: driver`. One may drive many pipes. */
export interface Driver {
  /**
   * `runnable` has work: it is to be processed soon. Told once, and again only after the next `process`. It is called in the middle of events
   * and of the program, so a `process` inside of it comes when the loop comes round. What it throws, or rejects with, is told to the pipe's `error`.
   */
  ready(runnable: Runnable): void
}

/**
 * Who gives the turns of a pipe: the library, at the end of each event that brings work (`auto`), the program, by `process()` (`manual`), or
 * a driver, which is told when there is work.
 */
export type Drive = 'auto' | 'manual' | Driver
