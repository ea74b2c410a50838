import { type Addressee, cookieSize, readU32, writeAddressee, writeU32 } from '../packet/packet-layout.ts'

/** Authenticates bytes with a secret: HMAC-SHA-256 or as good; at least 16 bytes. A primitive of the platform. */
export type Mac = (secret: Uint8Array, bytes: Uint8Array) => Uint8Array

/** How long a cookie is good for, in milliseconds: a round trip of the worst kind, and a try again. */
export const cookieLifeMs = 10_000

/** How long a secret makes cookies, in milliseconds. The one before still checks them. */
const secretLifeMs = 120_000

const secretSize = 32
const macSize = 16

/**
 * Cookies of a socket that many ask: proof that a peer receives at the address from which it asks, before anything is kept for it. After RFC 9147,
 * section 5.1, and RFC 9000, section 8.1. A cookie is a time of 4 bytes and 16 bytes of a MAC over it, the address, and the id and key of the asking side.
 */
export class Cookies {
  readonly #mac: Mac
  readonly #random: (size: number) => Uint8Array
  readonly #startedAt: number
  #secrets: readonly [current: Uint8Array, previous: Uint8Array]
  #changedAt: number

  constructor(mac: Mac, random: (size: number) => Uint8Array, now: number) {
    this.#mac = mac
    this.#random = random
    this.#startedAt = this.#changedAt = now
    this.#secrets = [random(secretSize), random(secretSize)]
  }

  /** Writes the cookie for an address at `at`, and returns its end. */
  write(bytes: Uint8Array, at: number, address: string, peer: Addressee, now: number): number {
    this.#settle(now)
    const time = this.#timeOf(now)
    writeU32(bytes, at, time)
    const mac = this.#mac(this.#secrets[0], subject(time, address, peer))
    for (let index = 0; index < macSize; index++) bytes[at + 4 + index] = mac[index]
    return at + cookieSize
  }

  /** Whether the cookie at `at` was written for this address and peer, not too long ago. */
  isGood(bytes: Uint8Array, at: number, address: string, peer: Addressee, now: number): boolean {
    const time = readU32(bytes, at)
    const age = this.#timeOf(now) - time
    if (age < 0 || age > cookieLifeMs) return false
    this.#settle(now)
    const text = subject(time, address, peer)
    return this.#secrets.some((secret) => isEqual(this.#mac(secret, text), bytes, at + 4))
  }

  #timeOf(now: number): number {
    return Math.floor(now - this.#startedAt) >>> 0
  }

  #settle(now: number): void {
    const age = now - this.#changedAt
    if (age < secretLifeMs) return
    const fresh = this.#random(secretSize)
    // After a long rest both are too old.
    this.#secrets = [fresh, age < 2 * secretLifeMs ? this.#secrets[0] : this.#random(secretSize)]
    this.#changedAt = now
  }
}

/** What is authenticated. */
function subject(time: number, address: string, peer: Addressee): Uint8Array {
  const bytes = new Uint8Array(12 + address.length * 2)
  let at = writeAddressee(bytes, writeU32(bytes, 0, time), peer)
  for (let index = 0; index < address.length; index++) {
    const unit = address.charCodeAt(index)
    bytes[at++] = unit
    bytes[at++] = unit >> 8
  }
  return bytes
}

/** In a time that doesn't depend on the bytes. */
function isEqual(mac: Uint8Array, bytes: Uint8Array, at: number): boolean {
  let difference = 0
  for (let index = 0; index < macSize; index++) difference |= mac[index] ^ bytes[at + index]
  return difference === 0
}
