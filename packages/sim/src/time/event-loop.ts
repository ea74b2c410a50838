import type { Wake } from '@millrace/timer'
import type { VirtualTime } from './virtual-time.ts'

/** Something that a program does in one go. */
interface Piece {
  atMs: number
  readonly run: () => void
  readonly phase: Piece[]
  entry: Wake | undefined
  isCancelled: boolean
}

const noWake: Wake = { cancel() {} }

/**
 * What one program has to do, with the phases of Node's loop: due timers, then events of the outside world, then the
 * callbacks of `nextTurn`; after each single one those of `endOfTurn`. Times are those of the virtual time that drives it.
 */
export class EventLoop {
  readonly #time: VirtualTime
  readonly #pending = new Set<Piece>()
  readonly #timers: Piece[] = []
  readonly #events: Piece[] = []
  #ends: (() => void)[] = []
  readonly #nexts: (() => void)[] = []
  #isFrozen = false
  #isClosed = false
  /** Set by the virtual time: it is among those that have something to do, or an end of a turn. */
  isReady = false
  isEnding = false

  constructor(time: VirtualTime) {
    this.#time = time
  }

  /** Timers that were asked for and neither came nor were cancelled. */
  get timerCount(): number {
    let count = 0
    for (const { phase } of this.#pending) if (phase === this.#timers) count++
    for (const { isCancelled } of this.#timers) if (!isCancelled) count++
    return count
  }

  get isIdle(): boolean {
    return this.#timers.length + this.#events.length + this.#nexts.length === 0
  }

  /** A timer of the program. */
  timerAt(atMs: number, run: () => void): Wake {
    return this.#at(atMs, run, this.#timers)
  }

  /** An event of the outside world: what a socket would tell. After a stall, timers come before it. */
  eventAt(atMs: number, run: () => void): Wake {
    return this.#at(atMs, run, this.#events)
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
    this.#isFrozen = mode === 'on'
    if (this.#isFrozen) return
    this.#time.ready(this)
    if (this.#ends.length > 0) this.#time.ending(this)
  }

  /** Its clock went forward: all timers are due by so much sooner. */
  hasten(ms: number): void {
    for (const piece of this.#pending) {
      if (piece.phase !== this.#timers) continue
      piece.entry?.cancel()
      piece.atMs -= ms
      this.#schedule(piece)
    }
  }

  /** The program is gone, with all that it had to do. What it asks for later never comes. */
  close(): void {
    this.#isClosed = true
    for (const { entry } of this.#pending) entry?.cancel()
    this.#pending.clear()
    this.#timers.length = this.#events.length = this.#nexts.length = this.#ends.length = 0
  }

  /** One round through the phases: what is ready as each begins. `run` takes one piece at a time. */
  async round(run: (piece: () => void) => Promise<void>, isEnough: () => boolean): Promise<void> {
    for (const phase of [this.#timers, this.#events]) {
      for (let left = phase.length; left > 0 && !this.#mustStop(isEnough); left--) {
        const piece = phase.shift()
        if (piece !== undefined && !piece.isCancelled) await run(piece.run)
      }
    }
    const nexts = this.#nexts
    for (let left = nexts.length; left > 0 && !this.#mustStop(isEnough); left--) {
      const next = nexts.shift()
      if (next !== undefined) await run(next)
    }
  }

  /** Runs what was asked for the end of the turn. */
  finishTurn(): void {
    if (this.#isFrozen) return
    const ends = this.#ends
    this.#ends = []
    for (const run of ends) run()
  }

  #mustStop(isEnough: () => boolean): boolean {
    return this.#isFrozen || isEnough()
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  #at(atMs: number, run: () => void, phase: Piece[]): Wake {
    if (this.#isClosed) return noWake
    const piece: Piece = { atMs, run, phase, entry: undefined, isCancelled: false }
    this.#pending.add(piece)
    this.#schedule(piece)
    return {
      cancel: () => {
        piece.isCancelled = true
        this.#pending.delete(piece)
        piece.entry?.cancel()
      },
    }
  }

  #schedule(piece: Piece): void {
    piece.entry = this.#time.at(piece.atMs, () => {
      this.#pending.delete(piece)
      piece.phase.push(piece)
      this.#time.ready(this)
    })
  }
}
