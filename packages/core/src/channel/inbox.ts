/** A message that waits for an async iterator. */
export interface Waiting {
  readonly key: string
  readonly body: unknown
}

/** How much may wait for an async iterator. */
export interface InboxLimits {
  readonly countMax: number
  /** By the weight of decoded messages. */
  readonly bytesMax: number
}

/** Messages that wait for an async iterator. When it is full, its owner lets the link wait. */
export class Inbox implements AsyncIterator<Waiting> {
  readonly #limits: InboxLimits
  readonly #left: (unread: number) => void
  readonly #roomMade: () => void
  #queue: Waiting[] = []
  #weights: number[] = []
  #bytes = 0
  #start = 0
  #isEnded = false
  #waiters: ((result: IteratorResult<Waiting>) => void)[] = []

  constructor(limits: InboxLimits, roomMade: () => void, left: (unread: number) => void) {
    this.#limits = limits
    this.#roomMade = roomMade
    this.#left = left
  }

  get isFull(): boolean {
    const { countMax, bytesMax } = this.#limits
    return this.#queue.length - this.#start >= countMax || this.#bytes >= bytesMax
  }

  /** `weight`: what it costs in memory, in bytes. */
  push(key: string, body: unknown, weight: number): void {
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) return waiter({ done: false, value: { key, body } })
    this.#queue.push({ key, body })
    this.#weights.push(weight)
    this.#bytes += weight
  }

  /** No more messages will come; those that wait are still read. */
  end(): void {
    this.#isEnded = true
    for (const waiter of this.#waiters.splice(0)) waiter({ done: true, value: undefined })
  }

  next(): Promise<IteratorResult<Waiting>> {
    if (this.#start < this.#queue.length) return Promise.resolve({ done: false, value: this.#take() })
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  return(): Promise<IteratorResult<Waiting>> {
    this.#left(this.#queue.length - this.#start)
    this.#queue.length = this.#weights.length = this.#start = this.#bytes = 0
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  #take(): Waiting {
    const wasFull = this.isFull
    const message = this.#queue[this.#start]
    this.#bytes -= this.#weights[this.#start]
    this.#start++
    if (this.#start === this.#queue.length || this.#start >= this.#limits.countMax) {
      this.#queue = this.#queue.slice(this.#start)
      this.#weights = this.#weights.slice(this.#start)
      this.#start = 0
    }
    if (wasFull && !this.isFull) this.#roomMade()
    return message
  }
}
