import type { Wake } from '@millrace/timer'
import { SimError } from '../base/sim-error.ts'
import { Agenda, type Due, Moment } from './agenda.ts'
import { eventsSeen, jobsDone } from './jobs.ts'
import type { Scheduler } from './scheduler.ts'

/** A program that has something to do: an `EventLoop`. */
export interface Driven {
  readonly isFrozen: boolean
  readonly isIdle: boolean
  isReady: boolean
  isEnding: boolean
  /** Begins a round through what it has to do. */
  begin(): void
  /** The next piece of the round, or undefined when it is over. */
  next(): (() => void) | undefined
  finishTurn(): void
}

/** After so many turns the process may look for events of its own. */
const turnsUnseenMax = 64

/** Steps at one instant before the programs are taken for ones that never come to rest. */
const stepsMax = 200_000

/**
 * The time of a whole world: it stands still until it is told, and stops at everything that happens. Between two pieces of a program all promises
 * settle that can. The same programs do the same in the same order, always.
 */
export class VirtualTime implements Scheduler {
  readonly #agenda = new Agenda()
  #nowMs: number
  readonly #ready: Driven[] = []
  #ending: Driven[] = []
  #driver: Promise<unknown> = Promise.resolve()
  #steps = 0
  #turnsUnseen = 0
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
    const moment = new Moment(atMs, run)
    this.#agenda.add(moment)
    return moment
  }

  /** The same, for what is an entry by itself. */
  add(entry: Due): void {
    this.#agenda.add(entry)
  }

  /** Lets `change` change the times of entries. */
  reorder(change: () => void): void {
    this.#agenda.reorder(change)
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
      while (this.#agenda.nextAt() <= end) if (this.#step() === 'programs') await this.#goOn(() => false)
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
        if (nextAt > end) throw new SimError('still-waiting', waitingText(this.#nowMs, nextAt, maxMs))
        if (this.#step() === 'programs') await this.#goOn(() => isSettled)
      }
      return promise
    })
  }

  /** One driver at a time: a second one waits for the first. */
  #alone<T>(drive: () => Promise<T>): Promise<T> {
    const driven = this.#driver.then(async () => {
      await this.#look()
      const result = await drive()
      return result
    })
    this.#driver = driven.catch(() => undefined)
    return driven
  }

  /** Lets the next thing happen. What only the network does needs no turn of a program. */
  #step(): 'programs' | 'network' {
    this.#nowMs = Math.max(this.#agenda.nextAt(), this.#nowMs)
    this.#steps = 0
    this.#runDue()
    return this.#ready.length + this.#ending.length > 0 ? 'programs' : 'network'
  }

  /** Runs what programs have to do now, beginning with what a test left them. */
  async #settle(isEnough = () => false): Promise<void> {
    this.#steps = 0
    await this.#finishTurn()
    await this.#goOn(isEnough)
  }

  async #goOn(isEnough: () => boolean): Promise<void> {
    while (this.#ending.length > 0) await this.#turnDone()
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
      driven.begin()
      while (!isEnough()) {
        const piece = driven.next()
        if (piece === undefined) break
        this.#countStep()
        piece()
        do await this.#turnDone()
        while (this.#ending.length > 0)
        for (const check of this.checks) check()
      }
    } finally {
      this.#running = undefined
      if (!driven.isIdle && !driven.isFrozen) this.ready(driven)
    }
  }

  #runDue(): void {
    for (let entry = this.#agenda.take(this.#nowMs); entry !== undefined; ) {
      this.#countStep()
      entry.due()
      entry = this.#agenda.take(this.#nowMs)
    }
  }

  async #finishTurn(): Promise<void> {
    do await this.#turnDone()
    while (this.#ending.length > 0)
  }

  /** Runs what is to be done at the end of the turn, and lets promises settle; then there may be another end. No function of its own promise: each piece waits for it. */
  #turnDone(): Promise<void> {
    const ending = this.#ending
    if (ending.length > 0) {
      this.#ending = []
      for (const driven of ending) {
        driven.isEnding = false
        driven.finishTurn()
      }
    }
    return this.#turnsUnseen++ < turnsUnseenMax ? jobsDone() : this.#look()
  }

  /** Lets the process look for events, too. */
  #look(): Promise<void> {
    this.#turnsUnseen = 0
    return eventsSeen()
  }

  #countStep(): void {
    if (++this.#steps <= stepsMax) return
    const text = `the loop does not come to rest at ${this.#nowMs} ms: ${stepsMax} steps, and more are due`
    throw new SimError('no-rest', text)
  }
}

function waitingText(nowMs: number, nextAt: number, maxMs: number): string {
  const next =
    nextAt === Number.POSITIVE_INFINITY ? 'nothing more is due' : `the next event is due at ${nextAt} ms`
  return `still waiting at ${nowMs} ms, for at most ${maxMs} ms; ${next}`
}
