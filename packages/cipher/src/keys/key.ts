import { CipherError } from '../base/errors.ts'
import { type Dh, type DhSecret, KEY_SIZE, type KeyPair, type Primitives } from '../base/primitives.ts'
import { base64urlOf, bytesOfBase64url, bytesOfHex, hexOf } from './key-text.ts'

/** A source of randomness: so many bytes from the system's generator for keys, a new array every time. */
export type RandomSource = (size: number) => Uint8Array

/**
 * What is wanted where a key is: 32 bytes. Throws for text (`unexpected`: a pass phrase is no key), for other sizes (`size`), and for
 * zeros (`option`: memory that was never filled). `name` says which key it is, for the message. Returns the same array.
 */
export function requireKey(value: unknown, name = 'the key'): Uint8Array {
  if (!(value instanceof Uint8Array && value.length === KEY_SIZE)) {
    const isBytes = value instanceof Uint8Array
    throw new CipherError(
      isBytes ? 'size' : 'unexpected',
      `${name} must be a Uint8Array of ${KEY_SIZE} bytes, not ${isBytes ? value.length : typeof value}: a pass phrase is no key, use keyFromPassphrase; for the text form of a key, use keyFromText`,
    )
  }
  if (value.every((byte) => byte === 0))
    throw new CipherError('option', `${name} is all zeros: it was never filled`)
  return value
}

/** A new key of 32 random bytes. Throws what `requireKey` throws for a source that doesn't work. */
export function randomKey(random: RandomSource): Uint8Array {
  return requireKey(randomBytes(random, KEY_SIZE), 'what the random source gave')
}

/** A new pair of X25519 keys. The public one is no secret; the other is shown by neither inspection nor JSON. */
export function keyPair(primitives: Primitives, random: RandomSource): KeyPair {
  return primitives.dh.pair(randomKey(random))
}

/**
 * The secret of a pair, for many handshakes: one check and one import for all of them. Keys are copied. Throws what `requireKey` throws, and
 * `option` for a public key that isn't of the secret key. `name` says which pair it is, for the message.
 */
export function staticSecret(dh: Dh, pair: KeyPair, name = 'the pair'): DhSecret {
  const publicKey = requireKey(pair?.publicKey, `${name}.publicKey`)
  const secret = dh.secret(requireKey(pair.secretKey, `${name}.secretKey`))
  // Both are public or were made of what the caller has: no time to hide.
  if (secret.publicKey.every((byte, index) => byte === publicKey[index])) return secret
  secret.wipe()
  throw new CipherError('option', `${name}.publicKey is not of ${name}.secretKey`)
}

/** The text form of a key: 43 characters of base64url, for a file or a variable of the environment. As secret as the key. */
export function keyToText(key: Uint8Array, form: 'base64url' | 'hex' = 'base64url'): string {
  requireKey(key)
  return form === 'hex' ? hexOf(key) : base64urlOf(key)
}

/** A key from its text: 43 characters of base64url, or 64 hexadecimal digits. Throws `malformed` for anything else, without repeating it. */
export function keyFromText(text: string): Uint8Array {
  if (typeof text !== 'string') throw new CipherError('unexpected', 'The text form of a key must be a string')
  const key = text.length === 2 * KEY_SIZE ? bytesOfHex(text) : bytesOfBase64url(text)
  if (key === undefined || key.length !== KEY_SIZE) {
    throw new CipherError(
      'malformed',
      `a key as text has 43 characters of base64url or 64 hexadecimal digits; this has ${text.length} characters`,
    )
  }
  return requireKey(key)
}

/** So many bytes of a source, or `size` if it gave another number. */
export function randomBytes(random: RandomSource, size: number): Uint8Array {
  const bytes = random(size)
  if (bytes instanceof Uint8Array && bytes.length === size) return bytes
  throw new CipherError('size', `The random source must give ${size} bytes when asked for them`)
}
