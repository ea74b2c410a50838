import type { Clock, Wake } from '@millrace/timer'

/**
 * What drives pipes: the time, a wake-up at a deadline, and the turns of the program. Node's event loop is one, a
 * game's own loop another, the virtual loop of the tests a third. All pipes of one loop and one factory share one wake-up.
 */
export interface Loop extends Clock {
  /** Calls `run` once, after the running piece of the program and before the loop waits for events again. */
  endOfTurn(run: () => void): void
  /** Calls `run` once, after the loop has looked for events, so that work without an end lets them in. */
  nextTurn(run: () => void): void
  /**
   * A promise of the program waits for a wake-up: until this is taken back, wake-ups keep the process alive, as far as the loop can say so.
   * Absent: they do in any case, or it is not for them to say.
   */
  hold?(): Wake
}
