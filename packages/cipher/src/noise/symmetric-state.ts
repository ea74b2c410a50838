import { copyOf } from '../base/copy.ts'
import { CipherError } from '../base/errors.ts'
import { type Aead, type Hash, KEY_SIZE, TAG_SIZE } from '../base/primitives.ts'
import { CipherState } from './cipher-state.ts'
import { noiseHkdf2, noiseHkdf3 } from './noise-hkdf.ts'

const NOTHING = new Uint8Array(0)

/**
 * The running hash and the chaining key of a handshake: SymmetricState of the Noise specification, section 5.2. Knows no messages, keys
 * by name or order: `HandshakeState` drives it.
 */
export class SymmetricState {
  readonly #aead: Aead
  readonly #hash: Hash
  #transcript: Uint8Array
  #chainingKey: Uint8Array
  /** The key of the next message; its cipher is made when a message comes, as some keys are replaced before. */
  #key: Uint8Array | undefined
  #cipher: CipherState | undefined

  constructor(suite: { readonly start: Uint8Array; readonly aead: Aead; readonly hash: Hash }) {
    this.#aead = suite.aead
    this.#hash = suite.hash
    this.#transcript = suite.start
    this.#chainingKey = copyOf(suite.start)
  }

  /** How many bytes `encryptAndHash` adds: none before the first key. */
  get overhead(): number {
    return this.#isKeyed ? TAG_SIZE : 0
  }

  /** A copy of the running hash; after the last message the channel binding. */
  transcript(): Uint8Array {
    return copyOf(this.#transcript)
  }

  mixHash(data: Uint8Array): void {
    this.#transcript = this.#hash.digest(this.#transcript, data)
  }

  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = noiseHkdf2(this.#hash, this.#chainingKey, input)
    this.#chain(chainingKey)
    this.#encryptUnder(key)
  }

  mixKeyAndHash(input: Uint8Array): void {
    const [chainingKey, data, key] = noiseHkdf3(this.#hash, this.#chainingKey, input)
    this.#chain(chainingKey)
    this.mixHash(data)
    data.fill(0)
    this.#encryptUnder(key)
  }

  /** Into `into`, of `plaintext.length + overhead` bytes. In clear before the first key. */
  encryptAndHash(plaintext: Uint8Array, into: Uint8Array): void {
    const cipher = this.#ready()
    if (cipher === undefined) into.set(plaintext)
    else cipher.seal(this.#transcript, plaintext, into)
    this.mixHash(into)
  }

  /** A new array of `ciphertext.length - overhead` bytes. Throws CipherError `malformed` or `not-authentic`. */
  decryptAndHash(ciphertext: Uint8Array, what: string): Uint8Array {
    const size = ciphertext.length - this.overhead
    if (size < 0) {
      throw new CipherError(
        'malformed',
        `${what} has ${ciphertext.length} bytes; the tag alone has ${TAG_SIZE}`,
      )
    }
    const plaintext = new Uint8Array(size)
    const cipher = this.#ready()
    if (cipher === undefined) {
      plaintext.set(ciphertext)
    } else if (!cipher.open(this.#transcript, ciphertext, plaintext)) {
      throw new CipherError(
        'not-authentic',
        `${what} isn't authentic: another key, suite or prologue on the other side, or changed bytes`,
      )
    }
    this.mixHash(ciphertext)
    return plaintext
  }

  /** The two states of the conversation: of what the initiator sends, and of what the responder sends. Wipes this one. */
  split(): readonly [initiator: CipherState, responder: CipherState] {
    const [first, second] = noiseHkdf2(this.#hash, this.#chainingKey, NOTHING)
    this.wipe()
    return [this.#stateOf(first), this.#stateOf(second)]
  }

  /** Overwrites the chaining key and ends the cipher. The running hash is no secret. */
  wipe(): void {
    this.#chainingKey.fill(0)
    this.#forgetKey()
  }

  get #isKeyed(): boolean {
    return this.#key !== undefined || this.#cipher !== undefined
  }

  /** The cipher of the key at hand, if there is one. */
  #ready(): CipherState | undefined {
    if (this.#key === undefined) return this.#cipher
    this.#cipher = this.#stateOf(this.#key)
    this.#key = undefined
    return this.#cipher
  }

  #forgetKey(): void {
    this.#key?.fill(0)
    this.#key = undefined
    this.#cipher?.wipe()
    this.#cipher = undefined
  }

  #chain(chainingKey: Uint8Array): void {
    this.#chainingKey.fill(0)
    this.#chainingKey = chainingKey
  }

  #encryptUnder(key: Uint8Array): void {
    this.#forgetKey()
    this.#key = key
  }

  /** Of the first 32 bytes of a digest, which is overwritten. */
  #stateOf(digest: Uint8Array): CipherState {
    const state = new CipherState(this.#aead, digest.subarray(0, KEY_SIZE))
    digest.fill(0)
    return state
  }
}
