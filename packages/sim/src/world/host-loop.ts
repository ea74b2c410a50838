import type { Loop } from '@millrace/core'
import type { Wake } from '@millrace/timer'
import { SimError } from '../base/sim-error.ts'
import { EventLoop } from '../time/event-loop.ts'
import type { VirtualTime } from '../time/virtual-time.ts'

/** The loop of one host's program: a view of the world's time, which may be late, stand still, or jump. */
export class HostLoop implements Loop {
  /** What the program has to do. For the sockets. */
  readonly events: EventLoop
  readonly #time: VirtualTime
  /** How far its clock is ahead of the world's. */
  #aheadMs = 0
  /** Until when the program is busy, or stands still, in the world's time. */
  #busyUntil = 0
  #isPaused = false
  /** How many promises keep the process alive. */
  holdCount = 0

  constructor(time: VirtualTime, aheadMs: number) {
    this.#time = time
    this.#aheadMs = aheadMs
    this.events = new EventLoop(time)
  }

  /** The time of the program, in milliseconds: it goes on in a piece that takes its time. */
  now(): number {
    return this.hereTime() + this.#aheadMs
  }

  /** Where in the world's time the program is: later than the world in a piece that takes its time. */
  hereTime(): number {
    const now = this.#time.now()
    return this.#time.running === this.events && this.#busyUntil > now ? this.#busyUntil : now
  }

  /** How far its clock is ahead of the world's, in milliseconds. */
  get aheadMs(): number {
    return this.#aheadMs
  }

  /** Calls `wake` once its clock shows `atMs`. */
  wakeAt(atMs: number, wake: () => void): Wake {
    return this.events.timerAt(atMs - this.#aheadMs, wake)
  }

  /** Calls `run` behind the running piece. */
  endOfTurn(run: () => void): void {
    this.events.endOfTurn(run)
  }

  /** Calls `run` behind the events that are there. */
  nextTurn(run: () => void): void {
    this.events.nextTurn(run)
  }

  /** A promise of the program waits: what is not taken back is found at the end of the world. */
  hold(): Wake {
    this.holdCount++
    let isHeld = true
    return {
      cancel: () => {
        if (isHeld) this.holdCount--
        isHeld = false
      },
    }
  }

  /** The program does nothing for so long, from where it is now. Called inside one of its pieces, that piece takes so long. */
  stall(ms: number): void {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY))
      throw new SimError(
        'argument-invalid',
        `a stall takes a number of milliseconds from 0; got ${String(ms)}`,
      )
    this.#busyUntil = Math.max(this.hereTime(), this.#busyUntil) + ms
    this.events.freeze('on')
    const until = this.#busyUntil
    this.#time.at(until, () => {
      if (this.#busyUntil === until) this.#thaw()
    })
  }

  /** The program stands still until `resume`. */
  pause(): void {
    this.#isPaused = true
    this.events.freeze('on')
  }

  /** Ends a `pause`. */
  resume(): void {
    this.#isPaused = false
    this.#thaw()
  }

  /** Its clock goes forward by so much at once. */
  jump(ms: number): void {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY))
      throw new SimError(
        'argument-invalid',
        `the clock of a loop only goes forward, by milliseconds from 0; got ${String(ms)}`,
      )
    this.#aheadMs += ms
    this.events.hasten(ms)
  }

  #thaw(): void {
    if (!this.#isPaused && this.#busyUntil <= this.#time.now()) this.events.freeze('off')
  }
}
