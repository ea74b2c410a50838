import { type Issue, issueAt, issueUnder } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { type BitBounds, type Node, sumOf, type Traits, traitsOf } from '../nodes/node.ts'
import { limitOf, prefixBounds } from '../nodes/size-prefix.ts'
import { type Infer, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { Elements } from './elements.ts'
import { keyOf } from './json-value.ts'
import { isObjectKey } from './map.ts'
import { shapeNode } from './struct.ts'

class SetNode implements Node {
  readonly kind = 'set'
  readonly of: Node
  readonly max: number
  readonly isMulti: boolean
  readonly traits: Traits
  readonly #descriptor: Descriptor
  readonly #elements: Elements

  constructor(of: Node, max: number, isMulti: boolean) {
    this.of = of
    this.max = max
    this.isMulti = isMulti
    this.#descriptor = of.descriptor()
    this.#elements = new Elements(of, 'one by one')
    this.traits = traitsOf([of])
  }

  bounds(packed: boolean): BitBounds {
    return sumOf([prefixBounds(this.max), this.#elements.bounds(packed, 0, this.max)])
  }

  descriptor(): Descriptor {
    const base = { t: 'set', max: this.max, of: this.#descriptor } as const
    return this.isMulti ? { ...base, multi: true } : base
  }

  check(value: unknown): Issue | undefined {
    const size = this.#sizeOf(value)
    if (size < 0 || size > this.max)
      return issueAt(`${this.isMulti ? 'an array' : 'a Set'} of at most ${this.max}`, value)
    let index = 0
    for (const element of value as Iterable<unknown>) {
      const issue = this.of.check(element)
      if (issue !== undefined) return issueUnder(index, issue)
      index += 1
    }
    return undefined
  }

  #sizeOf(value: unknown): number {
    if (this.isMulti) return Array.isArray(value) ? value.length : -1
    return value instanceof Set ? value.size : -1
  }

  write(writer: ByteWriter, value: unknown): void {
    writer.size(this.#sizeOf(value))
    for (const element of value as Iterable<unknown>) this.of.write(writer, element)
  }

  read(reader: ByteReader): unknown {
    const elements = this.#elements.read(reader, reader.size(this.max), 'bytes')
    return this.isMulti || reader.error !== '' ? elements : this.#setOf(elements)
  }

  #setOf(elements: readonly unknown[]): Set<unknown> {
    if (!isObjectKey(this.of)) return new Set(elements)
    const first = new Map<unknown, unknown>()
    for (const element of elements) {
      const key = keyOf(this.#descriptor, element)
      if (!first.has(key)) first.set(key, element)
    }
    return new Set(first.values())
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const set = emitter.local(value)
    emitter.refuseIf(this.isMulti ? `!Array.isArray(${set})` : `!(${set} instanceof Set)`)
    const count = emitter.local(`${set}.${this.isMulti ? 'length' : 'size'}`)
    emitter.refuseIf(`${count} > ${this.max}`)
    emitter.size(count, this.max)
    const element = emitter.name()
    const takes = this.#elements.takes(emitter.isPacked)
    emitter.block(`for (const ${element} of ${set})`, () => emitter.nested(this.of, element), takes)
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    emitter.reference(this, value)
  }

  emitRead(emitter: ReadEmitter): string {
    const elements = this.#elements.emitRead(emitter, emitter.size(this.max))
    if (this.isMulti) return elements
    const setOf = (of: readonly unknown[]): Set<unknown> => this.#setOf(of)
    return emitter.local(`${emitter.constant(setOf)}(${elements})`)
  }
}

/**
 * `std::set` and `std::unordered_set` (`StdSet`): a size prefix, then the elements. A Set is written in its own order: insert
 * ascending elements (text by its bytes) where the bytes must be those of a `std::set`. Any order is read; elements that
 * are equal count once, also when they are objects.
 */
export function set<const S extends Shape>(of: S, max: number): Schema<Set<Infer<S>>> {
  return schemaOf(new SetNode(shapeNode(of), limitOf('set max', max), false))
}

/** `std::multiset` and its unordered kin: bytes as of `set`; all elements are kept, in their order. */
export function multiset<const S extends Shape>(of: S, max: number): Schema<Infer<S>[]> {
  return schemaOf(new SetNode(shapeNode(of), limitOf('multiset max', max), true))
}
