import type { AckReader } from './ack-reader.ts'

/** So many gaps in the numbers that were sent are remembered, the newest ones. */
const gapsMax = 16

/**
 * Numbers that were never sent, because the connection left them out. A peer that acknowledges one acknowledges what it has not seen, to be sent to
 * faster than the path allows (RFC 9000, 21.4).
 */
export class SkippedNumbers {
  readonly #lows: number[] = []
  readonly #highs: number[] = []

  /** The numbers from `low` to `high` will not be sent. */
  add(low: number, high: number): void {
    this.#lows.push(low)
    this.#highs.push(high)
    if (this.#lows.length <= gapsMax) return
    this.#lows.shift()
    this.#highs.shift()
  }

  /** A number of these that the ack holds, or -1. */
  foundIn(ack: AckReader): number {
    for (let gap = 0; gap < this.#lows.length; gap++) {
      for (let index = 0; index < ack.count; index++) {
        const high = Math.min(ack.highs[index], this.#highs[gap])
        if (high >= ack.lows[index] && high >= this.#lows[gap]) return high
      }
    }
    return -1
  }
}
