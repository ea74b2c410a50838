import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { type Issue, issueAt } from './errors.ts'
import type { Descriptor } from './grammar.ts'
import type { MeasureEmitter } from './measure-emitter.ts'
import { type BitBounds, fixedBounds, type Node } from './node.ts'
import type { ReadEmitter } from './read-emitter.ts'
import { type Schema, schemaOf } from './schema.ts'
import type { WriteEmitter } from './write-emitter.ts'

class BoolNode implements Node {
  readonly kind = 'bool'

  bounds(packed: boolean): BitBounds {
    return fixedBounds(packed ? 1 : 8)
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
export const bool: Schema<boolean> = schemaOf(new BoolNode())
