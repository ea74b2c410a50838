import { Code } from './code.ts'

/** Gathers the code of one compiled measure. The code adds to `n`; what is constant is added once. */
export class MeasureEmitter {
  readonly code: Code
  #constant = 0

  constructor(constants: unknown[]) {
    this.code = new Code(constants)
  }

  line(text: string): void {
    this.code.line(text)
  }

  constant(value: unknown): string {
    return this.code.constant(value)
  }

  local(expression: string): string {
    const name = this.code.name()
    this.line(`const ${name} = ${expression}`)
    return name
  }

  /** Adds a size known now. */
  add(size: number): void {
    this.#constant += size
  }

  /** Appends code that may run any number of times. */
  block(head: string, body: () => void): void {
    this.settle()
    this.line(`${head} {`)
    body()
    this.settle()
    this.line('}')
  }

  /** Brings `n` up to date. */
  settle(): void {
    if (this.#constant > 0) this.line(`n += ${this.#constant}`)
    this.#constant = 0
  }

  refuseIf(condition: string): void {
    this.line(`if (${condition}) refuse(value)`)
  }

  /** Adds the size of a size prefix. */
  prefix(count: string, max: number): void {
    if (max < 0x80) this.add(1)
    else this.line(`n += ${count} < 128 ? 1 : ${count} < 16384 ? 2 : 4`)
  }
}
