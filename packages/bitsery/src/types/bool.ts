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
    writer.bool(value === true)
  }

  read(reader: ByteReader): boolean {
    return reader.bool()
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const local = emitter.local(value)
    emitter.refuseIf(`typeof ${local} !== 'boolean'`)
    emitter.bool(local)
  }

  emitMeasure(emitter: MeasureEmitter): void {
    emitter.add(1)
  }

  emitRead(emitter: ReadEmitter): string {
    return emitter.bool()
  }
}

/** `bool`: one byte, 0 or 1; any other byte is InvalidData. One bit inside `bits`. */
export const bool: Schema<boolean> = /* @__PURE__ */ schemaOf(/* @__PURE__ */ new BoolNode())
