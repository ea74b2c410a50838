import type { Clock, Wake } from './clock.ts'
import { assertTime, TimerError } from './timer-error.ts'

/** Wake-ups `VirtualClock` runs at one instant before it takes them for an endless circle. */
const WAKE_COUNT_MAX = 100_000

/**
 * A clock that stands still until it is told. For tests: hours pass in no time, and always in the same order.
 * For a game loop or a replay that owns its time as well.
 */
export class VirtualClock implements Clock {
  #nowMs: number
  #isAdvancing = false
  /** Sorted by time, then by order of asking. */
  readonly #wakes: VirtualWake[] = []

  /** Starts at `now` milliseconds. */
  constructor(now = 0) {
    assertTime('the time a clock starts at', now)
    this.#nowMs = now
  }

  now(): number {
    return this.#nowMs
  }

  /** Wake-ups asked for and not yet run. Zero at the end of a test says that nothing was left behind. */
  get wakeCount(): number {
    return this.#wakes.length
  }

  wakeAt(atMs: number, wake: () => void): Wake {
    assertTime('the time to wake at', atMs)
    const wakes = this.#wakes
    let low = 0
    for (let high = wakes.length; low < high; ) {
      const middle = (low + high) >>> 1
      if (wakes[middle].atMs <= atMs) low = middle + 1
      else high = middle
    }
    const entry: VirtualWake = { atMs, wake, cancel: () => this.#remove(entry) }
    wakes.splice(low, 0, entry)
    return entry
  }

  /** Lets `ms` milliseconds pass; see `advanceTo`. */
  advance(ms: number): void {
    this.advanceTo(this.#nowMs + ms)
  }

  /**
   * Lets time pass until `atMs`, stopping at every wake-up on the way, those that wake-ups ask for included. A
   * time that has passed lets none pass. What a wake-up throws goes to the caller; time has then come as far as
   * that wake-up, and the call can be repeated. A wake-up that calls it gets a `TimerError` (`stuck`), and so does
   * the caller when one instant has no end.
   */
  advanceTo(atMs: number): void {
    assertTime('the time to advance to', atMs)
    if (this.#isAdvancing) {
      throw new TimerError(
        'stuck',
        'a wake-up moves the clock that runs it; let it ask for a later wake-up instead',
      )
    }
    this.#isAdvancing = true
    try {
      this.#runUntil(atMs)
    } finally {
      this.#isAdvancing = false
    }
    if (atMs > this.#nowMs) this.#nowMs = atMs
  }

  /** Runs what is due now, and what that asks for at once, until nothing is. Lets no time pass. */
  settle(): void {
    this.advanceTo(this.#nowMs)
  }

  #runUntil(atMs: number): void {
    const untilMs = Math.max(atMs, this.#nowMs)
    let runCount = 0
    while (this.#wakes.length > 0 && this.#wakes[0].atMs <= untilMs) {
      const next = this.#wakes.shift() as VirtualWake
      if (next.atMs > this.#nowMs) {
        this.#nowMs = next.atMs
        runCount = 0
      }
      if (++runCount > WAKE_COUNT_MAX) {
        throw new TimerError(
          'stuck',
          `${WAKE_COUNT_MAX} wake-ups ran at ${this.#nowMs} ms and more are due; one of them must ask for a later time`,
        )
      }
      next.wake()
    }
  }

  #remove(entry: VirtualWake): void {
    const index = this.#wakes.indexOf(entry)
    if (index >= 0) this.#wakes.splice(index, 1)
  }
}

interface VirtualWake extends Wake {
  readonly atMs: number
  readonly wake: () => void
}
