/**
 * The text of one function in the making: its lines, its local names, and the values from outside that it refers to.
 * Everything from outside enters as a constant or as quoted JSON: no name becomes code.
 */
export class Code {
  readonly lines: string[] = []
  readonly #constants: unknown[]
  #locals = 0

  /** `constants` may be shared by functions that are compiled together. */
  constructor(constants: unknown[] = []) {
    this.#constants = constants
  }

  /** Appends a line. */
  line(text: string): void {
    this.lines.push(text)
  }

  /** A local name not used before. */
  name(): string {
    this.#locals += 1
    return `v${this.#locals}`
  }

  /** The name under which the compiled function sees `value`. */
  constant(value: unknown): string {
    let index = this.#constants.indexOf(value)
    if (index < 0) index = this.#constants.push(value) - 1
    return `c${index}`
  }
}

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

/** Makes the function that `body` defines and returns, with the constants of a `Code` in its scope. */
export function functionOf(body: string, constants: readonly unknown[]): unknown {
  const names = constants.map((_, index) => `c${index}`)
  return new Function(...names, `'use strict'\n${body}`)(...constants)
}
