import { hide } from '../base/hide.ts'
import type { KeyPair } from '../base/primitives.ts'

/**
 * A pair of X25519 keys; the secret half has to be asked for by its name: inspection shows neither, and JSON and
 * copies by `structuredClone` or spreading have the public one alone.
 */
export class HiddenKeyPair implements KeyPair {
  readonly publicKey: Uint8Array
  readonly #secretKey: Uint8Array

  /** Takes both arrays over. */
  constructor(publicKey: Uint8Array, secretKey: Uint8Array) {
    this.publicKey = publicKey
    this.#secretKey = secretKey
    hide(this, () => '[key pair]')
  }

  /** This pair's own array, 32 bytes. */
  get secretKey(): Uint8Array {
    return this.#secretKey
  }
}
