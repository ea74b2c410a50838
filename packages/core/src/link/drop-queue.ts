/**
 * Encoded messages that wait for a full link, for the policies that drop what has not left: the oldest, or an older one
 * of the same key. Bounded by bytes.
 */
export class DropQueue {
  /** Bytes that wait. */
  size = 0
  /** Messages dropped because they were the oldest. */
  droppedOldest = 0
  /** Messages dropped because a later one of the same key came. */
  superseded = 0
  readonly #policy: 'drop-oldest' | 'latest-by-key'
  readonly #sizeMax: number
  readonly #queue = new Map<string | number, Uint8Array>()
  #nextTicket = 0

  constructor(policy: 'drop-oldest' | 'latest-by-key', sizeMax: number) {
    this.#policy = policy
    this.#sizeMax = sizeMax
  }

  /** Queues a message at the end, and drops what has to go for it: older messages of its topic, if it has one. */
  push(topic: string | undefined, bytes: Uint8Array): void {
    const ticket = this.#policy === 'latest-by-key' && topic !== undefined ? topic : this.#nextTicket++
    const older = this.#queue.get(ticket)
    if (older !== undefined) {
      this.#queue.delete(ticket)
      this.size -= older.length
      this.superseded++
    }
    this.#queue.set(ticket, bytes)
    this.size += bytes.length
    for (const [first, { length }] of this.#queue) {
      if (this.size <= this.#sizeMax || first === ticket) break
      this.#queue.delete(first)
      this.size -= length
      this.droppedOldest++
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
