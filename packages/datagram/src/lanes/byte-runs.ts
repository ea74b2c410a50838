import { type BlockPool, ReceiveBuffer } from '@millrace/buffer'

/** The most gaps between the bytes that came: what would make one more is not stored. */
export const gapCountMax = 64

/** What a run costs beside its bytes. */
const runOverhead = 256

/**
 * Bytes that come in pieces, at offsets, in any order: runs without a gap, each in one piece of memory that grows with what came, never
 * with what was announced. The first run, `head`, begins at `start`, and is all that can be read.
 *
 * Bytes that are there already stay: of two pieces that contradict each other, the first wins. That they do is not found out.
 */
export class ByteRuns {
  /** The bytes from `start` on, without a gap; may be empty. */
  readonly head: ReceiveBuffer
  /** Offset of the first byte that was not consumed. Read only. */
  start: number
  readonly #pool: BlockPool
  /** In the order of their offsets, with a gap before each but the first, which is `head`. */
  readonly #runs: ReceiveBuffer[]
  readonly #starts: number[]

  /** All before `start` was consumed. */
  constructor(pool: BlockPool, start = 0) {
    this.#pool = pool
    this.start = start
    this.#starts = [start]
    this.head = new ReceiveBuffer(pool, { sizeMax: Number.MAX_SAFE_INTEGER })
    this.#runs = [this.head]
  }

  /** Nothing is stored. */
  isEmpty(): boolean {
    return this.#runs.length === 1 && this.head.size === 0
  }

  /** How many gaps there are. */
  get gapCount(): number {
    return this.#runs.length - 1
  }

  /** What the stored bytes cost in memory. */
  get weight(): number {
    let weight = 0
    for (const run of this.#runs) weight += run.size
    return weight + this.gapCount * runOverhead
  }

  /**
   * Copies `bytes[from, to)` to their place from `offset` on, as far as they are new. `'full'` when that would make one gap more than
   * `gapsMax`; nothing was stored then. What begins where a run ends is always stored.
   */
  insert(
    offset: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    gapsMax = gapCountMax,
  ): 'stored' | 'full' {
    let at = from
    let place = offset
    if (place < this.start) {
      at += this.start - place
      place = this.start
    }
    if (at >= to) return 'stored'
    const index = this.#runFor(place, place + to - at, gapsMax)
    if (index < 0) return 'full'
    const run = this.#runs[index]
    for (;;) {
      const end = this.#starts[index] + run.size
      if (end > place) {
        at += end - place
        place = end
      }
      if (at >= to) return 'stored'
      const next = index + 1 < this.#runs.length ? this.#starts[index + 1] : Number.POSITIVE_INFINITY
      const size = Math.min(to - at, next - place)
      run.append(bytes, at, at + size)
      at += size
      place += size
      if (place === next) this.#join(index)
    }
  }

  /** Drops so many bytes of `head`. */
  consume(size: number): void {
    this.head.consume(size)
    this.start += size
    this.#starts[0] = this.start
  }

  /** So many bytes that were never stored are done with. Only while nothing is stored. */
  passOver(size: number): void {
    this.start += size
    this.#starts[0] = this.start
  }

  /** Forgets everything and gives the memory back. It begins at 0 again. */
  release(): void {
    for (const run of this.#runs) run.release()
    this.#runs.length = this.#starts.length = 1
    this.start = this.#starts[0] = 0
  }

  /** The run that reaches `place`, a new and empty one if none does; -1 if there may be no more. */
  #runFor(place: number, end: number, gapsMax: number): number {
    let index = this.#runs.length - 1
    if (index > 0) {
      let low = 0
      while (low < index) {
        const middle = (low + index + 1) >>> 1
        if (this.#starts[middle] <= place) low = middle
        else index = middle - 1
      }
    }
    if (this.#starts[index] + this.#runs[index].size >= place) return index
    const next = index + 1
    const isJoined = next < this.#runs.length && end >= this.#starts[next]
    if (this.#runs.length > gapsMax && !isJoined) return -1
    this.#runs.splice(next, 0, new ReceiveBuffer(this.#pool, { sizeMax: Number.MAX_SAFE_INTEGER }))
    this.#starts.splice(next, 0, place)
    return next
  }

  /** The gap behind a run is filled: takes the next run in. */
  #join(index: number): void {
    const next = this.#runs[index + 1]
    this.#runs[index].append(next.bytes, next.start, next.end)
    next.release()
    this.#runs.splice(index + 1, 1)
    this.#starts.splice(index + 1, 1)
  }
}
