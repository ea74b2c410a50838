import { BitseryError, type Issue, issueAt } from '../base/errors.ts'
import type { Descriptor, NumberName } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { type BitBounds, fixedBounds, type Node } from '../nodes/node.ts'
import { nodeOf, type Schema, schemaOf } from '../schema/schema.ts'
import {
  F32,
  F64,
  I8,
  I16,
  I32,
  I64,
  type NumberFormat,
  numberMemory,
  SAFE_I64,
  SAFE_U64,
  U8,
  U16,
  U32,
  U64,
} from './number-format.ts'

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

  surplus(_packed: boolean, perBit: number): number {
    return numberMemory(this.format) - 8 * this.format.size * perBit
  }

  descriptor(): Descriptor {
    const { name } = this.format
    return this.kind === 'duration' || this.kind === 'timePoint' ? { t: this.kind, of: name } : { t: name }
  }

  check(value: unknown): Issue | undefined {
    return this.format.fits(value) ? undefined : issueAt(this.format.wanted, value)
  }

  write(writer: ByteWriter, value: unknown): void {
    this.format.write(writer, value as number | bigint)
  }

  read(reader: ByteReader): unknown {
    reader.charge(numberMemory(this.format))
    return this.format.read(reader)
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const local = emitter.local(value)
    emitter.refuseIf(this.format.misfit(local))
    this.format.emitWrite(emitter, local)
  }

  emitMeasure(emitter: MeasureEmitter): void {
    emitter.add(this.format.size)
  }

  emitRead(emitter: ReadEmitter): string {
    return this.format.emitRead(emitter)
  }
}

/** By kind: a node may be one of another copy of the package. */
function isNumber(node: Node): node is NumberNode {
  return /^([fiu]\d+|duration|timePoint)$/.test(node.kind)
}

/** The format of a number schema: what `compact`, `range` and their kin are made of. Throws BitseryError for other schemas. */
export function formatOf(
  what: string,
  schema: Schema<unknown>,
  wanted: 'an integer' | 'f32 or f64' | 'a number',
): NumberFormat {
  const node = nodeOf(schema)
  if (isNumber(node)) {
    const isFloat = node.format.form === 'float'
    if (wanted === 'a number' || isFloat === (wanted === 'f32 or f64')) return node.format
  }
  throw new BitseryError(what, `${wanted} schema`, schema.kind)
}

function numberOf<T>(format: NumberFormat): Schema<T> {
  return schemaOf(new NumberNode(format))
}

/** `uint8_t`: an integer from 0 to 255, one byte. */
export const u8: Schema<number> = /* @__PURE__ */ numberOf(U8)
/** `uint16_t`: an integer from 0 to 65,535, two bytes. */
export const u16: Schema<number> = /* @__PURE__ */ numberOf(U16)
/** `uint32_t`: an integer from 0 to 4,294,967,295, four bytes. */
export const u32: Schema<number> = /* @__PURE__ */ numberOf(U32)
/** `uint64_t`: a bigint from 0 to 2^64 - 1, eight bytes. */
export const u64: Schema<bigint> = /* @__PURE__ */ numberOf(U64)
/** `int8_t`: an integer from -128 to 127, one byte. */
export const i8: Schema<number> = /* @__PURE__ */ numberOf(I8)
/** `int16_t`: an integer from -32,768 to 32,767, two bytes. */
export const i16: Schema<number> = /* @__PURE__ */ numberOf(I16)
/** `int32_t`: an integer from -2,147,483,648 to 2,147,483,647, four bytes. */
export const i32: Schema<number> = /* @__PURE__ */ numberOf(I32)
/** `int64_t`: a bigint from -2^63 to 2^63 - 1, eight bytes. */
export const i64: Schema<bigint> = /* @__PURE__ */ numberOf(I64)
/** `float`: any number, rounded to the nearest of four bytes (too large ones become infinite). */
export const f32: Schema<number> = /* @__PURE__ */ numberOf(F32)
/** `double`: any number, eight bytes. */
export const f64: Schema<number> = /* @__PURE__ */ numberOf(F64)
/** `uint64_t` as a number: an integer from 0 to 2^53 - 1, eight bytes. Larger ones are InvalidData. */
export const safeU64: Schema<number> = /* @__PURE__ */ numberOf(SAFE_U64)
/** `int64_t` as a number: an integer from -2^53 + 1 to 2^53 - 1, eight bytes. Others are InvalidData. */
export const safeI64: Schema<number> = /* @__PURE__ */ numberOf(SAFE_I64)

/** `std::chrono::duration`: its count as a number of the type `of`. The period is not on the wire. */
export function duration<T extends number | bigint>(of: Schema<T>): Schema<T> {
  return schemaOf(new NumberNode(formatOf('duration', of, 'a number'), 'duration'))
}

/** `std::chrono::time_point`: the count since its epoch as a number of the type `of`. The clock is not on the wire. */
export function timePoint<T extends number | bigint>(of: Schema<T>): Schema<T> {
  return schemaOf(new NumberNode(formatOf('timePoint', of, 'a number'), 'timePoint'))
}
