import { BitseryError, type Issue, issueAt } from '../base/errors.ts'
import type { Descriptor, NumberName } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { type BitBounds, fixedBounds, type Node } from '../nodes/node.ts'
import { nodeOf, type Schema, schemaOf } from '../schema/schema.ts'

/** A kind of number: its bytes and its range. */
export interface NumberFormat {
  readonly name: NumberName
  readonly size: 1 | 2 | 4 | 8
  /** The method of DataView without `get` or `set`. */
  readonly method: string
  readonly wanted: string
  readonly fits: (value: unknown) => boolean
  /** The condition, as code, under which the local `value` does not fit. */
  readonly misfit: (value: string) => string
  /** What values are in JavaScript; `'safe'` is an integer of 8 bytes as a number. */
  readonly form: 'integer' | 'bigint' | 'safe' | 'float'
}

function integerFormat(name: 'u8' | 'u16' | 'u32' | 'i8' | 'i16' | 'i32', method: string): NumberFormat {
  const bits = Number(name.slice(1))
  const isSigned = name.startsWith('i')
  const min = isSigned ? -(2 ** (bits - 1)) : 0
  const max = 2 ** (isSigned ? bits - 1 : bits) - 1
  const shift = 32 - bits
  const wrap = isSigned
    ? (v: string) => (shift === 0 ? `(${v} | 0)` : `(${v} << ${shift} >> ${shift})`)
    : (v: string) => (shift === 0 ? `(${v} >>> 0)` : `(${v} & ${max})`)
  return {
    name,
    size: (bits / 8) as 1 | 2 | 4,
    method,
    wanted: `an integer from ${min} to ${max}`,
    fits: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
    misfit: (v) => `typeof ${v} !== 'number' || ${wrap(v)} !== ${v}`,
    form: 'integer',
  }
}

function bigFormat(name: 'u64' | 'i64', method: string, min: bigint, max: bigint): NumberFormat {
  return {
    name,
    size: 8,
    method,
    wanted: `a bigint from ${min} to ${max}`,
    fits: (value) => typeof value === 'bigint' && value >= min && value <= max,
    misfit: (v) => `typeof ${v} !== 'bigint' || ${v} < ${min}n || ${v} > ${max}n`,
    form: 'bigint',
  }
}

/** An integer of 8 bytes as a number: only those that a number holds exactly. */
function safeFormat(name: 'u64' | 'i64', method: string): NumberFormat {
  const min = name === 'u64' ? 0 : Number.MIN_SAFE_INTEGER
  return {
    name,
    size: 8,
    method,
    wanted: `an integer from ${min} to ${Number.MAX_SAFE_INTEGER}`,
    fits: (value) => Number.isSafeInteger(value) && (value as number) >= min,
    misfit: (v) => `!Number.isSafeInteger(${v}) || ${v} < ${min}`,
    form: 'safe',
  }
}

function floatFormat(name: 'f32' | 'f64', size: 4 | 8, method: string): NumberFormat {
  return {
    name,
    size,
    method,
    wanted: 'a number',
    fits: (value) => typeof value === 'number',
    misfit: (v) => `typeof ${v} !== 'number'`,
    form: 'float',
  }
}

/** Every kind of number there is. */
export const NUMBER_FORMATS: { readonly [name in NumberName]: NumberFormat } = {
  u8: integerFormat('u8', 'Uint8'),
  u16: integerFormat('u16', 'Uint16'),
  u32: integerFormat('u32', 'Uint32'),
  u64: bigFormat('u64', 'BigUint64', 0n, 0xffff_ffff_ffff_ffffn),
  i8: integerFormat('i8', 'Int8'),
  i16: integerFormat('i16', 'Int16'),
  i32: integerFormat('i32', 'Int32'),
  i64: bigFormat('i64', 'BigInt64', -0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn),
  f32: floatFormat('f32', 4, 'Float32'),
  f64: floatFormat('f64', 8, 'Float64'),
}

/** Integers of 8 bytes as numbers. */
const SAFE_FORMATS = { u64: safeFormat('u64', 'Uint32'), i64: safeFormat('i64', 'Int32') } as const

/** Writes a number that fits its format. */
export function writeNumber(writer: ByteWriter, format: NumberFormat, value: number | bigint): void {
  if (typeof value === 'bigint') writer.bigInteger(value)
  else if (format.form === 'float') writer.float(value, format.size)
  else if (format.form === 'safe') writer.halves(value >>> 0, Math.floor(value / 2 ** 32))
  else writer.integer(value, format.size)
}

/** Reads a number; one that is not safe where it should be is InvalidData. */
export function readNumber(reader: ByteReader, format: NumberFormat): number | bigint {
  switch (format.form) {
    case 'bigint':
      return format.name === 'u64' ? reader.bigUnsigned() : BigInt.asIntN(64, reader.bigUnsigned())
    case 'safe': {
      const start = reader.position
      const big = reader.bigUnsigned()
      const value = Number(format.name === 'u64' ? big : BigInt.asIntN(64, big))
      if (!Number.isSafeInteger(value)) reader.invalid(start)
      return value
    }
    case 'float':
      return reader.float(format.size)
    default:
      return format.name.startsWith('i')
        ? (reader.unsigned(format.size) << (32 - format.size * 8)) >> (32 - format.size * 8)
        : reader.unsigned(format.size)
  }
}

/** Appends code that writes a local whose range was checked. */
export function emitNumber(emitter: WriteEmitter, format: NumberFormat, local: string): void {
  if (format.form === 'safe') emitter.halves(`${local}`, emitter.local(`Math.floor(${local} / 4294967296)`))
  else emitter.number(format.method, format.size, local)
}

/** Appends code that reads a number: the local that has it. */
export function emitReadNumber(emitter: ReadEmitter, format: NumberFormat): string {
  if (format.form !== 'safe') return emitter.number(format.method, format.size)
  const [low, high] = emitter.halves()
  const value = emitter.local(`(${high}${format.name === 'i64' ? ' | 0' : ''}) * 4294967296 + ${low}`)
  emitter.giveUpIf(`!Number.isSafeInteger(${value})`)
  return value
}

/** A fixed-width integer or float. */
export class NumberNode implements Node {
  readonly kind: NumberName | 'duration' | 'timePoint'
  readonly format: NumberFormat

  constructor(format: NumberFormat, kind: NumberName | 'duration' | 'timePoint' = format.name) {
    this.kind = kind
    this.format = format
  }

  bounds(): BitBounds {
    return fixedBounds(this.format.size * 8)
  }

  descriptor(): Descriptor {
    const { name } = this.format
    return this.kind === 'duration' || this.kind === 'timePoint' ? { t: this.kind, of: name } : { t: name }
  }

  check(value: unknown): Issue | undefined {
    return this.format.fits(value) ? undefined : issueAt(this.format.wanted, value)
  }

  write(writer: ByteWriter, value: unknown): void {
    writeNumber(writer, this.format, value as number | bigint)
  }

  read(reader: ByteReader): unknown {
    return readNumber(reader, this.format)
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const local = emitter.local(value)
    emitter.refuseIf(this.format.misfit(local))
    emitNumber(emitter, this.format, local)
  }

  emitMeasure(emitter: MeasureEmitter): void {
    emitter.add(this.format.size)
  }

  emitRead(emitter: ReadEmitter): string {
    return emitReadNumber(emitter, this.format)
  }
}

/** The format of a number schema: what `compact`, `range` and their kin are made of. Throws BitseryError for other schemas. */
export function formatOf(
  what: string,
  schema: Schema<unknown>,
  wanted: 'an integer' | 'f32 or f64' | 'a number',
): NumberFormat {
  const node = nodeOf(schema)
  if (node instanceof NumberNode) {
    const isFloat = node.format.form === 'float'
    if (wanted === 'a number' || isFloat === (wanted === 'f32 or f64')) return node.format
  }
  throw new BitseryError(what, `${wanted} schema`, schema.kind)
}

function numberOf<T>(format: NumberFormat): Schema<T> {
  return schemaOf(new NumberNode(format))
}

/** `uint8_t`: an integer from 0 to 255, one byte. */
export const u8: Schema<number> = numberOf(NUMBER_FORMATS.u8)
/** `uint16_t`: an integer from 0 to 65,535, two bytes. */
export const u16: Schema<number> = numberOf(NUMBER_FORMATS.u16)
/** `uint32_t`: an integer from 0 to 4,294,967,295, four bytes. */
export const u32: Schema<number> = numberOf(NUMBER_FORMATS.u32)
/** `uint64_t`: a bigint from 0 to 2^64 - 1, eight bytes. */
export const u64: Schema<bigint> = numberOf(NUMBER_FORMATS.u64)
/** `int8_t`: an integer from -128 to 127, one byte. */
export const i8: Schema<number> = numberOf(NUMBER_FORMATS.i8)
/** `int16_t`: an integer from -32,768 to 32,767, two bytes. */
export const i16: Schema<number> = numberOf(NUMBER_FORMATS.i16)
/** `int32_t`: an integer from -2,147,483,648 to 2,147,483,647, four bytes. */
export const i32: Schema<number> = numberOf(NUMBER_FORMATS.i32)
/** `int64_t`: a bigint from -2^63 to 2^63 - 1, eight bytes. */
export const i64: Schema<bigint> = numberOf(NUMBER_FORMATS.i64)
/** `float`: any number, rounded to the nearest of four bytes (too large ones become infinite). */
export const f32: Schema<number> = numberOf(NUMBER_FORMATS.f32)
/** `double`: any number, eight bytes. */
export const f64: Schema<number> = numberOf(NUMBER_FORMATS.f64)
/** `uint64_t` as a number: an integer from 0 to 2^53 - 1, eight bytes. Larger ones are InvalidData. */
export const safeU64: Schema<number> = numberOf(SAFE_FORMATS.u64)
/** `int64_t` as a number: an integer from -2^53 + 1 to 2^53 - 1, eight bytes. Others are InvalidData. */
export const safeI64: Schema<number> = numberOf(SAFE_FORMATS.i64)

/** `std::chrono::duration`: its count as a number of the type `of`. The period is not on the wire. */
export function duration<T extends number | bigint>(of: Schema<T>): Schema<T> {
  return schemaOf(new NumberNode(formatOf('duration', of, 'a number'), 'duration'))
}

/** `std::chrono::time_point`: the count since its epoch as a number of the type `of`. The clock is not on the wire. */
export function timePoint<T extends number | bigint>(of: Schema<T>): Schema<T> {
  return schemaOf(new NumberNode(formatOf('timePoint', of, 'a number'), 'timePoint'))
}
