import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { type Aead, type AeadName, CipherError, KEY_SIZE, TAG_SIZE } from '@millrace/cipher'

type AeadKey = ReturnType<Aead['key']>

/** Both AEADs are called alike; the declarations of Node know a signature for each alone. */
type Algorithm = 'chacha20-poly1305'

const NONCE_SIZE = 12
const NOTHING = new Uint8Array(0)

// Without it, AES-GCM takes a tag of 4 bytes for whole.
const OPTIONS = { authTagLength: TAG_SIZE } as const

/**
 * So many bytes go to OpenSSL at once, to be sealed. Its ChaCha20-Poly1305 goes over them twice, and is a tenth faster when they stay in the
 * nearest cache; AES-GCM goes over them once.
 */
const PIECE_SIZES = { 'chacha20-poly1305': 32_768, 'aes-256-gcm': 65_536 } as const

/** The AEADs of OpenSSL. It has no XChaCha20-Poly1305. */
export const NODE_AEADS: Readonly<Partial<Record<AeadName, Aead>>> = {
  'chacha20-poly1305': aead('chacha20-poly1305'),
  'aes-256-gcm': aead('aes-256-gcm'),
}

function aead(name: AeadName): Aead {
  return { name, nonceSize: NONCE_SIZE, key: (key) => new NodeKey(name, key) }
}

/**
 * The key is a KeyObject: on Node 24, `createCipheriv` with the bare bytes costs 11 µs more for each message, as it makes one anew. A KeyObject
 * can't be overwritten, only let go.
 */
class NodeKey implements AeadKey {
  readonly #name: Algorithm
  readonly #pieceSize: number
  #key: KeyObject | undefined
  #lent: Uint8Array | undefined

  constructor(name: AeadName, key: Uint8Array) {
    if (key.length !== KEY_SIZE) {
      throw new CipherError('size', `A key of ${name} has ${KEY_SIZE} bytes, not ${key.length}`)
    }
    this.#name = name as Algorithm
    this.#pieceSize = PIECE_SIZES[name as keyof typeof PIECE_SIZES]
    this.#key = createSecretKey(key)
  }

  seal(nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void {
    const size = plaintext.length
    const cipher = createCipheriv(this.#name, this.#checked(nonce, into, size + TAG_SIZE), nonce, OPTIONS)
    if (ad.length > 0) cipher.setAAD(ad, { plaintextLength: size })
    for (let from = 0; from < size; from += this.#pieceSize) {
      const ciphertext = cipher.update(pieceOf(plaintext, from, size, this.#pieceSize))
      into.set(ciphertext, from)
      free(ciphertext)
    }
    cipher.final()
    into.set(cipher.getAuthTag(), size)
  }

  open(nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array, into: Uint8Array): boolean {
    const plaintext = this.#opened(nonce, ad, ciphertext, into, ciphertext.length - TAG_SIZE)
    if (plaintext === undefined) return false
    into.set(plaintext)
    if (plaintext !== NOTHING) free(plaintext)
    return true
  }

  openLent(nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    this.reuse()
    const plaintext = this.#opened(nonce, ad, ciphertext, NOTHING, 0)
    if (plaintext !== NOTHING) this.#lent = plaintext
    return plaintext
  }

  reuse(): void {
    if (this.#lent !== undefined) free(this.#lent)
    this.#lent = undefined
  }

  wipe(): void {
    // A handler that ends its channel still reads the record that holds its message: the garbage collector takes it.
    this.#lent = undefined
    this.#key = undefined
  }

  /** The plaintext in memory of its own, if it is authentic. `into` takes `intoSize` bytes at least. */
  #opened(
    nonce: Uint8Array,
    ad: Uint8Array,
    ciphertext: Uint8Array,
    into: Uint8Array,
    intoSize: number,
  ): Uint8Array | undefined {
    const key = this.#checked(nonce, into, intoSize)
    const size = ciphertext.length - TAG_SIZE
    if (size < 0) return undefined
    const decipher = createDecipheriv(this.#name, key, nonce, OPTIONS)
    decipher.setAuthTag(ciphertext.subarray(size))
    if (ad.length > 0) decipher.setAAD(ad, { plaintextLength: size })
    const plaintext = size > 0 ? decipher.update(ciphertext.subarray(0, size)) : undefined
    try {
      // `update` hands out plaintext before the tag is checked: it is kept back until this has passed.
      decipher.final()
    } catch {
      plaintext?.fill(0)
      return undefined
    }
    return plaintext ?? NOTHING
  }

  #checked(nonce: Uint8Array, into: Uint8Array, size: number): KeyObject {
    if (this.#key === undefined) throw new CipherError('used', `This key of ${this.#name} was wiped`)
    if (nonce.length !== NONCE_SIZE) {
      throw new CipherError('size', `A nonce of ${this.#name} has ${NONCE_SIZE} bytes, not ${nonce.length}`)
    }
    if (into.length < size)
      throw new CipherError('size', `The output needs ${size} bytes, not ${into.length}`)
    return this.#key
  }
}

/**
 * Gives the memory of an output back to the system now, which then hands out the same again, while it is still in the caches of the processor:
 * with outputs of 64 KiB the garbage collector takes longer than the cipher. Node 20 can't, and leaves it to the collector.
 */
function free(output: Uint8Array): void {
  const memory: { transfer?: (size: number) => unknown } & ArrayBufferLike = output.buffer
  if (memory.byteLength === output.length) memory.transfer?.(0)
}

function pieceOf(bytes: Uint8Array, from: number, size: number, pieceSize: number): Uint8Array {
  const to = Math.min(size, from + pieceSize)
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to)
}
