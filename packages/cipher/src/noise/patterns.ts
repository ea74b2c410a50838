import { CipherError } from '../base/errors.ts'

/**
 * The fundamental patterns of the Noise specification, sections 7.4 and 7.5: one string of tokens a message, the initiator's first.
 * What is known beforehand isn't in the table, as the letters say it: `K` is a static key that the other side knows.
 */
const PATTERNS = {
  N: ['e es'],
  K: ['e es ss'],
  X: ['e es s ss'],
  NN: ['e', 'e ee'],
  NK: ['e es', 'e ee'],
  NX: ['e', 'e ee s es'],
  KN: ['e', 'e ee se'],
  KK: ['e es ss', 'e ee se'],
  KX: ['e', 'e ee se s es'],
  XN: ['e', 'e ee', 's se'],
  XK: ['e es', 'e ee', 's se'],
  XX: ['e', 'e ee s es', 's se'],
  IN: ['e s', 'e ee se'],
  IK: ['e es s ss', 'e ee se'],
  IX: ['e s', 'e ee se s es'],
} as const satisfies Record<string, readonly string[]>

/** A pattern without modifiers. `N`, `K` and `X` are one-way: one message, then only the initiator sends. */
export type BasePattern = keyof typeof PATTERNS

type Psks =
  | 'psk0'
  | 'psk1'
  | 'psk2'
  | 'psk3'
  | 'psk0+psk1'
  | 'psk0+psk2'
  | 'psk0+psk3'
  | 'psk1+psk2'
  | 'psk1+psk3'
  | 'psk2+psk3'

/** A pattern with its pre-shared keys: `XXpsk3`, `NNpsk0+psk2`. */
export type PatternName = BasePattern | `${BasePattern}${Psks}`

/** What a message does, in order: sends a key, or mixes one in. */
export type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk'

/** The two sides of a handshake. The initiator writes first. */
export type Role = 'initiator' | 'responder'

/** A pattern taken apart. */
export interface Pattern {
  readonly name: string
  readonly isOneWay: boolean
  readonly messages: readonly (readonly Token[])[]
  /** How many pre-shared keys it mixes in. */
  readonly pskCount: number
  /** Who has a static key of his own. */
  readonly hasStatic: Readonly<Record<Role, boolean>>
  /** The sides that have a static key which the other side must know before. */
  readonly isKnown: Readonly<Record<Role, boolean>>
}

/** Takes a name apart. Throws CipherError `name` for one that isn't among the fundamental patterns with `psk0` to `psk3`. */
export function parsePattern(name: string): Pattern {
  const match = /^([NKXI]{1,2})(psk[0-3](?:\+psk[0-3])*)?$/.exec(name)
  const base = match?.[1]
  if (base === undefined || !isBasePattern(base)) {
    const known = Object.keys(PATTERNS).join(', ')
    throw new CipherError(
      'name',
      `No Noise pattern ${JSON.stringify(name)}: there are ${known}, with psk0 to psk3`,
    )
  }
  const messages = PATTERNS[base].map((tokens) => tokens.split(' ') as Token[])
  const places = (match?.[2]?.split('+') ?? []).map((modifier) => Number(modifier.slice('psk'.length)))
  for (const [index, place] of places.entries()) {
    if (place > messages.length || (index > 0 && place <= places[index - 1]!)) {
      throw new CipherError(
        'name',
        `${name} is no Noise pattern: psk modifiers ascend from 0 to ${messages.length}`,
      )
    }
    if (place === 0) messages[0]!.unshift('psk')
    else messages[place - 1]!.push('psk')
  }
  const isOneWay = base.length === 1
  const first = base[0]!
  const second = isOneWay ? 'K' : base[1]!
  return {
    name,
    isOneWay,
    messages,
    pskCount: places.length,
    hasStatic: { initiator: first !== 'N', responder: second !== 'N' },
    isKnown: { initiator: first === 'K', responder: second === 'K' },
  }
}

function isBasePattern(name: string): name is BasePattern {
  return Object.hasOwn(PATTERNS, name)
}
