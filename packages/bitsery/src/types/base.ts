import { BitseryError, type Issue, phrase } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import { BaseScope } from '../bytes/base-scope.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { type BitBounds, type Node, type Traits, traitsOf } from '../nodes/node.ts'
import { type Infer, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { keyOf } from './json-value.ts'
import { shapeNode } from './struct.ts'

/** The bases of the object at hand: what writes, reads or compiles has none before it meets one. */
function basesOf<T>(machine: { bases: BaseScope<T> | undefined }): BaseScope<T> {
  machine.bases ??= new BaseScope()
  return machine.bases
}

/** A base of a C++ class: its content in place. What is in it belongs to the same object, so that virtual bases are written once. */
class BaseNode implements Node {
  readonly kind = 'base'
  readonly content: Node
  readonly traits: Traits

  constructor(of: Node) {
    this.content = of
    this.traits = traitsOf([of])
  }

  bounds(packed: boolean): BitBounds {
    return this.content.bounds(packed)
  }

  surplus(packed: boolean, perBit: number): number {
    return this.content.surplus(packed, perBit)
  }

  descriptor(): Descriptor {
    return { t: 'base', of: this.content.descriptor() }
  }

  check(value: unknown): Issue | undefined {
    return this.content.check(value)
  }

  write(writer: ByteWriter, value: unknown): void {
    basesOf(writer).inBase(() => this.content.write(writer, value))
  }

  read(reader: ByteReader): unknown {
    return basesOf(reader).inBase(() => this.content.read(reader))
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    basesOf(emitter).inBase(() => this.content.emitWrite(emitter, value))
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    basesOf(emitter).inBase(() => this.content.emitMeasure(emitter, value))
  }

  emitRead(emitter: ReadEmitter): string {
    return basesOf(emitter).inBase(() => this.content.emitRead(emitter))
  }
}

/** A virtual base: its content where the object has it first, nothing where it has it again. */
class VirtualBaseNode implements Node {
  readonly kind = 'virtualBase'
  readonly id: string
  readonly of: Node
  readonly traits: Traits
  readonly #descriptor: Descriptor

  constructor(id: string, of: Node) {
    this.id = id
    this.of = of
    this.#descriptor = of.descriptor()
    this.traits = traitsOf([of])
  }

  bounds(packed: boolean): BitBounds {
    // Whether it is the first is not known here.
    const { max, isWhole } = this.of.bounds(packed)
    return { min: 0, max, isWhole }
  }

  surplus(packed: boolean, perBit: number): number {
    return Math.max(0, this.of.surplus(packed, perBit))
  }

  descriptor(): Descriptor {
    return { t: 'virtualBase', id: this.id, of: this.#descriptor }
  }

  check(value: unknown): Issue | undefined {
    return this.of.check(value)
  }

  #isSame(one: unknown, other: unknown): boolean {
    return one === other || keyOf(this.#descriptor, one) === keyOf(this.#descriptor, other)
  }

  write(writer: ByteWriter, value: unknown): void {
    const bases = basesOf(writer)
    if (!bases.has(this.id)) {
      bases.set(this.id, value)
      bases.inBase(() => this.of.write(writer, value))
    } else if (!this.#isSame(bases.get(this.id), value)) {
      throw new BitseryError(
        '',
        `the same virtual base ${this.id} wherever an object has it`,
        phrase(value),
        'value-invalid',
      )
    }
  }

  read(reader: ByteReader): unknown {
    const bases = basesOf(reader)
    if (bases.has(this.id)) return bases.get(this.id)
    // Marked before it is read, in case it holds itself; what it is comes after.
    bases.set(this.id, undefined)
    const value = bases.inBase(() => this.of.read(reader))
    bases.set(this.id, value)
    return value
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const bases = basesOf(emitter)
    const local = emitter.local(value)
    if (bases.has(this.id)) {
      const isSame = (one: unknown, other: unknown): boolean => this.#isSame(one, other)
      const first = bases.get(this.id)
      emitter.refuseIf(`${first} !== ${local} && !${emitter.constant(isSame)}(${first}, ${local})`)
      return
    }
    bases.set(this.id, local)
    bases.inBase(() => this.of.emitWrite(emitter, local))
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    const bases = basesOf(emitter)
    if (bases.has(this.id)) return
    bases.set(this.id, value)
    bases.inBase(() => this.of.emitMeasure(emitter, value))
  }

  emitRead(emitter: ReadEmitter): string {
    const bases = basesOf(emitter)
    const known = bases.get(this.id)
    if (known !== undefined) return known
    const value = emitter.local(bases.inBase(() => this.of.emitRead(emitter)))
    bases.set(this.id, value)
    return value
  }
}

/** `BaseClass<B>`, as a field of a struct: the content of the base in place, nothing else. */
export function base<const S extends Shape>(of: S): Schema<Infer<S>> {
  return schemaOf(new BaseNode(shapeNode(of)))
}

/**
 * `VirtualBaseClass<B>`, as a field of a struct: the content of the base where the most derived object has it first, nothing where it has it again,
 * known by `id`. Values repeat it, equal, at each place; reading gives one object for all of them.
 */
export function virtualBase<const S extends Shape>(id: string, of: S): Schema<Infer<S>> {
  if (typeof id !== 'string') throw new BitseryError('virtualBase id', 'text', phrase(id))
  return schemaOf(new VirtualBaseNode(id, shapeNode(of)))
}
