import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { type Issue, issueAt, issueUnder } from './errors.ts'
import type { Descriptor } from './grammar.ts'
import type { MeasureEmitter } from './measure-emitter.ts'
import { type BitBounds, fixedSize, type Node } from './node.ts'
import type { ReadEmitter } from './read-emitter.ts'
import { type Infer, type Schema, type Shape, schemaOf } from './schema.ts'
import { limitOf, prefixSize } from './size-prefix.ts'
import { shapeNode } from './struct.ts'
import type { WriteEmitter } from './write-emitter.ts'

/** Up to this many elements of fixed size, a fixed array is written and read without a loop. */
const UNROLL_MAX = 8

/** Elements one after the other, and what is common to arrays of both kinds. */
class Elements {
  readonly of: Node
  /** Whether an element may take no bytes: then no bytes justify a count. */
  readonly mayBeEmpty: boolean

  constructor(of: Node) {
    this.of = of
    this.mayBeEmpty = of.bounds(false).min === 0
  }

  bits(packed: boolean, min: number, max: number): BitBounds {
    const of = this.of.bounds(packed)
    // Nothing times an unlimited size is nothing.
    return { min: min * of.min, max: max === 0 ? 0 : max * of.max }
  }

  check(value: readonly unknown[]): Issue | undefined {
    for (let i = 0; i < value.length; i++) {
      const issue = this.of.check(value[i])
      if (issue !== undefined) return issueUnder(i, issue)
    }
    return undefined
  }

  write(writer: ByteWriter, value: readonly unknown[]): void {
    for (const element of value) this.of.write(writer, element)
  }

  /** Grows the array while there are bytes: a count alone allocates nothing. */
  read(reader: ByteReader, count: number): unknown[] {
    const value: unknown[] = []
    for (let i = 0; i < count && reader.error === ''; i++) value.push(this.of.read(reader))
    return value
  }

  emitWrite(emitter: WriteEmitter, array: string, count: string): void {
    const i = emitter.code.name()
    emitter.block(`for (let ${i} = 0; ${i} < ${count}; ${i}++)`, () =>
      emitter.nested(this.of, `${array}[${i}]`),
    )
  }

  emitMeasure(emitter: MeasureEmitter, array: string, count: string): void {
    const size = fixedSize(this.of)
    if (size === 0) return
    if (size !== undefined) {
      emitter.line(`n += ${count} * ${size}`)
      return
    }
    const i = emitter.code.name()
    emitter.block(`for (let ${i} = 0; ${i} < ${count}; ${i}++)`, () =>
      this.of.emitMeasure(emitter, `${array}[${i}]`),
    )
  }

  /** Checks the bytes for all elements, or at least for the smallest possible ones, before the array is made. */
  emitRead(emitter: ReadEmitter, count: string): string {
    emitter.settle()
    const size = fixedSize(this.of)
    const sizeMin = this.of.bounds(false).min / 8
    emitter.giveUpIf(`${count}${sizeMin === 1 ? '' : ` * ${sizeMin}`} > end - p`)
    // `new Array(0)` reserves room for elements, more than the byte that a hostile count takes can justify.
    const array = emitter.local(`${count} === 0 ? [] : new Array(${count})`)
    const i = emitter.code.name()
    emitter.block(
      `for (let ${i} = 0; ${i} < ${count}; ${i}++)`,
      () => emitter.line(`${array}[${i}] = ${emitter.nested(this.of)}`),
      size === undefined ? 'open' : 'checked',
    )
    return array
  }
}

class ArrayNode implements Node {
  readonly kind = 'array'
  readonly of: Node
  readonly max: number
  readonly #elements: Elements

  constructor(of: Node, max: number) {
    this.of = of
    this.max = max
    this.#elements = new Elements(of)
  }

  bounds(packed: boolean): BitBounds {
    return { min: 8, max: prefixSize(this.max) * 8 + this.#elements.bits(packed, 0, this.max).max }
  }

  descriptor(): Descriptor {
    return { t: 'array', max: this.max, of: this.of.descriptor() }
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
    const start = reader.position
    const count = reader.size(this.max)
    if (this.#elements.mayBeEmpty && !reader.hasRoomForEmpty(count)) {
      reader.invalid(reader.position - start)
      return []
    }
    return this.#elements.read(reader, count)
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
    const count = emitter.size(this.max)
    // Rare, and to be counted over the whole read: left to the reference.
    if (this.#elements.mayBeEmpty) {
      emitter.giveUpIf(`${count} > 0`)
      return '[]'
    }
    return this.#elements.emitRead(emitter, count)
  }
}

class FixedArrayNode implements Node {
  readonly kind = 'fixedArray'
  readonly of: Node
  readonly n: number
  readonly #elements: Elements

  constructor(of: Node, n: number) {
    this.of = of
    this.n = n
    this.#elements = new Elements(of)
  }

  bounds(packed: boolean): BitBounds {
    return this.#elements.bits(packed, this.n, this.n)
  }

  descriptor(): Descriptor {
    return { t: 'fixedArray', n: this.n, of: this.of.descriptor() }
  }

  check(value: unknown): Issue | undefined {
    if (!Array.isArray(value) || value.length !== this.n) return issueAt(`an array of ${this.n}`, value)
    return this.#elements.check(value)
  }

  write(writer: ByteWriter, value: unknown): void {
    this.#elements.write(writer, value as unknown[])
  }

  read(reader: ByteReader): unknown {
    if (this.#elements.mayBeEmpty && !reader.hasRoomForEmpty(this.n)) {
      reader.raise('InvalidData')
      return []
    }
    return this.#elements.read(reader, this.n)
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const array = emitter.local(value)
    emitter.refuseIf(`!Array.isArray(${array}) || ${array}.length !== ${this.n}`)
    if (!this.#isShort()) {
      this.#elements.emitWrite(emitter, array, String(this.n))
      return
    }
    for (let i = 0; i < this.n; i++) emitter.nested(this.of, `${array}[${i}]`)
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    const array = emitter.local(value)
    emitter.refuseIf(`!Array.isArray(${array}) || ${array}.length !== ${this.n}`)
    this.#elements.emitMeasure(emitter, array, String(this.n))
  }

  emitRead(emitter: ReadEmitter): string {
    if (this.n === 0) return '[]'
    if (this.#elements.mayBeEmpty) {
      emitter.giveUpIf('true')
      return '[]'
    }
    if (!this.#isShort()) return this.#elements.emitRead(emitter, String(this.n))
    const elements: string[] = []
    for (let i = 0; i < this.n; i++) elements.push(emitter.nested(this.of))
    return `[${elements.join(', ')}]`
  }

  #isShort(): boolean {
    const size = fixedSize(this.of)
    return this.n <= UNROLL_MAX && size !== undefined && size <= 8
  }
}

/**
 * `std::vector`, `std::list`, `std::deque`: a size prefix, then the elements. `max` counts elements and is not on the wire; it is
 * checked when writing and when reading, and no array is made before there are bytes for its elements.
 */
export function array<const S extends Shape>(of: S, max: number): Schema<Infer<S>[]> {
  return schemaOf(new ArrayNode(shapeNode(of), limitOf('array max', max)))
}

/** `std::array` or a C array: exactly `n` elements, no prefix. */
export function fixedArray<const S extends Shape>(of: S, n: number): Schema<Infer<S>[]> {
  return schemaOf(new FixedArrayNode(shapeNode(of), limitOf('fixedArray n', n)))
}
