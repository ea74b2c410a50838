import type { Accepting, Platform } from '../ports/platform.ts'
import { byteAccounts } from './byte-accounts.ts'
import { Entrance } from './entrance.ts'
import { PipeBinder } from './pipe-binder.ts'
import { StrangerReports } from './stranger-reports.ts'

/** What `accepting` holds. */
const code = { kind: 'accepting', byteAccounts, PipeBinder, Entrance, StrangerReports } as const

/** The code by which pipes bind and accept channels, for the platform of a program that does: `{ loop, random, accepting }`. */
export const accepting: Accepting = code

/** The code by which pipes of this platform bind and accept channels, if it brings any. */
export function acceptingOf(platform: Platform): typeof code | undefined {
  return platform.accepting as typeof code | undefined
}
