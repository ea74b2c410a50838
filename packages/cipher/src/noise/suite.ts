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
  /** What the running hash and the chaining key begin with: the name, hashed where it is longer than a digest. Not to be written to. */
  readonly start: Uint8Array
  readonly pattern: Pattern
  readonly aead: Aead
  readonly hash: Hash
}

/** The suites of each implementation that were taken apart before: there are not more of them than valid names. */
const known = new WeakMap<Primitives, Map<string, Suite>>()

/** Takes a full name apart, the first time that it is asked for. Throws CipherError `name` when it isn't one, `unsupported` when `primitives` lacks its AEAD. */
export function parseSuite(name: string, primitives: Primitives): Suite {
  const suites = known.get(primitives) ?? new Map<string, Suite>()
  const found = suites.get(name)
  if (found !== undefined) return found
  const suite = takeApart(name, primitives)
  known.set(primitives, suites.set(name, suite))
  return suite
}

function takeApart(name: string, primitives: Primitives): Suite {
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
  const hashOf = primitives.hash(HASHES[hash])
  return { name, start: startOf(name, hashOf), pattern: parsePattern(pattern), aead: found, hash: hashOf }
}

/** Section 5.2, InitializeSymmetric. */
function startOf(name: string, hash: Hash): Uint8Array {
  const bytes = Uint8Array.from(name, (letter) => letter.charCodeAt(0))
  if (bytes.length > hash.size) return hash.digest(bytes)
  const start = new Uint8Array(hash.size)
  start.set(bytes)
  return start
}

function isKey<T extends object>(table: T, key: string | undefined): key is keyof T & string {
  return key !== undefined && Object.hasOwn(table, key)
}
