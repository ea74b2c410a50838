import { type Issue, issueAt } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { arrayMemory, SLOT } from '../nodes/memory.ts'
import { type BitBounds, fixedSize, type Node, sumOf, type Traits, traitsOf } from '../nodes/node.ts'
import { limitOf, prefixBounds } from '../nodes/size-prefix.ts'
import { type Infer, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { Elements } from './elements.ts'
import { shapeNode } from './struct.ts'

/** Up to this many elements of fixed size, a fixed array is written and read without a loop. */
const UNROLL_MAX = 8

class ArrayNode implements Node {
  readonly kind: 'array' | 'queue' | 'stack'
  readonly element: Node
  readonly max: number
  readonly traits: Traits
  readonly #elements: Elements

  constructor(kind: 'array' | 'queue' | 'stack', of: Node, max: number) {
    this.kind = kind
    this.element = of
    this.max = max
    this.#elements = new Elements(of, kind === 'array' ? 'bulk' : 'one by one')
    this.traits = traitsOf([of])
  }

  bounds(packed: boolean): BitBounds {
    return sumOf([prefixBounds(this.max), this.#elements.bounds(packed, 0, this.max)])
  }

  surplus(_packed: boolean, perBit: number): number {
    return arrayMemory(0) + SLOT * 2 - 8 * perBit
  }

  descriptor(): Descriptor {
    return { t: this.kind, max: this.max, of: this.element.descriptor() }
  }

  check(value: unknown): Issue | undefined {
    if (!Array.isArray(value) || value.length > this.max)
      return issueAt(`an array of at most ${this.max}`, value)
    return this.#elements.check(value)
  }

  write(writer: ByteWriter, value: unknown): void {
    writer.size((value as unknown[]).length)
    this.#elements.write(writer, value as unknown[])
  }

  read(reader: ByteReader): unknown {
    return this.#elements.read(reader, reader.size(this.max), 'bytes')
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const array = emitter.local(value)
    emitter.refuseIf(`!Array.isArray(${array})`)
    const count = emitter.local(`${array}.length`)
    emitter.refuseIf(`${count} > ${this.max}`)
    emitter.size(count, this.max)
    this.#elements.emitWrite(emitter, array, count)
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    const array = emitter.local(value)
    emitter.refuseIf(`!Array.isArray(${array})`)
    const count = emitter.local(`${array}.length`)
    emitter.refuseIf(`${count} > ${this.max}`)
    emitter.prefix(count, this.max)
    this.#elements.emitMeasure(emitter, array, count)
  }

  emitRead(emitter: ReadEmitter): string {
    return this.#elements.emitRead(emitter, emitter.size(this.max))
  }
}

/** Whether a value and all in it take bits: what takes none could be of any size in code. */
function takesBits(node: Node): boolean {
  if (node.bounds(true).min === 0 || node.kind === 'tuple' || node.kind === 'variant') return false
  if (node.content !== undefined) return takesBits(node.content)
  if (node.element !== undefined) return takesBits(node.element)
  return node.fields === undefined || node.fields.every(({ node: of }) => takesBits(of))
}

class FixedArrayNode implements Node {
  readonly kind = 'fixedArray'
  readonly element: Node
  readonly n: number
  readonly traits: Traits
  readonly #elements: Elements

  constructor(of: Node, n: number) {
    this.element = of
    this.n = n
    this.#elements = new Elements(of)
    this.traits = traitsOf([of])
  }

  bounds(packed: boolean): BitBounds {
    return this.#elements.bounds(packed, this.n, this.n)
  }

  surplus(packed: boolean, perBit: number): number {
    if (this.n === 0) return arrayMemory(0)
    const each = this.#elements.surplus(packed, perBit)
    // Compiled code charges for them unless they are few and cheap.
    return arrayMemory(0) + SLOT * 2 + (this.#isShort() ? this.n * each : Math.min(0, this.n * each))
  }

  descriptor(): Descriptor {
    return { t: 'fixedArray', n: this.n, of: this.element.descriptor() }
  }

  check(value: unknown): Issue | undefined {
    if (!Array.isArray(value) || value.length !== this.n) return issueAt(`an array of ${this.n}`, value)
    return this.#elements.check(value)
  }

  write(writer: ByteWriter, value: unknown): void {
    this.#elements.write(writer, value as unknown[])
  }

  read(reader: ByteReader): unknown {
    return this.#elements.read(reader, this.n, 'schema')
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const array = emitter.local(value)
    emitter.refuseIf(`!Array.isArray(${array}) || ${array}.length !== ${this.n}`)
    if (!this.#isShort()) {
      this.#elements.emitWrite(emitter, array, String(this.n))
      return
    }
    for (let i = 0; i < this.n; i++) emitter.nested(this.element, `${array}[${i}]`)
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    const array = emitter.local(value)
    emitter.refuseIf(`!Array.isArray(${array}) || ${array}.length !== ${this.n}`)
    this.#elements.emitMeasure(emitter, array, String(this.n))
  }

  emitRead(emitter: ReadEmitter): string {
    if (this.n === 0) return '[]'
    if (!this.#isShort()) return this.#elements.emitRead(emitter, String(this.n))
    const elements: string[] = []
    for (let i = 0; i < this.n; i++) elements.push(emitter.nested(this.element))
    return `[${elements.join(', ')}]`
  }

  #isShort(): boolean {
    const size = fixedSize(this.element)
    return this.n <= UNROLL_MAX && size !== undefined && size <= 8 && takesBits(this.element)
  }
}

/**
 * `std::vector`, `std::list`, `std::deque`: a size prefix, then the elements. `max` counts elements and is not on the wire; it is
 * checked when writing and when reading, and no array is made before there are bytes for its elements.
 */
export function array<const S extends Shape>(of: S, max: number): Schema<Infer<S>[]> {
  return schemaOf(new ArrayNode('array', shapeNode(of), limitOf('array max', max)))
}

/** `std::queue` (front to back) and `std::priority_queue` (as it is stored): bytes as of `array`. */
export function queue<const S extends Shape>(of: S, max: number): Schema<Infer<S>[]> {
  return schemaOf(new ArrayNode('queue', shapeNode(of), limitOf('queue max', max)))
}

/** `std::stack`, bottom to top: bytes as of `array`. */
export function stack<const S extends Shape>(of: S, max: number): Schema<Infer<S>[]> {
  return schemaOf(new ArrayNode('stack', shapeNode(of), limitOf('stack max', max)))
}

/** `std::array` or a C array: exactly `n` elements, no prefix. */
export function fixedArray<const S extends Shape>(of: S, n: number): Schema<Infer<S>[]> {
  return schemaOf(new FixedArrayNode(shapeNode(of), limitOf('fixedArray n', n)))
}
