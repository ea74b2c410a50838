import { hash as digestOf } from 'node:crypto'
import type { Hash, HashName } from '@millrace/cipher'

/**
 * A hash function of OpenSSL, with HMAC (RFC 2104) and HKDF (RFC 5869) over it. Each is some calls of the one-shot `hash`: a call costs 1.3 µs, an
 * object of `createHash` 3 and more, of `createHmac` 5 with a KeyObject and 30 with bytes, and `hkdfSync` 17 (Node 24.21). A handshake
 * of Noise has a dozen of each.
 */
class NodeHash implements Hash {
  readonly name: HashName
  readonly size: number
  readonly blockSize: number
  readonly #algorithm: string
  /**
   * Of the call at hand: what HMAC hashes first, a pad of the key and the message, and then, the other pad and the first digest. Small arrays of
   * their own would cost more than the hash: V8 moves them out of its heap for OpenSSL.
   */
  #inner: Uint8Array
  readonly #outer: Uint8Array
  /** The pads in both, by words: a fourth of the steps. */
  #innerPad: Uint32Array
  readonly #outerPad: Uint32Array

  constructor(name: HashName, algorithm: string, size: number, blockSize: number) {
    this.name = name
    this.#algorithm = algorithm
    this.size = size
    this.blockSize = blockSize
    this.#inner = new Uint8Array(blockSize + MESSAGE_SIZE)
    this.#outer = new Uint8Array(blockSize + size)
    this.#innerPad = padOf(this.#inner, blockSize)
    this.#outerPad = padOf(this.#outer, blockSize)
  }

  digest(...parts: readonly Uint8Array[]): Uint8Array {
    if (parts.length === 1) return this.#digest(parts[0]!)
    this.#expectRoom(sizeOf(parts))
    let end = 0
    for (let index = 0; index < parts.length; index++) end = this.#append(parts[index]!, end)
    const digest = this.#digest(this.#inner.subarray(0, end))
    this.#wipe()
    return digest
  }

  hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
    this.#takeKey(key, sizeOf(parts))
    let end = this.blockSize
    for (const part of parts) end = this.#append(part, end)
    const code = this.#code(end)
    this.#wipe()
    return code
  }

  hkdf(salt: Uint8Array, input: Uint8Array, info: Uint8Array, size: number): Uint8Array {
    const { blockSize } = this
    this.#takeKey(salt, input.length)
    const extracted = this.#code(this.#append(input, blockSize))
    this.#takeKey(extracted, this.size + info.length + 1)
    extracted.fill(0)
    const output = new Uint8Array(size)
    let last: Uint8Array = NOTHING
    for (let at = 0, count = 1; at < size; at += this.size, count++) {
      const end = this.#append(info, this.#append(last, blockSize))
      this.#inner[end] = count
      last = this.#code(end + 1)
      output.set(at + last.length <= size ? last : last.subarray(0, size - at), at)
    }
    last.fill(0)
    this.#wipe()
    return output
  }

  /** Puts both pads of a key in their place, before a message of up to `size` bytes. */
  #takeKey(key: Uint8Array, size: number): void {
    const { blockSize } = this
    const short = key.length > blockSize ? this.#digest(key) : key
    this.#expectRoom(blockSize + size)
    this.#inner.set(short)
    this.#inner.fill(0, short.length, blockSize)
    const inner = this.#innerPad
    const outer = this.#outerPad
    for (let at = 0; at < inner.length; at++) {
      const word = inner[at]!
      inner[at] = word ^ INNER_PAD
      outer[at] = word ^ OUTER_PAD
    }
  }

  #expectRoom(size: number): void {
    if (this.#inner.length < size) this.#replaceInner(size)
  }

  #append(part: Uint8Array, at: number): number {
    this.#inner.set(part, at)
    return at + part.length
  }

  /** HMAC of the message that ends there. */
  #code(end: number): Uint8Array {
    this.#outer.set(this.#digest(this.#inner.subarray(0, end)), this.blockSize)
    return this.#digest(this.#outer)
  }

  /** What a message was too large for isn't kept. */
  #wipe(): void {
    this.#inner.fill(0)
    this.#outer.fill(0)
    if (this.#inner.length > this.blockSize + MESSAGE_SIZE) this.#replaceInner(this.blockSize + MESSAGE_SIZE)
  }

  #replaceInner(size: number): void {
    this.#inner = new Uint8Array(size)
    this.#innerPad = padOf(this.#inner, this.blockSize)
  }

  /** A `Buffer` has other methods behind the same names: its `slice` doesn't copy. */
  #digest(bytes: Uint8Array): Uint8Array {
    const digest = digestOf(this.#algorithm, bytes, 'buffer')
    return new Uint8Array(digest.buffer, digest.byteOffset, digest.length)
  }
}

/** So long are the messages of HMAC that need no memory of their own. */
const MESSAGE_SIZE = 256

/** Four bytes of each pad. */
const INNER_PAD = 0x36363636
const OUTER_PAD = 0x5c5c5c5c
const NOTHING = new Uint8Array(0)

/** The hash functions of OpenSSL. */
export const NODE_HASHES: Readonly<Record<HashName, Hash>> = {
  sha256: new NodeHash('sha256', 'sha256', 32, 64),
  blake2b: new NodeHash('blake2b', 'blake2b512', 64, 128),
  blake2s: new NodeHash('blake2s', 'blake2s256', 32, 64),
}

function sizeOf(parts: readonly Uint8Array[]): number {
  let size = 0
  for (const part of parts) size += part.length
  return size
}

function padOf(bytes: Uint8Array, blockSize: number): Uint32Array {
  return new Uint32Array(bytes.buffer, 0, blockSize / 4)
}
