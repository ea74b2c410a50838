import type { Loop } from '@millrace/core'
import type { Wake } from '@millrace/timer'
import { Agenda, Moment } from '../time/agenda.ts'
import type { Scheduler } from '../time/scheduler.ts'

/** So much is done in one turn of the loop: more waits until it has looked for events. */
const stepsMax = 1000

/** The time of a loop: what is due at a time comes when a timer of the loop does, what is due at once in the next turn. */
export class LoopScheduler implements Scheduler {
  readonly #loop: Loop
  readonly #agenda = new Agenda()
  #wake: Wake | undefined
  #wakeAt = Number.POSITIVE_INFINITY
  #isTurnAsked = false
  #isRunning = false

  constructor(loop: Loop) {
    this.#loop = loop
  }

  now(): number {
    return this.#loop.now()
  }

  at(atMs: number, run: () => void): Wake {
    const moment = new Moment(atMs, run)
    this.#agenda.add(moment)
    if (!this.#isRunning) this.#arm()
    return moment
  }

  #arm(): void {
    const at = this.#agenda.nextAt()
    if (at === Number.POSITIVE_INFINITY || this.#isTurnAsked) return
    if (at <= this.#loop.now()) {
      this.#isTurnAsked = true
      this.#loop.nextTurn(() => {
        this.#isTurnAsked = false
        this.#run()
      })
    } else if (at < this.#wakeAt) {
      this.#wake?.cancel()
      this.#wakeAt = at
      this.#wake = this.#loop.wakeAt(at, () => {
        this.#wakeAt = Number.POSITIVE_INFINITY
        this.#run()
      })
    }
  }

  #run(): void {
    const now = this.#loop.now()
    this.#isRunning = true
    try {
      for (let left = stepsMax; left > 0; left--) {
        const due = this.#agenda.take(now)
        if (due === undefined) break
        due.due()
      }
    } finally {
      this.#isRunning = false
      this.#arm()
    }
  }
}
