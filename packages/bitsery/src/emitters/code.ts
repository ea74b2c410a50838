/** Text that becomes functions. */

let isAllowed: boolean | undefined

/** Whether this place lets text become functions (a content security policy or a sandbox may not). Tried once. */
export function canCompile(): boolean {
  if (isAllowed === undefined) {
    try {
      isAllowed = new Function('return 1')() === 1
    } catch {
      isAllowed = false
    }
  }
  return isAllowed
}

/** Makes the function that `body` defines and returns, with the constants of an `Emitter` in its scope. */
export function functionOf(body: string, constants: readonly unknown[]): unknown {
  const names = constants.map((_, index) => `c${index}`)
  return new Function(...names, `'use strict'\n${body}`)(...constants)
}
