import { ArrivalQueue } from './arrival-queue.ts'
import { LeakyBuckets } from './leaky-buckets.ts'
import { type Neighbourhood, neighbourhoods } from './neighbourhood.ts'
import { RandomBag } from './random-bag.ts'

/** So many handshakes at once are nothing unusual for one address, players behind one router, as long as they are no more than a sixteenth of all. */
const heldFree = 16
const heldFreeShare = 1 / 16

/** More than so many beyond that are all the same: a flood has one rank, not several. */
const heldMost = 64

/** What came to nothing is remembered: 16 of one address at most, 2 seconds each. In all 32,768 buckets of at most 256 bytes: 8 MiB. */
const wasteMemory = { perSecond: 0.5, levelMax: 16, countMax: 32_768 }

/** A handshake that ends well makes up for so many that came to nothing. */
const wellWorth = 8

interface Slot {
  readonly places: readonly Neighbourhood[]
  readonly rank: number
  /** Its ticket among those that have just come; -1 if it is not among them any more. */
  ticket: number
}

/**
 * Those who are saying hello. When there are too many, one of the older half is cut: one of those that came with the highest rank, at random. The rank is the logarithm
 * of how many handshakes its address had at once beyond what is usual, and of how many of its address, or of a wider neighbourhood, came to nothing lately.
 *
 * So a flood pushes out itself, from however many addresses it comes again and again. The younger half always stays: a hello that is on its way is
 * heard, whatever its rank. And within a rank nothing is certain, so that no rate of links keeps out all others.
 */
export class HandshakeSlots<Carrier extends object> {
  /** Random numbers from 0 to less than 1. */
  readonly #random: () => number
  readonly #slots = new Map<Carrier, Slot>()
  readonly #young = new ArrivalQueue<Carrier>()
  /** The older half, by rank. */
  readonly #ranks: RandomBag<Carrier>[] = []
  /** Those that are over, with links that are not gone yet. */
  readonly #over = new RandomBag<Carrier>()
  /** How many handshakes an address has at once. */
  readonly #held = new Map<string, number>()
  readonly #waste = new LeakyBuckets(wasteMemory)

  constructor(random: () => number) {
    this.#random = random
  }

  /** How many places are taken: by those who are saying hello, and by those that are over. */
  get taken(): number {
    return this.#slots.size + this.#over.size
  }

  has(carrier: Carrier): boolean {
    return this.#slots.has(carrier)
  }

  /** Whether as many as `most` from this address, or its neighbourhood, are saying hello. */
  isCrowdedBy(address: string, most: number): boolean {
    if (this.#slots.size < most) return false
    return (this.#held.get(neighbourhoods(address)[0].key) ?? 0) >= most
  }

  /** One more. `address`: as the link tells it. */
  add(carrier: Carrier, address: string | undefined, now: number): void {
    const places = address === undefined ? [] : neighbourhoods(address)
    const slot = { places, rank: this.#rankOf(places, now), ticket: this.#young.push(carrier) }
    this.#slots.set(carrier, slot)
    this.#hold(slot, 1)
    this.#age()
  }

  /** The handshake is over: it became a channel, or was refused in order (`well`), or came to nothing (`waste`). False if it had no slot. */
  end(carrier: Carrier, how: 'well' | 'waste', now: number): boolean {
    const slot = this.#slots.get(carrier)
    this.#slots.delete(carrier)
    if (slot === undefined) return false
    if (slot.ticket >= 0) this.#young.delete(slot.ticket)
    else this.#ranks[slot.rank].delete(carrier)
    this.#hold(slot, -1)
    this.#age()
    const amount = how === 'waste' ? 1 : -wellWorth
    for (const { key, share } of slot.places) this.#waste.fill(key, amount / share, now)
    return true
  }

  /** It is over, but its link is not gone: it keeps its place until it is, or until another one needs it. */
  linger(carrier: Carrier): void {
    this.#over.add(carrier)
  }

  /** Nothing is left of its link. */
  gone(carrier: Carrier): void {
    this.#over.delete(carrier)
  }

  /** The one to cut first. One that is over is forgotten: to cut it is all that is left to do. */
  take(): Carrier | undefined {
    const over = this.#over.pick(this.#random())
    if (over !== undefined) {
      this.#over.delete(over)
      return over
    }
    for (let rank = this.#ranks.length - 1; rank >= 0; rank--) {
      const next = this.#ranks[rank].pick(this.#random())
      if (next !== undefined) return next
    }
    return undefined
  }

  #rankOf(places: readonly Neighbourhood[], now: number): number {
    if (places.length === 0) return 0
    const free = Math.min(heldFree, Math.floor(this.#slots.size * heldFreeShare))
    const held = Math.min(heldMost, Math.max(0, (this.#held.get(places[0].key) ?? 0) - free))
    const waste = Math.max(...places.map(({ key }) => this.#waste.level(key, now)))
    return Math.floor(Math.log2(1 + held + waste))
  }

  #hold({ places }: Slot, change: 1 | -1): void {
    if (places.length === 0) return
    const [{ key }] = places
    const held = (this.#held.get(key) ?? 0) + change
    if (held > 0) this.#held.set(key, held)
    else this.#held.delete(key)
  }

  /** Half of them count as young; of one, none. */
  #age(): void {
    while (this.#young.size > this.#slots.size / 2) {
      const carrier = this.#young.shift()!
      const slot = this.#slots.get(carrier)!
      slot.ticket = -1
      while (this.#ranks.length <= slot.rank) this.#ranks.push(new RandomBag())
      this.#ranks[slot.rank].add(carrier)
    }
  }
}
