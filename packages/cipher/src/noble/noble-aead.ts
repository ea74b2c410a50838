import { gcm } from '@noble/ciphers/aes.js'
import { chacha20poly1305, xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { copyOf } from '../base/copy.ts'
import { CipherError } from '../base/errors.ts'
import { type Aead, type AeadKey, type AeadName, KEY_SIZE, TAG_SIZE } from '../base/primitives.ts'

type Bytes = Uint8Array<ArrayBufferLike>

/** One call of noble's: it refuses a second `encrypt`, so that there is a new one for every message. */
type OneMessage = {
  encrypt(plaintext: Bytes, into?: Bytes): Bytes
  decrypt(ciphertext: Bytes, into?: Bytes): Bytes
}

type Make = (key: Bytes, nonce: Bytes, ad: Bytes) => OneMessage

/** Every AEAD of the package by @noble/ciphers. Pure, so that a bundle without encryption is rid of them. */
export const NOBLE_AEADS: Readonly<Record<AeadName, Aead>> = {
  'chacha20-poly1305': /* @__PURE__ */ aead('chacha20-poly1305', 12, 'given-output', chacha20poly1305),
  'xchacha20-poly1305': /* @__PURE__ */ aead('xchacha20-poly1305', 24, 'given-output', xchacha20poly1305),
  'aes-256-gcm': /* @__PURE__ */ aead('aes-256-gcm', 12, 'own-output', gcm),
}

/** Whether noble writes into an array of ours. Its AES-GCM doesn't. */
type Output = 'given-output' | 'own-output'

function aead(name: AeadName, nonceSize: number, output: Output, make: Make): Aead {
  return { name, nonceSize, key: (key) => new NobleKey(name, nonceSize, output, make, key) }
}

class NobleKey implements AeadKey {
  readonly #name: AeadName
  readonly #nonceSize: number
  readonly #output: Output
  readonly #make: Make
  #key: Bytes | undefined

  constructor(name: AeadName, nonceSize: number, output: Output, make: Make, key: Bytes) {
    if (key.length !== KEY_SIZE) {
      throw new CipherError('size', `A key of ${name} has ${KEY_SIZE} bytes, not ${key.length}`)
    }
    this.#name = name
    this.#nonceSize = nonceSize
    this.#output = output
    this.#make = make
    this.#key = copyOf(key)
  }

  seal(nonce: Bytes, ad: Bytes, plaintext: Bytes, into: Bytes): void {
    const size = plaintext.length + TAG_SIZE
    const message = this.#message(nonce, ad, into, size)
    if (this.#output === 'own-output') into.set(message.encrypt(plaintext))
    else message.encrypt(plaintext, into.length === size ? into : into.subarray(0, size))
  }

  open(nonce: Bytes, ad: Bytes, ciphertext: Bytes, into: Bytes): boolean {
    const size = ciphertext.length - TAG_SIZE
    const message = this.#message(nonce, ad, into, size)
    if (size < 0) return false
    try {
      if (this.#output === 'own-output') {
        const plaintext = message.decrypt(ciphertext)
        into.set(plaintext)
        plaintext.fill(0)
      } else {
        message.decrypt(ciphertext, into.length === size ? into : into.subarray(0, size))
      }
      return true
    } catch {
      // All sizes are right by now, so this is the tag, which noble checks before it decrypts.
      return false
    }
  }

  wipe(): void {
    this.#key?.fill(0)
    this.#key = undefined
  }

  #message(nonce: Bytes, ad: Bytes, into: Bytes, size: number): OneMessage {
    if (this.#key === undefined) throw new CipherError('used', `This key of ${this.#name} was wiped`)
    if (nonce.length !== this.#nonceSize) {
      throw new CipherError(
        'size',
        `A nonce of ${this.#name} has ${this.#nonceSize} bytes, not ${nonce.length}`,
      )
    }
    if (into.length < size)
      throw new CipherError('size', `The output needs ${size} bytes, not ${into.length}`)
    return this.#make(this.#key, nonce, ad)
  }
}
