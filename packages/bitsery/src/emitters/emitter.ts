import type { BaseScope } from '../bytes/base-scope.ts'

/** How many lines a function may have before its nested structs become functions of their own. */
const LINES_MAX = 300

/** What a function inside a compiled reader gives when it gives up. */
export const GIVEN_UP: unique symbol = Symbol('given up')

/** What an emitter of readers needs of a node. */
export interface ReadableNode<E> {
  readonly kind: string
  bounds(packed: boolean): { readonly isWhole: boolean }
  emitRead(emitter: E): string
}

/**
 * What writers, readers and measures in the making have in common: the text of one function, its lines, its local names, and the values
 * from outside that it refers to. Everything from outside enters as a constant or as quoted JSON: no name becomes code.
 */
export class Emitter {
  readonly isLittle: boolean
  readonly lines: string[] = []
  /** The virtual bases of the object in the making, once there are some: locals. */
  bases: BaseScope<string> | undefined
  /** The values from outside, shared by functions that are compiled together. */
  protected readonly constants: unknown[]
  #locals = 0

  constructor(isLittle: boolean, constants: unknown[]) {
    this.isLittle = isLittle
    this.constants = constants
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
    let index = this.constants.indexOf(value)
    if (index < 0) index = this.constants.push(value) - 1
    return `c${index}`
  }

  /** A local with the value of an expression. */
  local(expression: string): string {
    const name = this.name()
    this.line(`const ${name} = ${expression}`)
    return name
  }
}

/** Whether the code of a node becomes a function of its own: that of a struct, where the function at hand is long already. */
export function isOutlined(
  node: { readonly kind: string; bounds(packed: boolean): { readonly isWhole: boolean } },
  emitter: { readonly lines: readonly string[]; readonly isAligned: boolean; readonly isPacked: boolean },
): boolean {
  const isLong = node.kind === 'struct' && emitter.lines.length >= LINES_MAX
  return isLong && emitter.isAligned && node.bounds(emitter.isPacked).isWhole
}

/** The text of a function; empty lines are left out. */
export function functionText(name: string, parameters: string, lines: readonly string[]): string {
  return `function ${name}(${parameters}) {\n${lines.filter((line) => line !== '').join('\n')}\n}`
}
