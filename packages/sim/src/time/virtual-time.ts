import type { Wake } from '@millrace/timer'
import { Agenda } from './agenda.ts'
import { jobsDone } from './jobs.ts'

/** A program that has something to do: an `EventLoop`. */
export interface Driven {
  readonly isFrozen: boolean
  readonly isIdle: boolean
  isReady: boolean
  isEnding: boolean
  round(run: (piece: () => void) => Promise<void>, isEnough: () => boolean): Promise<void>
  finishTurn(): void
}

/** Steps at one instant before the programs are taken for ones that never come to rest. */
const stepsMax = 200_000

/**
 * The time of a whole world: it stands still until it is told, and stops at everything that happens. Between two pieces of a program all promises
 * settle that can. The same programs do the same in the same order, always.
 */
export class VirtualTime {
  readonly #agenda = new Agenda()
  #nowMs: number
  readonly #ready: Driven[] = []
  #ending: Driven[] = []
  #driver: Promise<unknown> = Promise.resolve()
  #steps = 0
  #running: Driven | undefined
  /** Called after each step: what must hold then throws if it does not. */
  readonly checks: (() => void)[] = []

  constructor(now = 0) {
    this.#nowMs = now
  }

  now(): number {
    return this.#nowMs
  }

  /** The program of which a piece runs, or what follows from it. */
  get running(): Driven | undefined {
    return this.#running
  }

  /** Calls `run` at a time, or as soon as possible if it has passed, outside of any program. */
  at(atMs: number, run: () => void): Wake {
    return this.#agenda.add(atMs, run)
  }

  /** A program has something to do. */
  ready(driven: Driven): void {
    if (driven.isReady) return
    driven.isReady = true
    this.#ready.push(driven)
  }

  /** A program has something to do at the end of this turn. */
  ending(driven: Driven): void {
    if (driven.isEnding) return
    driven.isEnding = true
    this.#ending.push(driven)
  }

  /** Time passes and nothing happens: what became due meanwhile comes late. */
  pass(ms: number): void {
    this.#nowMs += ms
  }

  /** Runs everything that can run without time passing. */
  settle(): Promise<void> {
    return this.#alone(() => this.#settle())
  }

  /** Lets `ms` milliseconds pass, stopping at everything that happens on the way. */
  advance(ms: number): Promise<void> {
    return this.#alone(async () => {
      const end = this.#nowMs + ms
      await this.#settle()
      while (this.#agenda.nextAt() <= end) await this.#step()
      this.#nowMs = Math.max(this.#nowMs, end)
      await this.#settle()
    })
  }

  /** The programs stand still for `ms` milliseconds; what became due meanwhile comes late, timers first. */
  stall(ms: number): Promise<void> {
    return this.#alone(() => {
      this.pass(ms)
      return this.#settle()
    })
  }

  /**
   * Lets things happen, and time pass, until a promise settles, and answers as it does: before anything else happens.
   * Throws if it doesn't within `maxMs`.
   */
  until<T>(promise: Promise<T>, maxMs: number): Promise<T> {
    let isSettled = false
    const settled = () => {
      isSettled = true
    }
    promise.then(settled, settled)
    return this.#alone(async () => {
      const end = this.#nowMs + maxMs
      await this.#settle(() => isSettled)
      while (!isSettled) {
        const nextAt = this.#agenda.nextAt()
        if (nextAt > end)
          throw new Error(`still waiting at ${this.#nowMs} ms; the next event is due at ${nextAt} ms`)
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
    this.#nowMs = Math.max(this.#agenda.nextAt(), this.#nowMs)
    this.#steps = 0
    this.#runDue()
    // What only the network does needs no turn of a program.
    if (this.#ready.length + this.#ending.length > 0) await this.#settle(isEnough)
  }

  async #settle(isEnough = () => false): Promise<void> {
    this.#steps = 0
    await this.#finishTurn()
    while (!isEnough()) {
      this.#runDue()
      const ready = this.#ready
      if (ready.length === 0) return
      for (let left = ready.length; left > 0; left--) await this.#round(ready.shift() as Driven, isEnough)
    }
  }

  /** Whatever a program throws, what it has not done waits for the next round. */
  async #round(driven: Driven, isEnough: () => boolean): Promise<void> {
    driven.isReady = false
    this.#running = driven
    try {
      await driven.round(this.#run, isEnough)
    } finally {
      this.#running = undefined
      if (!driven.isIdle && !driven.isFrozen) this.ready(driven)
    }
  }

  readonly #run = async (piece: () => void): Promise<void> => {
    this.#countStep()
    piece()
    await this.#finishTurn()
    for (const check of this.checks) check()
  }

  #runDue(): void {
    for (let entry = this.#agenda.take(this.#nowMs); entry !== undefined; ) {
      this.#countStep()
      entry.run()
      entry = this.#agenda.take(this.#nowMs)
    }
  }

  async #finishTurn(): Promise<void> {
    do {
      const ending = this.#ending
      this.#ending = []
      for (const driven of ending) {
        driven.isEnding = false
        driven.finishTurn()
      }
      await jobsDone()
    } while (this.#ending.length > 0)
  }

  #countStep(): void {
    if (++this.#steps > stepsMax) throw new Error(`the loop does not come to rest at ${this.#nowMs} ms`)
  }
}
