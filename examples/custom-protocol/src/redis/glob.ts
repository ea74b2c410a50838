/**
 * Whether a text fits a pattern of Redis's kind: `*`, `?`, `[abc]`, `[^a-z]`, and a backslash before what is meant as it
 * is. Takes time in proportion to pattern times text at most.
 */
export function matches(pattern: string, text: string): boolean {
  let at = 0
  let from = 0
  let starAt = -1
  let starFrom = 0
  while (from < text.length) {
    const next = at < pattern.length && pattern[at] !== '*' ? matchOne(pattern, at, text[from]) : -1
    if (next >= 0) {
      at = next
      from++
    } else if (pattern[at] === '*') {
      starAt = at++
      starFrom = from
    } else if (starAt >= 0) {
      at = starAt + 1
      from = ++starFrom
    } else {
      return false
    }
  }
  while (pattern[at] === '*') at++
  return at >= pattern.length
}

/** The position behind the part of the pattern that fits this character, or -1. */
function matchOne(pattern: string, at: number, character: string): number {
  const sign = pattern[at]
  if (sign === '?') return at + 1
  if (sign === '[') return matchSet(pattern, at + 1, character)
  const isEscaped = sign === '\\' && at + 1 < pattern.length
  const wanted = isEscaped ? pattern[at + 1] : sign
  return wanted === character ? at + (isEscaped ? 2 : 1) : -1
}

function matchSet(pattern: string, start: number, character: string): number {
  const isNot = pattern[start] === '^'
  let at = isNot ? start + 1 : start
  let isIn = false
  while (at < pattern.length && pattern[at] !== ']') {
    if (pattern[at] === '\\' && at + 1 < pattern.length) at++
    const low = pattern[at]
    const isRange = pattern[at + 1] === '-' && at + 2 < pattern.length && pattern[at + 2] !== ']'
    const high = isRange ? pattern[at + 2] : low
    const [first, last] = low <= high ? [low, high] : [high, low]
    if (character >= first && character <= last) isIn = true
    at += isRange ? 3 : 1
  }
  return isIn === isNot ? -1 : at + 1
}
