import type { Overflow } from '../channel/overflow.ts'

/**
 * Encoded messages that wait for a full link, for the policies that drop what has not left: the oldest, or an older one
 * of the same key. Bounded by bytes.
 */
export class DropQueue {
  /** Bytes that wait. */
  size = 0
  readonly #overflow: Overflow
  readonly #queue = new Map<string | number, Uint8Array>()
  #nextTicket = 0

  /** Drops are counted in `overflow`. */
  constructor(overflow: Overflow) {
    this.#overflow = overflow
  }

  /** Queues a message at the end, and drops what has to go for it: the older message of its topic, if it has one. `sizeMax`: so many bytes may wait. */
  push(topic: string | undefined, bytes: Uint8Array, sizeMax: number): void {
    const ticket = topic ?? this.#nextTicket++
    const older = this.#queue.get(ticket)
    if (older !== undefined) {
      this.#queue.delete(ticket)
      this.size -= older.length
      this.#overflow.superseded++
    }
    this.#queue.set(ticket, bytes)
    this.size += bytes.length
    for (const [first, { length }] of this.#queue) {
      if (this.size <= sizeMax || first === ticket) break
      this.#queue.delete(first)
      this.size -= length
      this.#overflow.droppedOldest++
    }
  }

  /** Hands out messages in their order, as long as there is room. */
  pour(hasRoom: () => boolean, take: (bytes: Uint8Array) => void): void {
    for (const [ticket, bytes] of this.#queue) {
      if (!hasRoom()) return
      this.#queue.delete(ticket)
      this.size -= bytes.length
      take(bytes)
    }
  }

  /** Drops everything, uncounted: the channel has ended. */
  clear(): void {
    this.#queue.clear()
    this.size = 0
  }
}
