import type { TimerEntry, TimerEntryOwner } from '@millrace/timer'
import type { Turns } from './turns.ts'

const never = Number.POSITIVE_INFINITY

/**
 * One deadline of one owner, which is told in its pipe's turn. It is the wheel's entry itself. One that moves back stays where it is in
 * the wheel, and moves on when it would have come: a heartbeat that starts anew with each message costs a comparison.
 */
export class Deadline implements TimerEntry {
  /** When the wheel looks at it, which may be earlier than `at`. Kept by the wheel, as are the next three. */
  deadline = 0
  next: TimerEntry = this
  previous: TimerEntry = this
  wheel: TimerEntryOwner | undefined = undefined
  /** When it comes, in milliseconds of the loop's clock; `Infinity`: never. */
  at = never
  readonly #turns: Turns
  readonly #due: (now: number) => void

  /** Calls `due` once for each time that was set and not cancelled; it may set the deadline again. */
  constructor(turns: Turns, due: (now: number) => void) {
    this.#turns = turns
    this.#due = due
  }

  /** Whether it will come. False already while it does. */
  get isSet(): boolean {
    return this.at !== never
  }

  get isScheduled(): boolean {
    return this.wheel !== undefined
  }

  /** Comes at `at`, whatever was set before; at a time that has passed, in the next turn. `Infinity`: it doesn't come. */
  set(at: number): void {
    this.at = at
    if (at === never || (this.isScheduled && this.deadline <= at)) return
    this.#turns.schedule(this, this.at)
  }

  /** Comes `ms` milliseconds from now. */
  setIn(ms: number): void {
    this.set(this.#turns.now + ms)
  }

  /** It doesn't come, and nothing is left of it in the wheel. */
  cancel(): void {
    this.at = never
    this.wheel?.cancel(this)
  }

  /** For the wheel only. */
  fire(now: number): void {
    if (this.at > now) {
      if (this.isSet) this.#turns.schedule(this, this.at)
      return
    }
    this.at = never
    this.#due(now)
  }
}
