import type { Random } from '../base/random.ts'
import type { UdpPacket } from '../net/packet.ts'
import { carryingPart } from './clear-parts.ts'
import type { SwarmPlan } from './plan.ts'
import { ProofWatch } from './proof-watch.ts'
import type { Rules } from './rules.ts'
import { SpreadWatch } from './spread-watch.ts'
import { marker } from './swarm-messages.ts'

/** What stands where in packets of udp (docs/UDP.md). */
const kindOf = { request: 0x10, accept: 0x12, sealed: 0x20, sealedNext: 0x21, plain: 0x22 } as const
const plainHeaderSize = 15
const requestSize = 1200

/** Sealed acknowledgements are smaller, and probes of the path at least so large. */
const ackSizeMax = 80
const probeSizeMin = 1400

/** Addresses that never send anything: what sends there was fooled. RFC 5737 has them for documents. */
const victims = ['203.0.113.1', '203.0.113.2', '203.0.113.3']

/** What is said by a stranger who sends from addresses of others. */
export type Spoof = (from: { readonly host: string; readonly port: number }, bytes: Uint8Array) => void

/** What a watch knows of its world. */
export interface WireSetting {
  readonly plan: SwarmPlan
  readonly rules: Rules
  readonly serverHost: string
  readonly serverPort: number
  /** The name of the player that has this address; empty if none has. */
  readonly ownerOf: (address: string) => string
  readonly now: () => number
}

/** Looks at every datagram, and holds it to the rules of what may be on the wire. */
export class WireWatch {
  /** How many datagrams it saw, and how many of them were spoofed. */
  seen = 0
  spoofed = 0
  /** Peers whose leave to come in is being thought about: `host:port`. */
  readonly waiting = new Set<string>()
  readonly #setting: WireSetting
  readonly #isEncrypted: boolean
  readonly #proof: ProofWatch
  readonly #spread: SpreadWatch
  readonly #nonces = new Map<number, Set<number>>()
  /** What was sent so far from one host to another. */
  readonly #bytes = new Map<string, number>()
  /** The last packet and the last request of any player. */
  #last: Uint8Array | undefined
  #request: Uint8Array | undefined

  constructor(setting: WireSetting) {
    this.#setting = setting
    this.#isEncrypted = setting.plan.encryption !== 'none'
    this.#proof = new ProofWatch(setting.rules, victims)
    this.#spread = new SpreadWatch(setting.rules, setting.plan)
  }

  /** Whether a player asks for a connection by it. */
  static isRequest({ bytes }: UdpPacket): boolean {
    return bytes[0] === kindOf.request
  }

  /** How many bytes left one host so far, to wherever. */
  sentBy(host: string): number {
    return this.#bytes.get(host) ?? 0
  }

  /** A host sends a datagram. */
  saw({ fromHost, fromPort, toHost, toPort, bytes }: UdpPacket): void {
    this.seen++
    const { serverHost, serverPort, ownerOf, now } = this.#setting
    const kind = bytes[0]
    this.#bytes.set(fromHost, this.sentBy(fromHost) + bytes.length)
    // A player that moves goes on with what it had.
    this.#spread.saw(ownerOf(fromHost) || fromHost, ownerOf(toHost) || toHost, bytes.length, now())
    if (toHost === serverHost && toPort === serverPort) {
      if (kind === kindOf.request) this.#request = bytes
      else this.#last = bytes
      this.#proof.received(fromHost, fromPort, bytes, ownerOf(fromHost))
    } else if (fromHost === serverHost && fromPort === serverPort) {
      this.#proof.sent(toHost, toPort, bytes)
      this.#leave(`${toHost}:${toPort}`, bytes)
    }
    if (!this.#isEncrypted) return
    if (kind === kindOf.plain) this.#plain(bytes)
    else if (kind === kindOf.sealed || kind === kindOf.sealedNext) this.#sealed(bytes)
  }

  /** Sends the server what it must not believe. */
  attack(random: Random, spoof: Spoof): void {
    const bytes = random.pick([
      this.#last,
      this.#last,
      this.#request,
      emptyRequest(random),
      random.bytes(1200),
    ])
    if (bytes !== undefined) this.repeat(random, spoof, bytes)
  }

  /** Sends a packet from elsewhere. */
  repeat(random: Random, spoof: Spoof, bytes: Uint8Array): void {
    const host = random.pick(victims)
    this.spoofed++
    this.#proof.received(host, 4000, bytes, '')
    spoof({ host, port: 4000 }, bytes)
  }

  /** While a peer has no leave yet, it is told nothing but that its packets came. */
  #leave(address: string, bytes: Uint8Array): void {
    if (!this.waiting.has(address)) return
    const isSealed = bytes[0] === kindOf.sealed || bytes[0] === kindOf.sealedNext
    this.#setting.rules.hold(
      'nothing before leave',
      !isSealed || bytes.length <= ackSizeMax || bytes.length >= probeSizeMin,
      () => `${bytes.length} sealed bytes go to ${address}, which has no leave to come in`,
    )
  }

  #plain(bytes: Uint8Array): void {
    const part = carryingPart(bytes)
    this.#setting.rules.hold(
      'nothing in clear',
      part < 0 && !includes(bytes, marker, plainHeaderSize),
      () => `something of a program is in clear, although it is encrypted: part ${part}`,
    )
  }

  /** The receiver's id stands for the keys: it drew it for one connection. */
  #sealed(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const id = view.getUint32(1, true)
    const nonce = view.getUint32(5, true) + view.getUint32(9, true) * 2 ** 32
    let nonces = this.#nonces.get(id)
    if (nonces === undefined) {
      nonces = new Set()
      this.#nonces.set(id, nonces)
    }
    this.#setting.rules.hold(
      'no nonce twice',
      !nonces.has(nonce),
      () => `two packets were sealed with the nonce ${nonce}`,
    )
    nonces.add(nonce)
  }
}

function emptyRequest(random: Random): Uint8Array {
  const bytes = new Uint8Array(requestSize)
  bytes.set([kindOf.request, 1])
  bytes.set(random.bytes(8), 2)
  return bytes
}

function includes(bytes: Uint8Array, part: Uint8Array, from: number): boolean {
  for (let at = bytes.indexOf(part[0], from); at >= 0; at = bytes.indexOf(part[0], at + 1))
    if (part.every((byte, index) => bytes[at + index] === byte)) return true
  return false
}
