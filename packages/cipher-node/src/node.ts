import { scrypt, timingSafeEqual } from 'node:crypto'
import { CipherError, type Primitives } from '@millrace/cipher'
import { NODE_AEADS } from './node-aead.ts'
import { NODE_HASHES } from './node-hash.ts'
import { nodeX25519 } from './node-x25519.ts'

/** All primitives but XChaCha20-Poly1305 by Node's own crypto, which is OpenSSL. */
export const nodePrimitives: Primitives = {
  name: 'node',
  aead: (name) => NODE_AEADS[name],
  hash: (name) => NODE_HASHES[name],
  dh: nodeX25519(),
  scrypt(passphrase, salt, { n, r, p }, size) {
    // Node takes its default for a zero.
    const wrong = [n, r, p].find((part) => !(Number.isSafeInteger(part) && part > 0))
    if (wrong !== undefined) return Promise.reject(scryptRefused(new RangeError(`${wrong} is no cost`)))
    // The table, the p blocks and the two that OpenSSL works in; its own limit would be 32 MiB.
    const maxmem = 128 * r * (n + p + 2)
    return new Promise((resolve, reject) => {
      const refused = (error: unknown) => reject(scryptRefused(error))
      try {
        scrypt(passphrase, salt, size, { N: n, r, p, maxmem }, (error, key) =>
          error === null ? resolve(plain(key)) : refused(error),
        )
      } catch (error) {
        refused(error)
      }
    })
  },
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
}

/** A `Buffer` has other methods behind the same names: its `slice` doesn't copy. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

function scryptRefused(error: unknown): CipherError {
  const what = error instanceof Error ? error.message : String(error)
  return new CipherError(
    'option',
    `scrypt refused its cost (${what}): n is a power of 2 above 1, 128·n·r bytes must fit into memory`,
  )
}
