import type { TimerEntry, TimerEntryOwner } from './timer-entry.ts'

/**
 * What a timer may be named by: anything a `Map` tells apart. Keys that have ended are remembered for a while (see
 * `Timer`), objects too.
 */
export type TimerKey = string | number | symbol | object

/** Told the key it was set with and the time of the turn, in milliseconds. */
export type TimerCallback<Key extends TimerKey = TimerKey> = (key: Key, now: number) => void

/** What a task asks of the `Timer` that owns it. */
export interface KeyedTaskOwner {
  fired(task: KeyedTask, now: number): void
}

/**
 * A key, what to call, and when. Rests when its key has ended, and serves the key again or another one. It is the
 * wheel's entry itself: a second object, and a closure to get from one to the other, would be two more places
 * in memory to visit, and with a million keys that is what `set` and `cancel` cost.
 */
export class KeyedTask implements TimerEntry {
  deadline = 0
  next: TimerEntry = this
  previous: TimerEntry = this
  wheel: TimerEntryOwner | undefined = undefined

  key: TimerKey = ''
  callback: TimerCallback | undefined = undefined
  /** Zero: fires once. */
  intervalMs = 0
  /** The one behind it in the `RestingTasks` it is in, itself at the end, undefined if it is in none. */
  nextResting: KeyedTask | undefined = undefined
  readonly #owner: KeyedTaskOwner
  #startMs = 0
  #index = 0

  constructor(owner: KeyedTaskOwner) {
    this.#owner = owner
  }

  get isScheduled(): boolean {
    return this.wheel !== undefined
  }

  fire(now: number): void {
    this.#owner.fired(this, now)
  }

  begin(key: TimerKey, callback: TimerCallback, startMs: number, intervalMs: number): void {
    this.key = key
    this.callback = callback
    this.intervalMs = intervalMs
    this.#startMs = startMs
    this.#index = 0
  }

  /** When the next interval ends. Multiplied, not summed up, so that rounding errors don't add up either. */
  get dueMs(): number {
    return this.#startMs + this.#index * this.intervalMs
  }

  /** Goes on to the first interval that ends after `now`, and says how many it left out on the way. */
  skipTo(now: number): number {
    const before = this.#index++
    if (this.dueMs <= now) {
      this.#index = Math.floor((now - this.#startMs) / this.intervalMs)
      while (this.dueMs <= now) this.#index++
    }
    return this.#index - before - 1
  }
}
