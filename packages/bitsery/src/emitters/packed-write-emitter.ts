import { shiftDown } from '../bytes/shift.ts'
import { halvesToBits, numberToBits } from './numbers-to-bits.ts'
import { PendingBits } from './pending-bits.ts'
import { WriteEmitter } from './write-emitter.ts'

/** The most bits that are put into the output at once where the bit position is known at run time only. */
const GROUP_BITS_MAX = 24

/**
 * Gathers the code of a compiled writer of a schema with bit packing.
 *
 * Inside bit packing the position within a byte is known when the code is made, as long as all that comes before has a known
 * number of bits; then bits are put together by constants. Where it isn't known, `b` counts the bits (0 to 7) of the
 * byte in the making and `a` has them.
 */
export class PackedWriteEmitter extends WriteEmitter {
  /** Whether the code needs `a` and `b`. */
  #hasBits = false
  readonly #pending = new PendingBits()
  #isBitKnown = true

  override get isAligned(): boolean {
    return this.#isBitKnown && this.#pending.count % 8 === 0
  }

  /** Whether it is known which bit of a byte the next one is. */
  get isBitKnown(): boolean {
    return this.#isBitKnown
  }

  override here(): string {
    this.#storeBits()
    return super.here()
  }

  /** Brings `p` and `a` to the position. */
  override settle(): void {
    this.#storeBits()
    super.settle()
  }

  override block(head: string, body: () => void, takes: 'whole' | 'any' = 'whole'): void {
    if (takes === 'any' && this.isPacked) this.#forgetBit()
    this.settle()
    const wasKnown = this.#isBitKnown
    const rest = this.#pending.count
    super.block(head, () => {
      body()
      // The body may have lost sight of the bit, or found it: behind it holds what held before it.
      if (!wasKnown) this.#forgetBit()
    })
    if (wasKnown && !this.#isBitKnown) this.#pending.add('a', rest)
    this.#isBitKnown = wasKnown
  }

  override align(): void {
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

  override refuseUnaligned(): void {
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

  override bits(value: string, width: number): void {
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

  override bigBits(value: string, width: number): void {
    this.bits(`Number(${value} & 0xffffffffn)`, 32)
    this.bits(`Number(${value} >> 32n & ${(1n << BigInt(width - 32)) - 1n}n)`, width - 32)
  }

  #storeWord(): void {
    const word = this.#pending.first
    this.#pending.drop(32)
    const at = super.here()
    this.ahead += 4
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
        this.line(`bytes[${super.here()}] = ${i === 0 ? word : `${word} >>> ${8 * i}`}`)
        this.ahead += 1
      }
      this.#pending.drop(sizes * 8)
    }
    const rest = count % 8
    if (rest === 0) return
    this.#hasBits = true
    const value = this.#pending.first
    if (value !== 'a') this.line(`a = ${value}`)
    this.#pending.drop(rest)
    this.#pending.add('a', rest)
  }

  /** From here on the position within a byte is known at run time only. */
  #forgetBit(): void {
    this.settle()
    if (!this.#isBitKnown) return
    this.#hasBits = true
    const rest = this.#pending.count
    this.line(rest === 0 ? 'a = b = 0' : `b = ${rest}`)
    this.#pending.drop(rest)
    this.#isBitKnown = false
  }

  override number(method: string, size: number, value: string): void {
    if (this.isAligned) super.number(method, size, value)
    else numberToBits(this, method, size, value)
  }

  override halves(low: string, high: string): void {
    if (this.isAligned) super.halves(low, high)
    else halvesToBits(this, low, high)
  }

  override size(count: string, max: number): void {
    if (max < 0x80 || this.isAligned) {
      super.size(count, max)
      return
    }
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

  override whole(write: (at: string, isLittle: string) => string): void {
    if (this.isAligned) {
      super.whole(write)
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

  protected override inner(): WriteEmitter {
    const inner = new PackedWriteEmitter(this.isLittle, 'return -1', this.constants, this.functions)
    inner.isPacked = this.isPacked
    return inner
  }

  override functionOf(name: string, parameters: string, start = ''): string {
    // Whether there are bits isn't known before all code is there.
    this.align()
    return super.functionOf(name, parameters, `${start}${this.#hasBits ? '\nlet a = 0, b = 0' : ''}`)
  }
}
