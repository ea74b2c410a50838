import { BufferError } from './buffer-error.ts'

/** The error for a size, a position or an option that lies outside what is possible. */
export function outOfRange(text: string): BufferError {
  return new BufferError('size-out-of-range', text)
}

/** A whole number from `min` on. Throws `size-out-of-range` for anything else; `what` begins the message. */
export function wholeNumber(what: string, value: number, min = 0): number {
  if (Number.isSafeInteger(value) && value >= min) return value
  throw outOfRange(`${what} must be a whole number from ${min}, not ${value}`)
}

/** The error for a block that another pool handed out, or none. */
export function foreignBlock(): BufferError {
  return new BufferError('foreign-block', 'the block given back does not come from this pool')
}
