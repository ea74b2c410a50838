import { Emitter } from './emitter.ts'

/** Gathers the code of one compiled measure. The code adds to `n`; what is constant is added once. */
export class MeasureEmitter extends Emitter {
  #constant = 0

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
