import type { Loop } from '@millrace/core'
import { VirtualClock, type Wake } from '@millrace/timer'

/** Steps at one instant before the loop is taken for one that never comes to rest. */
const stepsMax = 200_000

/**
 * A loop that stands still until it is told, with the phases of Node's: due timers, then events of the outside world,
 * then the callbacks of `nextTurn`; after each single one those of `endOfTurn`, and all promises that can settle.
 * The same program does the same in the same order, always.
 */
export class VirtualLoop implements Loop {
  readonly #clock: VirtualClock
  readonly #pending = new Set<Due>()
  readonly #timers: Due[] = []
  readonly #events: Due[] = []
  #ends: (() => void)[] = []
  readonly #nexts: (() => void)[] = []
  #driver: Promise<unknown> = Promise.resolve()
  /** How many keep the process alive: none after a test. */
  holdCount = 0
  /** Called after each step: what must hold then throws if it does not. */
  readonly checks: (() => void)[] = []

  constructor(now = 0) {
    this.#clock = new VirtualClock(now)
  }

  now(): number {
    return this.#clock.now()
  }

  /** Timers that were asked for and not cancelled. Zero after a test says that nothing was left behind. */
  get timerCount(): number {
    let count = 0
    for (const { phase } of this.#pending) if (phase === this.#timers) count++
    return count + this.#timers.length
  }

  wakeAt(atMs: number, wake: () => void): Wake {
    return this.#at(atMs, wake, this.#timers)
  }

  /** An event of the outside world: what a socket would tell. After a stall, timers come before it. */
  eventAt(atMs: number, run: () => void): Wake {
    return this.#at(atMs, run, this.#events)
  }

  endOfTurn(run: () => void): void {
    this.#ends.push(run)
  }

  nextTurn(run: () => void): void {
    this.#nexts.push(run)
  }

  hold(): Wake {
    this.holdCount++
    return { cancel: () => void this.holdCount-- }
  }

  /** Runs everything that can run without time passing. */
  settle(): Promise<void> {
    return this.#alone(() => this.#settle())
  }

  /** Lets `ms` milliseconds pass, stopping at everything that happens on the way. */
  advance(ms: number): Promise<void> {
    return this.#alone(async () => {
      const end = this.now() + ms
      await this.#settle()
      while (this.#nextAt() <= end) await this.#step()
      this.#clock.advanceTo(end)
      await this.#settle()
    })
  }

  /** The program stands still for `ms` milliseconds; what became due meanwhile comes late, timers first. */
  stall(ms: number): Promise<void> {
    return this.#alone(() => {
      this.#clock.advance(ms)
      return this.#settle()
    })
  }

  /** The same, from inside what runs now: the running piece of the program takes so long. */
  block(ms: number): void {
    this.#clock.advance(ms)
  }

  /**
   * Lets things happen, and time pass, until a promise settles, and answers as it does: before anything else happens.
   * Throws if it doesn't within `maxMs`.
   */
  until<T>(promise: Promise<T>, maxMs = 60_000): Promise<T> {
    let isSettled = false
    const settled = () => {
      isSettled = true
    }
    promise.then(settled, settled)
    return this.#alone(async () => {
      const end = this.now() + maxMs
      await this.#settle(() => isSettled)
      while (!isSettled) {
        const nextAt = this.#nextAt()
        if (nextAt > end)
          throw new Error(`still waiting at ${this.now()} ms; the next event is due at ${nextAt} ms`)
        await this.#step(() => isSettled)
      }
      return promise
    })
  }

  /** One driver at a time: a second one waits for the first. */
  #alone<T>(drive: () => Promise<T>): Promise<T> {
    const driven = this.#driver.then(drive)
    this.#driver = driven.catch(() => undefined)
    return driven
  }

  async #step(isEnough?: () => boolean): Promise<void> {
    this.#clock.advanceTo(Math.max(this.#nextAt(), this.now()))
    await this.#settle(isEnough)
  }

  async #settle(isEnough = () => false): Promise<void> {
    let steps = 0
    const run = async (next: () => void) => {
      if (++steps > stepsMax) throw new Error(`the loop does not come to rest at ${this.now()} ms`)
      next()
      await this.#finishTurn()
      for (const check of this.checks) check()
    }
    await this.#finishTurn()
    while (!isEnough()) {
      this.#clock.settle()
      if (this.#timers.length + this.#events.length + this.#nexts.length === 0) return
      for (const phase of [this.#timers, this.#events]) {
        for (let left = phase.length; left > 0 && !isEnough(); left--) {
          const due = phase.shift()
          if (due !== undefined && !due.isCancelled) await run(due.run)
        }
      }
      for (let left = this.#nexts.length; left > 0 && !isEnough(); left--)
        await run(this.#nexts.shift() as () => void)
    }
  }

  async #finishTurn(): Promise<void> {
    do {
      const ends = this.#ends
      this.#ends = []
      for (const run of ends) run()
      // Node runs an immediate only when no promise is left that could settle.
      await new Promise((resolve) => setImmediate(resolve))
    } while (this.#ends.length > 0)
  }

  #at(atMs: number, run: () => void, phase: Due[]): Wake {
    const due: Due = { atMs, run, phase, isCancelled: false }
    this.#pending.add(due)
    const wake = this.#clock.wakeAt(atMs, () => {
      this.#pending.delete(due)
      phase.push(due)
    })
    return {
      cancel: () => {
        due.isCancelled = true
        this.#pending.delete(due)
        wake.cancel()
        const index = phase.indexOf(due)
        if (index >= 0) phase.splice(index, 1)
      },
    }
  }

  #nextAt(): number {
    let at = Number.POSITIVE_INFINITY
    for (const due of this.#pending) at = Math.min(at, due.atMs)
    return at
  }
}

interface Due {
  readonly atMs: number
  readonly run: () => void
  readonly phase: Due[]
  isCancelled: boolean
}
