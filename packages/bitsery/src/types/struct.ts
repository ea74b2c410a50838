import { BitseryError, expectList, type Issue, issueAt, issueUnder, phrase } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { objectMemory } from '../nodes/memory.ts'
import {
  type BitBounds,
  type FieldNode,
  fixedSize,
  type Node,
  sumOf,
  type Traits,
  traitsOf,
} from '../nodes/node.ts'
import {
  type Fields,
  type Infer,
  type InferFields,
  isSchema,
  nodeOf,
  type Schema,
  type Shape,
  schemaOf,
} from '../schema/schema.ts'

/** Whether a field of a struct has a value: alignment has none. */
function hasValue({ node }: FieldNode): boolean {
  return node.kind !== 'align'
}

class StructNode implements Node {
  readonly kind = 'struct'
  readonly fields: readonly FieldNode[]
  readonly traits: Traits
  readonly #values: readonly FieldNode[]

  constructor(fields: readonly FieldNode[]) {
    this.fields = fields
    this.#values = fields.filter(hasValue)
    this.traits = traitsOf(fields.map(({ node }) => node))
    const seen = new Set<string>()
    for (const { name } of fields) {
      if (name === '__proto__') throw new BitseryError('struct', 'any field name but __proto__', phrase(name))
      if (seen.has(name)) throw new BitseryError('struct', 'every field name once', phrase(name))
      seen.add(name)
    }
  }

  bounds(packed: boolean): BitBounds {
    return sumOf(this.fields.map(({ node }) => node.bounds(packed)))
  }

  surplus(packed: boolean, perBit: number): number {
    let sum = objectMemory(this.#values.length)
    for (const { node } of this.fields) sum += node.surplus(packed, perBit)
    return sum
  }

  descriptor(): Descriptor {
    return { t: 'struct', fields: this.fields.map(({ name, node }) => [name, node.descriptor()] as const) }
  }

  check(value: unknown): Issue | undefined {
    if (typeof value !== 'object' || value === null) return issueAt('an object', value)
    for (const { name, node } of this.#values) {
      const issue = node.check((value as Record<string, unknown>)[name])
      if (issue !== undefined) return issueUnder(name, issue)
    }
    return undefined
  }

  write(writer: ByteWriter, value: unknown): void {
    const outer = writer.bases?.enter()
    for (const { name, node } of this.fields) node.write(writer, (value as Record<string, unknown>)[name])
    writer.bases?.leave(outer)
  }

  read(reader: ByteReader): unknown {
    reader.charge(objectMemory(this.#values.length))
    const value: Record<string, unknown> = {}
    const outer = reader.bases?.enter()
    // By index: an iterator makes an object for each field until the engine has optimised this.
    for (let i = 0; i < this.fields.length; i++) {
      const { name, node } = this.fields[i]
      const field = node.read(reader)
      if (node.kind !== 'align') value[name] = field
      if (reader.error !== '') break
    }
    reader.bases?.leave(outer)
    return value
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const local = emitter.local(value)
    emitter.refuseIf(`typeof ${local} !== 'object' || ${local} === null`)
    const outer = emitter.bases?.enter()
    for (const { name, node } of this.fields) emitter.nested(node, `${local}[${JSON.stringify(name)}]`)
    emitter.bases?.leave(outer)
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    const size = fixedSize(this)
    if (size !== undefined) {
      emitter.add(size)
      return
    }
    const local = emitter.local(value)
    emitter.refuseIf(`typeof ${local} !== 'object' || ${local} === null`)
    const outer = emitter.bases?.enter()
    for (const { name, node } of this.fields) node.emitMeasure(emitter, `${local}[${JSON.stringify(name)}]`)
    emitter.bases?.leave(outer)
  }

  emitRead(emitter: ReadEmitter): string {
    const outer = emitter.bases?.enter()
    const values = this.fields.map(({ node }) => emitter.nested(node))
    emitter.bases?.leave(outer)
    return emitter.object(
      this.#values.map(({ name }) => name),
      values.filter((_, index) => hasValue(this.fields[index])),
    )
  }
}

/**
 * An object: its fields one after the other, in the order in which they stand here, nothing between them. Fields are
 * schemas or object literals, which stand for structs themselves. Other properties of a value are left alone.
 *
 * Field names that look like integers are refused, because JavaScript would put them first; `structOf` takes them.
 */
export function struct<const F extends Fields>(fields: F): Schema<InferFields<F>> {
  const names = namesOf('struct', fields)
  return schemaOf(new StructNode(names.map((name) => ({ name, node: shapeNode(fields[name]) }))))
}

/** The names of a literal, in the order that counts. */
export function namesOf(what: string, literal: object): string[] {
  if (typeof literal !== 'object' || literal === null || Array.isArray(literal))
    throw new BitseryError(what, 'an object literal with a schema for each name', phrase(literal))
  const names = Object.keys(literal)
  for (const name of names) {
    if (!/^(0|[1-9]\d*)$/.test(name)) continue
    throw new BitseryError(what, 'names that are no integers (JavaScript changes their order)', phrase(name))
  }
  return names
}

/** A struct from pairs of name and schema, for schemas that are made at run time. Any name but `__proto__`, each once. */
export function structOf(
  fields: readonly (readonly [name: string, of: Shape])[],
): Schema<Record<string, unknown>> {
  expectPairs('structOf', fields)
  return schemaOf(new StructNode(fields.map(([name, of]) => ({ name, node: shapeNode(of) }))))
}

/** Refuses what is no list of pairs of name and schema. */
export function expectPairs(what: string, pairs: unknown): void {
  expectList(what, 'a list of [name, schema]', pairs)
  for (const pair of pairs as readonly unknown[]) {
    if (Array.isArray(pair) && typeof pair[0] === 'string') continue
    throw new BitseryError(what, '[name, schema] as each element', phrase(pair))
  }
}

/** The schema that a shape stands for: itself, or the struct of an object literal. */
export function shapeSchema<const S extends Shape>(shape: S): Schema<Infer<S>> {
  return (isSchema(shape) ? shape : struct(shape as Fields)) as unknown as Schema<Infer<S>>
}

/** The node of what a shape stands for. */
export function shapeNode(shape: Shape): Node {
  if (typeof shape !== 'object' || shape === null)
    throw new BitseryError('', 'a schema or an object literal', phrase(shape))
  return nodeOf(isSchema(shape) ? shape : struct(shape))
}
