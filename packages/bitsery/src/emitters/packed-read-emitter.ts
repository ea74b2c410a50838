import { shifted } from '../bytes/shift.ts'
import { BitWindow, loadAt, loadShifted } from './bit-window.ts'
import { halvesFromBits, numberFromBits } from './numbers-from-bits.ts'
import { ReadEmitter, type Span } from './read-emitter.ts'
import { sizeFromBits } from './read-size.ts'

/** The most bits of a window where the bit position is known at run time only. */
const GROUP_BITS_MAX = 25

/**
 * Gathers the code of a compiled reader of a schema with bit packing.
 *
 * Inside bit packing `p` is the byte that has the next bit. Which bit of it that is, is known when the code is made as long as all
 * that comes before has a known number of bits; where it isn't, `b` says it (0 to 7).
 */
export class PackedReadEmitter extends ReadEmitter {
  #isBitKnown = true
  #window: BitWindow | undefined

  override get isAligned(): boolean {
    return this.#isBitKnown && this.run % 8 === 0
  }

  /** Whether it is known which bit of a byte the next one is. */
  get isBitKnown(): boolean {
    return this.#isBitKnown
  }

  override get takenBits(): string {
    return this.#isBitKnown ? String(this.run) : 'b'
  }

  override take(size: number): string {
    this.#window = undefined
    return super.take(size)
  }

  override settle(): void {
    const { run } = this
    if (this.#isBitKnown) {
      this.checkRun(`${this.end} - p < ${Math.ceil(run / 8)}`)
      this.#window = undefined
      if (run > 7) this.line(`p += ${run >> 3}`)
      this.run = run & 7
    } else {
      this.checkRun(`(${this.end} - p) * 8 - b < ${run}`)
      this.#closeGroup()
      this.run = 0
    }
  }

  override block(
    head: string,
    body: () => void,
    bounds: 'open' | 'checked' = 'open',
    takes: 'whole' | 'any' = 'whole',
  ): void {
    if (takes === 'any' && this.isPacked) this.#forgetBit()
    this.settle()
    const wasKnown = this.#isBitKnown
    const rest = this.run
    super.block(
      head,
      () => {
        body()
        // The body may have lost sight of the bit, or found it: behind it holds what held before it.
        if (!wasKnown) this.#forgetBit()
      },
      bounds,
    )
    if (wasKnown) this.run = rest
    this.#isBitKnown = wasKnown
  }

  override align(): void {
    if (this.#isBitKnown) {
      const rest = this.run % 8
      if (rest > 0) this.giveUpIf(`(${this.bits(8 - rest)}) !== 0`)
      return
    }
    this.settle()
    this.line(`if (b > 0) { if (bytes[p] >> b) ${this.giveUp}; p++; b = 0 }`)
    this.#isBitKnown = true
  }

  override giveUpUnaligned(): void {
    if (this.isAligned) return
    this.settle()
    this.giveUpIf(this.#isBitKnown ? 'true' : 'b > 0')
    this.#isBitKnown = true
    this.run = 0
  }

  /** From here on the position within a byte is known at run time only. */
  #forgetBit(): void {
    this.settle()
    if (!this.#isBitKnown) return
    this.hasBits = true
    this.line(`b = ${this.run}`)
    this.run = 0
    this.#isBitKnown = false
  }

  override bits(width: number): string {
    this.startRun()
    return this.#isBitKnown ? this.#knownBits(width) : this.#groupedBits(width)
  }

  override bigBits(width: number): string {
    const low = this.local(this.bits(32))
    return this.local(`BigInt(${low}) | BigInt(${this.bits(width - 32)}) << 32n`)
  }

  #knownBits(width: number): string {
    const rest = this.run % 8
    if (rest + width > 32) return this.#twoParts(width)
    if (this.#window === undefined || this.#window.bits + width > 32) {
      const start = this.run >> 3
      const load = (bits: number): string => loadAt((ahead) => this.at(start + ahead), bits)
      this.#window = new BitWindow(this.name(), this.lines.push('') - 1, rest, load)
    }
    this.run += width
    return this.#fromWindow(this.#window, width)
  }

  #groupedBits(width: number): string {
    if (width > GROUP_BITS_MAX) return this.#twoParts(width)
    if (this.#window !== undefined && this.#window.bits + width > GROUP_BITS_MAX) this.#closeGroup()
    this.#window ??= new BitWindow(this.name(), this.lines.push('') - 1, 0, loadShifted)
    this.run += width
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

  override number(method: string, size: number): string {
    return this.isAligned ? super.number(method, size) : numberFromBits(this, method, size)
  }

  override halves(): readonly [low: string, high: string] {
    return this.isAligned ? super.halves() : halvesFromBits(this)
  }

  override size(max: number): string {
    return this.isAligned ? super.size(max) : sizeFromBits(this, max)
  }

  override expectElements(count: string, bits: number): void {
    if (bits === 0 || !this.isPacked) return super.expectElements(count, bits)
    this.settle()
    this.giveUpIf(`${count} * ${bits} > (${this.end} - p) * 8 - ${this.takenBits}`)
  }

  override span(size: string): Span {
    this.settle()
    if (this.isAligned) return super.span(size)
    const { end, isLittle, takenBits } = this
    this.giveUpIf(`(${size}) * 8 > (${end} - p) * 8 - ${takenBits}`)
    const order = isLittle || this.#isBitKnown ? 'true' : this.local('b > 0')
    const whole = this.local(`${this.constant(shifted)}(bytes, p, ${takenBits}, ${size})`)
    this.line(`p += ${size}`)
    return { bytes: `${whole}.bytes`, view: `${whole}.view`, at: '0', isLittle: order }
  }

  protected override inner(giveUp: string): ReadEmitter {
    const inner = new PackedReadEmitter(this.isLittle, giveUp, this.budget, this.constants, this.functions)
    inner.isPacked = this.isPacked
    return inner
  }
}
