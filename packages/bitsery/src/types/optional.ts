import type { Issue } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { type BitBounds, type Node, type Traits, traitsOf } from '../nodes/node.ts'
import { type Infer, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { emitReadBool, emitWriteBool, readBool, writeBool } from './bool.ts'
import { shapeNode } from './struct.ts'

class OptionalNode implements Node {
  readonly kind = 'optional'
  readonly of: Node
  readonly align: boolean
  readonly traits: Traits

  constructor(of: Node, align: boolean) {
    this.of = of
    this.align = align
    this.traits = traitsOf([of])
  }

  bounds(packed: boolean): BitBounds {
    const of = this.of.bounds(packed)
    if (!packed) return { min: 8, max: 8 + of.max, isWhole: of.isWhole }
    return { min: 1, max: 1 + (this.align ? 7 : 0) + of.max, isWhole: false }
  }

  surplus(packed: boolean, perBit: number): number {
    return Math.max(0, this.of.surplus(packed, perBit)) - (packed ? 1 : 8) * perBit
  }

  descriptor(): Descriptor {
    return { t: 'optional', of: this.of.descriptor(), align: this.align }
  }

  check(value: unknown): Issue | undefined {
    return value === undefined || value === null ? undefined : this.of.check(value)
  }

  write(writer: ByteWriter, value: unknown): void {
    const has = value !== undefined && value !== null
    writeBool(writer, has)
    if (this.align) writer.align()
    if (has) this.of.write(writer, value)
  }

  read(reader: ByteReader): unknown {
    const has = readBool(reader)
    if (this.align) reader.align()
    return has ? this.of.read(reader) : undefined
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const local = emitter.local(value)
    const has = emitter.local(`${local} !== undefined && ${local} !== null`)
    emitWriteBool(emitter, has)
    if (this.align) emitter.align()
    const takes = this.of.bounds(emitter.isPacked).isWhole ? 'whole' : 'any'
    emitter.block(`if (${has})`, () => emitter.nested(this.of, local), takes)
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    emitter.add(1)
    const local = emitter.local(value)
    emitter.block(`if (${local} !== undefined && ${local} !== null)`, () =>
      this.of.emitMeasure(emitter, local),
    )
  }

  emitRead(emitter: ReadEmitter): string {
    const has = emitReadBool(emitter)
    if (this.align) emitter.align()
    const value = emitter.name()
    emitter.line(`let ${value}`)
    const takes = this.of.bounds(emitter.isPacked).isWhole ? 'whole' : 'any'
    const read = (): void => emitter.line(`${value} = ${emitter.nested(this.of)}`)
    emitter.block(`if (${has})`, read, 'open', takes)
    return value
  }
}

/** How an optional lies in bytes. */
export interface OptionalOptions {
  /** Inside bit packing only: whether the value starts on a whole byte. Default `'byte'`, as in C++. */
  readonly start?: 'byte' | 'bit' | undefined
}

/**
 * `std::optional`: a bool, then the value if there is one. No value is `undefined`; `null` and a missing field are
 * written the same way. What an optional holds can't be told from none if it is itself an optional without a value.
 */
export function optional<const S extends Shape>(
  of: S,
  options?: OptionalOptions,
): Schema<Infer<S> | undefined> {
  return schemaOf(new OptionalNode(shapeNode(of), options?.start !== 'bit'))
}
