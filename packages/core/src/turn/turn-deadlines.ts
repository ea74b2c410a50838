import type { Deadline, DeadlineOwner } from './deadline.ts'
import { drain } from './drain.ts'
import type { LoopWheel, Sleeper } from './loop-wheel.ts'

/** What deadlines need of the turns that they come in. */
export interface TurnDeadlinesHost {
  readonly now: number
  /** The time by which peers are judged; see `WatchedTime`. */
  readonly watched: number
  /** Whether a turn is under way. */
  readonly isInTurn: boolean
  /** Whether something that came waits to be read, since others have their turn first. */
  readonly isBehind: boolean
  /** Something is due, and no turn is under way. */
  woken(): void
}

/** The deadlines of one pipe: those that wait in the wheel of the loop, and those that are due in the pipe's turn. */
export class TurnDeadlines implements DeadlineOwner, Sleeper {
  readonly #wheel: LoopWheel
  readonly #host: TurnDeadlinesHost
  readonly #due: Deadline[] = []
  #count = 0
  /** No deadline comes before. */
  #earliest = Number.POSITIVE_INFINITY
  #isStirred = false

  constructor(wheel: LoopWheel, host: TurnDeadlinesHost) {
    this.#wheel = wheel
    this.#host = host
  }

  get now(): number {
    return this.#host.now
  }

  get watched(): number {
    return this.#host.watched
  }

  get isBehind(): boolean {
    return this.#host.isBehind
  }

  /** How many are due, and wait for a turn. */
  get dueCount(): number {
    return this.#due.length
  }

  /** When the first comes, or something earlier; `Infinity` if there is none. */
  get next(): number {
    const { now } = this
    if (this.#wheel.hasSuspects) return now
    if (this.#count === 0) return Number.POSITIVE_INFINITY
    if (this.#earliest <= now) this.#earliest = this.#wheel.nextDeadline()
    return this.#earliest
  }

  schedule(deadline: Deadline): void {
    const { at } = deadline
    if (!deadline.isScheduled) this.#count++
    if (at < this.#earliest) this.#earliest = at
    this.#wheel.schedule(deadline)
    if (!this.#host.isInTurn && this.#wheel.sleepsBeyond(at)) this.#wheel.arm()
  }

  unscheduled(): void {
    this.#count--
  }

  awaits(change: 1 | -1): void {
    this.#wheel.awaits(change)
  }

  suspect(deadline: Deadline): void {
    this.#wheel.suspect(deadline)
  }

  store(deadline: Deadline): void {
    this.#due.push(deadline)
    if (!this.#host.isInTurn) this.#stir()
  }

  woken(): void {
    this.#isStirred = false
    if (this.#due.length > 0) this.#host.woken()
  }

  /** Those that are due come, in a turn of the program. */
  come(now: number): void {
    this.#wheel.advance(now, this)
    drain(this.#due, come, now)
  }

  /** Those that are due come, in a quiet turn. `mayBeRead`: what came in time may be read in a turn of the program soon. */
  comeQuietly(now: number, mayBeRead: boolean): void {
    this.#wheel.advance(now, this)
    drain(this.#due, mayBeRead ? comeOrWait : come, now)
  }

  /** A turn has ended. */
  turned(): void {
    if (this.#due.length > 0) this.#stir()
    this.#wheel.arm()
  }

  #stir(): void {
    if (this.#isStirred) return
    this.#isStirred = true
    this.#wheel.stir(this)
  }
}

function come(deadline: Deadline, now: number): void {
  deadline.come(now)
}

function comeOrWait(deadline: Deadline, now: number): void {
  if (!deadline.putOff(now)) deadline.come(now)
}
