import { Code } from './code.ts'

/** How many lines a function may have before its nested structs become functions of their own. */
const LINES_MAX = 300

/** What this emitter needs of a node. */
interface WritableNode {
  readonly kind: string
  emitWrite(emitter: WriteEmitter, value: string): void
}

/**
 * Gathers the code of one compiled writer. The code sees `bytes`, `view` and the position `p`; consecutive fields
 * of fixed size are written at constant distances from `p`, which moves only where the distance is not known.
 */
export class WriteEmitter {
  readonly code: Code
  readonly isLittle: boolean
  /** The statement that gives the value up: the reference then says what is wrong with it. */
  readonly refuse: string
  readonly #constants: unknown[]
  readonly #functions: string[]
  #ahead = 0

  constructor(isLittle: boolean, refuse: string, constants: unknown[], functions: string[]) {
    this.isLittle = isLittle
    this.refuse = refuse
    this.#constants = constants
    this.#functions = functions
    this.code = new Code(constants)
  }

  line(text: string): void {
    this.code.line(text)
  }

  constant(value: unknown): string {
    return this.code.constant(value)
  }

  /** A local with the value of an expression. */
  local(expression: string): string {
    const name = this.code.name()
    this.line(`const ${name} = ${expression}`)
    return name
  }

  /** Takes `size` bytes: the expression of where they start. */
  take(size: number): string {
    const at = this.here()
    this.#ahead += size
    return at
  }

  /** The expression of the position, without taking anything. */
  here(): string {
    return this.#ahead === 0 ? 'p' : `p + ${this.#ahead}`
  }

  /** Moves to a position that an expression gives. */
  moveTo(expression: string): void {
    this.line(`p = ${expression}`)
    this.#ahead = 0
  }

  /** Brings `p` to the position. Needed before and at the end of anything that is not run exactly once. */
  settle(): void {
    if (this.#ahead > 0) this.line(`p += ${this.#ahead}`)
    this.#ahead = 0
  }

  /** Appends code that may run any number of times: `head` opens the block. */
  block(head: string, body: () => void): void {
    this.settle()
    this.line(`${head} {`)
    body()
    this.settle()
    this.line('}')
  }

  /** Refuses the value when the condition holds. */
  refuseIf(condition: string): void {
    this.line(`if (${condition}) ${this.refuse}`)
  }

  /** A raw number of a type such as `Uint16`, whose range was checked. */
  number(method: string, size: number, value: string): void {
    const at = this.take(size)
    if (size === 1) this.line(`bytes[${at}] = ${value}`)
    else this.line(`view.set${method}(${at}, ${value}, ${this.isLittle})`)
  }

  /** A size prefix of a count that is at most `max`. */
  size(count: string, max: number): void {
    if (max < 0x80) {
      this.line(`bytes[${this.take(1)}] = ${count}`)
      return
    }
    this.settle()
    this.line(`if (${count} < 128) bytes[p++] = ${count}`)
    this.line(
      `else if (${count} < 16384) { bytes[p] = 128 | ${count} >> 8; bytes[p + 1] = ${count}; p += 2 }`,
    )
    this.line(
      `else { bytes[p] = 192 | ${count} >> 24; bytes[p + 1] = ${count} >> 16; ` +
        `view.setUint16(p + 2, ${count}, ${this.isLittle}); p += 4 }`,
    )
  }

  /** Writes a node in place, or through a function of its own when this one is long already. */
  nested(node: WritableNode, value: string): void {
    if (node.kind !== 'struct' || this.code.lines.length < LINES_MAX) {
      node.emitWrite(this, value)
      return
    }
    const inner = new WriteEmitter(this.isLittle, 'return -1', this.#constants, this.#functions)
    node.emitWrite(inner, 'value')
    inner.settle()
    const name = `f${this.#functions.length}`
    this.#functions.push(
      `function ${name}(value, bytes, view, p) {\n${inner.code.lines.join('\n')}\nreturn p\n}`,
    )
    this.moveTo(`${name}(${value}, bytes, view, ${this.here()})`)
    this.refuseIf('p < 0')
  }
}
