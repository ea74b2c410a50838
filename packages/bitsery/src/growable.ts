import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { BitseryError, type Issue } from './errors.ts'
import type { Descriptor } from './grammar.ts'
import type { MeasureEmitter } from './measure-emitter.ts'
import { type BitBounds, type Node, traitsOf } from './node.ts'
import type { ReadEmitter } from './read-emitter.ts'
import { type Infer, type Schema, type Shape, schemaOf } from './schema.ts'
import { shapeNode } from './struct.ts'
import type { WriteEmitter } from './write-emitter.ts'

class GrowableNode implements Node {
  readonly kind = 'growable'
  readonly of: Node
  readonly needsBits: string
  readonly hasPointers: boolean

  constructor(of: Node) {
    this.of = of
    const { needsBits, hasPointers } = traitsOf([of])
    this.needsBits = needsBits
    this.hasPointers = hasPointers
  }

  bounds(packed: boolean): BitBounds {
    const of = this.of.bounds(packed)
    // It begins and ends with a whole byte, or it is not written.
    return { min: 32 + Math.ceil(of.min / 8) * 8, max: 32 + Math.ceil(of.max / 8) * 8, isWhole: true }
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
    return reader.growable(() => this.of.read(reader))
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
    const outerEnd = emitter.end
    emitter.giveUpIf(`${size} < 4 || ${size} > ${outerEnd} - ${start}`)
    // What lies behind the content is skipped; content that is missing is left to the reference.
    emitter.end = emitter.local(`${start} + ${size}`)
    const value = this.of.emitRead(emitter)
    emitter.align()
    emitter.moveTo(emitter.end)
    emitter.end = outerEnd
    return value
  }
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
