import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import { CipherError, type Dh, KEY_SIZE } from '@millrace/cipher'

const CURVE = { kty: 'OKP', crv: 'X25519' } as const
const RAW = { asymmetricKeyType: 'x25519' } as const

/** What became of a secret key, and by which bytes. */
interface Import {
  readonly key: KeyObject
  readonly digest: Uint8Array
}

/**
 * X25519 of OpenSSL. Importing a secret key costs as much as a multiplication, so that the import is remembered for as long as the array lives:
 * the static key of a server is imported once. An array whose bytes have changed is imported anew.
 */
export function nodeX25519(): Dh {
  const imports = new WeakMap<Uint8Array, Import>()
  const imported = (secretKey: Uint8Array): KeyObject => {
    expectKey('secret', secretKey)
    const digest = hash('sha256', secretKey, 'buffer')
    const known = imports.get(secretKey)
    if (known !== undefined && timingSafeEqual(known.digest, digest)) return known.key
    const key = importSecret(secretKey)
    imports.set(secretKey, { key, digest })
    return key
  }
  const publicImports = new WeakMap<Uint8Array, { readonly key: KeyObject; readonly x: string }>()
  const importedPublic = (publicKey: Uint8Array): KeyObject => {
    const x = base64(publicKey)
    const known = publicImports.get(publicKey)
    if (known?.x === x) return known.key
    const key = importPublic(publicKey, x)
    publicImports.set(publicKey, { key, x })
    return key
  }
  return {
    pair(secretKey) {
      const own = new Uint8Array(secretKey)
      const { x } = createPublicKey(imported(own)).export({ format: 'jwk' })
      return { publicKey: new Uint8Array(Buffer.from(x!, 'base64url')), secretKey: own }
    },
    shared(secretKey, publicKey) {
      expectKey('public', publicKey)
      const privateKey = imported(secretKey)
      const theirs = importedPublic(publicKey)
      try {
        const secret = diffieHellman({ privateKey, publicKey: theirs })
        return new Uint8Array(secret.buffer, secret.byteOffset, secret.length)
      } catch {
        // Both keys were taken before, so this is OpenSSL's refusal of an all-zero secret.
        return undefined
      }
    },
  }
}

/**
 * By the bytes where Node can, as of 24: they leave no string behind, which could not be overwritten. Before that by JWK, which wants to see
 * some `x` but computes its own; DER costs ten times as much on Node 20 (350 µs).
 */
function importSecret(secretKey: Uint8Array): KeyObject {
  return takesRawKeys()
    ? withoutStack(() => createPrivateKey({ ...RAW, key: Buffer.from(secretKey), format: 'raw-private' }))
    : createPrivateKey({ key: { ...CURVE, d: base64(secretKey), x: '' }, format: 'jwk' })
}

function importPublic(publicKey: Uint8Array, x: string): KeyObject {
  return takesRawKeys()
    ? withoutStack(() => createPublicKey({ ...RAW, key: Buffer.from(publicKey), format: 'raw-public' }))
    : createPublicKey({ key: { ...CURVE, x }, format: 'jwk' })
}

/**
 * Node 24 finds out what it was given by trying whether it is some other kind of key, twice for each, and every vain try makes an error with the
 * stack of its caller. Without stacks an import takes 5 µs in place of 16, and a secret one 22 in place of 35 and more.
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

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url')
}

function expectKey(kind: 'secret' | 'public', key: Uint8Array): void {
  if (key.length === KEY_SIZE) return
  throw new CipherError('size', `An X25519 ${kind} key has ${KEY_SIZE} bytes, not ${key.length}`)
}
