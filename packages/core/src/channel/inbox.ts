/** A message that waits for an async iterator. */
export interface Waiting {
  readonly key: string
  readonly body: unknown
}

/** Messages that wait for an async iterator. When it is full, its owner lets the link wait. */
export class Inbox implements AsyncIterator<Waiting> {
  readonly #countMax: number
  readonly #left: () => void
  readonly #roomMade: () => void
  #queue: Waiting[] = []
  #start = 0
  #isEnded = false
  #waiters: ((result: IteratorResult<Waiting>) => void)[] = []

  constructor(countMax: number, roomMade: () => void, left: () => void) {
    this.#countMax = countMax
    this.#roomMade = roomMade
    this.#left = left
  }

  get isFull(): boolean {
    return this.#queue.length - this.#start >= this.#countMax
  }

  push(key: string, body: unknown): void {
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) waiter({ done: false, value: { key, body } })
    else this.#queue.push({ key, body })
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
    this.#left()
    this.#queue.length = this.#start = 0
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  #take(): Waiting {
    const wasFull = this.isFull
    const message = this.#queue[this.#start]
    this.#start++
    if (this.#start === this.#queue.length || this.#start >= this.#countMax) {
      this.#queue = this.#queue.slice(this.#start)
      this.#start = 0
    }
    if (wasFull) this.#roomMade()
    return message
  }
}
