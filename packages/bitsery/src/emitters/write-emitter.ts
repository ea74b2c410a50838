import { Emitter, functionText, isOutlined } from './emitter.ts'

/** What this emitter needs of a node. */
interface WritableNode {
  readonly kind: string
  bounds(packed: boolean): { readonly isWhole: boolean }
  emitWrite(emitter: WriteEmitter, value: string): void
}

/**
 * Gathers the code of one compiled writer. The code sees `bytes`, `view` and the position `p`; consecutive fields
 * of fixed size are written at constant distances from `p`, which moves only where the distance is not known.
 *
 * All that it writes begins and ends with whole bytes; `PackedWriteEmitter` is for schemas with bit packing.
 */
export class WriteEmitter extends Emitter {
  /** The statement that gives the value up: the reference then says what is wrong with it. */
  readonly refuse: string
  /** Whether this is inside bit packing. */
  isPacked = false
  protected readonly functions: string[]
  /** How many bytes lie between `p` and the position. */
  protected ahead = 0

  constructor(isLittle: boolean, refuse: string, constants: unknown[], functions: string[]) {
    super(isLittle, constants)
    this.refuse = refuse
    this.functions = functions
  }

  /** Refuses the value when the condition holds. */
  refuseIf(condition: string): void {
    this.line(`if (${condition}) ${this.refuse}`)
  }

  /** Whether the next bit is known to be the first of a byte. */
  get isAligned(): boolean {
    return true
  }

  /** Takes `size` bytes at an aligned position: the expression of where they start. */
  take(size: number): string {
    const at = this.here()
    this.ahead += size
    return at
  }

  /** The expression of an aligned position, without taking anything. */
  here(): string {
    return this.ahead === 0 ? 'p' : `p + ${this.ahead}`
  }

  /** Brings `p` to the position. Needed before and at the end of anything that is not run exactly once. */
  settle(): void {
    if (this.ahead > 0) this.line(`p += ${this.ahead}`)
    this.ahead = 0
  }

  /**
   * Appends code that may run any number of times: `head` opens the block. `'whole'` says that each run takes whole bytes; with
   * `'any'` the position within a byte is not known behind it.
   */
  block(head: string, body: () => void, _takes: 'whole' | 'any' = 'whole'): void {
    this.settle()
    this.line(`${head} {`)
    body()
    this.settle()
    this.line('}')
  }

  /** Goes to the next whole byte, with zero bits. */
  align(): void {}

  /** Refuses the value unless the position is at a whole byte, and is sure of it from then on. */
  refuseUnaligned(): void {}

  /** The bits of an integer that has none above `width`, at most 32; `value` is a local, a constant or a call-free expression. */
  bits(_value: string, width: number): void {
    throw new Error(`${width} bits outside bit packing`)
  }

  /** The lowest `width` bits, 33 to 64, of a bigint. */
  bigBits(value: string, width: number): void {
    this.bits(value, width)
  }

  /** A raw number of a type such as `Uint16`, after its range was checked. */
  number(method: string, size: number, value: string): void {
    const at = this.take(size)
    if (size === 1) this.line(`bytes[${at}] = ${value}`)
    else this.line(`view.set${method}(${at}, ${value}, ${this.isLittle})`)
  }

  /** An integer of 8 bytes as its halves. */
  halves(low: string, high: string): void {
    this.number('Uint32', 4, this.isLittle ? low : high)
    this.number('Uint32', 4, this.isLittle ? high : low)
  }

  /** A size prefix of a count that is at most `max`. */
  size(count: string, max: number): void {
    if (max < 0x80) {
      this.number('Uint8', 1, count)
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

  /**
   * Whole bytes, as many as a call says at run time: `write` gives its expression for a position and a byte order, and the call gives
   * the end, or a negative number to refuse the value. Behind a part of a byte, they are written one further and then shifted.
   */
  whole(write: (at: string, isLittle: string) => string): void {
    this.line(`p = ${write(this.here(), String(this.isLittle))}`)
    this.ahead = 0
    this.refuseIf('p < 0')
  }

  /** Writes a node in place, or through a function of its own when this one is long already. */
  nested(node: WritableNode, value: string): void {
    if (!isOutlined(node, this)) {
      node.emitWrite(this, value)
      return
    }
    const inner = this.inner()
    node.emitWrite(inner, 'value')
    const name = `f${this.functions.length}`
    this.functions.push(inner.functionOf(name, 'value, bytes, view, p'))
    this.line(`p = ${name}(${value}, bytes, view, ${this.here()})`)
    this.ahead = 0
    this.refuseIf('p < 0')
  }

  /** The emitter of a function inside this writer. */
  protected inner(): WriteEmitter {
    return new WriteEmitter(this.isLittle, 'return -1', this.constants, this.functions)
  }

  /** The text of a function that runs the gathered code and returns the end. */
  functionOf(name: string, parameters: string, start = ''): string {
    this.align()
    const end = this.here()
    return functionText(name, parameters, [start, ...this.lines, `return ${end}`])
  }
}
