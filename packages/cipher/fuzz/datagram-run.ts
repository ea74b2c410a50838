import { DatagramRecords } from '../src/datagrams/datagram-records.ts'
import { directionOf, mutated, nobleAead, type Random, stubAead } from './record-rig.ts'

const DROPS = [
  'malformed',
  'other-receiver',
  'replayed',
  'too-old',
  'stale-key',
  'early-key',
  'forged',
  'exhausted',
  'closed',
] as const

/** A conversation of two, over a network that loses, repeats, overtakes and forges: one datagram each `step`. */
export class DatagramRun {
  readonly #random: Random
  readonly #sides: readonly DatagramRecords[]
  /** What was sealed by each side lately, with its text. */
  readonly #sent: { packet: Uint8Array; text: Uint8Array; isRead: boolean }[][] = [[], []]
  #now = 0

  constructor(random: Random) {
    this.#random = random
    const aead = random.below(8) === 0 ? nobleAead() : stubAead()
    const there = directionOf(1 + random.below(100), aead)
    const back = directionOf(101 + random.below(100), aead)
    const options = { replayWindow: 64, rekey: { records: 1 + random.below(40), ageMs: 60_000 } }
    this.#sides = [
      new DatagramRecords(
        { send: there.send, receive: back.receive },
        { role: 'initiator', ownId: 1, peerId: 2, ...options },
        0,
      ),
      new DatagramRecords(
        { send: back.send, receive: there.receive },
        { role: 'responder', ownId: 2, peerId: 1, ...options },
        0,
      ),
    ]
  }

  step(): string {
    const random = this.#random
    this.#now += random.below(900)
    const from = random.below(2)
    const sent = this.#sent[from]
    const text = random.bytes(random.below(30))
    const packet = new Uint8Array(text.length + 29)
    this.#sides[from].seal(text, 0, text.length, packet, 0, this.#now)
    sent.push({ packet, text, isRead: false })
    if (sent.length > 80) sent.shift()
    const chosen = random.pick(sent)
    if (random.below(3) === 0) return this.#forge(this.#sides[1 - from], chosen.packet)
    return this.#deliver(this.#sides[1 - from], chosen)
  }

  #deliver(
    side: DatagramRecords,
    chosen: { readonly packet: Uint8Array; readonly text: Uint8Array; isRead: boolean },
  ): string {
    const opened = side.open(chosen.packet.slice(), this.#now)
    if (typeof opened === 'string') {
      if (!DROPS.includes(opened) || opened === 'forged' || opened === 'malformed')
        throw new Error(`a true datagram was '${opened}'`)
      return opened
    }
    if (chosen.isRead) throw new Error('a datagram was read twice')
    if (Buffer.compare(opened, chosen.text) !== 0) throw new Error('another text')
    chosen.isRead = true
    return 'opened'
  }

  /** Whatever is forged leaves no trace but a count. */
  #forge(side: DatagramRecords, packet: Uint8Array): string {
    const random = this.#random
    const forged = random.below(5) === 0 ? random.bytes(random.below(80)) : mutated(packet, random)
    if (Buffer.compare(forged, packet) === 0) return 'untouched'
    const before = stateOf(side)
    const opened = side.open(forged, this.#now)
    if (typeof opened !== 'string' || !DROPS.includes(opened)) throw new Error('a forged datagram was opened')
    if (stateOf(side) !== before) throw new Error(`a forged datagram changed ${before} to ${stateOf(side)}`)
    return opened
  }
}

function stateOf(side: DatagramRecords): string {
  return `${side.heardAt} ${side.phases.sending} ${side.phases.receiving} ${side.state}`
}
