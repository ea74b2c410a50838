import { copyOf } from '../base/copy.ts'
import { expectOptions, wholeOption } from '../base/limits.ts'
import { requireKey } from '../keys/key.ts'
import { requireText } from './token-bytes.ts'
import { requireApplicationId } from './token-issuer.ts'

/** What a game server is: which tokens it takes. */
export interface TokenRules {
  /** 32 bytes that only login and game servers know. Copied. */
  readonly key: Uint8Array
  /** 8 bytes of the program and its protocol version, as the login server has them. */
  readonly applicationId: Uint8Array
  /** One of the ids that tokens name. */
  readonly serverId: string
  /**
   * How many used tokens are remembered at least until they expire: 1 to 2^20, about 150 bytes each, 400 when few are used in one second. Default
   * 65,536. Expired ones leave when there is no room, so that a clock that jumps ahead and back locks out no later user.
   */
  readonly usedMax?: number | undefined
  /** How far the clocks of login and game server may differ, in ms: 0 to 60,000. Default 5,000. */
  readonly clockToleranceMs?: number | undefined
  /**
   * Tokens that could have been used before this time, in ms since 1970, count as used: those that begin to be good before `since +
   * clockToleranceMs`. What was used is forgotten in a restart, so that a server that comes back under the id it had before gives the time at which
   * it began; a user who logs in within the tolerance after it needs a new token. Default: none, for a server with an id of its own each time.
   */
  readonly since?: number | undefined
}

/** The names of what a game server is. */
export const RULES = [
  'key',
  'applicationId',
  'serverId',
  'usedMax',
  'clockToleranceMs',
  'since',
] as const satisfies readonly (keyof TokenRules)[]

/** The same, whole: with what was left out as it is by default, and bytes of its own. */
export interface CheckedRules {
  readonly key: Uint8Array
  readonly applicationId: Uint8Array
  readonly serverId: string
  readonly usedMax: number
  readonly clockToleranceMs: number
  readonly since: number | undefined
}

/** Checks and copies what a game server is, before there are primitives. `what` begins the text of an error. Throws `option`, `size` or what `requireKey` throws. */
export function ownTokenRules(rules: TokenRules, what: string): CheckedRules {
  expectOptions(what, rules, RULES)
  return checkedRules(rules)
}

/** The same of an object that may have more. */
export function checkedRules(rules: TokenRules): CheckedRules {
  return {
    key: copyOf(requireKey(rules.key, 'the key of the tokens')),
    applicationId: requireApplicationId(rules.applicationId),
    serverId: requireText('serverId', rules.serverId, 1),
    usedMax: wholeOption('usedMax', rules.usedMax ?? 65_536, 1, 2 ** 20),
    clockToleranceMs: wholeOption('clockToleranceMs', rules.clockToleranceMs ?? 5000, 0, 60_000),
    since: rules.since === undefined ? undefined : wholeOption('since', rules.since, 0, 2 ** 52),
  }
}
