import { shiftDown } from '../bytes/shift.ts'
import { Emitter, functionText, isOutlined } from './emitter.ts'
import { halvesToBits, numberToBits } from './numbers-to-bits.ts'
import { PendingBits } from './pending-bits.ts'

/** The most bits that are put into the output at once where the bit position is known at run time only. */
const GROUP_BITS_MAX = 24

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
 * Inside bit packing the position within a byte is known when the code is made, as long as all that comes before has a known
 * number of bits; then bits are put together by constants. Where it isn't known, `b` counts the bits (0 to 7) of the
 * byte in the making and `a` has them.
 */
export class WriteEmitter extends Emitter {
  /** The statement that gives the value up: the reference then says what is wrong with it. */
  readonly refuse: string
  /** Whether this is inside bit packing. */
  isPacked = false
  /** Whether the code needs `a` and `b`. */
  hasBits = false
  readonly #functions: string[]
  readonly #pending = new PendingBits()
  #ahead = 0
  #isBitKnown = true

  constructor(isLittle: boolean, refuse: string, constants: unknown[], functions: string[]) {
    super(isLittle, constants)
    this.refuse = refuse
    this.#functions = functions
  }

  /** Refuses the value when the condition holds. */
  refuseIf(condition: string): void {
    this.line(`if (${condition}) ${this.refuse}`)
  }

  /** Whether the next bit is known to be the first of a byte. */
  get isAligned(): boolean {
    return this.#isBitKnown && this.#pending.count % 8 === 0
  }

  /** Whether it is known which bit of a byte the next one is. */
  get isBitKnown(): boolean {
    return this.#isBitKnown
  }

  /** Takes `size` bytes at an aligned position: the expression of where they start. */
  take(size: number): string {
    const at = this.here()
    this.#ahead += size
    return at
  }

  /** The expression of an aligned position, without taking anything. */
  here(): string {
    this.#storeBits()
    return this.#position()
  }

  #position(): string {
    return this.#ahead === 0 ? 'p' : `p + ${this.#ahead}`
  }

  /** Brings `p` (and `a`) to the position. Needed before and at the end of anything that is not run exactly once. */
  settle(): void {
    this.#storeBits()
    if (this.#ahead > 0) this.line(`p += ${this.#ahead}`)
    this.#ahead = 0
  }

  /**
   * Appends code that may run any number of times: `head` opens the block. `'whole'` says that each run takes whole bytes; with
   * `'any'` the position within a byte is not known behind it.
   */
  block(head: string, body: () => void, takes: 'whole' | 'any' = 'whole'): void {
    if (takes === 'any' && this.isPacked) this.#forgetBit()
    this.settle()
    const wasKnown = this.#isBitKnown
    const rest = this.#pending.count
    this.line(`${head} {`)
    body()
    // The body may have lost sight of the bit, or found it: behind it holds what held before it.
    if (!wasKnown) this.#forgetBit()
    this.settle()
    this.line('}')
    if (wasKnown && !this.#isBitKnown) this.#pending.add('a', rest)
    this.#isBitKnown = wasKnown
  }

  /** Goes to the next whole byte, with zero bits. */
  align(): void {
    if (!this.#isBitKnown) {
      this.settle()
      this.line('if (b > 0) { bytes[p++] = a; a = b = 0 }')
      this.#isBitKnown = true
      return
    }
    const rest = this.#pending.count % 8
    if (rest > 0) this.#pending.add('0', 8 - rest)
    this.#storeBits()
  }

  /** Refuses the value unless the position is at a whole byte, and is sure of it from then on. */
  refuseUnaligned(): void {
    if (this.isAligned) return
    this.settle()
    if (this.#isBitKnown) {
      this.refuseIf('true')
      this.align()
      return
    }
    this.refuseIf('b > 0')
    this.#isBitKnown = true
  }

  /** The bits of an integer that has none above `width`, at most 32; `value` is a local, a constant or a call-free expression. */
  bits(value: string, width: number): void {
    if (width === 0) return
    const piece = /^\w+$/.test(value) ? value : this.local(value)
    if (this.#isBitKnown) {
      this.#pending.add(piece, width)
      while (this.#pending.count >= 32) this.#storeWord()
      return
    }
    if (width > GROUP_BITS_MAX) {
      this.bits(`${piece} & 65535`, 16)
      this.bits(`${piece} >>> 16`, width - 16)
      return
    }
    if (this.#pending.count + width > GROUP_BITS_MAX) this.#storeBits()
    this.#pending.add(piece, width)
  }

  /** The lowest `width` bits, 33 to 64, of a bigint. */
  bigBits(value: string, width: number): void {
    this.bits(`Number(${value} & 0xffffffffn)`, 32)
    this.bits(`Number(${value} >> 32n & ${(1n << BigInt(width - 32)) - 1n}n)`, width - 32)
  }

  #storeWord(): void {
    const word = this.#pending.first
    this.#pending.drop(32)
    const at = this.#position()
    this.#ahead += 4
    this.line(`view.setUint32(${at}, ${word}, true)`)
  }

  /** Stores all pending bits; those that don't fill a byte go to `a`. */
  #storeBits(): void {
    const { count } = this.#pending
    if (count === 0) return
    if (!this.#isBitKnown) {
      this.line(`a |= (${this.#pending.first}) << b`)
      this.line(`b += ${count}`)
      this.line(`${count > 8 ? 'while' : 'if'} (b > 7) { bytes[p++] = a; a >>>= 8; b -= 8 }`)
      this.#pending.drop(count)
      return
    }
    const sizes = count >> 3
    if (sizes > 0) {
      const word = this.local(this.#pending.first)
      for (let i = 0; i < sizes; i++) {
        this.line(`bytes[${this.#position()}] = ${i === 0 ? word : `${word} >>> ${8 * i}`}`)
        this.#ahead += 1
      }
      this.#pending.drop(sizes * 8)
    }
    const rest = count % 8
    if (rest === 0) return
    this.hasBits = true
    const value = this.#pending.first
    if (value !== 'a') this.line(`a = ${value}`)
    this.#pending.drop(rest)
    this.#pending.add('a', rest)
  }

  /** From here on the position within a byte is known at run time only. */
  #forgetBit(): void {
    this.settle()
    if (!this.#isBitKnown) return
    this.hasBits = true
    const rest = this.#pending.count
    this.line(rest === 0 ? 'a = b = 0' : `b = ${rest}`)
    this.#pending.drop(rest)
    this.#isBitKnown = false
  }

  /** A bool: a bit inside bit packing, else a byte. */
  bool(value: string): void {
    if (this.isPacked) this.bits(`${value} ? 1 : 0`, 1)
    else this.number('Uint8', 1, `${value} ? 1 : 0`)
  }

  /** A raw number of a type such as `Uint16`, whose range was checked. */
  number(method: string, size: number, value: string): void {
    if (this.isAligned) {
      const at = this.take(size)
      if (size === 1) this.line(`bytes[${at}] = ${value}`)
      else this.line(`view.set${method}(${at}, ${value}, ${this.isLittle})`)
    } else numberToBits(this, method, size, value)
  }

  /** An integer of 8 bytes as its halves. */
  halves(low: string, high: string): void {
    if (!this.isAligned) {
      halvesToBits(this, low, high)
      return
    }
    this.number('Uint32', 4, this.isLittle ? low : high)
    this.number('Uint32', 4, this.isLittle ? high : low)
  }

  /** A size prefix of a count that is at most `max`. */
  size(count: string, max: number): void {
    if (max < 0x80) {
      this.number('Uint8', 1, count)
      return
    }
    if (!this.isAligned) {
      this.#sizeInBits(count)
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

  #sizeInBits(count: string): void {
    this.block(`if (${count} < 128)`, () => this.bits(count, 8))
    this.block(`else if (${count} < 16384)`, () => {
      this.bits(`128 | ${count} >> 8`, 8)
      this.bits(`${count} & 255`, 8)
    })
    this.block('else', () => {
      this.bits(`192 | ${count} >> 24`, 8)
      this.bits(`${count} >> 16 & 255`, 8)
      this.number('Uint16', 2, count)
    })
  }

  /**
   * Whole bytes, as many as a call says at run time: `write` gives its expression for a position and a byte order, and the call gives
   * the end, or a negative number to refuse the value. Behind a part of a byte, they are written one further and then shifted.
   */
  whole(write: (at: string, isLittle: string) => string): void {
    if (this.isAligned) {
      this.line(`p = ${write(this.here(), String(this.isLittle))}`)
      this.#ahead = 0
      this.refuseIf('p < 0')
      return
    }
    this.settle()
    const isKnown = this.#isBitKnown
    const count = isKnown ? String(this.#pending.count) : 'b'
    const end = this.local(
      isKnown ? write('p + 1', 'true') : write('b > 0 ? p + 1 : p', this.isLittle ? 'true' : 'b > 0'),
    )
    this.refuseIf(`${end} < 0`)
    const shift = `a = ${this.constant(shiftDown)}(bytes, p, ${end}, a, ${count}); p = ${end} - 1`
    this.line(isKnown ? shift : `if (b > 0) { ${shift} } else p = ${end}`)
  }

  /** Writes a node in place, or through a function of its own when this one is long already. */
  nested(node: WritableNode, value: string): void {
    if (!isOutlined(node, this)) {
      node.emitWrite(this, value)
      return
    }
    const inner = new WriteEmitter(this.isLittle, 'return -1', this.constants, this.#functions)
    inner.isPacked = this.isPacked
    node.emitWrite(inner, 'value')
    const name = `f${this.#functions.length}`
    this.#functions.push(inner.functionOf(name, 'value, bytes, view, p'))
    this.line(`p = ${name}(${value}, bytes, view, ${this.here()})`)
    this.#ahead = 0
    this.refuseIf('p < 0')
  }

  /** The text of a function that runs the gathered code and returns the end. */
  functionOf(name: string, parameters: string, start = ''): string {
    this.align()
    const end = this.here()
    const lines = [start, this.hasBits ? 'let a = 0, b = 0' : '', ...this.lines, `return ${end}`]
    return functionText(name, parameters, lines)
  }
}
