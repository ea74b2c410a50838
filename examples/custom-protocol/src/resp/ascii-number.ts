const zero = 48
const minus = 45

/** The most digits that are surely exact as a number. */
const digitsMax = 15

/**
 * The whole number that `bytes[from, to)` spells in decimal digits, as Redis spells it: no plus sign, no leading zeros, no
 * blanks. Undefined for anything else, and for more than 15 digits.
 */
export function asciiInteger(bytes: Uint8Array, from: number, to: number): number | undefined {
  const isNegative = bytes[from] === minus
  const first = isNegative ? from + 1 : from
  const count = to - first
  if (count < 1 || count > digitsMax) return undefined
  if (bytes[first] === zero && (count > 1 || isNegative)) return undefined
  let value = 0
  for (let at = first; at < to; at++) {
    const digit = bytes[at] - zero
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return isNegative ? -value : value
}
