import type { KeyPair } from '../base/primitives.ts'
import { base64urlOf } from './key-text.ts'

/**
 * A pair of X25519 keys whose secret half has to be asked for by its name: inspection, JSON and texts have the public one alone, copies by
 * `structuredClone` or spreading lack the other.
 */
export class HiddenKeyPair implements KeyPair {
  readonly publicKey: Uint8Array
  readonly #secretKey: Uint8Array

  /** Takes both arrays over. */
  constructor(publicKey: Uint8Array, secretKey: Uint8Array) {
    this.publicKey = publicKey
    this.#secretKey = secretKey
  }

  /** This pair's own array, 32 bytes. */
  get secretKey(): Uint8Array {
    return this.#secretKey
  }

  toJSON(): { readonly publicKey: string } {
    return { publicKey: base64urlOf(this.publicKey) }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return this.toJSON()
  }
}
