import { Emitter, functionText, GIVEN_UP, isOutlined, type ReadableNode } from './emitter.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { objectLiteral, objectMaker } from './object-maker.ts'
import { sizeFromBytes } from './read-size.ts'

/** Where bytes that were taken are: expressions. */
export interface Span {
  readonly bytes: string
  readonly view: string
  readonly at: string
  /** The byte order of units in there: least significant byte first where they don't lie on whole bytes. */
  readonly isLittle: string
}

/**
 * Gathers the code of one compiled reader. The code sees `bytes`, `view`, the position `p` and `end`. Consecutive
 * fields of fixed size make a run with one bounds check before it; a condition that fails gives up.
 *
 * All that it reads begins and ends with whole bytes; `PackedReadEmitter` is for schemas with bit packing.
 */
export class ReadEmitter extends Emitter {
  /** The statement that gives up: the reference then reads from the start. */
  giveUp: string
  /** Whether growables are to take as little code as they can. */
  isSparing = false
  /** Whether this is inside bit packing. */
  isPacked = false
  /** Whether the code needs `b`. */
  hasBits = false
  readonly budget: MemoryBudget
  protected readonly functions: string[]
  /** Bits taken since `p`, those of the byte at `p` included. */
  protected run = 0
  protected isChecked = false
  #checkLine = -1
  #end = 'end'

  constructor(
    isLittle: boolean,
    giveUp: string,
    budget: MemoryBudget,
    constants: unknown[],
    functions: string[],
  ) {
    super(isLittle, constants)
    this.giveUp = giveUp
    this.budget = budget
    this.functions = functions
  }

  /** Gives up when the condition holds. */
  giveUpIf(condition: string): void {
    this.line(`if (${condition}) ${this.giveUp}`)
  }

  /** Whether the next bit is known to be the first of a byte. */
  get isAligned(): boolean {
    return true
  }

  /** Says which bit of the byte at `p` is the first one, where that isn't bit 0. For the beginning. */
  beginAtBit(bit: number): void {
    this.run = bit
  }

  /** The expression of how many bits of the byte at `p` are taken, at a settled position. */
  get takenBits(): string {
    return '0'
  }

  /** Takes `size` bytes at an aligned position as part of the run: the expression of where they start. */
  take(size: number): string {
    this.startRun()
    const at = this.at(this.run / 8)
    this.run += size * 8
    return at
  }

  protected at(ahead: number): string {
    return ahead === 0 ? 'p' : `p + ${ahead}`
  }

  protected startRun(): void {
    if (this.#checkLine < 0) this.#checkLine = this.lines.push('') - 1
  }

  /** Ends the run: its length is known now, its check is written, `p` is at the position. */
  settle(): void {
    this.checkRun(`${this.#end} - p < ${this.run / 8}`)
    if (this.run > 0) this.line(`p += ${this.run / 8}`)
    this.run = 0
  }

  /** Writes the check of the run, where one is needed, into the line that was left for it. */
  protected checkRun(isShort: string): void {
    if (this.#checkLine >= 0 && !this.isChecked)
      this.lines[this.#checkLine] = `if (${isShort}) ${this.giveUp}`
    this.#checkLine = -1
  }

  /**
   * Appends code that may run any number of times. With `'checked'`, its bytes are known to be there. `'whole'` says that each
   * run takes whole bytes; with `'any'` the position within a byte is not known behind it.
   */
  block(
    head: string,
    body: () => void,
    bounds: 'open' | 'checked' = 'open',
    _takes: 'whole' | 'any' = 'whole',
  ): void {
    this.settle()
    const outside = this.isChecked
    if (bounds === 'checked') this.isChecked = true
    this.line(`${head} {`)
    body()
    this.settle()
    this.line('}')
    this.isChecked = outside
  }

  /** Goes to the next whole byte; gives up unless the bits on the way are zero. */
  align(): void {}

  /** Gives up unless the position is at a whole byte, and is sure of it from then on. */
  giveUpUnaligned(): void {}

  /** The expression of where the bytes end. */
  get end(): string {
    return this.#end
  }

  /** Reads with another end, and goes there. */
  within(end: string, body: () => void): void {
    const outerEnd = this.#end
    const outside = this.isChecked
    this.#end = end
    this.isChecked = false
    body()
    this.moveTo(end)
    this.#end = outerEnd
    this.isChecked = outside
  }

  /** Goes to a position that an expression gives. */
  moveTo(expression: string): void {
    this.settle()
    this.line(`p = ${expression}`)
  }

  /** The expression of an unsigned integer of `width` bits, 1 to 32. Use it once, before anything else is taken. */
  bits(width: number): string {
    throw new Error(`${width} bits outside bit packing`)
  }

  /** The local of a bigint of `width` bits, 33 to 64. */
  bigBits(width: number): string {
    return this.bits(width)
  }

  /** The local of a raw number of a type such as `Uint16`. */
  number(method: string, size: number): string {
    const at = this.take(size)
    if (method === 'Uint8') return this.local(`bytes[${at}]`)
    if (method === 'Int8') return this.local(`bytes[${at}] << 24 >> 24`)
    return this.local(`view.get${method}(${at}, ${this.isLittle})`)
  }

  /** The halves of an integer of 8 bytes, as locals: low and high. */
  halves(): readonly [low: string, high: string] {
    const first = this.number('Uint32', 4)
    const second = this.number('Uint32', 4)
    return this.isLittle ? [first, second] : [second, first]
  }

  /** A size prefix of at most `max`: a local with the count. Ends the run. */
  size(max: number): string {
    return sizeFromBytes(this, max)
  }

  /** Gives up unless there are the bits for `count` elements of at least `bits` each. */
  expectElements(count: string, bits: number): void {
    this.settle()
    // No bytes stand for them. Rare, and to be counted over the whole read: left to the reference.
    if (bits === 0) this.giveUpIf(`${count} > 0`)
    else this.giveUpIf(`${count}${bits === 8 ? '' : ` * ${bits / 8}`} > ${this.#end} - p`)
  }

  /** Takes as many whole bytes as an expression says, and gives up if they aren't there. Ends the run. */
  span(size: string): Span {
    this.settle()
    this.giveUpIf(`${size} > ${this.#end} - p`)
    const at = this.local('p')
    this.line(`p += ${size}`)
    return { bytes: 'bytes', view: 'view', at, isLittle: String(this.isLittle) }
  }

  /** The expression of a plain object with these members. */
  object(names: readonly string[], values: readonly string[]): string {
    const name = `f${this.functions.length}`
    const maker = objectMaker(name, names)
    if (maker === undefined) return objectLiteral(names, values)
    this.functions.push(maker)
    return `new ${name}(${values.join(', ')})`
  }

  /** Reads a node in place, or through a function of its own when this one is long already. */
  nested(node: ReadableNode<ReadEmitter>): string {
    if (!isOutlined(node, this)) return node.emitRead(this)
    this.settle()
    const givenUp = this.constant(GIVEN_UP)
    const inner = this.inner(`return ${givenUp}`)
    const name = `f${this.functions.push('') - 1}`
    this.functions[Number(name.slice(1))] = inner.functionOf(
      name,
      'source, bytes, view, p, end',
      node.emitRead(inner),
    )
    const value = this.local(`${name}(source, bytes, view, p, ${this.#end})`)
    this.giveUpIf(`${value} === ${givenUp}`)
    this.line('p = source.position')
    return value
  }

  /** The emitter of a function inside this reader. */
  protected inner(giveUp: string): ReadEmitter {
    return new ReadEmitter(this.isLittle, giveUp, this.budget, this.constants, this.functions)
  }

  /** The text of a function that runs the gathered code and returns `result`. */
  functionOf(name: string, parameters: string, result: string, start = ''): string {
    this.align()
    this.settle()
    const lines = [
      start,
      this.hasBits ? 'let b = 0' : '',
      ...this.lines,
      'source.position = p',
      `return ${result}`,
    ]
    return functionText(name, parameters, lines)
  }
}
