/** Names that reach a prototype when a program later copies or merges what it received. */
export function isForbiddenKey(key: string): boolean {
  if (key.length !== 9 && key.length !== 11) return false
  return key === '__proto__' || key === 'prototype' || key === 'constructor'
}
