/** The ids of the pointers of one message: what they stand for is known by the order in which they come. */
export class PointerLinks {
  readonly #owned = new Set<number>()
  readonly #shared = new Set<number>()
  readonly #observed = new Set<number>()
  /** By ids as text: a peer could choose numbers that collide. */
  readonly #numbers = new Map<string, number>()

  /** The number of an id on the wire, counted from 1 in the order in which ids are first mentioned: as C++ would write them. */
  numberOf(id: number): number {
    const key = keyOf(id)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.#numbers.size + 1)
    return this.#numbers.size
  }

  /** Whether an id on the wire was mentioned before. */
  isKnown(id: number): boolean {
    return this.#numbers.has(keyOf(id))
  }

  /** Notes that an object is here, which a pointer owns or which is referenced. False when it is somewhere else already. */
  own(id: number): boolean {
    if (this.#owned.has(id)) return false
    this.#owned.add(id)
    return true
  }

  /** Notes that a shared or weak pointer has this id. True for the first one, which has the object. */
  share(id: number): boolean {
    if (this.#shared.has(id)) return false
    this.#shared.add(id)
    return true
  }

  /** Notes that an observer has this id. */
  observe(id: number): void {
    this.#observed.add(id)
  }

  /** The ids that observers have and no object. */
  get unresolved(): number[] {
    return [...this.#observed].filter((id) => !this.#owned.has(id))
  }
}

/** With a sign before it: some engines hash text that is a number as that number. */
function keyOf(id: number): string {
  return `#${id}`
}
