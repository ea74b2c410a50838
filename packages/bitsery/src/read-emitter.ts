import { Code } from './code.ts'

/** How many lines a function may have before its nested structs become functions of their own. */
const LINES_MAX = 300

/** More fields than this are made by a literal: a function has only so many parameters. */
const FIELDS_MAX = 200

/** What a function inside a compiled reader gives when it gives up. */
export const GIVEN_UP: unique symbol = Symbol('given up')

/** What this emitter needs of a node. */
interface ReadableNode {
  readonly kind: string
  emitRead(emitter: ReadEmitter): string
}

/**
 * Gathers the code of one compiled reader. The code sees `bytes`, `view`, the position `p` and `end`. Consecutive
 * fields of fixed size make a run with one bounds check before it; a condition that fails gives up.
 */
export class ReadEmitter {
  readonly code: Code
  readonly isLittle: boolean
  /** The statement that gives up: the reference then reads from the start. */
  readonly giveUp: string
  readonly #constants: unknown[]
  readonly #functions: string[]
  #run = 0
  #checkLine = -1
  #isChecked = false

  constructor(isLittle: boolean, giveUp: string, constants: unknown[], functions: string[]) {
    this.isLittle = isLittle
    this.giveUp = giveUp
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

  /** Takes `size` bytes as part of the run: the expression of where they start. */
  take(size: number): string {
    if (this.#checkLine < 0) this.#checkLine = this.code.lines.push('') - 1
    const at = this.#run === 0 ? 'p' : `p + ${this.#run}`
    this.#run += size
    return at
  }

  /** Ends the run: its length is known now, its check is written, `p` is at the position. */
  settle(): void {
    if (this.#checkLine >= 0 && !this.#isChecked) {
      this.code.lines[this.#checkLine] = `if (end - p < ${this.#run}) ${this.giveUp}`
    }
    if (this.#run > 0) this.line(`p += ${this.#run}`)
    this.#checkLine = -1
    this.#run = 0
  }

  /** Appends code that may run any number of times. With `'checked'`, its bytes are known to be there. */
  block(head: string, body: () => void, bounds: 'open' | 'checked' = 'open'): void {
    this.settle()
    const outside = this.#isChecked
    if (bounds === 'checked') this.#isChecked = true
    this.line(`${head} {`)
    body()
    this.settle()
    this.line('}')
    this.#isChecked = outside
  }

  /** Gives up when the condition holds. */
  giveUpIf(condition: string): void {
    this.line(`if (${condition}) ${this.giveUp}`)
  }

  /** The expression of a raw number of a type such as `Uint16`. */
  number(method: string, size: number): string {
    const at = this.take(size)
    if (method === 'Uint8') return this.local(`bytes[${at}]`)
    if (method === 'Int8') return this.local(`bytes[${at}] << 24 >> 24`)
    return this.local(`view.get${method}(${at}, ${this.isLittle})`)
  }

  /** A size prefix of at most `max`: a local with the count. Ends the run. */
  size(max: number): string {
    const count = this.code.name()
    this.line(`let ${count} = bytes[${this.take(1)}]`)
    // The run's check is already written before the line above; `p` moves behind the first byte.
    this.settle()
    if (max < 0x80) {
      // Longer spellings of small counts are legal and never seen: left to the reference.
      this.giveUpIf(`${count} > ${max}`)
      return count
    }
    const low = `${count} = (${count} & 127) << 8 | bytes[p++]`
    const wide = `${count} = ((${count} & 63) << 8 | bytes[p]) << 16 | view.getUint16(p + 1, ${this.isLittle}); p += 3`
    this.line(`if (${count} > 127) {`)
    this.line(`if (${count} < 192) { if (end - p < 1) ${this.giveUp}; ${low} }`)
    this.line(`else { if (end - p < 3) ${this.giveUp}; ${wide} }`)
    this.giveUpIf(`${count} > ${max}`)
    this.line('}')
    return count
  }

  /**
   * The expression of a plain object. It is made by a constructor of its own, not by a literal: V8 gives all literals with
   * the same names in the same order one family of hidden classes, and the schema itself was such a literal, so its
   * fields would count as "anything" for ever: 35 % slower to make and to read.
   */
  object(names: readonly string[], values: readonly string[]): string {
    if (names.length > FIELDS_MAX) {
      return `{ ${names.map((name, index) => `${JSON.stringify(name)}: ${values[index]}`).join(', ')} }`
    }
    const maker = `f${this.#functions.length}`
    const parameters = names.map((_, index) => `a${index}`)
    const lines = names.map((name, index) => `this[${JSON.stringify(name)}] = a${index}`)
    this.#functions.push(
      `function ${maker}(${parameters.join(', ')}) {\n${lines.join('\n')}\n}\n${maker}.prototype = Object.prototype`,
    )
    return `new ${maker}(${values.join(', ')})`
  }

  /** Reads a node in place, or through a function of its own when this one is long already. */
  nested(node: ReadableNode): string {
    if (node.kind !== 'struct' || this.code.lines.length < LINES_MAX) return node.emitRead(this)
    this.settle()
    const givenUp = this.constant(GIVEN_UP)
    const inner = new ReadEmitter(this.isLittle, `return ${givenUp}`, this.#constants, this.#functions)
    const result = node.emitRead(inner)
    inner.settle()
    const name = `f${this.#functions.length}`
    this.#functions.push(
      `function ${name}(source, bytes, view, p, end) {\n${inner.code.lines.join('\n')}\nsource.position = p\nreturn ${result}\n}`,
    )
    const value = this.local(`${name}(source, bytes, view, p, end)`)
    this.giveUpIf(`${value} === ${givenUp}`)
    this.line('p = source.position')
    return value
  }
}
