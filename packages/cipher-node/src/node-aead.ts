import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { type Aead, type AeadName, CipherError, KEY_SIZE, TAG_SIZE } from '@millrace/cipher'

type AeadKey = ReturnType<Aead['key']>

/** Both AEADs are called alike; the declarations of Node know a signature for each alone. */
type Algorithm = 'chacha20-poly1305'

const NONCE_SIZE = 12

// Without it, AES-GCM takes a tag of 4 bytes for whole.
const OPTIONS = { authTagLength: TAG_SIZE } as const

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
  #key: KeyObject | undefined

  constructor(name: AeadName, key: Uint8Array) {
    if (key.length !== KEY_SIZE) {
      throw new CipherError('size', `A key of ${name} has ${KEY_SIZE} bytes, not ${key.length}`)
    }
    this.#name = name as Algorithm
    this.#key = createSecretKey(key)
  }

  seal(nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void {
    const size = plaintext.length
    const cipher = createCipheriv(this.#name, this.#checked(nonce, into, size + TAG_SIZE), nonce, OPTIONS)
    if (ad.length > 0) cipher.setAAD(ad, { plaintextLength: size })
    if (size > 0) into.set(cipher.update(plaintext))
    cipher.final()
    into.set(cipher.getAuthTag(), size)
  }

  open(nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array, into: Uint8Array): boolean {
    const size = ciphertext.length - TAG_SIZE
    const key = this.#checked(nonce, into, size)
    if (size < 0) return false
    const decipher = createDecipheriv(this.#name, key, nonce, OPTIONS)
    decipher.setAuthTag(ciphertext.subarray(size))
    if (ad.length > 0) decipher.setAAD(ad, { plaintextLength: size })
    const plaintext = size > 0 ? decipher.update(ciphertext.subarray(0, size)) : undefined
    try {
      // `update` hands out plaintext before the tag is checked: it is kept back until this has passed.
      decipher.final()
    } catch {
      plaintext?.fill(0)
      return false
    }
    if (plaintext !== undefined) into.set(plaintext)
    return true
  }

  wipe(): void {
    this.#key = undefined
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
