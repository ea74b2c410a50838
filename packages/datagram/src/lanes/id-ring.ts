const nothing: undefined[] = []

/**
 * Values by ids that count up, from `lowest` on: a ring that grows with the ids in use, and is nothing before the first. What uses it bounds how far ahead of
 * `lowest` an id may be.
 */
export class IdRing<T> {
  /** Ids below this one are over. Read only. */
  lowest: number
  #slots: (T | undefined)[] = nothing

  constructor(lowest: number) {
    this.lowest = lowest
  }

  get(id: number): T | undefined {
    const ahead = id - this.lowest
    const { length } = this.#slots
    return ahead >= 0 && ahead < length ? this.#slots[id & (length - 1)] : undefined
  }

  /** Sets the value of an id that isn't over. */
  set(id: number, value: T | undefined): void {
    const ahead = id - this.lowest
    if (ahead >= this.#slots.length) {
      if (value === undefined) return
      this.#grow(ahead)
    }
    this.#slots[id & (this.#slots.length - 1)] = value
  }

  /** The lowest id is over: it has no value any more. */
  advance(): void {
    this.set(this.lowest, undefined)
    this.lowest++
  }

  /** All values. */
  values(): readonly (T | undefined)[] {
    return this.#slots
  }

  /** Forgets all values. */
  clear(): void {
    this.#slots = nothing
  }

  #grow(ahead: number): void {
    let capacity = Math.max(4, this.#slots.length)
    while (capacity <= ahead) capacity *= 2
    const slots = new Array<T | undefined>(capacity).fill(undefined)
    for (let index = 0; index < this.#slots.length; index++) {
      const id = this.lowest + index
      slots[id & (capacity - 1)] = this.get(id)
    }
    this.#slots = slots
  }
}
