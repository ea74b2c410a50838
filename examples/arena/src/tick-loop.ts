/** How often the arena's world moves. */
export const ticksPerSecond = 30

/** Further behind than so many ticks, the loop leaves some out. */
const lagTicksMax = 5

/** The share of its interval that the loop leaves between two ticks, however late it is: a server that only ticks reads nothing. */
const restShare = 0.25

/** Calls a function so many times a second without drift: each tick is planned from the start, not from the last one. */
export class TickLoop {
  /** Ticks left out because the loop was further behind than `lagTicksMax`. */
  skipped = 0
  readonly #intervalMs: number
  readonly #tick: () => void
  #nextAt: number
  #timer: NodeJS.Timeout | undefined

  constructor(perSecond: number, tick: () => void) {
    this.#intervalMs = 1000 / perSecond
    this.#tick = tick
    this.#nextAt = performance.now()
    this.#plan()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #plan(): void {
    const restMs = Math.max(restShare * this.#intervalMs, this.#nextAt - performance.now())
    this.#timer = setTimeout(this.#run, restMs)
  }

  readonly #run = (): void => {
    this.#nextAt += this.#intervalMs
    const behind = Math.floor((performance.now() - this.#nextAt) / this.#intervalMs)
    // A machine that stood still for long must not be answered by a burst of ticks.
    if (behind > lagTicksMax) {
      this.skipped += behind
      this.#nextAt += behind * this.#intervalMs
    }
    this.#tick()
    if (this.#timer !== undefined) this.#plan()
  }
}
