import type { Wake } from '@millrace/timer'
import type { Due } from './agenda.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Something that a program does in one go, once its time has come. */
class Piece implements Due, Wake {
  atMs: number
  order = 0
  isCancelled = false
  readonly run: () => void
  readonly #loop: EventLoop
  readonly kind: 'timer' | 'event'

  constructor(loop: EventLoop, atMs: number, run: () => void, kind: 'timer' | 'event') {
    this.#loop = loop
    this.atMs = atMs
    this.run = run
    this.kind = kind
  }

  due(): void {
    this.#loop.due(this)
  }

  cancel(): void {
    this.isCancelled = true
    this.#loop.cancelled(this)
  }
}

const noWake: Wake = { cancel() {} }

/**
 * What one program has to do, with the phases of Node's loop: due timers, then events of the outside world, then the
 * callbacks of `nextTurn`; after each single one those of `endOfTurn`. Times are those of the virtual time that drives it.
 */
export class EventLoop {
  readonly #time: VirtualTime
  /** Timers that are not due. */
  readonly #waiting = new Set<Piece>()
  readonly #timers: Piece[] = []
  readonly #events: Piece[] = []
  #ends: (() => void)[] = []
  readonly #nexts: (() => void)[] = []
  /** Of the present round: how much of each phase is left. */
  #timersLeft = 0
  #eventsLeft = -1
  #nextsLeft = -1
  #isClosed = false
  isFrozen = false
  /** Set by the virtual time: it is among those that have something to do, or an end of a turn. */
  isReady = false
  isEnding = false

  constructor(time: VirtualTime) {
    this.#time = time
  }

  /** Timers that were asked for and neither came nor were cancelled. */
  get timerCount(): number {
    return this.#waiting.size + this.#timers.filter(({ isCancelled }) => !isCancelled).length
  }

  get isIdle(): boolean {
    return this.#timers.length + this.#events.length + this.#nexts.length === 0
  }

  /** A timer of the program. */
  timerAt(atMs: number, run: () => void): Wake {
    if (this.#isClosed) return noWake
    const piece = new Piece(this, atMs, run, 'timer')
    this.#waiting.add(piece)
    this.#time.add(piece)
    return piece
  }

  /** An event of the outside world: what a socket would tell. After a stall, timers come before it. */
  eventAt(atMs: number, run: () => void): Wake {
    if (this.#isClosed) return noWake
    const piece = new Piece(this, atMs, run, 'event')
    this.#time.add(piece)
    return piece
  }

  endOfTurn(run: () => void): void {
    if (this.#isClosed) return
    this.#ends.push(run)
    this.#time.ending(this)
  }

  nextTurn(run: () => void): void {
    if (this.#isClosed) return
    this.#nexts.push(run)
    this.#time.ready(this)
  }

  /** The program stands still: what becomes due waits. Or it goes on. */
  freeze(mode: 'on' | 'off'): void {
    this.isFrozen = mode === 'on'
    if (this.isFrozen) return
    this.#time.ready(this)
    if (this.#ends.length > 0) this.#time.ending(this)
  }

  /** Its clock went forward: all timers are due by so much sooner. */
  hasten(ms: number): void {
    this.#time.reorder(() => {
      for (const piece of this.#waiting) piece.atMs -= ms
    })
  }

  /** The program is gone, with all that it had to do. What it asks for later never comes. */
  close(): void {
    this.#isClosed = true
    for (const piece of this.#waiting) piece.isCancelled = true
    this.#waiting.clear()
    this.#timers.length = this.#events.length = this.#nexts.length = this.#ends.length = 0
  }

  /** Begins a round through the phases, each with what is ready when it begins. */
  begin(): void {
    this.#timersLeft = this.#timers.length
    this.#eventsLeft = this.#nextsLeft = -1
  }

  /** The next piece of the round; undefined when it is over, or the program stands still. */
  next(): (() => void) | undefined {
    if (this.isFrozen) return undefined
    while (this.#timersLeft-- > 0) {
      const piece = this.#timers.shift()
      if (piece !== undefined && !piece.isCancelled) return piece.run
    }
    if (this.#eventsLeft < 0) this.#eventsLeft = this.#events.length
    while (this.#eventsLeft > 0) {
      this.#eventsLeft--
      const piece = this.#events.shift()
      if (piece !== undefined && !piece.isCancelled) return piece.run
    }
    if (this.#nextsLeft < 0) this.#nextsLeft = this.#nexts.length
    return this.#nextsLeft-- > 0 ? this.#nexts.shift() : undefined
  }

  /** Runs what was asked for the end of the turn. */
  finishTurn(): void {
    if (this.isFrozen) return
    const ends = this.#ends
    this.#ends = []
    for (const run of ends) run()
  }

  /** A piece's time has come. */
  due(piece: Piece): void {
    if (this.#isClosed) return
    if (piece.kind === 'event') this.#events.push(piece)
    else {
      this.#waiting.delete(piece)
      this.#timers.push(piece)
    }
    this.#time.ready(this)
  }

  cancelled(piece: Piece): void {
    this.#waiting.delete(piece)
  }
}
