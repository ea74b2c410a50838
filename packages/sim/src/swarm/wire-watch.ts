import type { Random } from '../base/random.ts'
import type { UdpPacket } from '../net/packet.ts'
import { marker } from './swarm-messages.ts'

/** What stands where in packets of udp (docs/UDP.md). */
const kindOf = { request: 0x10, accept: 0x12, sealed: 0x20, sealedNext: 0x21, plain: 0x22 } as const
const plainHeaderSize = 15
const requestSize = 1200

/** Addresses that never send anything: what sends there was fooled. RFC 5737 has them for documents. */
const victims = ['203.0.113.1', '203.0.113.2', '203.0.113.3']

/** What is said by a stranger who sends from addresses of others. */
export type Spoof = (from: { readonly host: string; readonly port: number }, bytes: Uint8Array) => void

/**
 * Looks at every datagram: no nonce may be there twice, nothing of a message in clear where it is encrypted, and no address that has proven nothing
 * may be sent more than came from there.
 */
export class WireWatch {
  /** How many datagrams it saw, and how many of them were spoofed. */
  seen = 0
  spoofed = 0
  readonly #serverPort: number
  readonly #isEncrypted: boolean
  readonly #fault: (text: string) => void
  readonly #nonces = new Map<number, Set<number>>()
  readonly #victims = new Map(victims.map((host) => [host, { received: 0, sent: 0 }]))
  /** The last packet and the last request of any player. */
  #last: Uint8Array | undefined
  #request: Uint8Array | undefined

  constructor(serverPort: number, isEncrypted: boolean, fault: (text: string) => void) {
    this.#serverPort = serverPort
    this.#isEncrypted = isEncrypted
    this.#fault = fault
  }

  /** Whether a player asks for a connection by it. */
  static isRequest({ bytes }: UdpPacket): boolean {
    return bytes[0] === kindOf.request
  }

  /** A host sends a datagram. */
  saw({ toHost, toPort, bytes }: UdpPacket): void {
    this.seen++
    const victim = this.#victims.get(toHost)
    if (victim !== undefined) {
      victim.received += bytes.length
      if (victim.received > victim.sent)
        this.#fault(`${victim.received} bytes went to ${toHost}, which sent ${victim.sent}`)
    }
    const kind = bytes[0]
    if (victim !== undefined && kind === kindOf.accept)
      this.#fault(`a connection was accepted from ${toHost}, which never proved that it receives there`)
    if (toPort === this.#serverPort) {
      if (kind === kindOf.request) this.#request = bytes
      else this.#last = bytes
    }
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
    const victim = this.#victims.get(host)
    if (victim !== undefined) victim.sent += bytes.length
    spoof({ host, port: 4000 }, bytes)
  }

  #plain(bytes: Uint8Array): void {
    if (this.#isEncrypted && includes(bytes, marker, plainHeaderSize))
      this.#fault('a message is in clear, although it is encrypted')
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
    if (nonces.has(nonce)) this.#fault(`two packets were sealed with the nonce ${nonce}`)
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
