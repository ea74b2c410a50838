import type { TimerEntry } from '@millrace/timer'

/** What wakes connections: a `TimerWheel`, or something smaller where there are few. */
export interface DeadlineKeeper {
  schedule(entry: TimerEntry, atMs: number): void
  cancel(entry: TimerEntry): boolean
  /** When to call `advance` next, in milliseconds. */
  nextDeadline(): number
  advance(now: number): void
}

/** Deadlines of the socket of an opened channel: one or two, for which a wheel of 40 KB would be too much. They are looked through each time. */
export class FewDeadlines implements DeadlineKeeper {
  readonly #entries: TimerEntry[] = []

  schedule(entry: TimerEntry, atMs: number): void {
    entry.deadline = atMs
    if (!this.#entries.includes(entry)) this.#entries.push(entry)
  }

  cancel(entry: TimerEntry): boolean {
    const index = this.#entries.indexOf(entry)
    if (index >= 0) this.#entries.splice(index, 1)
    return index >= 0
  }

  nextDeadline(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { deadline } of this.#entries) if (deadline < next) next = deadline
    return next
  }

  advance(now: number): void {
    for (const entry of [...this.#entries]) {
      if (entry.deadline > now || !this.cancel(entry)) continue
      entry.fire(now)
    }
  }
}
