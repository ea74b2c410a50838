import { BitseryError, type Issue, issueAt, phrase } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { DOUBLE_MEMORY } from '../nodes/memory.ts'
import { type BitBounds, fixedBounds, NO_TRAITS, type Node } from '../nodes/node.ts'
import { type Schema, schemaOf } from '../schema/schema.ts'
import { formatOf } from './number.ts'

/** How many steps a range of floats has: as many as its bits can count, or enough for a precision. */
export type FloatSteps = { readonly bits: number } | { readonly precision: number }

/**
 * A float between two others as an integer code. Every operation rounds to the type, as C++ does (without fused
 * multiply-add), and codes are truncated, not rounded: the bytes depend on it.
 */
class RangeFloatNode implements Node {
  readonly kind = 'rangeFloat'
  readonly traits = { ...NO_TRAITS, needsBits: 'rangeFloat' }
  readonly of: 'f32' | 'f64'
  readonly min: number
  readonly max: number
  readonly width: number
  readonly #steps: FloatSteps
  readonly #round: (value: number) => number
  readonly #span: number
  /** The greatest code, as a float of the type. */
  readonly #codeMax: number

  constructor(of: 'f32' | 'f64', min: number, max: number, steps: FloatSteps) {
    this.of = of
    this.#round = of === 'f32' ? Math.fround : (value) => value
    this.min = this.#round(min)
    this.max = this.#round(max)
    this.#span = this.#round(this.max - this.min)
    this.#steps = steps
    this.width = 'bits' in steps ? steps.bits : this.#widthFor(this.#round(steps.precision))
    this.#codeMax = 2 ** this.width - 1
  }

  #widthFor(precision: number): number {
    const steps = Math.trunc(this.#round(this.#span / precision))
    return steps < 1 ? 0 : Math.floor(Math.log2(steps)) + 1
  }

  bounds(): BitBounds {
    return fixedBounds(this.width)
  }

  surplus(_packed: boolean, perBit: number): number {
    return DOUBLE_MEMORY - this.width * perBit
  }

  descriptor(): Descriptor {
    return { t: 'rangeFloat', of: this.of, min: this.min, max: this.max, ...this.#steps }
  }

  check(value: unknown): Issue | undefined {
    const { min, max } = this
    const fits = typeof value === 'number' && this.#round(value) >= min && this.#round(value) <= max
    if (!fits) return issueAt(`a number from ${min} to ${max}`, value)
    const code = this.codeOf(value)
    if (this.decode(code) <= max) return undefined
    // min + (max - min) is above max by rounding: C++ does not read back what it writes here.
    return { path: [], wanted: `a number that the C++ reader accepts: less than ${max}`, got: phrase(value) }
  }

  codeOf(value: number): number {
    const round = this.#round
    const ratio = round(round(round(value) - this.min) / this.#span)
    return Math.trunc(round(ratio * this.#codeMax))
  }

  /** The float of a code, which may be above `max` by rounding. */
  decode(code: number): number {
    const round = this.#round
    return round(this.min + round(round(round(code) / this.#codeMax) * this.#span))
  }

  write(writer: ByteWriter, value: unknown): void {
    writer.bigBits(BigInt(this.codeOf(value as number)), this.width)
  }

  read(reader: ByteReader): number {
    reader.charge(DOUBLE_MEMORY)
    // C++ refuses a greatest code that it rounds to above `max` itself; here it is `max`.
    return Math.min(
      this.decode(this.width > 32 ? Number(reader.bigBits(this.width)) : reader.bits(this.width)),
      this.max,
    )
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const { min, max, width } = this
    const round = this.#roundCode(emitter)
    const given = emitter.local(value)
    const local = emitter.local(round(given))
    // Where the greatest code comes back above `max`, the reference says so.
    const isMaxBad = this.decode(this.#codeMax) > max
    emitter.refuseIf(`typeof ${given} !== 'number' || !(${local} >= ${min} && ${local} <= ${max})`)
    const ratio = round(`${round(`${local} - (${min})`)} / ${this.#span}`)
    const code = emitter.local(`${round(`${ratio} * ${this.#codeMax}`)}${width < 32 ? ' | 0' : ''}`)
    if (isMaxBad) emitter.refuseIf(`${code} >= ${this.#codeMax}`)
    if (width > 32) {
      const whole = emitter.local(`Math.trunc(${code})`)
      emitter.bits(`${whole} >>> 0`, 32)
      emitter.bits(`Math.floor(${whole} / 4294967296)`, width - 32)
    } else emitter.bits(width === 32 ? `${code} >>> 0` : code, width)
  }

  emitMeasure(): void {}

  emitRead(emitter: ReadEmitter): string {
    const { min, max, width } = this
    const round = this.#roundCode(emitter)
    let code: string
    if (width > 32) {
      const low = emitter.local(emitter.bits(32))
      code = emitter.local(`(${emitter.bits(width - 32)}) * 4294967296 + ${low}`)
    } else code = emitter.local(emitter.bits(width))
    const part = round(`${round(`${round(code)} / ${this.#codeMax}`)} * ${this.#span}`)
    const value = emitter.local(round(`${min} + ${part}`))
    return this.decode(this.#codeMax) > max ? emitter.local(`${value} > ${max} ? ${max} : ${value}`) : value
  }

  /** The rounding of the type, as code. */
  #roundCode(emitter: { constant(value: unknown): string }): (expression: string) => string {
    if (this.of === 'f64') return (expression) => `(${expression})`
    const fround = emitter.constant(Math.fround)
    return (expression) => `${fround}(${expression})`
  }
}

/**
 * `ValueRange` of a float, inside `bits` only: a code of `bits` bits, or of as many as a `precision` needs. What is read is up to one
 * step below what was written, since C++ truncates: `(max - min) / (2^bits - 1)`. `f32` has at most 24 bits, `f64` 53.
 * Values outside of the bounds, and NaN, are refused.
 *
 * For some bounds C++ computes a greatest value above `max` and then refuses its own bytes; here, writing refuses that value and
 * reading gives `max`.
 */
export function rangeFloat(of: Schema<number>, min: number, max: number, steps: FloatSteps): Schema<number> {
  const { name } = formatOf('rangeFloat', of, 'f32 or f64')
  const [round, widthMax] = name === 'f32' ? [Math.fround, 24] : [(value: number) => value, 53]
  const bounds = `bounds that are finite, the first less than the second`
  const span = round(round(max) - round(min))
  if (!(Number.isFinite(span) && span > 0)) throw new BitseryError('rangeFloat', bounds, `${min} and ${max}`)
  const given = 'bits' in steps ? steps.bits : steps.precision
  if (!('bits' in steps) && !(round(given) > 0))
    throw new BitseryError('rangeFloat precision', 'a number above 0', phrase(given))
  const node = new RangeFloatNode(name as 'f32' | 'f64', min, max, steps)
  if (!(Number.isInteger(node.width) && node.width >= 1 && node.width <= widthMax)) {
    const wanted = `1 to ${widthMax} bits for ${name}${'bits' in steps ? '' : ': a smaller span or another precision'}`
    throw new BitseryError('rangeFloat', wanted, `${node.width}`)
  }
  return schemaOf(node)
}
