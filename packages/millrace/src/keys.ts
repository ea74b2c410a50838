/** Keys by Node's own cryptography. No cipher is loaded for them; a pass phrase loads scrypt when it is used. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import {
  HiddenKeyPair,
  type KeyPair,
  type PassphraseCost,
  randomKey,
  keyFromPassphrase as scryptKey,
} from '@millrace/cipher/keys'

export { keyFromText, keyToText } from '@millrace/cipher/keys'

/** A new key of 32 random bytes, for `encryption: { key }` at both sides. `keyToText` writes it down, `keyFromText` reads it. */
export function generateKey(): Uint8Array {
  return randomKey((size) => new Uint8Array(randomBytes(size)))
}

/**
 * A new pair of X25519 keys of 32 bytes each: who a side is, for `encryption: { pattern, identity }`. The public one is no secret; the secret
 * one stays where it is used: inspection, JSON, spreading and `structuredClone` leave it out, so hand on `secretKey` itself.
 */
export function generateKeyPair(): KeyPair {
  const { x, d } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
  return new HiddenKeyPair(bytesOf(x), bytesOf(d))
}

/**
 * A key of 32 bytes from a pass phrase, by scrypt (RFC 7914): about half a second and 128 MiB unless `cost` says otherwise, so once at the
 * start and never for each connection. Both sides need the same `salt` (16 random bytes or more, no secret, one for each key) and cost.
 *
 * A weak phrase stays one: one recorded first message of `NNpsk0` is enough to try guesses against, offline.
 *
 * Rejects with a `CipherError`: `option` for a cost out of bounds, or below OWASP's least unless it says `weak: 'accepted'`, `size` for a salt below 16 bytes or a phrase outside 8 to 1,024 bytes.
 */
export async function keyFromPassphrase(
  passphrase: string | Uint8Array,
  salt: Uint8Array,
  cost: PassphraseCost = {},
): Promise<Uint8Array> {
  const { nodePrimitives } = await import('@millrace/cipher-node')
  return scryptKey(nodePrimitives, passphrase, salt, cost)
}

/** A copy: small buffers of Node are pieces of memory that others share. */
function bytesOf(text: string | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(text ?? '', 'base64url'))
}
