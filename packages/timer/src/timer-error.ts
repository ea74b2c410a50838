/**
 * What was wrong:
 * - `bad-time`: a time or delay is NaN, infinite, or beyond ±(2^53 - 1) ms;
 * - `bad-interval`: the interval of a repeating timer is not above zero;
 * - `bad-limit`: an option is out of its range;
 * - `full`: one key more than `countMax`;
 * - `closed`: `set` after `close`;
 * - `stuck`: a virtual clock is woken at one instant again and again.
 */
export type TimerErrorCode = 'bad-time' | 'bad-interval' | 'bad-limit' | 'full' | 'closed' | 'stuck'

/** The one error this package throws on its own behalf; `code` is for programs, `message` says what would be right. */
export class TimerError extends Error {
  readonly code: TimerErrorCode

  constructor(code: TimerErrorCode, message: string) {
    super(message || code)
    this.name = 'TimerError'
    this.code = code
  }
}

/** Throws `TimerError` unless `ms` is a time that sums can be made with. `what` begins the message. */
export function assertTime(what: string, ms: number): void {
  if (ms <= Number.MAX_SAFE_INTEGER && ms >= -Number.MAX_SAFE_INTEGER) return
  throw new TimerError(
    'bad-time',
    `${what} is ${String(ms)}; it must be a number of milliseconds within ±(2^53 - 1)`,
  )
}
