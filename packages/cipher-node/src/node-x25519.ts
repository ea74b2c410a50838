import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { CipherError, type Dh, type DhSecret, HiddenKeyPair, KEY_SIZE } from '@millrace/cipher'

const CURVE = { kty: 'OKP', crv: 'X25519' } as const
/** RFC 8410: a SubjectPublicKeyInfo of X25519 is 12 bytes that are always the same, 16 characters, and the key. */
const PEM_BEFORE_KEY = '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEA'
const PEM_BEHIND_KEY = '\n-----END PUBLIC KEY-----'

const RAW = { asymmetricKeyType: 'x25519' } as const

/** X25519 of OpenSSL. Importing a secret key costs as much as a multiplication: a static one is made a `secret` once, for all handshakes. */
export function nodeX25519(): Dh {
  return {
    secret: secretOf,
    generate() {
      const { privateKey, publicKey } = generateKeyPairSync('x25519')
      return new NodeSecret(privateKey, publicKey)
    },
    pair: (secretKey) => new HiddenKeyPair(secretOf(secretKey).publicKey, new Uint8Array(secretKey)),
  }
}

function secretOf(secretKey: Uint8Array): NodeSecret {
  expectKey('secret', secretKey)
  const key = importSecret(secretKey)
  return new NodeSecret(key, createPublicKey(key))
}

/** OpenSSL overwrites the key when the KeyObject is collected. */
class NodeSecret implements DhSecret {
  readonly publicKey: Uint8Array
  #key: KeyObject | undefined

  constructor(key: KeyObject, publicKey: KeyObject) {
    this.#key = key
    const { x } = publicKey.export({ format: 'jwk' })
    this.publicKey = new Uint8Array(Buffer.from(x!, 'base64url'))
  }

  shared(publicKey: Uint8Array): Uint8Array | undefined {
    expectKey('public', publicKey)
    if (this.#key === undefined) throw new CipherError('used', 'This X25519 secret was wiped')
    const theirs = lastPublic.keyOf(publicKey)
    try {
      const secret = diffieHellman({ privateKey: this.#key, publicKey: theirs })
      return new Uint8Array(secret.buffer, secret.byteOffset, secret.length)
    } catch {
      // Both keys were taken before, so this is OpenSSL's refusal of an all-zero secret.
      return undefined
    }
  }

  wipe(): void {
    this.#key = undefined
  }
}

/** The public key that was imported last: a handshake multiplies the ephemeral one of its peer twice in a row. */
class LastPublic {
  readonly #bytes = Buffer.alloc(KEY_SIZE)
  #key: KeyObject | undefined

  keyOf(publicKey: Uint8Array): KeyObject {
    if (this.#key !== undefined && this.#bytes.equals(publicKey)) return this.#key
    this.#key = importPublic(publicKey)
    this.#bytes.set(publicKey)
    return this.#key
  }
}

const lastPublic = new LastPublic()

/**
 * By the bytes where Node can, as of 24: they leave no string behind, which could not be overwritten. Before that by JWK, which wants to see
 * some `x` but computes its own; DER costs ten times as much on Node 20 (350 µs).
 */
function importSecret(secretKey: Uint8Array): KeyObject {
  return takesRawKeys()
    ? withoutStack(() => createPrivateKey({ ...RAW, key: Buffer.from(secretKey), format: 'raw-private' }))
    : createPrivateKey({ key: { ...CURVE, d: base64(secretKey), x: '' }, format: 'jwk' })
}

/** By PEM where Node imports quickly by it, as of 24: before, it takes ten times as long as JWK. Public keys may leave strings behind. */
function importPublic(publicKey: Uint8Array): KeyObject {
  return takesRawKeys()
    ? createPublicKey(PEM_BEFORE_KEY + base64(publicKey, 'base64') + PEM_BEHIND_KEY)
    : createPublicKey({ key: { ...CURVE, x: base64(publicKey) }, format: 'jwk' })
}

/**
 * Node 24 finds out what it was given by trying whether it is some other kind of key, twice for each, and every vain try makes an error with the
 * stack of its caller. Without stacks the import of a secret key takes 22 µs in place of 35 and more. A string, for a public one, is never tried.
 */
function withoutStack<Result>(work: () => Result): Result {
  const limit = Error.stackTraceLimit
  // A program may have frozen it.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return work()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit)
  }
}

let rawKeys: 'yes' | 'no' | undefined

function takesRawKeys(): boolean {
  if (rawKeys === undefined) {
    try {
      createPrivateKey({ ...RAW, key: Buffer.alloc(KEY_SIZE, 1), format: 'raw-private' })
      rawKeys = 'yes'
    } catch {
      rawKeys = 'no'
    }
  }
  return rawKeys === 'yes'
}

function base64(bytes: Uint8Array, encoding: 'base64' | 'base64url' = 'base64url'): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding)
}

function expectKey(kind: 'secret' | 'public', key: Uint8Array): void {
  if (key.length === KEY_SIZE) return
  throw new CipherError('size', `An X25519 ${kind} key has ${KEY_SIZE} bytes, not ${key.length}`)
}
