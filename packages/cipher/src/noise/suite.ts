import { CipherError } from '../base/errors.ts'
import type { Aead, AeadName, Hash, HashName, Primitives } from '../base/primitives.ts'
import { type Pattern, type PatternName, parsePattern } from './patterns.ts'

const AEADS = { ChaChaPoly: 'chacha20-poly1305', AESGCM: 'aes-256-gcm' } as const satisfies Record<
  string,
  AeadName
>
const HASHES = { SHA256: 'sha256', BLAKE2b: 'blake2b', BLAKE2s: 'blake2s' } as const satisfies Record<
  string,
  HashName
>

/** The full name of a Noise protocol. Both sides are configured with one and never negotiate: it is hashed into the handshake. */
export type SuiteName = `Noise_${PatternName}_25519_${keyof typeof AEADS}_${keyof typeof HASHES}`

/** A suite taken apart, with what it needs of an implementation. */
export interface Suite {
  readonly name: string
  readonly pattern: Pattern
  readonly aead: Aead
  readonly hash: Hash
}

/** Takes a full name apart. Throws CipherError `name` when it isn't one, `unsupported` when `primitives` lacks its AEAD. */
export function parseSuite(name: string, primitives: Primitives): Suite {
  const [noise, pattern, dh, aead, hash, ...rest] = name.split('_')
  const isWhole = noise === 'Noise' && pattern !== undefined && dh === '25519' && rest.length === 0
  if (!isWhole || !isKey(AEADS, aead) || !isKey(HASHES, hash)) {
    throw new CipherError(
      'name',
      `No Noise suite ${JSON.stringify(name)}: it is Noise_<pattern>_25519_<${Object.keys(AEADS).join('|')}>_<${Object.keys(HASHES).join('|')}>`,
    )
  }
  const found = primitives.aead(AEADS[aead])
  if (found === undefined) {
    throw new CipherError(
      'unsupported',
      `The primitives ${primitives.name} lack ${AEADS[aead]}, which ${name} needs`,
    )
  }
  return { name, pattern: parsePattern(pattern), aead: found, hash: primitives.hash(HASHES[hash]) }
}

function isKey<T extends object>(table: T, key: string | undefined): key is keyof T & string {
  return key !== undefined && Object.hasOwn(table, key)
}
