import type { Wake } from '@millrace/timer'

/** Something that is due at a time. It belongs to one agenda, once. */
export interface Due {
  readonly atMs: number
  /** Set by the agenda: what is due at one time comes in the order in which it was asked for. */
  order: number
  readonly isCancelled: boolean
  /** The time has come. */
  due(): void
}

/** A call at a time. */
export class Moment implements Due, Wake {
  readonly atMs: number
  order = 0
  isCancelled = false
  readonly due: () => void

  constructor(atMs: number, due: () => void) {
    this.atMs = atMs
    this.due = due
  }

  cancel(): void {
    this.isCancelled = true
  }
}

/** What is due when, in order of time, then of asking: a heap. Knows no clock. */
export class Agenda {
  readonly #heap: Due[] = []
  #order = 0

  add(entry: Due): void {
    entry.order = this.#order++
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
  }

  /** When the next entry is due; infinity if there is none. */
  nextAt(): number {
    const heap = this.#heap
    while (heap.length > 0 && heap[0].isCancelled) this.#takeFirst()
    return heap.length === 0 ? Number.POSITIVE_INFINITY : heap[0].atMs
  }

  /** Takes out the next entry that is due at `now`, or undefined. */
  take(now: number): Due | undefined {
    return this.nextAt() <= now ? this.#takeFirst() : undefined
  }

  /** Lets `change` change the times of entries. Costs as much as all of them. */
  reorder(change: () => void): void {
    change()
    // What is sorted is a heap.
    this.#heap.sort((one, other) => (isBefore(one, other) ? -1 : 1))
  }

  #takeFirst(): Due {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop() as Due
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

function isBefore(one: Due, other: Due): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}
