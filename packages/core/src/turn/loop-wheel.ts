import { TimerWheel, type Wake } from '@millrace/timer'
import type { Loop } from '../ports/loop.ts'
import { Deadline, type DeadlineOwner } from './deadline.ts'
import { drain } from './drain.ts'

/** What has deadlines in the wheel. */
export interface Sleeper {
  woken(): void
}

/**
 * The deadlines of all pipes of one loop, and the one wake-up that they need. What is due is stored with its owner, which then gets a turn: a
 * turn of one pipe never runs the deadlines of another.
 */
export class LoopWheel {
  readonly loop: Loop
  readonly #wheel: TimerWheel
  #wakeAt = Number.POSITIVE_INFINITY
  #wake: Wake | undefined
  #isWaking = false
  /** So many promises wait for deadlines. */
  #awaitedCount = 0
  #hold: Wake | undefined
  /** Those that have something due, and no turn under way that would see to it. */
  readonly #stirred: Sleeper[] = []

  constructor(loop: Loop) {
    this.loop = loop
    this.#wheel = new TimerWheel(loop.now())
  }

  /** A deadline comes at its time. Ask for `arm` when no more are scheduled for now. */
  schedule(deadline: Deadline): void {
    this.#wheel.schedule(deadline, deadline.at)
  }

  /** Whether the wake-up that was asked for, if any, is too late for a deadline at `at`. */
  sleepsBeyond(at: number): boolean {
    return at < this.#wakeAt
  }

  /** Something of this one is due, and it has no turn under way. */
  stir(sleeper: Sleeper): void {
    this.#stirred.push(sleeper)
  }

  /**
   * Stores what is due at `now` with its owners. The wheel never runs ahead of the loop's clock: when `owner`'s turn does, what is due by its
   * time is taken out for it alone.
   */
  advance(now: number, owner: DeadlineOwner): void {
    const loopNow = this.loop.now()
    this.#wheel.advance(Math.min(now, loopNow))
    if (now <= loopNow || this.#wheel.nextDeadline() > now) return
    const due: Deadline[] = []
    this.#wheel.forEach((entry) => {
      if (entry.deadline <= now && entry instanceof Deadline && entry.owner === owner) due.push(entry)
    })
    due.sort((one, other) => one.deadline - other.deadline)
    for (const deadline of due) {
      this.#wheel.cancel(deadline)
      deadline.fire(now)
    }
  }

  /** One more promise, or one less, waits for a deadline: while there is one, the process must not end. */
  awaits(change: 1 | -1): void {
    this.#awaitedCount += change
    if (this.#awaitedCount === 0) {
      this.#hold?.cancel()
      this.#hold = undefined
    } else this.#hold ??= this.loop.hold?.()
  }

  /** When the first deadline of all comes; it may be earlier than that. */
  nextDeadline(): number {
    return this.#wheel.nextDeadline()
  }

  /** Asks the loop to be woken at the next deadline. */
  arm(): void {
    if (this.#isWaking) return
    const at = this.#stirred.length > 0 ? this.loop.now() : this.#wheel.nextDeadline()
    if (at < this.#wakeAt) this.#wakeBy(at)
  }

  /** One of its pipes is gone: if that was the last that waited for something, so is the wake-up. */
  rest(): void {
    if (this.#wheel.count === 0 && this.#stirred.length === 0) this.#wakeBy(Number.POSITIVE_INFINITY)
  }

  #wakeBy(at: number): void {
    this.#wake?.cancel()
    this.#wakeAt = at
    this.#wake = at === Number.POSITIVE_INFINITY ? undefined : this.loop.wakeAt(at, this.#woken)
  }

  readonly #woken = (): void => {
    this.#wake = undefined
    this.#wakeAt = Number.POSITIVE_INFINITY
    this.#isWaking = true
    try {
      this.#wheel.advance(this.loop.now())
      drain(this.#stirred, wake, this.loop.now())
    } finally {
      this.#isWaking = false
      this.arm()
    }
  }
}

function wake(sleeper: Sleeper): void {
  sleeper.woken()
}
