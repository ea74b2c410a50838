/**
 * The cryptographic primitives that everything here is made of, as a port: two implementations do the same, one of `@noble/*` and one of
 * Node's own `crypto`. Nothing in this package implements a primitive itself.
 */

/** The ciphers with authentication that records and handshakes may use. */
export type AeadName = 'chacha20-poly1305' | 'aes-256-gcm' | 'xchacha20-poly1305'

/** The hash functions of Noise. */
export type HashName = 'sha256' | 'blake2b' | 'blake2s'

/** The size of every tag, in bytes. Shorter ones are never accepted. */
export const TAG_SIZE = 16

/** The size of every AEAD key, X25519 key and shared secret, in bytes. */
export const KEY_SIZE = 32

/**
 * A key of one AEAD, ready for use. The lowest layer: who calls `seal` answers for the nonce. Not public: `CipherState` and the records
 * count nonces themselves.
 */
export interface AeadKey {
  /**
   * Encrypts `plaintext` into `into`, which takes `plaintext.length + TAG_SIZE` bytes, the tag last. `into` may begin at the
   * same byte as `plaintext` (in place) and must not overlap it otherwise.
   */
  seal(nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void
  /**
   * Decrypts `ciphertext` (the tag last) into `into`, which takes `ciphertext.length - TAG_SIZE` bytes, and says whether it was authentic. If
   * it wasn't, `into` holds nothing of the plaintext. May run in place. Never throws for what the bytes are.
   */
  open(nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array, into: Uint8Array): boolean
  /**
   * For an implementation that makes its output in memory of its own: the same as `open` without the copy. Answers the plaintext, which is gone with
   * the next call of `openLent` or `reuse`; or undefined when it wasn't authentic. Never throws for what the bytes are.
   */
  openLent?(nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
  /** The plaintext that was lent last has been read. */
  reuse?(): void
  /** Ends the key: it is overwritten where the implementation can, and `seal` and `open` throw CipherError `used` from now on. */
  wipe(): void
}

/** One AEAD of one implementation. */
export interface Aead {
  readonly name: AeadName
  /** 12 bytes; 24 for XChaCha20-Poly1305. */
  readonly nonceSize: number
  /** A key over a copy of `key` (32 bytes). Throws CipherError for another size. */
  key(key: Uint8Array): AeadKey
}

/** One hash function with its HMAC and HKDF. */
export interface Hash {
  readonly name: HashName
  /** The size of a digest: 32 or 64 bytes. */
  readonly size: number
  /** The block size, which HMAC needs: 64 or 128 bytes. */
  readonly blockSize: number
  digest(...parts: readonly Uint8Array[]): Uint8Array
  hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array
  /** HKDF (RFC 5869), both steps: `size` bytes, at most 255 digests. */
  hkdf(salt: Uint8Array, input: Uint8Array, info: Uint8Array, size: number): Uint8Array
}

/** A pair of X25519 keys, 32 bytes each. */
export interface KeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** A secret key of X25519, ready for use. Holds a copy that can't be read, so that no inspection shows it. */
export interface DhSecret {
  /** 32 bytes, no secret. */
  readonly publicKey: Uint8Array
  /** The shared secret, 32 bytes; or undefined when it would be all zeros, as the other side's key is a point of low order. */
  shared(publicKey: Uint8Array): Uint8Array | undefined
  /** Ends the key: it is overwritten where the implementation can, and `shared` throws CipherError `used` from now on. */
  wipe(): void
}

/** X25519 (RFC 7748). */
export interface Dh {
  /** A secret key for use: 32 random bytes, copied. Throws `size` for another size. */
  secret(secretKey: Uint8Array): DhSecret
  /** A new secret key of the implementation's own generator, where it has a cryptographic one: its bytes never leave it. */
  generate?(): DhSecret
  /** The pair of a secret key, which is copied. Inspection shows neither half; JSON and `structuredClone` have the public one alone. Throws `size` for another size. */
  pair(secretKey: Uint8Array): KeyPair
}

/** All primitives of one implementation. */
export interface Primitives {
  readonly name: string
  /** Undefined where the implementation lacks this AEAD. */
  aead(name: AeadName): Aead | undefined
  hash(name: HashName): Hash
  readonly dh: Dh
  /** scrypt (RFC 7914) for pass phrases; asynchronous, as it takes tenths of a second on purpose. */
  scrypt(
    passphrase: Uint8Array,
    salt: Uint8Array,
    cost: { readonly n: number; readonly r: number; readonly p: number },
    size: number,
  ): Promise<Uint8Array>
  /** Whether two byte strings are equal, in a time that depends on their length alone. */
  equal(a: Uint8Array, b: Uint8Array): boolean
}
