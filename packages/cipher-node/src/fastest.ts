import { noblePrimitives, type Primitives } from '@millrace/cipher'
import { nodePrimitives } from './node.ts'

/**
 * Node's own crypto for all it has, @noble for XChaCha20-Poly1305 alone: there is no size of record at which @noble is the faster, as
 * long as the key is a KeyObject. With the bare bytes of the key, `createCipheriv` would take 11 µs more on Node 24.
 *
 * Microseconds to seal, Node 20.20 with OpenSSL 3.0 / Node 24.21 with OpenSSL 3.5, on one of two busy cores (opening takes the same):
 *
 * | bytes | ChaCha20-Poly1305 node | noble | AES-256-GCM node | noble |
 * |---|---|---|---|---|
 * | 16 | 2.3 / 2.5 | 3.1 / 2.8 | 2.2 / 2.1 | 7.0 / 7.4 |
 * | 64 | 2.4 / 2.5 | 3.3 / 2.8 | 2.2 / 2.1 | 7.9 / 7.9 |
 * | 256 | 2.4 / 2.5 | 4.3 / 3.7 | 2.2 / 2.1 | 12 / 13 |
 * | 1,024 | 2.6 / 2.8 | 7.7 / 6.8 | 2.5 / 2.4 | 30 / 32 |
 * | 4,096 | 4.0 / 3.9 | 21 / 19 | 3.6 / 3.0 | 83 / 78 |
 * | 16,384 | 6.5 / 6.8 | 74 / 63 | 6.0 / 3.9 | 289 / 283 |
 */
export const fastestPrimitives: Primitives = {
  ...nodePrimitives,
  name: 'fastest',
  aead: (name) => nodePrimitives.aead(name) ?? noblePrimitives.aead(name),
}
