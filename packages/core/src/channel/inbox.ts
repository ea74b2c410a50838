/** A message that waits for an async iterator. */
export interface Waiting {
  readonly key: string
  readonly body: unknown
}

/** What an inbox needs of its channel. */
export interface InboxOwner {
  /** So much may wait, by the weight of decoded messages; less than a message is one. */
  readonly receiveHighWaterBytes: number
  /** Lets messages wait, or come again. */
  wait(cause: 'reading'): void
  goOn(cause: 'reading'): void
}

/** Messages that wait for an async iterator. When it is full, the others wait in the channel. */
export class Inbox implements AsyncIterator<Waiting> {
  readonly #countMax: number
  readonly #owner: InboxOwner
  readonly #left: (unread: number) => void
  #queue: Waiting[] = []
  #weights: number[] = []
  /** What waits, by the weight of decoded messages. */
  bytes = 0
  #start = 0
  #isFull = false
  #isEnded = false
  #waiters: ((result: IteratorResult<Waiting>) => void)[] = []

  constructor(countMax: number, owner: InboxOwner, left: (unread: number) => void) {
    this.#countMax = countMax
    this.#owner = owner
    this.#left = left
  }

  /** `weight`: what it costs in memory, in bytes. */
  push(key: string, body: unknown, weight: number): void {
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) return waiter({ done: false, value: { key, body } })
    this.#queue.push({ key, body })
    this.#weights.push(weight)
    this.bytes += weight
    this.regulate()
  }

  /** Lets messages wait while it is full. */
  regulate(): void {
    const count = this.#queue.length - this.#start
    const { receiveHighWaterBytes } = this.#owner
    const isFull = count > 0 && (count >= this.#countMax || this.bytes >= receiveHighWaterBytes)
    if (isFull === this.#isFull) return
    this.#isFull = isFull
    this.#owner[isFull ? 'wait' : 'goOn']('reading')
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
    this.#queue.length = this.#weights.length = this.#start = this.bytes = 0
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  #take(): Waiting {
    const message = this.#queue[this.#start]
    this.bytes -= this.#weights[this.#start]
    this.#start++
    if (this.#start === this.#queue.length || this.#start >= this.#countMax) {
      this.#queue = this.#queue.slice(this.#start)
      this.#weights = this.#weights.slice(this.#start)
      this.#start = 0
    }
    this.regulate()
    return message
  }
}
