import { BitWindow, loadAt, loadShifted } from './bit-window.ts'
import { Emitter, functionText, isOutlined } from './emitter.ts'
import { halvesFromBits, numberFromBits } from './numbers-from-bits.ts'
import { objectLiteral, objectMaker } from './object-maker.ts'
import { expectElements, sizeFromBits, sizeFromBytes } from './read-size.ts'

/** The most bits of a window where the bit position is known at run time only. */
const GROUP_BITS_MAX = 25

/** What a function inside a compiled reader gives when it gives up. */
export const GIVEN_UP: unique symbol = Symbol('given up')

/** What this emitter needs of a node. */
interface ReadableNode {
  readonly kind: string
  bounds(packed: boolean): { readonly isWhole: boolean }
  emitRead(emitter: ReadEmitter): string
}

/**
 * Gathers the code of one compiled reader. The code sees `bytes`, `view`, the position `p` and `end`. Consecutive
 * fields of fixed size make a run with one bounds check before it; a condition that fails gives up.
 *
 * Inside bit packing `p` is the byte that has the next bit. Which bit of it that is, is known when the code is made as long as all
 * that comes before has a known number of bits; where it isn't, `b` says it (0 to 7).
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
  readonly #functions: string[]
  /** Bits taken since `p`, those of the byte at `p` included. */
  #run = 0
  #checkLine = -1
  #isChecked = false
  #end = 'end'
  #isBitKnown = true
  #window: BitWindow | undefined

  constructor(isLittle: boolean, giveUp: string, constants: unknown[], functions: string[]) {
    super(isLittle, constants)
    this.giveUp = giveUp
    this.#functions = functions
  }

  /** Gives up when the condition holds. */
  giveUpIf(condition: string): void {
    this.line(`if (${condition}) ${this.giveUp}`)
  }

  /** Whether the next bit is known to be the first of a byte. */
  get isAligned(): boolean {
    return this.#isBitKnown && this.#run % 8 === 0
  }

  /** Whether it is known which bit of a byte the next one is. */
  get isBitKnown(): boolean {
    return this.#isBitKnown
  }

  /** Says which bit of the byte at `p` is the first one, where that isn't bit 0. For the beginning. */
  beginAtBit(bit: number): void {
    this.#run = bit
  }

  /** The expression of how many bits of the byte at `p` are taken, at a settled position. */
  get takenBits(): string {
    return this.#isBitKnown ? String(this.#run) : 'b'
  }

  /** Takes `size` bytes at an aligned position as part of the run: the expression of where they start. */
  take(size: number): string {
    this.#startRun()
    this.#window = undefined
    const at = this.#at(this.#run / 8)
    this.#run += size * 8
    return at
  }

  #at(ahead: number): string {
    return ahead === 0 ? 'p' : `p + ${ahead}`
  }

  #startRun(): void {
    if (this.#checkLine < 0) this.#checkLine = this.lines.push('') - 1
  }

  /** Ends the run: its length is known now, its check is written, `p` is at the position. */
  settle(): void {
    const run = this.#run
    if (this.#checkLine >= 0 && !this.#isChecked) {
      const check = this.#isBitKnown
        ? `${this.#end} - p < ${Math.ceil(run / 8)}`
        : `(${this.#end} - p) * 8 - b < ${run}`
      this.lines[this.#checkLine] = `if (${check}) ${this.giveUp}`
    }
    this.#checkLine = -1
    if (this.#isBitKnown) {
      this.#window = undefined
      if (run > 7) this.line(`p += ${run >> 3}`)
      this.#run = run & 7
    } else {
      this.#closeGroup()
      this.#run = 0
    }
  }

  /**
   * Appends code that may run any number of times. With `'checked'`, its bytes are known to be there. `'whole'` says that each
   * run takes whole bytes; with `'any'` the position within a byte is not known behind it.
   */
  block(
    head: string,
    body: () => void,
    bounds: 'open' | 'checked' = 'open',
    takes: 'whole' | 'any' = 'whole',
  ): void {
    if (takes === 'any' && this.isPacked) this.#forgetBit()
    this.settle()
    const outside = this.#isChecked
    const wasKnown = this.#isBitKnown
    const rest = this.#run
    if (bounds === 'checked') this.#isChecked = true
    this.line(`${head} {`)
    body()
    // The body may have lost sight of the bit, or found it: behind it holds what held before it.
    if (!wasKnown) this.#forgetBit()
    this.settle()
    this.line('}')
    if (wasKnown) this.#run = rest
    this.#isBitKnown = wasKnown
    this.#isChecked = outside
  }

  /** Goes to the next whole byte; gives up unless the bits on the way are zero. */
  align(): void {
    if (this.#isBitKnown) {
      const rest = this.#run % 8
      if (rest > 0) this.giveUpIf(`(${this.bits(8 - rest)}) !== 0`)
      return
    }
    this.settle()
    this.line(`if (b > 0) { if (bytes[p] >> b) ${this.giveUp}; p++; b = 0 }`)
    this.#isBitKnown = true
  }

  /** Gives up unless the position is at a whole byte, and is sure of it from then on. */
  giveUpUnaligned(): void {
    if (this.isAligned) return
    this.settle()
    this.giveUpIf(this.#isBitKnown ? 'true' : 'b > 0')
    this.#isBitKnown = true
    this.#run = 0
  }

  /** The expression of where the bytes end. */
  get end(): string {
    return this.#end
  }

  /** Reads with another end, and goes there. */
  within(end: string, body: () => void): void {
    const outerEnd = this.#end
    const outside = this.#isChecked
    this.#end = end
    this.#isChecked = false
    body()
    this.moveTo(end)
    this.#end = outerEnd
    this.#isChecked = outside
  }

  /** Goes to a position that an expression gives. */
  moveTo(expression: string): void {
    this.settle()
    this.line(`p = ${expression}`)
  }

  /** From here on the position within a byte is known at run time only. */
  #forgetBit(): void {
    this.settle()
    if (!this.#isBitKnown) return
    this.hasBits = true
    this.line(`b = ${this.#run}`)
    this.#run = 0
    this.#isBitKnown = false
  }

  /** The expression of an unsigned integer of `width` bits, 1 to 32. Use it once, before anything else is taken. */
  bits(width: number): string {
    this.#startRun()
    return this.#isBitKnown ? this.#knownBits(width) : this.#groupedBits(width)
  }

  /** The local of a bigint of `width` bits, 33 to 64. */
  bigBits(width: number): string {
    const low = this.local(this.bits(32))
    return this.local(`BigInt(${low}) | BigInt(${this.bits(width - 32)}) << 32n`)
  }

  #knownBits(width: number): string {
    const rest = this.#run % 8
    if (rest + width > 32) return this.#twoParts(width)
    if (this.#window === undefined || this.#window.bits + width > 32) {
      const start = this.#run >> 3
      const load = (bits: number): string => loadAt((ahead) => this.#at(start + ahead), bits)
      this.#window = new BitWindow(this.name(), this.lines.push('') - 1, rest, load)
    }
    this.#run += width
    return this.#fromWindow(this.#window, width)
  }

  #groupedBits(width: number): string {
    if (width > GROUP_BITS_MAX) return this.#twoParts(width)
    if (this.#window !== undefined && this.#window.bits + width > GROUP_BITS_MAX) this.#closeGroup()
    this.#window ??= new BitWindow(this.name(), this.lines.push('') - 1, 0, loadShifted)
    this.#run += width
    return this.#fromWindow(this.#window, width)
  }

  #fromWindow(window: BitWindow, width: number): string {
    const expression = window.take(width)
    this.lines[window.line] = window.text
    return expression
  }

  #twoParts(width: number): string {
    const low = this.local(this.bits(16))
    return `(${low} | (${this.bits(width - 16)}) << 16) >>> 0`
  }

  /** Moves behind the bits of the window. */
  #closeGroup(): void {
    if (this.#window === undefined) return
    this.line(`b += ${this.#window.bits}; p += b >> 3; b &= 7`)
    this.#window = undefined
  }

  /** The local of a bool: a bit inside bit packing, else a byte. */
  bool(): string {
    if (this.isPacked) return this.local(`(${this.bits(1)}) === 1`)
    const byte = this.number('Uint8', 1)
    this.giveUpIf(`${byte} > 1`)
    return this.local(`${byte} === 1`)
  }

  /** The local of a raw number of a type such as `Uint16`. */
  number(method: string, size: number): string {
    if (!this.isAligned) return numberFromBits(this, method, size)
    const at = this.take(size)
    if (method === 'Uint8') return this.local(`bytes[${at}]`)
    if (method === 'Int8') return this.local(`bytes[${at}] << 24 >> 24`)
    return this.local(`view.get${method}(${at}, ${this.isLittle})`)
  }

  /** The halves of an integer of 8 bytes, as locals: low and high. */
  halves(): readonly [low: string, high: string] {
    if (!this.isAligned) return halvesFromBits(this)
    const first = this.number('Uint32', 4)
    const second = this.number('Uint32', 4)
    return this.isLittle ? [first, second] : [second, first]
  }

  /** A size prefix of at most `max`: a local with the count. Ends the run. */
  size(max: number): string {
    return this.isAligned ? sizeFromBytes(this, max) : sizeFromBits(this, max)
  }

  /** Gives up unless there are the bits for `count` elements of at least `bits` each. */
  expectElements(count: string, bits: number): void {
    expectElements(this, count, bits)
  }

  /** The expression of a plain object with these members. */
  object(names: readonly string[], values: readonly string[]): string {
    const name = `f${this.#functions.length}`
    const maker = objectMaker(name, names)
    if (maker === undefined) return objectLiteral(names, values)
    this.#functions.push(maker)
    return `new ${name}(${values.join(', ')})`
  }

  /** Reads a node in place, or through a function of its own when this one is long already. */
  nested(node: ReadableNode): string {
    if (!isOutlined(node, this)) return node.emitRead(this)
    this.settle()
    const givenUp = this.constant(GIVEN_UP)
    const inner = new ReadEmitter(this.isLittle, `return ${givenUp}`, this.constants, this.#functions)
    inner.isPacked = this.isPacked
    const name = `f${this.#functions.push('') - 1}`
    this.#functions[Number(name.slice(1))] = inner.functionOf(
      name,
      'source, bytes, view, p, end',
      node.emitRead(inner),
    )
    const value = this.local(`${name}(source, bytes, view, p, ${this.#end})`)
    this.giveUpIf(`${value} === ${givenUp}`)
    this.line('p = source.position')
    return value
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
