/**
 * One timer of a wheel. It is also the list node, so scheduling it again and again allocates nothing: a channel
 * embeds one for its heartbeat and moves it with every `schedule`.
 */
export class TimerEntry {
  /** When it is due: whole milliseconds, set by `schedule`, kept after firing. */
  deadline = 0
  /** Called by `advance` with the time given to it. May schedule and cancel anything, this entry included. */
  readonly fire: (now: number) => void
  /** @internal A circular list: an entry outside of any list points to itself. Only the wheel writes these three. */
  next: TimerEntry = this
  /** @internal */
  previous: TimerEntry = this
  /** @internal */
  wheel: TimerEntryOwner | undefined = undefined

  constructor(fire: (now: number) => void) {
    this.fire = fire
  }

  /** Whether it waits in a wheel. False already while it fires. */
  get isScheduled(): boolean {
    return this.wheel !== undefined
  }
}

/** What an entry knows of the wheel it waits in. */
export interface TimerEntryOwner {
  cancel(entry: TimerEntry): boolean
}
