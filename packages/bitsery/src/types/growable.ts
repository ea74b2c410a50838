import { BitseryError, type Issue } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { FullByteReader } from '../bytes/full-byte-reader.ts'
import { UNLIMITED } from '../bytes/read-limits.ts'
import { targetOf } from '../bytes/source.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { objectMemory } from '../nodes/memory.ts'
import { type BitBounds, type FieldNode, type Node, type Traits, traitsOf } from '../nodes/node.ts'
import { type Infer, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { shapeNode } from './struct.ts'

class GrowableNode implements Node {
  readonly kind = 'growable'
  readonly of: Node
  readonly traits: Traits

  constructor(of: Node) {
    this.of = of
    const traits = traitsOf([of])
    this.traits = {
      ...traits,
      hasGrowables: true,
      machines: { ...traits.machines, ByteReader: FullByteReader },
    }
  }

  bounds(packed: boolean): BitBounds {
    const of = this.of.bounds(packed)
    // It begins and ends with a whole byte, or it is not written.
    return { min: 32 + Math.ceil(of.min / 8) * 8, max: 32 + Math.ceil(of.max / 8) * 8, isWhole: true }
  }

  surplus(packed: boolean, perBit: number): number {
    const inBytes = -32 * perBit
    const fields = growingFields(this.of)
    if (fields === undefined) return inBytes + this.of.surplus(packed, perBit)
    let sum = inBytes + objectMemory(fields.length)
    for (const { node } of fields)
      sum += Math.max(node.surplus(packed, perBit), zeroOf(node, true, packed).memory)
    return sum
  }

  descriptor(): Descriptor {
    return { t: 'growable', of: this.of.descriptor() }
  }

  check(value: unknown): Issue | undefined {
    return this.of.check(value)
  }

  write(writer: ByteWriter, value: unknown): void {
    this.#expectAligned(writer, 'start')
    const at = writer.reserve()
    this.of.write(writer, value)
    this.#expectAligned(writer, 'end')
    writer.fill(at, writer.position - at)
  }

  #expectAligned(writer: ByteWriter, where: string): void {
    if (writer.isAligned) return
    throw new BitseryError('growable', `a whole byte at its ${where} (put align there)`, 'a part of a byte')
  }

  read(reader: ByteReader): unknown {
    // By the machines that this node's traits ask for.
    const full = reader as FullByteReader
    full.enterGrowable()
    if (full.error !== '') return undefined
    const value = this.of.read(full)
    full.align()
    full.leave()
    return value
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    emitter.refuseUnaligned()
    const at = emitter.local(emitter.take(4))
    this.of.emitWrite(emitter, value)
    emitter.refuseUnaligned()
    emitter.line(`view.setUint32(${at}, ${emitter.here()} - ${at}, ${emitter.isLittle})`)
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    emitter.add(4)
    this.of.emitMeasure(emitter, value)
  }

  emitRead(emitter: ReadEmitter): string {
    emitter.giveUpUnaligned()
    emitter.settle()
    const start = emitter.local('p')
    const size = emitter.number('Uint32', 4)
    emitter.settle()
    emitter.giveUpIf(`${size} < 4 || ${size} > ${emitter.end} - ${start}`)
    const value = emitter.name()
    emitter.line(`let ${value}`)
    // What lies behind the content is skipped.
    emitter.within(emitter.local(`${start} + ${size}`), () => this.#emitVersions(emitter, value, start))
    return value
  }

  #emitVersions(emitter: ReadEmitter, value: string, start: string): void {
    const fields = growingFields(this.of)
    if (fields === undefined) this.#emitContent(emitter, value)
    else if (emitter.isSparing) emitOlder(emitter, fields, value)
    else {
      this.#emitWhole(emitter, value)
      emitter.block(`if (${value} === undefined)`, () => {
        emitter.moveTo(`${start} + 4`)
        emitOlder(emitter, fields, value)
      })
    }
  }

  #emitContent(emitter: ReadEmitter, value: string): void {
    emitter.line(`${value} = ${this.of.emitRead(emitter)}`)
    emitter.align()
    emitter.settle()
  }

  /** Content with all its fields, as fast as there is. If bytes are missing, the value stays undefined. */
  #emitWhole(emitter: ReadEmitter, value: string): void {
    const label = emitter.name()
    const { giveUp } = emitter
    emitter.giveUp = `break ${label}`
    emitter.line(`${label}: {`)
    const result = emitter.local(this.of.emitRead(emitter))
    emitter.align()
    emitter.settle()
    emitter.line(`${value} = ${result}`)
    emitter.line('}')
    emitter.giveUp = giveUp
  }
}

/** The fields of a struct of which the last ones may be missing; undefined for what is left to the reference when bytes are missing. */
function growingFields(node: Node): readonly FieldNode[] | undefined {
  const isPlain = node.fields?.every(({ node: { kind } }) => !/^(base|virtualBase|align)$/.test(kind))
  return isPlain === true ? node.fields : undefined
}

/** Content that may end behind any field, as one from an older version does: what is missing are zeros. */
function emitOlder(emitter: ReadEmitter, fields: readonly FieldNode[], value: string): void {
  const label = emitter.name()
  const wasSparing = emitter.isSparing
  emitter.isSparing = true
  const { isPacked } = emitter
  const locals = fields.map(({ node }) => {
    const local = emitter.name()
    emitter.line(`let ${local} = ${zeroExpression(emitter, node, isPacked)}`)
    return local
  })
  emitter.line(`${label}: {`)
  for (const [index, { node }] of fields.entries()) {
    emitter.settle()
    if (emitter.isAligned) emitter.line(`if (p === ${emitter.end}) break ${label}`)
    emitter.line(`${locals[index]} = ${emitter.nested(node)}`)
  }
  emitter.align()
  emitter.settle()
  emitter.line('}')
  for (const local of locals) emitter.giveUpIf(`${local} === ${emitter.constant(NO_ZERO)}`)
  const names = fields.map(({ name }) => name)
  emitter.line(`${value} = ${emitter.object(names, locals)}`)
  emitter.isSparing = wasSparing
}

/** Stands for a type that has no zero: an enumeration that doesn't list it. */
const NO_ZERO = Symbol('no zero')

/** The expression of what a missing field is read as. */
function zeroExpression(emitter: ReadEmitter, node: Node, isPacked: boolean): string {
  const make = (): unknown => zeroOf(node, emitter.isLittle, isPacked).value
  const zero = make()
  return zero === undefined || (typeof zero === 'object' && zero !== null)
    ? `${emitter.constant(make)}()`
    : emitter.constant(zero)
}

/** What a missing field is read as, and the memory it takes. */
function zeroOf(node: Node, isLittle: boolean, isPacked: boolean): { value: unknown; memory: number } {
  const reader = new FullByteReader(targetOf(new Uint8Array(0)), 0, 0, isLittle, UNLIMITED)
  reader.isPacked = isPacked
  reader.enterZeros()
  const zero = node.read(reader)
  return { value: reader.error === '' ? zero : NO_ZERO, memory: reader.memory }
}

/**
 * `Growable`: 4 bytes that say how many bytes follow (these 4 included), then the content, so that versions of a struct understand each
 * other. New fields go to the end. A reader with fewer fields skips the rest; one with more fields reads zeros
 * for those that are missing: 0, false, empty text and arrays, none, the first alternative, the minimum of a range.
 *
 * Inside `bits` it must begin and end with a whole byte (put `align` there): anything else is refused, as C++ loses bits.
 */
export function growable<const S extends Shape>(of: S): Schema<Infer<S>> {
  return schemaOf(new GrowableNode(shapeNode(of)))
}
