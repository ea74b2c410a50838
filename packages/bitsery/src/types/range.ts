import { BitseryError, type Issue, issueAt, phrase } from '../base/errors.ts'
import type { Descriptor, IntegerName } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { type BitBounds, fixedBounds, NO_TRAITS, type Node } from '../nodes/node.ts'
import { type Schema, schemaOf } from '../schema/schema.ts'
import { formatOf } from './number.ts'
import { type NumberFormat, numberMemory } from './number-format.ts'

/** An integer between two others. Bounds and span are bigints here, whatever values are. */
class RangeNode implements Node {
  readonly kind = 'range'
  readonly traits = { ...NO_TRAITS, needsBits: 'range' }
  readonly format: NumberFormat
  readonly min: bigint
  readonly span: bigint
  readonly width: number
  readonly #memory: number

  constructor(format: NumberFormat, min: bigint, max: bigint) {
    this.format = format
    this.min = min
    this.span = max - min
    this.width = this.span === 0n ? 0 : this.span.toString(2).length
    const isSmall = min >= -0x8000_0000n && max < 0x8000_0000n && format.form !== 'bigint'
    this.#memory = isSmall ? 0 : numberMemory(format)
  }

  /** Whether values are numbers, but their distances from the minimum none that a number holds exactly. */
  get #isWiderThanSafe(): boolean {
    return this.format.form === 'safe' && this.span > BigInt(Number.MAX_SAFE_INTEGER)
  }

  bounds(): BitBounds {
    return fixedBounds(this.width)
  }

  surplus(_packed: boolean, perBit: number): number {
    return this.#memory - this.width * perBit
  }

  descriptor(): Descriptor {
    const json = (value: bigint): number | string => (this.format.size === 8 ? String(value) : Number(value))
    return {
      t: 'range',
      of: this.format.name as IntegerName,
      min: json(this.min),
      max: json(this.min + this.span),
    }
  }

  check(value: unknown): Issue | undefined {
    const { min, span, format } = this
    const fits = format.fits(value) && BigInt(value as number) >= min && BigInt(value as number) <= min + span
    if (fits) return undefined
    return issueAt(
      `${format.form === 'bigint' ? 'a bigint' : 'an integer'} from ${min} to ${min + span}`,
      value,
    )
  }

  write(writer: ByteWriter, value: unknown): void {
    writer.bigBits(BigInt(value as number) - this.min, this.width)
  }

  read(reader: ByteReader): number | bigint {
    reader.charge(this.#memory)
    const start = reader.position
    if (this.format.form === 'integer') return this.#readNumber(reader)
    const raw = reader.bigBits(this.width)
    if (raw > this.span) reader.invalid(start)
    const value = this.min + raw
    return this.format.form === 'bigint' ? value : Number(value)
  }

  /** The same without bigints. */
  #readNumber(reader: ByteReader): number {
    const start = reader.position
    const raw = reader.bits(this.width)
    if (raw > Number(this.span)) reader.invalid(start)
    return Number(this.min) + raw
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const { format, min, span, width } = this
    const local = emitter.local(value)
    const suffix = format.form === 'bigint' ? 'n' : ''
    emitter.refuseIf(format.misfit(local))
    emitter.refuseIf(`${local} < ${min}${suffix} || ${local} > ${min + span}${suffix}`)
    if (this.#isWiderThanSafe) {
      emitter.bigBits(emitter.local(`BigInt(${local}) - (${min}n)`), width)
      return
    }
    const raw = min === 0n ? local : emitter.local(`${local} - (${min}${suffix})`)
    if (format.form === 'bigint') {
      if (width > 32) emitter.bigBits(raw, width)
      else emitter.bits(`Number(${raw})`, width)
    } else if (width > 32) {
      emitter.bits(`${raw} >>> 0`, 32)
      emitter.bits(`Math.floor(${raw} / 4294967296)`, width - 32)
    } else emitter.bits(raw, width)
  }

  emitMeasure(): void {}

  emitRead(emitter: ReadEmitter): string {
    const { format, min, span, width } = this
    const isBig = format.form === 'bigint'
    if (width === 0) return isBig ? `${min}n` : `${min}`
    let raw: string
    if (width > 32) {
      const big = emitter.bigBits(width)
      if (this.#isWiderThanSafe) {
        emitter.giveUpIf(`${big} > ${span}n`)
        return emitter.local(`Number(${big} + (${min}n))`)
      }
      raw = isBig ? big : emitter.local(`Number(${big})`)
    } else {
      const bits = emitter.bits(width)
      raw = emitter.local(isBig ? `BigInt(${bits})` : bits)
    }
    const suffix = isBig ? 'n' : ''
    if (span !== 2n ** BigInt(width) - 1n) emitter.giveUpIf(`${raw} > ${span}${suffix}`)
    return min === 0n ? raw : emitter.local(`${raw} + (${min}${suffix})`)
  }
}

/**
 * `ValueRange` of an integer, inside `bits` only: as many bits as `max - min` needs, least significant first. `of` is an integer schema,
 * such as `u16`; the bounds are inclusive and, for 64 bits, bigints. A value outside of them is refused when writing, InvalidData when
 * reading. `min` equal to `max` takes no bits at all.
 *
 * The span of `i32` must stay below 2^31, that of `i64` below 2^63: above, C++ overflows and writes nothing.
 */
export function range<T extends number | bigint>(of: Schema<T>, min: T, max: T): Schema<T> {
  const format = formatOf('range', of, 'an integer')
  for (const bound of [min, max]) {
    if (!format.fits(bound))
      throw new BitseryError('range', `bounds that are ${format.wanted}`, phrase(bound))
  }
  const [low, high] = [BigInt(min), BigInt(max)]
  if (low > high) throw new BitseryError('range', `a min up to the max ${max}`, phrase(min))
  const isWideSigned = format.name === 'i32' || format.name === 'i64'
  if (isWideSigned && high - low >= 2n ** BigInt(format.size * 8 - 1)) {
    throw new BitseryError(
      'range',
      `a span below 2^${format.size * 8 - 1} for ${format.name}`,
      `${high - low}`,
    )
  }
  return schemaOf(new RangeNode(format, low, high))
}
