import type { TimerEntry, TimerEntryOwner } from '@millrace/timer'

const never = Number.POSITIVE_INFINITY

/** How long a deadline waits for a turn of the program in which something that came in time is read, in milliseconds. */
export const putOffMs = 100

/** How long a deadline waits at most while a pipe is behind with what came, in milliseconds: a peer that floods must not put it off for ever. */
const behindMsMax = 250

/** The turns that a deadline comes in. */
export interface DeadlineOwner {
  readonly now: number
  /** The time in which the loop looked for events; see `WatchedTime`. */
  readonly watched: number
  /** Whether something that came waits to be read, since others have their turn first. */
  readonly isBehind: boolean
  /** Lets the deadline come at its time. */
  schedule(deadline: Deadline): void
  /** It is not in the wheel any more. */
  unscheduled(): void
  /** One more deadline, or one less, has a promise of the program waiting for it. */
  awaits(change: 1 | -1): void
  /** Its time has come by the clock. What lies in the links is to be read first: `store` follows behind a turn of the loop. */
  suspect(deadline: Deadline): void
  /** It is due: `come` is to be called in a turn. */
  store(deadline: Deadline): void
}

/** What a deadline comes to. */
export interface DeadlineTarget {
  /** Called once for each time that was set and not cancelled; it may set the deadline again. */
  due(now: number): void
}

/**
 * One deadline of one owner, which is told in its pipe's turn. It is the wheel's entry itself. One that moves back stays where it is in
 * the wheel, and moves on when it would have come: a heartbeat that starts anew with each message costs a comparison.
 *
 * It is told only when the loop has looked for events after its time was over: what came in time, and wasn't read yet, may move or cancel it.
 */
export class Deadline implements TimerEntry {
  /** When the wheel looks at it, which may be earlier than `at`. Kept by the wheel, as are the next three. */
  deadline = 0
  next: TimerEntry = this
  previous: TimerEntry = this
  wheel: TimerEntryOwner | undefined = undefined
  /** When it comes, in milliseconds of the loop's clock; `Infinity`: never. */
  at = never
  readonly owner: DeadlineOwner
  readonly #target: DeadlineTarget
  /** It doesn't come before this watched time. */
  #watchedAt = -never
  #mayBePutOff = false
  /** Whether it is for what a peer does: what came in time is read first then. */
  #isForPeer = true

  constructor(owner: DeadlineOwner, target: DeadlineTarget) {
    this.owner = owner
    this.#target = target
  }

  /** Whether it will come. False already while it does. */
  get isSet(): boolean {
    return this.at !== never
  }

  get isScheduled(): boolean {
    return this.wheel !== undefined
  }

  /** Comes at `at` of the loop's clock, whatever was set before; at a time that has passed, as soon as the loop has looked. `Infinity`: it doesn't come. */
  set(at: number): void {
    this.#watchedAt = -never
    this.#mayBePutOff = false
    this.#isForPeer = true
    this.#move(at)
  }

  /** Comes when `ms` milliseconds have passed in which the loop looked for events. 0: when the loop has come round, which is no time for a peer. */
  setIn(ms: number): void {
    this.#watchedAt = this.owner.watched + ms
    this.#mayBePutOff = this.#isForPeer = ms > 0
    this.#move(this.owner.now + ms)
  }

  /** It doesn't come, and nothing is left of it in the wheel. */
  cancel(): void {
    this.at = never
    if (this.wheel?.cancel(this)) this.owner.unscheduled()
  }

  /** For the wheel only: its time has come, or the time that it was set to first. */
  fire(now: number): void {
    this.owner.unscheduled()
    if (this.at <= now && !this.#isForPeer) this.owner.store(this)
    else if (this.at <= now) this.owner.suspect(this)
    else if (this.isSet) this.owner.schedule(this)
  }

  /** For the wheel only: the loop has looked for events since its time has come. It may have been moved or cancelled. */
  looked(now: number): void {
    if (this.isScheduled) return
    if (this.at <= now) this.owner.store(this)
    else if (this.isSet) this.owner.schedule(this)
  }

  /** For its owner's turn only. It may have been moved or cancelled since it was stored. */
  come(now: number): void {
    // What is left by a rounding alone makes no later time: it would come again at once.
    const later = now + (this.#watchedAt - this.owner.watched)
    if (this.at <= now && later > now) this.#move(later)
    else if (this.at <= now && this.#isForPeer && this.owner.isBehind && now < this.at + behindMsMax)
      this.owner.suspect(this)
    else if (this.at <= now) {
      this.at = never
      this.#target.due(now)
    } else if (this.isSet && !this.isScheduled) this.owner.schedule(this)
  }

  /**
   * For its owner's quiet turn: what came in time lies here, and waits for the program. Returns whether it comes later for that; once for each
   * time that was set by `setIn`.
   */
  putOff(now: number): boolean {
    if (!this.#mayBePutOff || this.at > now) return false
    this.#mayBePutOff = false
    this.#move(now + putOffMs)
    return true
  }

  #move(at: number): void {
    this.at = at
    if (at === never || (this.isScheduled && this.deadline <= at)) return
    this.owner.schedule(this)
  }
}

/** A deadline that a promise of the program waits for: as long as it is set, the loop keeps the process alive. */
export class AwaitedDeadline extends Deadline {
  #isAwaited = false

  override set(at: number): void {
    super.set(at)
    this.#follow()
  }

  override setIn(ms: number): void {
    super.setIn(ms)
    this.#follow()
  }

  override cancel(): void {
    super.cancel()
    this.#follow()
  }

  override come(now: number): void {
    try {
      super.come(now)
    } finally {
      this.#follow()
    }
  }

  #follow(): void {
    if (this.#isAwaited === this.isSet) return
    this.#isAwaited = this.isSet
    this.owner.awaits(this.isSet ? 1 : -1)
  }
}
