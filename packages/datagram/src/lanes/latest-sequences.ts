import { frameNumberMax } from '@millrace/wire'

/** By message number, the sequence that was taken last: what is older is refused. Sequences are compared by subtraction, so that they may wrap. */
export class LatestSequences {
  readonly #mask: number
  /** -1: none yet. Grows with the largest number, to 64 KiB. */
  #latest = new Int32Array(0)

  /** `mask`: the largest sequence, a power of two less one. */
  constructor(mask: number) {
    this.#mask = mask
  }

  /** Whether a sequence is newer than the latest of its number, or its first. */
  isNewer(number: number, sequence: number): boolean {
    const latest = this.latest(number)
    return latest < 0 || isAhead(sequence, latest, this.#mask)
  }

  /** The latest of a number; -1 if there is none. */
  latest(number: number): number {
    return number < this.#latest.length ? this.#latest[number] : -1
  }

  /** This one, of a number up to `frameNumberMax`, is the latest now. */
  take(number: number, sequence: number): void {
    if (number >= this.#latest.length) {
      const grown = new Int32Array(Math.min(Math.max(16, number * 2), frameNumberMax + 1)).fill(-1)
      grown.set(this.#latest)
      this.#latest = grown
    }
    this.#latest[number] = sequence
  }
}

/** Whether `sequence` comes after `other`: less than half of all numbers lie between them. */
export function isAhead(sequence: number, other: number, mask: number): boolean {
  const ahead = (sequence - other) & mask
  return ahead > 0 && ahead <= mask >>> 1
}
