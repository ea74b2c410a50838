import type { Wake } from '@millrace/timer'

/** What is due at a time. */
export class Entry implements Wake {
  readonly atMs: number
  /** Entries of one time run in the order in which they were asked for. */
  readonly order: number
  readonly run: () => void
  isCancelled = false

  constructor(atMs: number, order: number, run: () => void) {
    this.atMs = atMs
    this.order = order
    this.run = run
  }

  cancel(): void {
    this.isCancelled = true
  }
}

/** What is due when, in order of time, then of asking: a heap. Knows no clock. */
export class Agenda {
  readonly #heap: Entry[] = []
  #order = 0

  add(atMs: number, run: () => void): Entry {
    const entry = new Entry(atMs, this.#order++, run)
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(entry, heap[above])) break
      heap[at] = heap[above]
      at = above
    }
    heap[at] = entry
    return entry
  }

  /** When the next entry is due; infinity if there is none. */
  nextAt(): number {
    const heap = this.#heap
    while (heap.length > 0 && heap[0].isCancelled) this.#takeFirst()
    return heap.length === 0 ? Number.POSITIVE_INFINITY : heap[0].atMs
  }

  /** Takes out the next entry that is due at `now`, or undefined. */
  take(now: number): Entry | undefined {
    return this.nextAt() <= now ? this.#takeFirst() : undefined
  }

  #takeFirst(): Entry {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop() as Entry
    const size = heap.length
    if (size === 0) return first
    let at = 0
    for (let below = 1; below < size; below = 2 * at + 1) {
      if (below + 1 < size && isBefore(heap[below + 1], heap[below])) below++
      if (!isBefore(heap[below], last)) break
      heap[at] = heap[below]
      at = below
    }
    heap[at] = last
    return first
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}
