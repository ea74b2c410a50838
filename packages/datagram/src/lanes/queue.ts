const capacityMin = 4
const nothing: undefined[] = []

/** First in, first out, in a ring that grows by doubling, and is nothing before the first; what is urgent may go to the front. */
export class Queue<Item> {
  /** How many wait. Read only. */
  count = 0
  #items: (Item | undefined)[] = nothing
  #mask = -1
  #head = 0

  push(item: Item): void {
    if (this.count > this.#mask) this.#grow()
    this.#items[(this.#head + this.count++) & this.#mask] = item
  }

  pushFront(item: Item): void {
    if (this.count > this.#mask) this.#grow()
    this.#head = (this.#head - 1) & this.#mask
    this.#items[this.#head] = item
    this.count++
  }

  /** The one that comes first; undefined when none waits. */
  peek(): Item | undefined {
    return this.count === 0 ? undefined : this.#items[this.#head]
  }

  /** Takes the one that comes first. */
  shift(): Item | undefined {
    if (this.count === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head = (this.#head + 1) & this.#mask
    this.count--
    return item
  }

  /** Gives its memory back, if none waits. */
  rest(): void {
    if (this.count > 0) return
    this.#items = nothing
    this.#mask = -1
  }

  #grow(): void {
    const { count } = this
    const capacity = Math.max(capacityMin, count * 2)
    const items = new Array<Item | undefined>(capacity).fill(undefined)
    for (let index = 0; index < count; index++) items[index] = this.#items[(this.#head + index) & this.#mask]
    this.#items = items
    this.#mask = capacity - 1
    this.#head = 0
  }
}
