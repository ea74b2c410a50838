import { expectList, type Issue, issueAt, issueUnder } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { arrayMemory } from '../nodes/memory.ts'
import { type BitBounds, type Node, sumOf, type Traits, traitsOf } from '../nodes/node.ts'
import { type Infer, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { shapeNode } from './struct.ts'

class TupleNode implements Node {
  readonly kind = 'tuple'
  readonly of: readonly Node[]
  readonly traits: Traits

  constructor(of: readonly Node[]) {
    this.of = of
    this.traits = traitsOf(of)
  }

  bounds(packed: boolean): BitBounds {
    return sumOf(this.of.map((node) => node.bounds(packed)))
  }

  surplus(packed: boolean, perBit: number): number {
    let sum = arrayMemory(this.of.length)
    for (const node of this.of) sum += node.surplus(packed, perBit)
    return sum
  }

  descriptor(): Descriptor {
    return { t: 'tuple', of: this.of.map((node) => node.descriptor()) }
  }

  check(value: unknown): Issue | undefined {
    if (!Array.isArray(value) || value.length !== this.of.length)
      return issueAt(`an array of ${this.of.length}`, value)
    for (const [index, node] of this.of.entries()) {
      const issue = node.check(value[index])
      if (issue !== undefined) return issueUnder(index, issue)
    }
    return undefined
  }

  write(writer: ByteWriter, value: unknown): void {
    for (const [index, node] of this.of.entries()) node.write(writer, (value as unknown[])[index])
  }

  read(reader: ByteReader): unknown {
    reader.charge(arrayMemory(this.of.length))
    const value = new Array<unknown>(this.of.length)
    for (const [index, node] of this.of.entries()) {
      value[index] = node.read(reader)
      if (reader.error !== '') break
    }
    return value
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const local = emitter.local(value)
    emitter.refuseIf(`!Array.isArray(${local}) || ${local}.length !== ${this.of.length}`)
    for (const [index, node] of this.of.entries()) emitter.nested(node, `${local}[${index}]`)
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    const local = emitter.local(value)
    emitter.refuseIf(`!Array.isArray(${local}) || ${local}.length !== ${this.of.length}`)
    for (const [index, node] of this.of.entries()) node.emitMeasure(emitter, `${local}[${index}]`)
  }

  emitRead(emitter: ReadEmitter): string {
    const values = this.of.map((node) => emitter.local(emitter.nested(node)))
    return `[${values.join(', ')}]`
  }
}

/** `std::tuple` and `std::pair` (`StdTuple`): the elements in their order, nothing between them. */
export function tuple<const S extends readonly Shape[]>(
  of: S,
): Schema<{ -readonly [I in keyof S]: Infer<S[I]> }> {
  expectList('tuple', 'a list of schemas, as in tuple([f32, u8])', of)
  return schemaOf(new TupleNode(of.map(shapeNode)))
}
