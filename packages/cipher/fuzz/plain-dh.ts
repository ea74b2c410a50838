import type { Dh, DhSecret } from '../src/base/primitives.ts'

const SIZE = 32

/**
 * A Diffie-Hellman without any secrecy, modulo 2^32 word by word, as X25519 would take all the time: what is under test are the messages.
 * It has its own points of low order.
 */
export const plainDh: Dh = {
  pair: (secretKey) => ({ publicKey: plainDh.secret(secretKey).publicKey, secretKey: secretKey.slice() }),
  secret: (secretKey) => new PlainSecret(secretKey),
}

class PlainSecret implements DhSecret {
  readonly publicKey: Uint8Array
  readonly #key: Uint8Array

  constructor(secretKey: Uint8Array) {
    this.#key = secretKey.slice()
    this.#key[0]! |= 1
    this.publicKey = product(this.#key, BASE)
  }

  shared(publicKey: Uint8Array): Uint8Array | undefined {
    const shared = product(this.#key, publicKey)
    return shared.every((byte) => byte === 0) ? undefined : shared
  }

  wipe(): void {
    this.#key.fill(0)
  }
}

const BASE = new Uint8Array(SIZE).fill(0x35)

function product(left: Uint8Array, right: Uint8Array): Uint8Array {
  const into = new Uint8Array(SIZE)
  for (let at = 0; at < SIZE; at += 4) {
    const word = Math.imul(wordAt(left, at), wordAt(right, at))
    into[at] = word >>> 24
    into[at + 1] = word >>> 16
    into[at + 2] = word >>> 8
    into[at + 3] = word
  }
  return into
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
