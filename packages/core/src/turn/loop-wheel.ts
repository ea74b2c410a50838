import { TimerWheel, type Wake } from '@millrace/timer'
import type { Loop } from '../ports/loop.ts'
import { Deadline, type DeadlineOwner } from './deadline.ts'
import { drain } from './drain.ts'
import { WatchedTime } from './watched-time.ts'

/** What has deadlines in the wheel. */
export interface Sleeper {
  woken(): void
}

/**
 * The deadlines of all pipes of one loop, and the one wake-up that they need. What is due is stored with its owner, which then gets a turn: a
 * turn of one pipe never runs the deadlines of another.
 *
 * Nothing is stored before the loop has looked for events: one that is over is a suspect for two turns of the loop. Behind one, a loop
 * that was in the middle of its events when the time was over has only brought the rest of those.
 */
export class LoopWheel {
  readonly loop: Loop
  readonly #wheel: TimerWheel
  readonly #time = new WatchedTime()
  #wakeAt = Number.POSITIVE_INFINITY
  #wake: Wake | undefined
  #isWaking = false
  /** So many promises wait for deadlines. */
  #awaitedCount = 0
  #hold: Wake | undefined
  /** Those that have something due, and no turn under way that would see to it. */
  readonly #stirred: Sleeper[] = []
  /** Deadlines that are over, and those of them behind which the loop has turned once. */
  #suspects: Deadline[] = []
  #oldSuspects: Deadline[] = []

  constructor(loop: Loop) {
    this.loop = loop
    this.#wheel = new TimerWheel(loop.now())
  }

  /** How much of the time up to `now` the loop did not look for events. */
  missedMs(now: number): number {
    return this.#time.missedMs(now)
  }

  /** A deadline comes at its time. Ask for `arm` when no more are scheduled for now. */
  schedule(deadline: Deadline): void {
    this.#wheel.schedule(deadline, deadline.at)
  }

  /** The time of a deadline is over: it is told behind two turns of the loop, if that is still so. */
  suspect(deadline: Deadline): void {
    if (!this.hasSuspects) this.loop.nextTurn(this.#turned)
    this.#suspects.push(deadline)
  }

  /** Whether the time of any deadline is over that was not told yet. */
  get hasSuspects(): boolean {
    return this.#suspects.length + this.#oldSuspects.length > 0
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
   * Suspects what is due at `now`. The wheel never runs ahead of the loop's clock: when `owner`'s turn does, what is due by its
   * time is taken out for it alone, and stored: it is its program that says so.
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
      owner.unscheduled()
      deadline.looked(now)
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

  /** Asks the loop to be woken at the next deadline, or for the next look. */
  arm(): void {
    if (this.#isWaking) return
    const next = this.#stirred.length > 0 ? this.loop.now() : this.#wheel.nextDeadline()
    if (next === Number.POSITIVE_INFINITY) return
    if (this.#time.nextLook === Number.POSITIVE_INFINITY) this.#time.look(this.loop.now())
    const at = Math.min(next, this.#time.nextLook)
    if (at < this.#wakeAt) this.#wakeBy(at)
  }

  /** One of its pipes is gone: if that was the last that waited for something, so is the wake-up. */
  rest(): void {
    if (this.#isIdle()) this.#wakeBy(Number.POSITIVE_INFINITY)
  }

  /** Whether no deadline waits for anything. */
  #isIdle(): boolean {
    return this.#wheel.count === 0 && this.#stirred.length === 0 && !this.hasSuspects
  }

  #wakeBy(at: number): void {
    this.#wake?.cancel()
    this.#wakeAt = at
    if (at === Number.POSITIVE_INFINITY) this.#time.rest(this.loop.now())
    this.#wake = at === Number.POSITIVE_INFINITY ? undefined : this.loop.wakeAt(at, this.#woken)
  }

  readonly #woken = (): void => {
    this.#wake = undefined
    this.#wakeAt = Number.POSITIVE_INFINITY
    this.#look((now) => this.#wheel.advance(now))
  }

  readonly #turned = (): void => {
    const looked = this.#oldSuspects
    this.#oldSuspects = this.#suspects
    this.#suspects = []
    if (this.#oldSuspects.length > 0) this.loop.nextTurn(this.#turned)
    if (looked.length === 0) return
    this.#look((now) => {
      for (const deadline of looked) deadline.looked(now)
    })
  }

  /** Looks at the time, and gives a turn to all that have something due then. */
  #look(find: (now: number) => void): void {
    const now = this.loop.now()
    this.#time.look(now)
    this.#isWaking = true
    try {
      find(now)
      drain(this.#stirred, wake, now)
    } finally {
      this.#isWaking = false
      if (this.#isIdle()) this.#time.rest(now)
      this.arm()
    }
  }
}

function wake(sleeper: Sleeper): void {
  sleeper.woken()
}
