/** Those who are saying hello. A `Set` where none come from elsewhere. */
export interface Handshakes<Carrier extends object> extends Iterable<Carrier> {
  readonly size: number
  has(carrier: Carrier): boolean
  add(carrier: Carrier, address: string | undefined): unknown
  delete(carrier: Carrier): unknown
}

/** Those who are saying hello, by where they are. Of the address that has most of them the longest waiting one makes room for others. */
export class HandshakeSlots<Carrier extends object> implements Handshakes<Carrier> {
  readonly #places = new Map<Carrier, string>()
  readonly #carriers = new Map<string, Set<Carrier>>()

  get size(): number {
    return this.#places.size
  }

  has(carrier: Carrier): boolean {
    return this.#places.has(carrier)
  }

  /** `address` as the link tells it; those that have none count as one. */
  add(carrier: Carrier, address: string | undefined): void {
    const place = neighbourhood(address ?? '')
    this.#places.set(carrier, place)
    const carriers = this.#carriers.get(place)
    if (carriers === undefined) this.#carriers.set(place, new Set([carrier]))
    else carriers.add(carrier)
  }

  delete(carrier: Carrier): void {
    const place = this.#places.get(carrier)
    if (place === undefined) return
    this.#places.delete(carrier)
    const carriers = this.#carriers.get(place)
    carriers?.delete(carrier)
    if (carriers?.size === 0) this.#carriers.delete(place)
  }

  /** The one to evict first. Looks at each address once: to be called when there is no room left. */
  first(): Carrier | undefined {
    let most: Set<Carrier> | undefined
    for (const carriers of this.#carriers.values()) {
      if (most === undefined || carriers.size > most.size) most = carriers
    }
    return most?.values().next().value
  }

  [Symbol.iterator](): IterableIterator<Carrier> {
    return this.#places.keys()
  }
}

/** What one subscriber of a network has at least: an IPv4 address, or the upper 64 bits of an IPv6 address. */
export function neighbourhood(address: string): string {
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped !== null) return mapped[1]
  const [head, tail] = address.split('%')[0].split('::')
  const upper = head === '' ? [] : head.split(':')
  const lower = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - upper.length - lower.length
  const groups = [...upper, ...Array.from({ length: zeros }, () => '0'), ...lower]
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
