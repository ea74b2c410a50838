import { TimerEntry } from '@millrace/timer'
import type { DatagramConnection } from './connection.ts'
import type { DeadlineKeeper } from './few-deadlines.ts'

/**
 * Wakes a connection at its deadline. With most packets that is later than before: an alarm that was set too early costs less than setting it anew each time. It
 * goes off, sees that nothing is due, and is set again.
 */
export class ConnectionAlarm {
  readonly connection: DatagramConnection
  readonly #keeper: DeadlineKeeper
  readonly #entry = new TimerEntry((now) => this.#goesOff(now))
  #at = Number.POSITIVE_INFINITY

  constructor(connection: DatagramConnection, keeper: DeadlineKeeper) {
    this.connection = connection
    this.#keeper = keeper
  }

  /** The deadline is another. Returns whether the alarm goes off earlier for that. */
  set(): boolean {
    const { deadline } = this.connection
    if (deadline >= this.#at) return false
    this.#at = deadline
    this.#keeper.schedule(this.#entry, Math.max(0, deadline))
    return true
  }

  /** There is nothing to wake any more. */
  cancel(): void {
    this.#keeper.cancel(this.#entry)
  }

  #goesOff(now: number): void {
    this.#at = Number.POSITIVE_INFINITY
    if (now >= this.connection.deadline) this.connection.advance(now)
    else this.set()
  }
}
