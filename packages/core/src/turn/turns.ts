import { type TimerEntry, TimerWheel } from '@millrace/timer'
import type { Loop } from '../ports/loop.ts'

/** Something that gets a turn when it has work. */
export interface TurnTaker {
  /** In the list of those with work for the next turn. Kept by `Turns`. */
  isReady: boolean
  /** In the list of those with bytes to send at the end of the turn. Kept by `Turns`. */
  isDirty: boolean
  /** Decodes, delivers, keeps its books. */
  process(now: number): void
  /** Hands what was written to the link. */
  flush(): void
}

/**
 * Gives the turns of one pipe. Whoever has work is listed once; a turn processes all of them, then advances the
 * deadlines, then flushes: one gather write a link and turn, whatever happened in it. With `auto`, a turn runs at the
 * end of the I/O event that brought work, or at the end of the piece of program that sent something.
 */
export class Turns {
  readonly wheel: TimerWheel
  readonly loop: Loop
  readonly #drive: 'auto' | 'manual'
  #ready: TurnTaker[] = []
  #readyBefore: TurnTaker[] = []
  #dirty: TurnTaker[] = []
  #isRunning = false
  #isEndAsked = false
  #isNextAsked = false
  #isSettling = false
  #wakeAt = Number.POSITIVE_INFINITY
  #wake: { cancel(): void } | undefined
  #isClosed = false
  #now: number

  constructor(loop: Loop, drive: 'auto' | 'manual') {
    this.loop = loop
    this.#drive = drive
    this.#now = loop.now()
    this.wheel = new TimerWheel(this.#now)
  }

  /** The time: one for all that happens in a turn, between turns the loop's. */
  get now(): number {
    return this.#isRunning ? this.#now : this.loop.now()
  }

  /** An event of the platform brought work: with `auto` the turn runs now. */
  event(taker: TurnTaker): void {
    this.#list(taker)
    if (this.#drive === 'auto' && !this.#isRunning && !this.#isSettling) this.run(this.loop.now())
  }

  /** The program made work: with `auto` the turn runs when the loop comes round. */
  later(taker: TurnTaker): void {
    this.#list(taker)
    this.#askNext()
  }

  /**
   * Like `later`, for what must wait until all promises have settled. One event can bring bytes several times, as a chunk of many records
   * does: no turn runs before the loop has come round.
   */
  settle(taker: TurnTaker): void {
    this.later(taker)
    this.#isSettling = this.#isNextAsked
  }

  /** Something was written: it leaves at the end of this turn. */
  dirty(taker: TurnTaker): void {
    if (taker.isDirty) return
    taker.isDirty = true
    this.#dirty.push(taker)
    if (this.#drive === 'manual' || this.#isRunning || this.#isEndAsked) return
    this.#isEndAsked = true
    this.loop.endOfTurn(this.#endOfTurn)
  }

  /** One turn. A call from inside a turn does nothing: the turn is already running. */
  run(now: number): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#now = now
    try {
      this.#process(now)
      this.wheel.advance(now)
      this.#flush()
    } finally {
      this.#isRunning = false
    }
    if (this.#ready.length > 0) this.#askNext()
    this.#arm()
  }

  /** Hands everything written to the links. Inside a turn, the turn does that at its end. */
  flush(): void {
    if (this.#isRunning) return
    this.#flush()
  }

  /** Lets an entry of the wheel come at its time. Between turns, asks the loop to be woken for it. */
  schedule(entry: TimerEntry, at: number): void {
    this.wheel.schedule(entry, at)
    if (at < this.#wakeAt) this.#arm()
  }

  #arm(): void {
    if (this.#drive === 'manual' || this.#isRunning || this.#isClosed) return
    const deadline = this.wheel.nextDeadline()
    if (deadline >= this.#wakeAt) return
    this.#wake?.cancel()
    this.#wakeAt = deadline
    this.#wake = this.loop.wakeAt(deadline, this.#woken)
  }

  /** Wants no more wake-ups. */
  close(): void {
    this.#isClosed = true
    this.#wake?.cancel()
    this.#wake = undefined
  }

  #process(now: number): void {
    const ready = this.#ready
    this.#ready = this.#readyBefore
    this.#readyBefore = ready
    for (let index = 0; index < ready.length; index++) {
      ready[index].isReady = false
      ready[index].process(now)
    }
    ready.length = 0
  }

  #list(taker: TurnTaker): void {
    if (taker.isReady) return
    taker.isReady = true
    this.#ready.push(taker)
  }

  #askNext(): void {
    if (this.#drive === 'manual' || this.#isNextAsked) return
    this.#isNextAsked = true
    this.loop.nextTurn(this.#nextTurn)
  }

  #flush(): void {
    const dirty = this.#dirty
    for (let index = 0; index < dirty.length; index++) {
      dirty[index].isDirty = false
      dirty[index].flush()
    }
    dirty.length = 0
  }

  readonly #endOfTurn = (): void => {
    this.#isEndAsked = false
    this.flush()
    this.#arm()
  }

  readonly #nextTurn = (): void => {
    this.#isNextAsked = this.#isSettling = false
    this.run(this.loop.now())
  }

  readonly #woken = (): void => {
    this.#wakeAt = Number.POSITIVE_INFINITY
    this.run(this.loop.now())
  }
}
