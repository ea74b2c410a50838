/** A queue from which anything can be taken out by its ticket. All calls take constant time, over many of them. */
export class ArrivalQueue<Item> {
  /** How many are in it. */
  size = 0
  #items: (Item | undefined)[] = []
  #head = 0
  /** The ticket of `#items[0]`. */
  #base = 0

  /** Puts an item at the end, and returns its ticket. */
  push(item: Item): number {
    this.size++
    return this.#base + this.#items.push(item) - 1
  }

  delete(ticket: number): void {
    const index = ticket - this.#base
    if (index < this.#head || this.#items[index] === undefined) return
    this.#items[index] = undefined
    this.size--
  }

  /** Takes out the first. */
  shift(): Item | undefined {
    const items = this.#items
    while (this.#head < items.length) {
      const item = items[this.#head++]
      if (item === undefined) continue
      this.size--
      this.#compact()
      return item
    }
    this.#compact()
    return undefined
  }

  #compact(): void {
    if (this.#head < 32 || this.#head < this.#items.length / 2) return
    this.#items.splice(0, this.#head)
    this.#base += this.#head
    this.#head = 0
  }
}
