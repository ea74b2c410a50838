/** Whole numbers as sorted ranges `[from, to)` that neither touch nor overlap. Cheapest at its end. */
export class RangeSet {
  /** How many numbers it has. Read only. */
  size = 0
  /** Beginning and end of each range in turn, ascending. */
  readonly #edges: number[] = []

  /** How many ranges there are. */
  get count(): number {
    return this.#edges.length / 2
  }

  /** Beginning of the first range. Only while there is one. */
  first(): number {
    return this.#edges[0]
  }

  /** End of the first range. Only while there is one. */
  firstEnd(): number {
    return this.#edges[1]
  }

  /** Adds `[from, to)`; what is there already stays. */
  add(from: number, to: number): void {
    if (from >= to) return
    const edges = this.#edges
    const { length } = edges
    if (length === 0 || from > edges[length - 1]) {
      edges.push(from, to)
      this.size += to - from
      return
    }
    const first = this.#rangeEndingFrom(from)
    let last = first
    let start = from
    let end = to
    for (; last < length && edges[last] <= to; last += 2) {
      this.size -= edges[last + 1] - edges[last]
      start = Math.min(start, edges[last])
      end = Math.max(end, edges[last + 1])
    }
    this.size += end - start
    if (last === first + 2) {
      edges[first] = start
      edges[first + 1] = end
    } else edges.splice(first, last - first, start, end)
  }

  /** Takes `[from, to)` out, as far as it is there. */
  remove(from: number, to: number): void {
    if (from >= to) return
    const edges = this.#edges
    const first = this.#rangeEndingFrom(from + 1)
    let last = first
    const kept: number[] = []
    for (; last < edges.length && edges[last] < to; last += 2) {
      const start = edges[last]
      const end = edges[last + 1]
      this.size -= Math.min(end, to) - Math.max(start, from)
      if (start < from) kept.push(start, from)
      if (end > to) kept.push(to, end)
    }
    if (last > first) edges.splice(first, last - first, ...kept)
  }

  /** Takes out what the other set has. */
  removeAll(other: RangeSet): void {
    const edges = other.#edges
    for (let index = 0; index < edges.length; index += 2) this.remove(edges[index], edges[index + 1])
  }

  /** Takes everything out. */
  clear(): void {
    this.#edges.length = 0
    this.size = 0
  }

  /** Index of the first range that ends at `value` or behind it. */
  #rangeEndingFrom(value: number): number {
    const edges = this.#edges
    let low = 0
    let high = edges.length / 2
    while (low < high) {
      const middle = (low + high) >>> 1
      if (edges[middle * 2 + 1] < value) low = middle + 1
      else high = middle
    }
    return low * 2
  }
}
