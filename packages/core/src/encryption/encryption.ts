import { CipherError, type HandshakeState, KEY_SIZE, startHandshake } from '@millrace/cipher'
import type { EncryptionAlgorithm, EncryptionOptions } from '../base/encryption-options.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'

/** A handshake that is about to begin, and what seals behind it. */
export interface HandshakePlan {
  readonly handshake: HandshakeState
  readonly suite: string
}

/** Whether a proven key may go on. */
export type Authorise = (peerKey: Uint8Array) => boolean | Promise<boolean>

/** What one end brings to a handshake. */
export interface HandshakeSide {
  readonly plan: HandshakePlan
  readonly authorise?: Authorise
}

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
    if (!isKey(options.key)) refuse(`key is a Uint8Array of ${KEY_SIZE} random bytes`)
    suiteOf('NNpsk0', options.algorithm, where)
    return
  }
  const { pattern, identity, peerKey, authorise } = options
  if (!patterns.includes(pattern))
    refuse(`pattern is one of ${patterns.join(', ')}; got '${String(pattern)}'`)
  if (identity !== undefined && !(isKey(identity.publicKey) && isKey(identity.secretKey)))
    refuse(`identity is { publicKey, secretKey }, ${KEY_SIZE} bytes each`)
  if (peerKey !== undefined && !isKey(peerKey)) refuse(`peerKey is a Uint8Array of ${KEY_SIZE} bytes`)
  if (authorise !== undefined && typeof authorise !== 'function') refuse('authorise is a function')
  suiteOf(pattern, options.algorithm, where)
}

/** The handshake of one side. Throws `argument-invalid` for keys that the pattern lacks in this role, `unsupported` where the platform has no ciphers. */
export function planHandshake(
  options: EncryptionOptions,
  role: 'accepted' | 'opened',
  crypto: PlatformCrypto,
  prologue: string,
): HandshakePlan {
  const { primitives } = crypto
  if (primitives === undefined)
    throw new MillraceError('unsupported', 'this platform lends no ciphers: it cannot encrypt')
  const isShared = 'key' in options
  const pattern = isShared ? 'NNpsk0' : options.pattern
  const suite = suiteOf(pattern, options.algorithm, 'encryption')
  const isOpening = role === 'opened'
  const ownsKeys = !isShared && (isOpening ? pattern !== 'NK' : true)
  const knowsPeer = !isShared && isOpening && pattern !== 'XX'
  try {
    const handshake = startHandshake<string, 'initiator' | 'responder'>({
      suite,
      role: isOpening ? 'initiator' : 'responder',
      primitives,
      random: (size) => crypto.random(size),
      prologue: utf8(`millrace/1 ${prologue}`),
      ...(isShared ? { psks: [options.key] } : {}),
      ...(ownsKeys ? { staticKeys: options.identity } : {}),
      ...(knowsPeer ? { remoteStatic: options.peerKey } : {}),
    })
    return { handshake, suite }
  } catch (error) {
    if (!(error instanceof CipherError)) throw error
    throw new MillraceError('argument-invalid', `encryption: ${error.message}`, { cause: error })
  }
}

function suiteOf(pattern: string, algorithm: EncryptionAlgorithm | undefined, where: string): string {
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
  return value instanceof Uint8Array && value.length === KEY_SIZE
}

/** ASCII alone is used here. */
function utf8(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}
