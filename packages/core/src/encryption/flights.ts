/** Batches on their way below: what they take sealed, and what they were to the owner. */
export class Flights {
  readonly #flights: { sealed: number; readonly plain: number }[] = []

  add(sealed: number, plain: number): void {
    this.#flights.push({ sealed, plain })
  }

  /** So many sealed bytes have left: returns how many of the owner's have, of batches that left whole. */
  sent(size: number): number {
    let left = size
    let plain = 0
    while (left > 0 && this.#flights.length > 0) {
      const [flight] = this.#flights
      const taken = Math.min(left, flight.sealed)
      flight.sealed -= taken
      left -= taken
      if (flight.sealed > 0) break
      plain += flight.plain
      this.#flights.shift()
    }
    return plain
  }
}
