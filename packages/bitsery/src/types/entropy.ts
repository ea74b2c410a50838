import { BitseryError, errorOf, type Issue, phrase } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { FullByteReader } from '../bytes/full-byte-reader.ts'
import { FullByteWriter } from '../bytes/full-byte-writer.ts'
import { UNLIMITED } from '../bytes/read-limits.ts'
import { targetOf } from '../bytes/source.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { valueMemory } from '../nodes/memory.ts'
import { type BitBounds, type Node, type Traits, traitsOf } from '../nodes/node.ts'
import { type Infer, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { keyOf, valueToJson } from './json-value.ts'
import type { OptionalOptions } from './optional.ts'
import { shapeNode } from './struct.ts'

/** A value that is often one of a few: those are written as an index. */
class EntropyNode implements Node {
  readonly kind = 'entropy'
  readonly traits: Traits
  readonly of: Node
  readonly align: boolean
  readonly #values: readonly unknown[]
  /** What the copy of each takes: what is no object is there already. */
  readonly #memory: readonly number[]
  readonly #descriptor: Descriptor
  /** The bits of the index. */
  readonly #width: number
  /** The index of each listed value. */
  readonly #indices = new Map<unknown, number>()

  constructor(of: Node, values: readonly unknown[], align: boolean) {
    this.of = of
    this.align = align
    this.traits = { ...traitsOf([of]), needsBits: 'entropy' }
    this.#descriptor = of.descriptor()
    const asIs = keptAsIs(this.#descriptor)
    this.#values = values.map((value) => (asIs ? value : asRead(of, this.#descriptor, value)))
    this.#memory = this.#values.map((value) => (typeof value === 'object' ? valueMemory(value) : 0))
    this.#width = values.length.toString(2).length
    for (const [place, value] of values.entries()) {
      const key = keyOf(this.#descriptor, value)
      // A NaN equals nothing in C++. -0 and 0 are one key here, and equal there.
      if (!Number.isNaN(key) && !this.#indices.has(key)) this.#indices.set(key, place + 1)
    }
  }

  bounds(): BitBounds {
    const padding = this.align ? 7 : 0
    return { min: this.#width, max: this.#width + padding + this.of.bounds(true).max, isWhole: false }
  }

  surplus(_packed: boolean, perBit: number): number {
    return Math.max(this.of.surplus(true, perBit), ...this.#memory) - this.#width * perBit
  }

  descriptor(): Descriptor {
    return {
      t: 'entropy',
      of: this.#descriptor,
      values: this.#values.map((value) => valueToJson(this.#descriptor, value)),
      align: this.align,
    }
  }

  check(value: unknown): Issue | undefined {
    return this.of.check(value)
  }

  /** 1 for the first of the listed values, 0 for a value that isn't listed. */
  indexOf(value: unknown): number {
    return this.#indices.get(keyOf(this.#descriptor, value)) ?? 0
  }

  /** A listed value, as a copy of its own if it is an object. */
  valueAt(index: number): unknown {
    return copyOf(this.#values[index - 1])
  }

  write(writer: ByteWriter, value: unknown): void {
    const index = this.indexOf(value)
    writer.bits(index, this.#width)
    if (this.align) writer.align()
    if (index === 0) this.of.write(writer, value)
  }

  read(reader: ByteReader): unknown {
    const start = reader.position
    const index = reader.bits(this.#width)
    if (index > this.#values.length) reader.invalid(start)
    if (this.align) reader.align()
    if (index === 0 || reader.error !== '') return this.of.read(reader)
    reader.charge(this.#memory[index - 1])
    return reader.error === '' ? this.valueAt(index) : undefined
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const local = emitter.local(value)
    const fits = (of: unknown): boolean => this.check(of) === undefined
    const indexOf = (of: unknown): number => this.indexOf(of)
    emitter.refuseIf(`!${emitter.constant(fits)}(${local})`)
    const index = emitter.local(`${emitter.constant(indexOf)}(${local})`)
    emitter.bits(index, this.#width)
    if (this.align) emitter.align()
    emitter.block(`if (${index} === 0)`, () => emitter.nested(this.of, local), this.#takes())
  }

  emitMeasure(): void {}

  emitRead(emitter: ReadEmitter): string {
    const index = emitter.local(emitter.bits(this.#width))
    emitter.giveUpIf(`${index} > ${this.#values.length}`)
    if (this.align) emitter.align()
    const value = emitter.name()
    emitter.line(`let ${value}`)
    const read = (): void => emitter.line(`${value} = ${emitter.nested(this.of)}`)
    emitter.block(`if (${index} === 0)`, read, 'open', this.#takes())
    const listed = this.#values.map((_, place) => this.valueAt(place + 1))
    const valueAt = (of: number): unknown => this.valueAt(of)
    const isPlain = listed.every((of) => typeof of !== 'object')
    const lookUp = isPlain
      ? `${emitter.constant(listed)}[${index} - 1]`
      : `${emitter.constant(valueAt)}(${index})`
    emitter.line(`else ${value} = ${lookUp}`)
    return value
  }

  #takes(): 'whole' | 'any' {
    return this.of.bounds(true).isWhole ? 'whole' : 'any'
  }
}

/** A range of floats would be read a step lower; C++ keeps what is listed. */
function keptAsIs(descriptor: Descriptor): boolean {
  return descriptor.t !== 'rangeFloat' && JSON.stringify(descriptor).includes('"rangeFloat"')
}

/** A value that fits, as reading it gives it: floats of 4 bytes are rounded to them. */
function asRead(of: Node, descriptor: Descriptor, value: unknown): unknown {
  if (descriptor.t === 'rangeFloat') return descriptor.of === 'f32' ? Math.fround(value as number) : value
  const counter = new FullByteWriter(undefined, 0, true)
  counter.isPacked = true
  of.write(counter, value)
  const target = targetOf(new Uint8Array(counter.position + 1))
  const writer = new FullByteWriter(target, 0, true)
  writer.isPacked = true
  of.write(writer, value)
  writer.align()
  const reader = new FullByteReader(target, 0, target.bytes.length, true, UNLIMITED)
  reader.isPacked = true
  return of.read(reader)
}

/** A copy of a value of any schema. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array || value instanceof Uint32Array) return value.slice()
  if (Array.isArray(value)) return value.map(copyOf)
  if (value instanceof Set) return new Set([...value].map(copyOf))
  if (value instanceof Map) return new Map([...value].map(([key, of]) => [copyOf(key), copyOf(of)]))
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, copyOf(of)]))
}

/**
 * `Entropy`, inside `bits` only: an index into a list of common values, and only for a value that isn't listed (index 0) the value itself.
 * One listed value costs 1 bit, three cost 2, seven 3. By default the value behind the index begins with a whole byte, which
 * is then also true for what follows a listed value; `start: 'bit'` packs on.
 *
 * Floats compare as numbers, so -0 comes back as a listed 0, and NaN is never found.
 */
export function entropy<const S extends Shape>(
  of: S,
  values: readonly Infer<S>[],
  options?: OptionalOptions,
): Schema<Infer<S>> {
  const node = shapeNode(of)
  if (!Array.isArray(values) || values.length === 0)
    throw new BitseryError('entropy values', 'at least one value', phrase(values))
  for (const value of values) {
    const issue = node.check(value)
    if (issue !== undefined) throw errorOf(issue, 'entropy values', 'schema-invalid')
  }
  return schemaOf(new EntropyNode(node, values, options?.start !== 'bit'))
}
