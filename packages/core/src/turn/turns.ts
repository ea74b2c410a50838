import type { Drive, Runnable } from '../ports/driver.ts'
import type { Loop } from '../ports/loop.ts'
import { AwaitedDeadline, Deadline, type DeadlineTarget, putOffMs } from './deadline.ts'
import { drain } from './drain.ts'
import { DriverNotifier } from './driver-notifier.ts'
import type { LoopWheel } from './loop-wheel.ts'
import { Rounds } from './rounds.ts'
import { TurnDeadlines, type TurnDeadlinesHost } from './turn-deadlines.ts'
import { flush, process, type TurnTaker } from './turn-taker.ts'

/** So many calls may wait for the program's next turn; what peers can cause at will is not added to more. */
export const deferredMax = 1000

/** What turns need of the pipe that they are given to. */
export interface TurnsOwner {
  /** What a driver is told of. */
  readonly runnable: Runnable
  /** The driver threw, or returned a promise that rejected. */
  driverFailed(error: unknown): void
}

/**
 * Gives the turns of one pipe. Each part that has work is listed once; a turn processes all of them, then what is due, then flushes: one
 * gather write a link and turn, whatever happened in it.
 *
 * With `auto`, a turn runs at the end of the I/O event that brought work, or at the end of the piece of program that sent something. Otherwise the
 * program, or its driver, gives the turns, and no function of the program is called outside of them. What can't wait for them has
 * *quiet turns*, which the loop gives: deadlines come, and channels that are closing end, so that all promises settle. What happens then that the
 * program has functions for is told at the beginning of its next turn.
 */
export class Turns implements TurnDeadlinesHost {
  readonly rounds: Rounds
  readonly #loop: Loop
  readonly #wheel: LoopWheel
  readonly #isAuto: boolean
  readonly #driver: DriverNotifier | undefined
  readonly #deadlines: TurnDeadlines
  readonly #ready: TurnTaker[] = []
  readonly #dirty: TurnTaker[] = []
  readonly #deferred: (() => void)[] = []
  /** How many turns the program, its driver or the library gave. */
  count = 0
  #phase: 'between' | 'turn' | 'quiet' = 'between'
  #now = 0
  #missedMs = 0
  #turnedAt = Number.NEGATIVE_INFINITY
  #isEndAsked = false
  #isNextAsked = false
  #isSettling = false
  #isQuietAsked = false

  constructor(wheel: LoopWheel, drive: Drive, owner: TurnsOwner) {
    this.#loop = wheel.loop
    this.#wheel = wheel
    this.rounds = new Rounds(wheel.loop)
    this.#isAuto = drive === 'auto'
    this.#deadlines = new TurnDeadlines(wheel, this)
    if (typeof drive !== 'object') return
    this.#driver = new DriverNotifier(drive, {
      runnable: owner.runnable,
      driverFailed: (error) => owner.driverFailed(error),
      failureTold: () => {
        if (this.#hasWork() && this.#phase === 'between') this.#ask()
      },
    })
  }

  /** The time: one for all that happens in a turn, between turns the loop's. */
  get now(): number {
    return this.#phase === 'between' ? this.#loop.now() : this.#now
  }

  /** The time by which peers are judged: see `WatchedTime`. One for a whole turn, too. */
  get watched(): number {
    const { now } = this
    return now - (this.#phase === 'between' ? this.#wheel.missedMs(now) : this.#missedMs)
  }

  get isInTurn(): boolean {
    return this.#phase !== 'between'
  }

  get isBehind(): boolean {
    return this.rounds.postponedCount > 0
  }

  /** Whether nothing else waits for a turn, of what this pipe knows. */
  get isAlone(): boolean {
    return this.#ready.length + this.rounds.postponedCount <= 1
  }

  /** Whether functions of the program may be called now. */
  get mayCall(): boolean {
    return this.#isAuto || this.#phase === 'turn'
  }

  /** Whether this is a turn in which no function of the program may be called. */
  get isQuiet(): boolean {
    return this.#phase === 'quiet' && !this.#isAuto
  }

  /** Calls functions of the program, now or at the beginning of its next turn. */
  call(run: () => void): void {
    if (this.mayCall) run()
    else this.defer(run)
  }

  /** Calls functions of the program at the beginning of its next turn. */
  defer(run: () => void): void {
    this.#deferred.push(run)
    this.#ask()
  }

  /** How many calls wait for the program's next turn. */
  get deferredCount(): number {
    return this.#deferred.length
  }

  /** An event of the platform brought work: with `auto` the turn runs now. */
  event(taker: TurnTaker): void {
    this.list(taker)
    if (!this.#isAuto) this.#askFor(taker)
    else if (this.#phase === 'between' && !this.#isSettling) this.run(this.#loop.now())
  }

  /** The program made work: with `auto` the turn runs when the loop comes round. */
  later(taker: TurnTaker): void {
    this.list(taker)
    this.#askFor(taker)
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
    // One that was dirty before may be ending now, and then need not wait for the program.
    if (taker.isDirty) return this.#isAuto ? undefined : this.#askFor(taker)
    taker.isDirty = true
    this.#dirty.push(taker)
    if (!this.#isAuto) return this.#askFor(taker)
    if (this.#phase !== 'between' || this.#isEndAsked) return
    this.#isEndAsked = true
    this.#loop.endOfTurn(this.#endOfTurn)
  }

  /** A deadline of this pipe, which isn't set yet. */
  deadline(target: DeadlineTarget): Deadline {
    return new Deadline(this.#deadlines, target)
  }

  /** The same, which a promise of the program waits for. */
  awaitedDeadline(target: DeadlineTarget): AwaitedDeadline {
    return new AwaitedDeadline(this.#deadlines, target)
  }

  /** Takes part in the next turn, whenever that comes. */
  list(taker: TurnTaker): void {
    if (taker.isReady) return
    taker.isReady = true
    this.#ready.push(taker)
  }

  /** One turn. A call from inside a turn does nothing: the turn is already running. One from a driver that is being told comes when the loop comes round. */
  run(now: number): void {
    this.#turn(now, this.#isAuto ? 'event' : 'round')
  }

  /** One turn: that of an event, or the one of a new round, in which those go on that were postponed. */
  #turn(now: number, kind: 'event' | 'round'): void {
    if (this.#phase !== 'between') return
    if (this.#driver?.isTelling) return this.#askNext()
    const { rounds } = this
    this.#begin('turn', now)
    this.#turnedAt = now
    this.count++
    this.#driver?.turn()
    if (kind === 'round') rounds.begin()
    try {
      drain(this.#deferred, call, now)
      drain(this.#ready, process, now)
      if (kind === 'round') rounds.goOn(now)
      this.#deadlines.come(now)
      drain(this.#dirty, flush, now)
    } finally {
      this.#end()
    }
  }

  /** Hands everything written to the links. Inside a turn, the turn does that at its end. */
  flush(now: number): void {
    if (this.#phase !== 'between') return
    this.#begin('quiet', now)
    try {
      drain(this.#dirty, flush, now)
    } finally {
      this.#end()
    }
  }

  /** When the next turn is needed: a time that has come if work waits. Never later than the first deadline. */
  nextDeadline(): number {
    return this.#isWaiting() ? this.now : this.#deadlines.next
  }

  woken(): void {
    if (this.#isAuto) this.run(this.#loop.now())
    else this.#runQuietly()
  }

  /** The pipe is gone, and has no deadlines any more. */
  close(): void {
    this.#wheel.rest()
  }

  #isWaiting(): boolean {
    return this.#hasWork() || this.#deferred.length > 0
  }

  #hasWork(): boolean {
    const parts = this.#ready.length + this.rounds.postponedCount + this.#dirty.length
    return parts + this.#deadlines.dueCount > 0
  }

  /** A turn of the loop's, in which no function of the program is called. */
  #runQuietly(): void {
    if (this.#phase !== 'between') return
    const now = this.#loop.now()
    this.#begin('quiet', now)
    try {
      this.rounds.begin()
      this.#ready.push(...this.rounds.takeAll())
      drain(this.#ready, this.#processQuietly, now)
      this.#deadlines.comeQuietly(now, this.#ready.length > 0 && now - this.#turnedAt < putOffMs)
      drain(this.#dirty, this.#flushQuietly, now)
    } finally {
      this.#end()
    }
  }

  #begin(phase: 'turn' | 'quiet', now: number): void {
    this.#phase = phase
    this.#now = now
    // The program may give an older time, or run ahead: what a turn takes is the loop's.
    const loopNow = this.#loop.now()
    this.#missedMs = this.#wheel.missedMs(loopNow)
    this.rounds.beginTurn(loopNow)
  }

  #end(): void {
    this.#phase = 'between'
    if (this.rounds.endTurn() && this.#isAuto) this.#askNext()
    if (this.#isWaiting()) this.#ask()
    this.#deadlines.turned()
  }

  /** A part has work. */
  #askFor(taker: TurnTaker): void {
    this.#ask()
    if (this.#isAuto || this.#isQuietAsked || taker.isUrgent !== true) return
    this.#isQuietAsked = true
    this.#loop.nextTurn(this.#quietTurn)
  }

  #ask(): void {
    if (this.#isAuto) this.#askNext()
    // Within a turn it is told at the end, if something is left then.
    else if (this.#phase === 'between') this.#driver?.tell()
  }

  #askNext(): void {
    if (this.#isNextAsked) return
    this.#isNextAsked = true
    this.#loop.nextTurn(this.#nextTurn)
  }

  readonly #processQuietly = (taker: TurnTaker, now: number): void => {
    if (taker.isUrgent === true) process(taker, now)
    else this.#ready.push(taker)
  }

  readonly #flushQuietly = (taker: TurnTaker, now: number): void => {
    if (taker.isUrgent === true) flush(taker, now)
    else this.#dirty.push(taker)
  }

  readonly #endOfTurn = (): void => {
    this.#isEndAsked = false
    this.flush(this.#loop.now())
  }

  readonly #nextTurn = (): void => {
    this.#isNextAsked = this.#isSettling = false
    this.#turn(this.#loop.now(), 'round')
  }

  readonly #quietTurn = (): void => {
    this.#isQuietAsked = false
    this.#runQuietly()
  }
}

function call(run: () => void): void {
  run()
}
