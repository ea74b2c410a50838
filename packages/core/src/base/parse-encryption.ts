import { type KeyPair, requireKey } from '@millrace/cipher/keys'
import { type EncryptionOptions, type SharedKeyEncryption, suiteOf } from './encryption-options.ts'
import { causeText, MillraceError } from './millrace-error.ts'
import { type TokenCode, tokenSideOf } from './token-code.ts'

/** The side of a handshake. */
export type EncryptionRole = 'accepted' | 'opened'

/** Options that say who the sides are. */
type PartyOption = 'identity' | 'peerKey' | 'authorise' | 'anyPeer'

/** What becomes of an option: it must be given, or may be, or is refused with these words. */
type Rule = 'needed' | 'kept' | { readonly refused: string }

type Rules = Readonly<Record<EncryptionRole, Readonly<Record<PartyOption, Rule>>>>

// Written out, without spreads: bundlers drop no spread, and a client that doesn't encrypt has no use for all this.
const ofPatternsOnly = { refused: 'goes with a pattern; key goes with algorithm alone' } as const
const ofAnonymous = {
  refused: "has nothing to go by, as the opening side of 'NK' proves no key: 'IK' does",
} as const
const ofKnown = { refused: 'contradicts peerKey' } as const
const mutual = { identity: 'needed', peerKey: 'kept', authorise: 'kept', anyPeer: 'kept' } as const
const knowing = { identity: 'needed', peerKey: 'needed', authorise: 'kept', anyPeer: ofKnown } as const
const shared = {
  identity: ofPatternsOnly,
  peerKey: ofPatternsOnly,
  authorise: ofPatternsOnly,
  anyPeer: ofPatternsOnly,
} as const

/** What each role of each pattern does with each option. What it can't keep it refuses: nothing is ignored. */
export const encryptionRules = {
  NNpsk0: { accepted: shared, opened: shared },
  XX: { accepted: mutual, opened: mutual },
  IK: { accepted: mutual, opened: knowing },
  XK: { accepted: mutual, opened: knowing },
  NK: {
    accepted: { identity: 'needed', peerKey: ofAnonymous, authorise: ofAnonymous, anyPeer: ofAnonymous },
    opened: {
      identity: { refused: "is not shown by the opening side of 'NK': 'IK' does" },
      peerKey: 'needed',
      authorise: 'kept',
      anyPeer: ofKnown,
    },
  },
} as const satisfies Readonly<Record<string, Rules>>

const partyOptions = ['identity', 'peerKey', 'authorise', 'anyPeer'] as const
const names = [
  'key',
  'pattern',
  'algorithm',
  'identity',
  'peerKey',
  'authorise',
  'anyPeer',
  'tokens',
  'token',
  'server',
] as const

type Given = { readonly [Name in (typeof names)[number]]?: unknown }

/**
 * A copy of options that no compiler has seen, with keys of its own: what a program does with its arrays afterwards changes nothing. Throws
 * `argument-invalid` for options that neither role can keep, and `unsupported` for tokens without their code.
 */
export function parseEncryption(options: unknown, where: string, code?: TokenCode): EncryptionOptions {
  const refuse = refusing(where)
  if (typeof options !== 'object' || options === null) refuse('wants { key } or { pattern, … }')
  const given = copyOf(options as object, refuse)
  const { key, pattern, identity, peerKey, authorise, anyPeer, tokens, token, server } = given
  const hasTokens = tokens !== undefined || token !== undefined
  if (key === undefined && !hasTokens && (pattern === 'NNpsk0' || !isPattern(pattern)))
    refuse(`pattern is one of XX, NK, IK, XK; got '${String(pattern)}'`)
  if (key !== undefined) checkKey(key, 'key', refuse)
  if (identity !== undefined) checkIdentity(identity, refuse)
  if (peerKey !== undefined) checkKey(peerKey, 'peerKey', refuse)
  if (authorise !== undefined && typeof authorise !== 'function') refuse('authorise is a function')
  if (anyPeer !== undefined && anyPeer !== true) refuse('anyPeer is true')
  if (server !== undefined && !hasTokens) refuse('server goes with token alone')
  if (hasTokens && code === undefined)
    throw new MillraceError('unsupported', `${where}: tokens want connectTokens of @millrace/core/tokens`)
  const parsed = (hasTokens ? code!.own(given, refuse) : given) as EncryptionOptions
  suiteOf(patternOf(parsed), parsed.algorithm, where)
  if (hasTokens) return parsed
  const accepting = refusalOf(parsed, 'accepted')
  const opening = refusalOf(parsed, 'opened')
  if (accepting !== undefined && opening !== undefined) refuse(`accepting, ${accepting}; opening, ${opening}`)
  return parsed
}

/** The same for what `setEncryption` takes, a shared key alone. */
export function parseSharedKey(options: SharedKeyEncryption, where: string): SharedKeyEncryption {
  const { algorithm } = options
  const key = copyOfBytes(options.key)
  checkKey(key, 'key', refusing(where))
  suiteOf('NNpsk0', algorithm, where)
  return { key: key as Uint8Array, algorithm }
}

/** Throws `argument-invalid` for what this role can't keep, or lacks. */
export function checkRole(options: EncryptionOptions, role: EncryptionRole, where: string): void {
  const refusal = refusalOf(options, role)
  if (refusal !== undefined) refusing(where)(`${role === 'opened' ? 'opening' : 'accepting'}, ${refusal}`)
}

function refusing(where: string): (text: string) => never {
  return (text) => {
    throw new MillraceError('argument-invalid', `${where}: ${text}`)
  }
}

/** The pattern of the handshake. */
export function patternOf(options: EncryptionOptions): keyof typeof encryptionRules | 'NKpsk0' {
  if (options.key !== undefined) return 'NNpsk0'
  return options.pattern ?? 'NKpsk0'
}

/** Why a role can't keep these options, in words. */
function refusalOf(options: EncryptionOptions, role: EncryptionRole): string | undefined {
  const pattern = patternOf(options)
  if (pattern === 'NKpsk0') {
    const isOurs = tokenSideOf(options.tokens ?? options.token)?.role === role
    return isOurs ? undefined : 'tokens is for the accepting side, token for the opening one'
  }
  if (options.key !== undefined && options.pattern !== undefined)
    return 'key goes with algorithm alone; got pattern as well'
  const rules: Readonly<Record<PartyOption, Rule>> = encryptionRules[pattern][role]
  for (const name of partyOptions) {
    const rule = rules[name]
    const isGiven = options[name] !== undefined
    if (isGiven && typeof rule === 'object') return `${name} ${rule.refused}`
    if (!isGiven && rule === 'needed') return `'${pattern}' needs ${name}`
  }
  const { peerKey, authorise, anyPeer } = options
  const isChosen = peerKey !== undefined || authorise !== undefined
  if (anyPeer !== undefined && isChosen) return 'anyPeer contradicts peerKey and authorise'
  if (pattern === 'XX' && role === 'opened' && !isChosen && anyPeer === undefined)
    return "'XX' needs peerKey or authorise; anyPeer: true lets any server answer"
  return undefined
}

/** Reads every option once, and copies its bytes. */
function copyOf(options: object, refuse: (text: string) => never): Given {
  for (const name in options) {
    if (!(names as readonly string[]).includes(name))
      refuse(`there is no option '${name}'; there are ${names.join(', ')}`)
  }
  const given: Record<string, unknown> = {}
  for (const name of names) {
    const value: unknown = (options as Given)[name]
    if (value === undefined) continue
    given[name] = name === 'identity' ? copyOfPair(value) : copyOfBytes(value)
  }
  return given
}

function copyOfPair(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { publicKey, secretKey } = value as { readonly publicKey?: unknown; readonly secretKey?: unknown }
  return { publicKey: copyOfBytes(publicKey), secretKey: copyOfBytes(secretKey) }
}

/** `slice` won't do: that of a Node Buffer shares its memory. */
function copyOfBytes(value: unknown): unknown {
  return value instanceof Uint8Array ? new Uint8Array(value) : value
}

function checkIdentity(value: unknown, refuse: (text: string) => never): void {
  const { publicKey, secretKey } = (value ?? {}) as Partial<KeyPair>
  if (publicKey === undefined || secretKey === undefined)
    refuse('identity is { publicKey, secretKey }; a structuredClone lacks secretKey')
  checkKey(publicKey, 'identity.publicKey', refuse)
  checkKey(secretKey, 'identity.secretKey', refuse)
}

function checkKey(value: unknown, name: string, refuse: (text: string) => never): void {
  try {
    requireKey(value, name)
  } catch (error) {
    refuse(causeText(error))
  }
}

function isPattern(value: unknown): value is keyof typeof encryptionRules {
  return typeof value === 'string' && Object.hasOwn(encryptionRules, value)
}
