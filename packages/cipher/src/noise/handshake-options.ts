import { copyOf } from '../base/copy.ts'
import { CipherError } from '../base/errors.ts'
import { expectOptions } from '../base/limits.ts'
import type { Dh, DhSecret, KeyPair, Primitives } from '../base/primitives.ts'
import { requireKey, staticSecret } from '../keys/key.ts'
import type { Pattern, Role } from './patterns.ts'
import type { SuiteName } from './suite.ts'

/**
 * What a handshake is made of. Which keys belong to it depends on the suite and the role: with a literal suite the compiler knows,
 * with a `string` the constructor does.
 */
export type HandshakeOptions<Name extends string = string, Side extends Role = Role> = {
  /** The full name, the same on both sides: `Noise_XX_25519_ChaChaPoly_SHA256`. */
  readonly suite: string extends Name ? string : Name & SuiteName
  readonly role: Side
  readonly primitives: Primitives
  /**
   * Unpredictable bytes, for the ephemeral key: a cryptographic source, never a seeded one outside of tests. A new array every time: it is
   * overwritten. Where it isn't given, the primitives generate the key, at less cost; the constructor throws CipherError `missing` if they can't.
   */
  readonly random?: ((size: number) => Uint8Array) | undefined
  /** What both sides must agree on before they begin: it is hashed, not sent. Empty by default. */
  readonly prologue?: Uint8Array
} & (string extends Name ? AnyKeys : KeysOf<PatternOf<Name>, Side>)

/** The keys of a handshake of a suite that is known only at run time. */
type AnyKeys = {
  /** The static keys of this side, copied and checked; for many handshakes, `staticSecret` does both once. */
  readonly staticKeys?: KeyPair | DhSecret | undefined
  /** The static public key of the other side, 32 bytes, where the pattern wants it known before. Copied. One of low order ends the handshake where it is used. */
  readonly remoteStatic?: Uint8Array | undefined
  /** One secret of 32 random bytes for each `psk` modifier, in their order; a pass phrase goes through scrypt before. Copied. */
  readonly psks?: readonly Uint8Array[] | undefined
}

type PatternOf<Name extends string> = Name extends `Noise_${infer Pattern}_25519_${string}` ? Pattern : never
type LettersOf<Name extends string> = Name extends `${infer Letters}psk${string}` ? Letters : Name

type KeysOf<Name extends string, Side extends Role> = StaticOf<LettersOf<Name>, Side> &
  RemoteOf<LettersOf<Name>, Side> &
  Member<'psks', Name extends `${string}psk${string}` ? 'needed' : 'unknown'>

/** The first letter tells of the initiator's static key, the second of the responder's; one-way patterns have the first alone. */
type StaticOf<Letters extends string, Side extends Role> = Letters extends `${infer First}${infer Second}`
  ? Member<'staticKeys', (Side extends 'initiator' ? First : Second) extends 'N' ? 'unknown' : 'needed'>
  : never

type RemoteOf<Letters extends string, Side extends Role> = Letters extends `${infer First}${infer Second}`
  ? Member<
      'remoteStatic',
      (Side extends 'initiator' ? Second : First) extends 'K' | '' ? 'needed' : 'unknown'
    >
  : never

type Member<Key extends keyof AnyKeys, Need extends 'needed' | 'unknown'> = Need extends 'needed'
  ? { readonly [key in Key]-?: NonNullable<AnyKeys[key]> }
  : { readonly [key in Key]?: undefined }

const OPTIONS = [
  'suite',
  'role',
  'primitives',
  'random',
  'prologue',
  'staticKeys',
  'remoteStatic',
  'psks',
] as const

/** The keys of a handshake after the check. */
export interface HandshakeKeys {
  readonly staticSecret: DhSecret | undefined
  /** Whether the secret is this handshake's own, and ends with it. */
  readonly isOwnSecret: boolean
  readonly remoteStatic: Uint8Array | undefined
  readonly psks: readonly Uint8Array[]
}

/**
 * What the compiler can't see: throws CipherError `missing` or `unexpected` unless the keys are just those of the pattern, `size` or `option`
 * for what is no key, such as zeros, or a pair of halves that don't belong together.
 */
export function checkedKeys(pattern: Pattern, options: HandshakeOptions, dh: Dh): HandshakeKeys {
  expectOptions('A handshake', options, OPTIONS)
  const { role, staticKeys, remoteStatic, psks = [], random } = options
  if (random === undefined && dh.generate === undefined)
    throw new CipherError('missing', `random: the primitives ${options.primitives.name} generate no keys`)
  if (role !== 'initiator' && role !== 'responder')
    throw new CipherError('option', `role is 'initiator' or 'responder'`)
  const other = role === 'initiator' ? 'responder' : 'initiator'
  const owner = `the ${role} of Noise_${pattern.name}`
  expectPresence('staticKeys', staticKeys, pattern.hasStatic[role], owner)
  expectPresence('remoteStatic', remoteStatic, pattern.isKnown[other], owner)
  if (psks.length !== pattern.pskCount) {
    throw new CipherError(
      psks.length < pattern.pskCount ? 'missing' : 'unexpected',
      `psks: ${owner} takes ${pattern.pskCount} pre-shared keys, not ${psks.length}`,
    )
  }
  if (remoteStatic !== undefined) requireKey(remoteStatic, 'remoteStatic')
  for (const [index, psk] of psks.entries()) requireKey(psk, `psks[${index}]`)
  const isReady = staticKeys !== undefined && 'shared' in staticKeys
  return {
    staticSecret:
      staticKeys === undefined || isReady ? staticKeys : staticSecret(dh, staticKeys, 'staticKeys'),
    isOwnSecret: !isReady,
    remoteStatic: remoteStatic === undefined ? undefined : copyOf(remoteStatic),
    psks: psks.map(copyOf),
  }
}

function expectPresence(name: string, value: unknown, isNeeded: boolean, owner: string): void {
  if (isNeeded === (value !== undefined)) return
  if (isNeeded) throw new CipherError('missing', `${name}: ${owner} needs it`)
  throw new CipherError('unexpected', `${name}: ${owner} has no use for it; is it the right pattern?`)
}
