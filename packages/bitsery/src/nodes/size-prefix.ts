import { BitseryError, phrase } from '../base/errors.ts'
import type { BitBounds } from './node.ts'

/** The largest count or length the format can express: 2^30 - 1. */
export const SIZE_LIMIT = 0x3fffffff

/** How many bytes the size prefix of `n` takes: 1, 2 or 4. */
export function prefixSize(n: number): 1 | 2 | 4 {
  return n < 0x80 ? 1 : n < 0x4000 ? 2 : 4
}

/** The bounds of the size prefix of a count that is at most `max`. */
export function prefixBounds(max: number): BitBounds {
  return { min: 8, max: prefixSize(max) * 8, isWhole: true }
}

/** A limit of a schema, if it is one that the format can express. */
export function limitOf(what: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= SIZE_LIMIT) return value
  throw new BitseryError(what, `an integer from 0 to ${SIZE_LIMIT}`, phrase(value))
}
