import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { type Issue, issueAt } from './errors.ts'
import type { Descriptor, NumberName } from './grammar.ts'
import type { MeasureEmitter } from './measure-emitter.ts'
import type { BitBounds, Node } from './node.ts'
import type { ReadEmitter } from './read-emitter.ts'
import { type Schema, schemaOf } from './schema.ts'
import type { WriteEmitter } from './write-emitter.ts'

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

/** Writes a number that fits its format. */
export function writeNumber(writer: ByteWriter, format: NumberFormat, value: number | bigint): void {
  if (typeof value === 'bigint') writer.bigInteger(value)
  else if (format.name === 'f32' || format.name === 'f64') writer.float(value, format.size)
  else writer.integer(value, format.size)
}

/** Reads a number. */
export function readNumber(reader: ByteReader, format: NumberFormat): number | bigint {
  switch (format.name) {
    case 'u64':
      return reader.bigUnsigned()
    case 'i64':
      return BigInt.asIntN(64, reader.bigUnsigned())
    case 'f32':
    case 'f64':
      return reader.float(format.size)
    case 'i8':
      return (reader.unsigned(1) << 24) >> 24
    case 'i16':
      return (reader.unsigned(2) << 16) >> 16
    case 'i32':
      return reader.unsigned(4) | 0
    default:
      return reader.unsigned(format.size)
  }
}

/** A fixed-width integer or float. */
class NumberNode implements Node {
  readonly kind: NumberName
  readonly format: NumberFormat

  constructor(name: NumberName) {
    this.kind = name
    this.format = NUMBER_FORMATS[name]
  }

  bounds(): BitBounds {
    return { min: this.format.size * 8, max: this.format.size * 8 }
  }

  descriptor(): Descriptor {
    return { t: this.kind }
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
    emitter.number(this.format.method, this.format.size, local)
  }

  emitMeasure(emitter: MeasureEmitter): void {
    emitter.add(this.format.size)
  }

  emitRead(emitter: ReadEmitter): string {
    return emitter.number(this.format.method, this.format.size)
  }
}

/** `uint8_t`: an integer from 0 to 255, one byte. */
export const u8: Schema<number> = schemaOf(new NumberNode('u8'))
/** `uint16_t`: an integer from 0 to 65,535, two bytes. */
export const u16: Schema<number> = schemaOf(new NumberNode('u16'))
/** `uint32_t`: an integer from 0 to 4,294,967,295, four bytes. */
export const u32: Schema<number> = schemaOf(new NumberNode('u32'))
/** `uint64_t`: a bigint from 0 to 2^64 - 1, eight bytes. */
export const u64: Schema<bigint> = schemaOf(new NumberNode('u64'))
/** `int8_t`: an integer from -128 to 127, one byte. */
export const i8: Schema<number> = schemaOf(new NumberNode('i8'))
/** `int16_t`: an integer from -32,768 to 32,767, two bytes. */
export const i16: Schema<number> = schemaOf(new NumberNode('i16'))
/** `int32_t`: an integer from -2,147,483,648 to 2,147,483,647, four bytes. */
export const i32: Schema<number> = schemaOf(new NumberNode('i32'))
/** `int64_t`: a bigint from -2^63 to 2^63 - 1, eight bytes. */
export const i64: Schema<bigint> = schemaOf(new NumberNode('i64'))
/** `float`: any number, rounded to the nearest of four bytes (too large ones become infinite). */
export const f32: Schema<number> = schemaOf(new NumberNode('f32'))
/** `double`: any number, eight bytes. */
export const f64: Schema<number> = schemaOf(new NumberNode('f64'))
