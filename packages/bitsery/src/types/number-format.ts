import type { NumberName } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { readBigInteger, readFloat, writeBigInteger, writeFloat } from '../bytes/long-numbers.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { BIGINT_MEMORY, DOUBLE_MEMORY } from '../nodes/memory.ts'

/** A kind of number: its bytes and its range. Each is a constant of its own, so that a bundle has those that a program uses. */
export interface NumberFormat {
  readonly name: NumberName
  readonly size: 1 | 2 | 4 | 8
  /** The method of DataView without `get` or `set`; of safe integers that for a half. */
  readonly method: string
  readonly wanted: string
  readonly fits: (value: unknown) => boolean
  /** The condition, as code, under which the local `value` does not fit. */
  readonly misfit: (value: string) => string
  /** What values are in JavaScript; `'safe'` is an integer of 8 bytes as a number. */
  readonly form: 'integer' | 'bigint' | 'safe' | 'float'
  /** Writes a number that fits. */
  readonly write: (writer: ByteWriter, value: number | bigint) => void
  /** Reads a number; one that is not safe where it should be is InvalidData. */
  readonly read: (reader: ByteReader) => number | bigint
  /** Appends code that writes a local after its range was checked. */
  readonly emitWrite: (emitter: WriteEmitter, local: string) => void
  /** Appends code that reads a number: the local that has it. */
  readonly emitRead: (emitter: ReadEmitter) => string
}

/** What a number of a format may take of memory beside its place. */
export function numberMemory({ form, name }: NumberFormat): number {
  if (form === 'bigint') return BIGINT_MEMORY
  return form === 'integer' && name !== 'u32' ? 0 : DOUBLE_MEMORY
}

/** The compiled forms of a number that a method of DataView reads and writes. */
function methodForms(method: string, size: number): Pick<NumberFormat, 'method' | 'emitWrite' | 'emitRead'> {
  return {
    method,
    emitWrite: (emitter, local) => emitter.number(method, size, local),
    emitRead: (emitter) => emitter.number(method, size),
  }
}

function integerFormat(name: 'u8' | 'u16' | 'u32' | 'i8' | 'i16' | 'i32', method: string): NumberFormat {
  const bits = Number(name.slice(1))
  const size = (bits / 8) as 1 | 2 | 4
  const isSigned = name.startsWith('i')
  const min = isSigned ? -(2 ** (bits - 1)) : 0
  const max = 2 ** (isSigned ? bits - 1 : bits) - 1
  const shift = 32 - bits
  const wrap = isSigned
    ? (v: string) => (shift === 0 ? `(${v} | 0)` : `(${v} << ${shift} >> ${shift})`)
    : (v: string) => (shift === 0 ? `(${v} >>> 0)` : `(${v} & ${max})`)
  return {
    name,
    size,
    wanted: `an integer from ${min} to ${max}`,
    fits: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
    misfit: (v) => `typeof ${v} !== 'number' || ${wrap(v)} !== ${v}`,
    form: 'integer',
    write: (writer, value) => writer.integer(value as number, size),
    read: (reader) => {
      const value = reader.unsigned(size)
      return isSigned ? (value << shift) >> shift : value
    },
    ...methodForms(method, size),
  }
}

function bigFormat(name: 'u64' | 'i64', method: string, min: bigint, max: bigint): NumberFormat {
  return {
    name,
    size: 8,
    wanted: `a bigint from ${min} to ${max}`,
    fits: (value) => typeof value === 'bigint' && value >= min && value <= max,
    misfit: (v) => `typeof ${v} !== 'bigint' || ${v} < ${min}n || ${v} > ${max}n`,
    form: 'bigint',
    write: (writer, value) => writeBigInteger(writer, value as bigint),
    read: (reader) => ofName(name, readBigInteger(reader)),
    ...methodForms(method, 8),
  }
}

/** An integer of 8 bytes as a number: only those that a number holds exactly. */
function safeFormat(name: 'u64' | 'i64'): NumberFormat {
  const min = name === 'u64' ? 0 : Number.MIN_SAFE_INTEGER
  return {
    name,
    size: 8,
    method: name === 'u64' ? 'Uint32' : 'Int32',
    wanted: `an integer from ${min} to ${Number.MAX_SAFE_INTEGER}`,
    fits: (value) => Number.isSafeInteger(value) && (value as number) >= min,
    misfit: (v) => `!Number.isSafeInteger(${v}) || ${v} < ${min}`,
    form: 'safe',
    write: (writer, value) => writer.halves((value as number) >>> 0, Math.floor((value as number) / 2 ** 32)),
    read: (reader) => {
      const start = reader.position
      const value = Number(ofName(name, readBigInteger(reader)))
      if (!Number.isSafeInteger(value)) reader.invalid(start)
      return value
    },
    emitWrite: (emitter, local) => emitter.halves(local, emitter.local(`Math.floor(${local} / 4294967296)`)),
    emitRead: (emitter) => {
      const [low, high] = emitter.halves()
      const value = emitter.local(`(${high}${name === 'i64' ? ' | 0' : ''}) * 4294967296 + ${low}`)
      emitter.giveUpIf(`!Number.isSafeInteger(${value})`)
      return value
    },
  }
}

/** The 64 bits of an unsigned integer as what the name says. */
function ofName(name: 'u64' | 'i64', bits: bigint): bigint {
  return name === 'u64' ? bits : BigInt.asIntN(64, bits)
}

function floatFormat(name: 'f32' | 'f64', size: 4 | 8, method: string): NumberFormat {
  return {
    name,
    size,
    wanted: 'a number',
    fits: (value) => typeof value === 'number',
    misfit: (v) => `typeof ${v} !== 'number'`,
    form: 'float',
    write: (writer, value) => writeFloat(writer, value as number, size),
    read: (reader) => readFloat(reader, size),
    ...methodForms(method, size),
  }
}

export const U8: NumberFormat = /* @__PURE__ */ integerFormat('u8', 'Uint8')
export const U16: NumberFormat = /* @__PURE__ */ integerFormat('u16', 'Uint16')
export const U32: NumberFormat = /* @__PURE__ */ integerFormat('u32', 'Uint32')
export const U64: NumberFormat = /* @__PURE__ */ bigFormat('u64', 'BigUint64', 0n, 0xffff_ffff_ffff_ffffn)
export const I8: NumberFormat = /* @__PURE__ */ integerFormat('i8', 'Int8')
export const I16: NumberFormat = /* @__PURE__ */ integerFormat('i16', 'Int16')
export const I32: NumberFormat = /* @__PURE__ */ integerFormat('i32', 'Int32')
export const I64: NumberFormat = /* @__PURE__ */ bigFormat(
  'i64',
  'BigInt64',
  -0x8000_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
)
export const F32: NumberFormat = /* @__PURE__ */ floatFormat('f32', 4, 'Float32')
export const F64: NumberFormat = /* @__PURE__ */ floatFormat('f64', 8, 'Float64')
export const SAFE_U64: NumberFormat = /* @__PURE__ */ safeFormat('u64')
export const SAFE_I64: NumberFormat = /* @__PURE__ */ safeFormat('i64')

/** Every kind of number there is, by its name. */
export const NUMBER_FORMATS: { readonly [name in NumberName]: NumberFormat } = {
  u8: U8,
  u16: U16,
  u32: U32,
  u64: U64,
  i8: I8,
  i16: I16,
  i32: I32,
  i64: I64,
  f32: F32,
  f64: F64,
}
