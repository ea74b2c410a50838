import { equalBytes } from '@noble/ciphers/utils.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { blake2b, blake2s } from '@noble/hashes/blake2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { copyOf } from '../base/copy.ts'
import { CipherError } from '../base/errors.ts'
import {
  type Dh,
  type DhSecret,
  type Hash,
  type HashName,
  KEY_SIZE,
  type Primitives,
} from '../base/primitives.ts'
import { HiddenKeyPair } from '../keys/hidden-key-pair.ts'
import { NOBLE_AEADS } from './noble-aead.ts'

// Pure, so that a bundle without encryption is rid of noble.
const HASHES: Readonly<Record<HashName, Hash>> = {
  sha256: /* @__PURE__ */ hash('sha256', sha256),
  blake2b: /* @__PURE__ */ hash('blake2b', blake2b),
  blake2s: /* @__PURE__ */ hash('blake2s', blake2s),
}

const DH: Dh = {
  secret: (secretKey) => new NobleSecret(secretKey),
  pair(secretKey) {
    return new HiddenKeyPair(new NobleSecret(secretKey).publicKey, copyOf(secretKey))
  },
}

class NobleSecret implements DhSecret {
  readonly publicKey: Uint8Array
  #key: Uint8Array | undefined

  constructor(secretKey: Uint8Array) {
    expectKey('secret', secretKey)
    this.#key = copyOf(secretKey)
    this.publicKey = x25519.getPublicKey(this.#key)
  }

  shared(publicKey: Uint8Array): Uint8Array | undefined {
    expectKey('public', publicKey)
    if (this.#key === undefined) throw new CipherError('used', 'This key was wiped')
    try {
      return x25519.getSharedSecret(this.#key, publicKey)
    } catch {
      // Both have their size, so this is a point of low order, which noble refuses before it multiplies.
      return undefined
    }
  }

  wipe(): void {
    this.#key?.fill(0)
    this.#key = undefined
  }
}

/**
 * All primitives in plain JavaScript, by @noble/ciphers, @noble/curves and @noble/hashes: for browsers, for a Node without OpenSSL and
 * for XChaCha20-Poly1305. Node's own are faster at every size: `fastestPrimitives` of `@millrace/cipher-node`.
 *
 * JavaScript promises no constant time, least of all for the big integers of X25519. Prefer ChaCha20-Poly1305: its operations are
 * the plainest, to AES-256-GCM, which looks its tables up by secret bytes.
 */
export const noblePrimitives: Primitives = {
  name: 'noble',
  aead: (name) => NOBLE_AEADS[name],
  hash: (name) => HASHES[name],
  dh: DH,
  async scrypt(passphrase, salt, { n, r, p }, size) {
    try {
      return await scryptAsync(passphrase, salt, { N: n, r, p, dkLen: size })
    } catch (error) {
      throw scryptRefused(error)
    }
  },
  equal: equalBytes,
}

function hash(name: HashName, make: typeof sha256 | typeof blake2b | typeof blake2s): Hash {
  return {
    name,
    size: make.outputLen,
    blockSize: make.blockLen,
    digest(...parts) {
      const digest = make.create()
      for (const part of parts) digest.update(part)
      return digest.digest()
    },
    hmac(key, ...parts) {
      const code = hmac.create(make, key)
      for (const part of parts) code.update(part)
      return code.digest()
    },
    hkdf: (salt, input, info, size) => hkdf(make, input, salt, info, size),
  }
}

function expectKey(kind: 'secret' | 'public', key: Uint8Array): void {
  if (key.length === KEY_SIZE) return
  throw new CipherError('size', `An X25519 ${kind} key has ${KEY_SIZE} bytes, not ${key.length}`)
}

function scryptRefused(error: unknown): CipherError {
  const what = error instanceof Error ? error.message : String(error)
  return new CipherError(
    'option',
    `scrypt refused its cost (${what}): n is a power of 2 above 1, 128·n·r bytes must fit into memory`,
  )
}
