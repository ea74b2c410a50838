/** Items in no order, of which any can be taken out, and one be picked by a random number. All calls take constant time. */
export class RandomBag<Item> {
  readonly #items: Item[] = []
  readonly #indices = new Map<Item, number>()

  get size(): number {
    return this.#items.length
  }

  add(item: Item): void {
    if (this.#indices.has(item)) return
    this.#indices.set(item, this.#items.length)
    this.#items.push(item)
  }

  delete(item: Item): void {
    const index = this.#indices.get(item)
    if (index === undefined) return
    this.#indices.delete(item)
    const last = this.#items.pop()!
    if (last === item) return
    this.#items[index] = last
    this.#indices.set(last, index)
  }

  /** `random`: from 0 to less than 1. */
  pick(random: number): Item | undefined {
    return this.#items[Math.floor(random * this.#items.length)]
  }
}
