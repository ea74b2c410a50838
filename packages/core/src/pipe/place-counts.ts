import { neighbourhoods } from './neighbourhood.ts'

/** Counts things by where they are. As large as there are things. */
export class PlaceCounts {
  readonly #counts = new Map<string, number>()

  add(address: string): void {
    for (const { key } of neighbourhoods(address)) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  remove(address: string): void {
    for (const { key } of neighbourhoods(address)) {
      const count = (this.#counts.get(key) ?? 0) - 1
      if (count > 0) this.#counts.set(key, count)
      else this.#counts.delete(key)
    }
  }

  /** How many are there: at the address, or in a wider neighbourhood by its share, whichever is more. */
  at(address: string): number {
    return Math.max(...neighbourhoods(address).map(({ key, share }) => (this.#counts.get(key) ?? 0) / share))
  }
}
