import type { KeyTable } from './key-table.ts'
import { misuse } from './message-traits.ts'
import type { Side } from './messages.ts'
import { MillraceError } from './millrace-error.ts'

/**
 * The number of a key that the side `own` uses in this way: sends as a message, or as a request. Throws `key-unknown`, and
 * `argument-invalid` for what the contract declares otherwise.
 */
export function sentNumber(keys: KeyTable, key: string, call: 'message' | 'request', own: Side): number {
  const number = keys.number(key)
  refuse(misuse(key, keys.traits(number), call, own))
  return number
}

/** The number of a key that the side `own` listens to. Throws `key-unknown`, and `argument-invalid` for one that it alone sends. */
export function heardNumber(keys: KeyTable, key: string, own: Side): number {
  const number = keys.number(key)
  const { from } = keys.traits(number)
  if (from === own) refuse(`'${key}' never comes in here: only the ${from} sends it, which is this side`)
  return number
}

function refuse(what: string): void {
  if (what !== '') throw new MillraceError('argument-invalid', what)
}
