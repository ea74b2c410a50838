import type { Loop } from '@millrace/core'
import type { Wake } from '@millrace/timer'
import { EventLoop } from './event-loop.ts'
import { VirtualTime } from './virtual-time.ts'

/**
 * A loop that stands still until it is told, with the phases of Node's: due timers, then events of the outside world,
 * then the callbacks of `nextTurn`; after each single one those of `endOfTurn`, and all promises that can settle.
 * The same program does the same in the same order, always.
 */
export class VirtualLoop implements Loop {
  readonly #time: VirtualTime
  readonly #loop: EventLoop
  /** How many keep the process alive: none after a test. */
  holdCount = 0
  /** Called after each step: what must hold then throws if it does not. */
  readonly checks: (() => void)[]

  /** Starts at `now` milliseconds. */
  constructor(now = 0) {
    this.#time = new VirtualTime(now)
    this.#loop = new EventLoop(this.#time)
    this.checks = this.#time.checks
  }

  now(): number {
    return this.#time.now()
  }

  /** Timers that were asked for and not cancelled. Zero after a test says that nothing was left behind. */
  get timerCount(): number {
    return this.#loop.timerCount
  }

  wakeAt(atMs: number, wake: () => void): Wake {
    return this.#loop.timerAt(atMs, wake)
  }

  /** An event of the outside world: what a socket would tell. After a stall, timers come before it. */
  eventAt(atMs: number, run: () => void): Wake {
    return this.#loop.eventAt(atMs, run)
  }

  endOfTurn(run: () => void): void {
    this.#loop.endOfTurn(run)
  }

  nextTurn(run: () => void): void {
    this.#loop.nextTurn(run)
  }

  hold(): Wake {
    this.holdCount++
    return { cancel: () => void this.holdCount-- }
  }

  /** Runs everything that can run without time passing. */
  settle(): Promise<void> {
    return this.#time.settle()
  }

  /** Lets `ms` milliseconds pass, stopping at everything that happens on the way. */
  advance(ms: number): Promise<void> {
    return this.#time.advance(ms)
  }

  /** The program stands still for `ms` milliseconds; what became due meanwhile comes late, timers first. */
  stall(ms: number): Promise<void> {
    return this.#time.stall(ms)
  }

  /** The same, from inside what runs now: the running piece of the program takes so long. */
  block(ms: number): void {
    this.#time.pass(ms)
  }

  /**
   * Lets things happen, and time pass, until a promise settles, and answers as it does: before anything else happens.
   * Throws if it doesn't within `maxMs`.
   */
  until<T>(promise: Promise<T>, maxMs = 60_000): Promise<T> {
    return this.#time.until(promise, maxMs)
  }
}
