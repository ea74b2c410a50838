import type { Clock } from '@millrace/timer'

/**
 * What drives a pipe: the time, a wake-up at a deadline, and the turns of the program. Node's event loop is one, a
 * game's own loop another, the virtual loop of the tests a third.
 */
export interface Loop extends Clock {
  /** Calls `run` once, after the running piece of the program and before the loop waits for events again. */
  endOfTurn(run: () => void): void
  /** Calls `run` once, after the loop has looked for events: whoever has more to do lets others go first. */
  nextTurn(run: () => void): void
}
