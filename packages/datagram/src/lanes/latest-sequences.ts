/** The numbers with their sequences in one piece of memory, made when the first of them comes: 256 bytes, and 256 of them for all numbers. */
const pageBits = 6
const pageSize = 1 << pageBits

/** By message number, the sequence that was taken last: what is older is refused. Sequences are compared by subtraction, so that they may wrap. */
export class LatestSequences {
  readonly #mask: number
  /** -1: none yet. */
  readonly #pages: (Int32Array | undefined)[] = []

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
    const page = this.#pages[number >>> pageBits]
    return page === undefined ? -1 : page[number & (pageSize - 1)]
  }

  /** This one, of a number up to `frameNumberMax`, is the latest now. */
  take(number: number, sequence: number): void {
    const index = number >>> pageBits
    while (this.#pages.length <= index) this.#pages.push(undefined)
    const page = (this.#pages[index] ??= new Int32Array(pageSize).fill(-1))
    page[number & (pageSize - 1)] = sequence
  }
}

/** Whether `sequence` comes after `other`: less than half of all numbers lie between them. */
export function isAhead(sequence: number, other: number, mask: number): boolean {
  const ahead = (sequence - other) & mask
  return ahead > 0 && ahead <= mask >>> 1
}
