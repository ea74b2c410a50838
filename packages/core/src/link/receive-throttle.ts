import type { PipeLimits } from '../base/options.ts'
import type { Link } from '../ports/transport.ts'

/** Frame headers, and one read of the platform. */
const slack = 65_536

/**
 * Lets a link rest while too much is stored, or while the channel waits for its next turn: what is read meanwhile would only lie in memory. One whole
 * message always fits, whatever the marks say: the bytes of a message that is still coming must never be what keeps the rest of it from coming.
 */
export class ReceiveThrottle {
  readonly #link: Link
  readonly #pauseAbove: number
  readonly #resumeBelow: number
  #state: 'on' | 'paused' = 'on'
  #isResting = false

  constructor(link: Link, { receiveHighWaterBytes, messageSizeMax }: PipeLimits) {
    this.#link = link
    this.#pauseAbove = Math.max(receiveHighWaterBytes, messageSizeMax + 2 * slack)
    this.#resumeBelow = Math.max(receiveHighWaterBytes / 2, messageSizeMax + slack)
  }

  /**
   * Pauses or resumes by the bytes that are stored, and returns which it is. `overflow`: they are too many, and the link can't pause. `isSpent`: the
   * channel has used up its turn; the link rests until the next, and is not paused. `isPaused`: the channel is, and may store nothing.
   */
  regulate(stored: number, isSpent: boolean, isPaused: boolean): 'on' | 'paused' | 'overflow' {
    if (isPaused || stored > this.#pauseAbove) {
      if (this.#link.pause !== undefined) this.#state = 'paused'
      else if (stored > 0) return 'overflow'
    } else if (stored < this.#resumeBelow) this.#state = 'on'
    this.#rest(isSpent || this.#state === 'paused')
    return this.#state
  }

  /** The channel is paused. Whether its link can be is seen by `regulate`. */
  pause(): void {
    if (this.#link.pause === undefined) return
    this.#state = 'paused'
    this.#rest(true)
  }

  #rest(isResting: boolean): void {
    if (this.#isResting === isResting) return
    this.#isResting = isResting
    if (isResting) this.#link.pause?.()
    else this.#link.resume?.()
  }
}
