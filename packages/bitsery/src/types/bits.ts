import { BitseryError, type Issue, issueAt, phrase } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { FullByteReader } from '../bytes/full-byte-reader.ts'
import { FullByteWriter } from '../bytes/full-byte-writer.ts'
import { measureByReference } from '../emitters/measure-by-reference.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import { PackedReadEmitter } from '../emitters/packed-read-emitter.ts'
import { PackedWriteEmitter } from '../emitters/packed-write-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { BIGINT_MEMORY, DOUBLE_MEMORY } from '../nodes/memory.ts'
import {
  type BitBounds,
  endOf,
  fixedBounds,
  fixedSize,
  type Machines,
  NO_TRAITS,
  type Node,
  type Traits,
  traitsOf,
} from '../nodes/node.ts'
import { type Infer, type NoValue, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { shapeNode } from './struct.ts'

const machines: Machines = {
  ByteWriter: FullByteWriter,
  ByteReader: FullByteReader,
  WriteEmitter: PackedWriteEmitter,
  ReadEmitter: PackedReadEmitter,
}

class BitsNode implements Node {
  readonly kind = 'bits'
  readonly content: Node
  readonly traits: Traits

  constructor(of: Node) {
    this.content = of
    this.traits = { ...traitsOf([of]), needsBits: '', machines }
  }

  bounds(packed: boolean): BitBounds {
    const of = this.content.bounds(true)
    if (packed) return of
    const end = endOf(this.content, true, 0)
    if (end !== undefined) return fixedBounds(Math.ceil(end / 8) * 8)
    return { min: Math.ceil(of.min / 8) * 8, max: Math.ceil(of.max / 8) * 8, isWhole: true }
  }

  surplus(_packed: boolean, perBit: number): number {
    return this.content.surplus(true, perBit)
  }

  descriptor(): Descriptor {
    return { t: 'bits', of: this.content.descriptor() }
  }

  check(value: unknown): Issue | undefined {
    return this.content.check(value)
  }

  write(writer: ByteWriter, value: unknown): void {
    if (writer.isPacked) {
      this.content.write(writer, value)
      return
    }
    writer.isPacked = true
    this.content.write(writer, value)
    writer.isPacked = false
    writer.align()
  }

  read(reader: ByteReader): unknown {
    if (reader.isPacked) return this.content.read(reader)
    reader.isPacked = true
    const value = this.content.read(reader)
    reader.isPacked = false
    reader.align()
    return value
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    if (emitter.isPacked) {
      this.content.emitWrite(emitter, value)
      return
    }
    emitter.isPacked = true
    this.content.emitWrite(emitter, value)
    emitter.isPacked = false
    emitter.align()
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    const size = fixedSize(this)
    if (size === undefined) measureByReference(emitter, this, value)
    else emitter.add(size)
  }

  emitRead(emitter: ReadEmitter): string {
    if (emitter.isPacked) return this.content.emitRead(emitter)
    emitter.isPacked = true
    const value = this.content.emitRead(emitter)
    emitter.isPacked = false
    emitter.align()
    return value
  }
}

class AlignNode implements Node {
  readonly kind = 'align'

  bounds(packed: boolean): BitBounds {
    return packed ? { min: 0, max: 7, isWhole: false } : fixedBounds(0)
  }

  surplus(): number {
    return 0
  }

  descriptor(): Descriptor {
    return { t: 'align' }
  }

  check(): Issue | undefined {
    return undefined
  }

  write(writer: ByteWriter): void {
    writer.align()
  }

  read(reader: ByteReader): undefined {
    reader.align()
  }

  emitWrite(emitter: WriteEmitter): void {
    emitter.align()
  }

  emitMeasure(): void {}

  emitRead(emitter: ReadEmitter): string {
    emitter.align()
    return 'undefined'
  }
}

class RawBitsNode implements Node {
  readonly kind = 'rawBits'
  readonly traits = { ...NO_TRAITS, needsBits: 'rawBits' }
  readonly n: number
  readonly #memory: number

  constructor(n: number) {
    this.n = n
    this.#memory = n > 32 ? BIGINT_MEMORY : n === 32 ? DOUBLE_MEMORY : 0
  }

  bounds(): BitBounds {
    return fixedBounds(this.n)
  }

  surplus(_packed: boolean, perBit: number): number {
    return this.#memory - this.n * perBit
  }

  descriptor(): Descriptor {
    return { t: 'rawBits', n: this.n }
  }

  check(value: unknown): Issue | undefined {
    const { n } = this
    if (n > 32) {
      const fits = typeof value === 'bigint' && BigInt.asUintN(n, value) === value
      return fits ? undefined : issueAt(`a bigint of ${n} bits`, value)
    }
    const fits = Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** n
    return fits ? undefined : issueAt(`an integer from 0 to ${2 ** n - 1}`, value)
  }

  write(writer: ByteWriter, value: unknown): void {
    if (this.n > 32) writer.bigBits(value as bigint, this.n)
    else writer.bits(value as number, this.n)
  }

  read(reader: ByteReader): number | bigint {
    reader.charge(this.#memory)
    return this.n > 32 ? reader.bigBits(this.n) : reader.bits(this.n)
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const { n } = this
    const local = emitter.local(value)
    if (n > 32) {
      emitter.refuseIf(`typeof ${local} !== 'bigint' || ${local} < 0n || ${local} >= ${2n ** BigInt(n)}n`)
      emitter.bigBits(local, n)
      return
    }
    emitter.refuseIf(`!(${local} >= 0 && ${local} < ${2 ** n}) || ${local} >>> 0 !== ${local}`)
    emitter.bits(local, n)
  }

  emitMeasure(): void {}

  emitRead(emitter: ReadEmitter): string {
    return this.n > 32 ? emitter.bigBits(this.n) : emitter.local(emitter.bits(this.n))
  }
}

/**
 * `enableBitPacking`: what is in here is written bit by bit, from the least significant bit of each byte upwards, without padding between
 * fields; the last byte is filled with zero bits. A bool takes one bit; ranges take as few as they need. Inside
 * another `bits` it does nothing. Padding that isn't zero is InvalidData.
 */
export function bits<const S extends Shape>(of: S): Schema<Infer<S>> {
  return schemaOf(new BitsNode(shapeNode(of)))
}

/**
 * `adapter().align()`, as a field of a struct only: inside `bits`, what follows begins with a whole byte. Has no value and
 * is no property; its name is free: `{ flag: bool, _1: align, id: u32 }`.
 */
export const align: Schema<NoValue> = /* @__PURE__ */ schemaOf(/* @__PURE__ */ new AlignNode())

type WideBits =
  | (33 | 34 | 35 | 36 | 37 | 38 | 39 | 40 | 41 | 42 | 43 | 44 | 45 | 46 | 47 | 48)
  | (49 | 50 | 51 | 52 | 53 | 54 | 55 | 56 | 57 | 58 | 59 | 60 | 61 | 62 | 63 | 64)

/** `adapter().writeBits(value, n)`, inside `bits` only: an unsigned integer of 1 to 64 bits; above 32 it is a bigint. */
export function rawBits<const N extends number>(n: N): Schema<N extends WideBits ? bigint : number> {
  if (!(Number.isInteger(n) && n >= 1 && n <= 64))
    throw new BitseryError('rawBits n', 'an integer from 1 to 64', phrase(n))
  return schemaOf(new RawBitsNode(n))
}
