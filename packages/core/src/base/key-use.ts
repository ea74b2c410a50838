import type { KeyTable } from './key-table.ts'
import { maySend, misuse } from './message-traits.ts'
import type { Side } from './messages.ts'
import { MillraceError } from './millrace-error.ts'

/**
 * The number of a key that the side `own` uses in this way: sends as a message, or as a request. Throws `key-unknown`, and
 * `argument-invalid` for what the contract declares otherwise.
 */
export function sentNumber(keys: KeyTable, key: string, call: 'message' | 'request', own: Side): number {
  const number = keys.number(key)
  const traits = keys.traits(number)
  if (maySend(traits, call, own)) return number
  throw new MillraceError('argument-invalid', misuse(key, traits, call, own))
}

/** The number of a key that the side `own` listens to. Throws `key-unknown`, and `argument-invalid` for one that it alone sends. */
export function heardNumber(keys: KeyTable, key: string, own: Side): number {
  const number = keys.number(key)
  const { from } = keys.traits(number)
  if (from !== own) return number
  const text = `'${key}' never comes in here: only the ${from} sends it, which is this side`
  throw new MillraceError('argument-invalid', text)
}
