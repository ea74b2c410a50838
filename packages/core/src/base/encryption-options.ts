import type { KeyPair } from '@millrace/cipher'
import { MillraceError } from './millrace-error.ts'

/**
 * What seals the bytes: a name, or a full suite of Noise (`Noise_XX_25519_AESGCM_BLAKE2b`), whose pattern must be the one that is used.
 * Nothing is negotiated: both sides say the same, or no channel opens.
 */
export type EncryptionAlgorithm = 'chacha20-poly1305' | 'aes-256-gcm' | `Noise_${string}`

/** Both sides have the same secret: `NNpsk0`. A holder of it can be either side. */
export interface SharedKeyEncryption {
  /** 32 random bytes: never a pass phrase, see `keyFromPassphrase`. */
  readonly key: Uint8Array
  /** Default `'chacha20-poly1305'`. */
  readonly algorithm?: EncryptionAlgorithm | undefined
  /** Never set: a shared key proves no identity. */
  readonly pattern?: undefined
}

/** A channel before it is open: the very object that `accepted` or `open` brings later, if it is let in. */
export interface PendingChannel {
  readonly isOpen: boolean
  describe(): string
}

/** Sides have keys of their own, and prove them. */
export interface IdentityEncryption {
  /**
   * Who proves what: with `XX` both show their keys, with `IK` the opening side knows the other's before, with `NK` only the accepting side has
   * a key, which the opening side knows; `XK` is `IK` with a message more, in which the opening side hides better.
   */
  readonly pattern: 'XX' | 'NK' | 'IK' | 'XK'
  /** The keys of this side, where it has some. */
  readonly identity?: KeyPair | undefined
  /** The public key of the accepting side, 32 bytes, where the opening side must know it. */
  readonly peerKey?: Uint8Array | undefined
  /** Default `'chacha20-poly1305'`. */
  readonly algorithm?: EncryptionAlgorithm | undefined
  /**
   * Whether this peer may have a channel; asked as soon as its key is proven, before `accepted` and before anything more is said to it. With `IK`
   * that is when its first record comes: the first message alone could be a recording. Without it, every peer with a key of its own may. A
   * promise that takes longer than `handshakeTimeoutMs` is too late. `channel` isn't open yet:
   * it is there to be remembered.
   */
  readonly authorise?:
    | ((peerKey: Uint8Array, channel: PendingChannel) => boolean | Promise<boolean>)
    | undefined
}

/** How the channels of a pipe are encrypted, from their first byte on. */
export type EncryptionOptions = SharedKeyEncryption | IdentityEncryption

/** Bytes of a key. */
const keySize = 32

const patterns = ['XX', 'NK', 'IK', 'XK'] as const
const aliases = { 'chacha20-poly1305': 'ChaChaPoly', 'aes-256-gcm': 'AESGCM' } as const

/** Checks options that no compiler has seen. Throws `argument-invalid`. */
export function checkEncryption(options: EncryptionOptions, where: string): void {
  const refuse = (text: string): never => {
    throw new MillraceError('argument-invalid', `${where}: ${text}`)
  }
  if (typeof options !== 'object' || options === null) refuse('wants { key } or { pattern, … }')
  if ('key' in options) {
    const isOther = ([name, value]: [string, unknown]) =>
      value !== undefined && name !== 'key' && name !== 'algorithm'
    const other = Object.entries(options).find(isOther)
    if (other !== undefined) refuse(`key goes with algorithm alone; got ${other[0]} as well`)
    if (typeof options.key === 'string')
      refuse('a pass phrase is no key; keyFromPassphrase makes 32 bytes of it')
    if (!isKey(options.key)) refuse(`key is a Uint8Array of ${keySize} random bytes`)
    suiteOf('NNpsk0', options.algorithm, where)
    return
  }
  const { pattern, identity, peerKey, authorise } = options
  if (!patterns.includes(pattern))
    refuse(`pattern is one of ${patterns.join(', ')}; got '${String(pattern)}'`)
  if (identity !== undefined && !(isKey(identity.publicKey) && isKey(identity.secretKey)))
    refuse(`identity is { publicKey, secretKey }, ${keySize} bytes each`)
  if (peerKey !== undefined && !isKey(peerKey)) refuse(`peerKey is a Uint8Array of ${keySize} bytes`)
  if (authorise !== undefined && typeof authorise !== 'function') refuse('authorise is a function')
  suiteOf(pattern, options.algorithm, where)
}

/** The full name of the suite for a pattern. Throws `argument-invalid` for an algorithm that there isn't. */
export function suiteOf(pattern: string, algorithm: EncryptionAlgorithm | undefined, where: string): string {
  const name = algorithm ?? 'chacha20-poly1305'
  if (Object.hasOwn(aliases, name))
    return `Noise_${pattern}_25519_${aliases[name as keyof typeof aliases]}_SHA256`
  if (/^Noise_[A-Za-z0-9+]+_25519_(ChaChaPoly|AESGCM)_(SHA256|BLAKE2b|BLAKE2s)$/.test(name)) {
    if (name.startsWith(`Noise_${pattern}_`)) return name
    throw new MillraceError(
      'argument-invalid',
      `${where}: the suite for this is Noise_${pattern}_…; got '${name}'`,
    )
  }
  const known = Object.keys(aliases).join("', '")
  throw new MillraceError(
    'argument-invalid',
    `${where}: algorithm is '${known}' or a Noise suite; got '${String(algorithm)}'`,
  )
}

function isKey(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === keySize
}
