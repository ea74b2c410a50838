import { type Issue, issueAt } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { type BitBounds, fixedBounds, type Node } from '../nodes/node.ts'
import { type Schema, schemaOf } from '../schema/schema.ts'

class BoolNode implements Node {
  readonly kind = 'bool'

  bounds(packed: boolean): BitBounds {
    return fixedBounds(packed ? 1 : 8)
  }

  surplus(packed: boolean, perBit: number): number {
    return (packed ? -1 : -8) * perBit
  }

  descriptor(): Descriptor {
    return { t: 'bool' }
  }

  check(value: unknown): Issue | undefined {
    return typeof value === 'boolean' ? undefined : issueAt('true or false', value)
  }

  write(writer: ByteWriter, value: unknown): void {
    writeBool(writer, value === true)
  }

  read(reader: ByteReader): boolean {
    return readBool(reader)
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const local = emitter.local(value)
    emitter.refuseIf(`typeof ${local} !== 'boolean'`)
    emitWriteBool(emitter, local)
  }

  emitMeasure(emitter: MeasureEmitter): void {
    emitter.add(1)
  }

  emitRead(emitter: ReadEmitter): string {
    return emitReadBool(emitter)
  }
}

/** `bool`: one byte, 0 or 1; any other byte is InvalidData. One bit inside `bits`. */
export const bool: Schema<boolean> = /* @__PURE__ */ schemaOf(/* @__PURE__ */ new BoolNode())

/** Writes a bool: a bit inside bit packing, else a byte. */
export function writeBool(writer: ByteWriter, value: boolean): void {
  if (writer.isPacked) writer.bits(value ? 1 : 0, 1)
  else writer.integer(value ? 1 : 0, 1)
}

/** Reads what `writeBool` wrote. */
export function readBool(reader: ByteReader): boolean {
  if (reader.isPacked) return reader.bits(1) === 1
  const start = reader.position
  const value = reader.unsigned(1)
  if (value > 1) reader.invalid(start)
  return value === 1
}

/** Appends code that does what `writeBool` does, with the value of a local. */
export function emitWriteBool(emitter: WriteEmitter, local: string): void {
  if (emitter.isPacked) emitter.bits(`${local} ? 1 : 0`, 1)
  else emitter.number('Uint8', 1, `${local} ? 1 : 0`)
}

/** Appends code that does what `readBool` does: the local of the value. */
export function emitReadBool(emitter: ReadEmitter): string {
  if (emitter.isPacked) return emitter.local(`(${emitter.bits(1)}) === 1`)
  const byte = emitter.number('Uint8', 1)
  emitter.giveUpIf(`${byte} > 1`)
  return emitter.local(`${byte} === 1`)
}
