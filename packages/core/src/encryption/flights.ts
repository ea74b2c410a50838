/** Batches on their way below: what they take sealed, and what they were to the owner. */
export class Flights {
  readonly #flights: { sealed: number; plain: number }[] = []

  add(sealed: number, plain: number): void {
    this.#flights.push({ sealed, plain })
  }

  /** So many sealed bytes have left: returns how many of the owner's have. Of a batch that leaves in pieces, the same share. */
  sent(size: number): number {
    let left = size
    let plain = 0
    while (left > 0 && this.#flights.length > 0) {
      const [flight] = this.#flights
      const taken = Math.min(left, flight.sealed)
      const gone = Math.floor(flight.plain * (taken / flight.sealed))
      flight.sealed -= taken
      flight.plain -= gone
      left -= taken
      plain += gone
      if (flight.sealed === 0) this.#flights.shift()
    }
    return plain
  }
}
