import { type Aead, type AeadKey, type AeadName, TAG_SIZE } from '../src/base/primitives.ts'
import { noblePrimitives } from '../src/noble/noble.ts'
import { CipherState } from '../src/noise/cipher-state.ts'
import type { ReceiveState, SendState } from '../src/noise/handshake-state.ts'
import type { RecordTarget } from '../src/records/record-sealer.ts'

/** A seeded stream of whole numbers (xorshift32): the same seed gives the same run on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1
  }

  next(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state >>> 0
    return this.#state
  }

  /** From 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit)
  }

  bytes(size: number): Uint8Array {
    const bytes = new Uint8Array(size)
    for (let at = 0; at < size; at++) bytes[at] = this.next() >>> 24
    return bytes
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]
  }
}

/** Some bytes with some of them changed, dropped, doubled, put in, or the end cut off. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  let found = new Uint8Array(bytes)
  for (let time = random.below(3); time >= 0 && found.length > 0; time--) {
    const at = random.below(found.length)
    const size = 1 + random.below(random.below(3) === 0 ? 40 : 2)
    switch (random.below(6)) {
      case 0:
        found[at] = random.next()
        break
      case 1:
        found[at] ^= 1 << random.below(8)
        break
      case 2:
        found = joined(found.subarray(0, at), found.subarray(at + size))
        break
      case 3:
        found = joined(found.subarray(0, at), found.subarray(at, at + size), found.subarray(at))
        break
      case 4:
        found = joined(found.subarray(0, at), random.bytes(size), found.subarray(at))
        break
      default:
        found = found.slice(0, at)
    }
  }
  return found
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Where two byte strings begin to differ; the length of the shorter one if they don't. */
export function differenceOf(a: Uint8Array, b: Uint8Array): number {
  const end = Math.min(a.length, b.length)
  for (let at = 0; at < end; at++) if (a[at] !== b[at]) return at
  return end
}

/** Grows as Millrace's SegmentBuffer does, in one piece. */
export class Target implements RecordTarget {
  bytes = new Uint8Array(64)
  offset = 0

  reserve(size: number): number {
    if (this.bytes.length - this.offset < size) {
      const bytes = new Uint8Array(2 * (this.offset + size))
      bytes.set(this.bytes.subarray(0, this.offset))
      this.bytes = bytes
    }
    return this.offset
  }

  commit(end: number): void {
    this.offset = end
  }

  take(): Uint8Array {
    const bytes = this.bytes.slice(0, this.offset)
    this.offset = 0
    return bytes
  }
}

/** An AEAD for tests of what lies around it: as fast as a checksum, and as little secure. */
export function stubAead(name: AeadName = 'chacha20-poly1305'): Aead {
  return { name, nonceSize: 12, key: (key) => new StubKey(key) }
}

/** An AEAD that does nothing, and finds everything authentic: to count many calls. */
export function nullAead(name: AeadName): Aead {
  const key = { seal: () => undefined, open: () => true, wipe: () => undefined }
  return { name, nonceSize: 12, key: () => key }
}

class StubKey implements AeadKey {
  readonly #key: Uint8Array

  constructor(key: Uint8Array) {
    this.#key = key.slice()
  }

  seal(nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void {
    const size = plaintext.length
    const mask = this.#mask(nonce)
    for (let at = 0; at < size; at++) into[at] = plaintext[at] ^ mask ^ at
    this.#tag(nonce, ad, into, size, (at, byte) => {
      into[size + at] = byte
    })
  }

  open(nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array, into: Uint8Array): boolean {
    const size = ciphertext.length - TAG_SIZE
    if (size < 0) return false
    let difference = 0
    this.#tag(nonce, ad, ciphertext, size, (at, byte) => {
      difference |= ciphertext[size + at] ^ byte
    })
    if (difference !== 0) return false
    const mask = this.#mask(nonce)
    for (let at = 0; at < size; at++) into[at] = ciphertext[at] ^ mask ^ at
    return true
  }

  wipe(): void {
    this.#key.fill(0)
  }

  #mask(nonce: Uint8Array): number {
    return this.#key[0] ^ nonce[4] ^ nonce[11]
  }

  #tag(
    nonce: Uint8Array,
    ad: Uint8Array,
    text: Uint8Array,
    size: number,
    give: (at: number, byte: number) => void,
  ): void {
    let hash = 0x811c9dc5 ^ size
    for (const part of [this.#key, nonce, ad])
      for (const byte of part) hash = Math.imul(hash ^ byte, 0x01000193)
    for (let at = 0; at < size; at++) hash = Math.imul(hash ^ text[at], 0x01000193)
    for (let at = 0; at < TAG_SIZE; at++) {
      hash = Math.imul(hash ^ at, 0x01000193)
      give(at, hash >>> 24)
    }
  }
}

/** Throws when one key seals twice with one nonce, whichever side holds the key. */
export class NonceSpy {
  readonly #seen = new Set<string>()
  /** How many seals it saw. */
  count = 0

  watch(aead: Aead): Aead {
    return {
      ...aead,
      key: (bytes) => {
        const key = aead.key(bytes)
        const name = Buffer.from(bytes).toString('hex')
        return {
          seal: (nonce, ad, plaintext, into) => {
            const pair = `${name}:${Buffer.from(nonce).toString('hex')}`
            if (this.#seen.has(pair) && !isRekeyNonce(nonce)) throw new Error(`used twice: ${pair}`)
            this.#seen.add(pair)
            this.count++
            key.seal(nonce, ad, plaintext, into)
          },
          open: (nonce, ad, ciphertext, into) => key.open(nonce, ad, ciphertext, into),
          wipe: () => key.wipe(),
        }
      },
    }
  }
}

/** REKEY's nonce seals the same zeros every time: on both sides, and ahead of time. */
function isRekeyNonce(nonce: Uint8Array): boolean {
  return nonce.subarray(-8).every((byte) => byte === 0xff)
}

/** Both ends of one direction. */
export interface Direction {
  readonly send: SendState
  readonly receive: ReceiveState
}

/** The states of one direction, of a key by a number. */
export function directionOf(key = 7, aead: Aead = nobleAead()): Direction {
  const bytes = new Uint8Array(32).fill(key)
  return { send: new CipherState(aead, bytes), receive: new CipherState(aead, bytes) }
}

export function nobleAead(name: AeadName = 'chacha20-poly1305'): Aead {
  return noblePrimitives.aead(name) as Aead
}
