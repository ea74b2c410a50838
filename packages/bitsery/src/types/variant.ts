import { BitseryError, expectList, type Issue, issueAt, issueUnder, phrase } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { measureByReference } from '../emitters/measure-by-reference.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { objectMemory } from '../nodes/memory.ts'
import { type BitBounds, type Node, sumOf, type Traits, traitsOf } from '../nodes/node.ts'
import { prefixBounds } from '../nodes/size-prefix.ts'
import { type Fields, type Infer, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { namesOf, shapeNode } from './struct.ts'

/** One of several, with its index or, where the alternatives have names, its name. */
interface Alternative {
  readonly index?: number
  readonly type?: string
  readonly value: unknown
}

/** Code for more alternatives than these asks for each by itself. */
const ELSE_MAX = 64

class VariantNode implements Node {
  readonly kind = 'variant'
  readonly of: readonly Node[]
  readonly names: readonly string[] | undefined
  readonly traits: Traits

  constructor(of: readonly Node[], names: readonly string[] | undefined) {
    if (of.length === 0) throw new BitseryError('variant', 'at least one alternative', 'none')
    this.of = of
    this.names = names
    this.traits = traitsOf(of)
  }

  bounds(packed: boolean): BitBounds {
    const all = this.of.map((node) => node.bounds(packed))
    const one = {
      min: Math.min(...all.map(({ min }) => min)),
      max: Math.max(...all.map(({ max }) => max)),
      isWhole: all.every(({ isWhole }) => isWhole),
    }
    return sumOf([prefixBounds(this.of.length - 1), one])
  }

  surplus(packed: boolean, perBit: number): number {
    return objectMemory(2) - 8 * perBit + Math.max(...this.of.map((node) => node.surplus(packed, perBit)))
  }

  descriptor(): Descriptor {
    const of = this.of.map((node) => node.descriptor())
    return this.names === undefined ? { t: 'variant', of } : { t: 'variant', of, names: this.names }
  }

  check(value: unknown): Issue | undefined {
    if (typeof value !== 'object' || value === null) return issueAt(this.#wanted(), value)
    const index = this.#indexOf(value as Alternative)
    const node = this.of[index]
    if (node === undefined) {
      const given = this.names === undefined ? (value as Alternative).index : (value as Alternative).type
      return issueUnder(this.names === undefined ? 'index' : 'type', issueAt(this.#wanted(), given))
    }
    const issue = node.check((value as Alternative).value)
    return issue === undefined ? undefined : issueUnder('value', issue)
  }

  #wanted(): string {
    if (this.names === undefined) return `an index below ${this.of.length} with its value`
    return `one of ${this.names.map(phrase).join(', ')} with its value`
  }

  #indexOf({ index, type }: Alternative): number {
    if (this.names !== undefined) return this.names.indexOf(type as string)
    return typeof index === 'number' ? index : -1
  }

  write(writer: ByteWriter, value: unknown): void {
    const index = this.#indexOf(value as Alternative)
    writer.size(index)
    this.of[index].write(writer, (value as Alternative).value)
  }

  read(reader: ByteReader): unknown {
    // C++ lets an index that equals the count pass and leaves the object as it was; here it is InvalidData as above it.
    const index = reader.size(this.of.length - 1)
    reader.charge(objectMemory(2))
    if (reader.error !== '') return undefined
    const value = this.of[index].read(reader)
    return this.names === undefined ? { index, value } : { type: this.names[index], value }
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const local = emitter.local(value)
    emitter.refuseIf(`typeof ${local} !== 'object' || ${local} === null`)
    const { names } = this
    const index = emitter.local(
      names === undefined ? `${local}.index` : `${emitter.constant(names)}.indexOf(${local}.type)`,
    )
    emitter.refuseIf(`!(${index} >= 0 && ${index} < ${this.of.length}) || ${index} >>> 0 !== ${index}`)
    emitter.size(index, this.of.length - 1)
    const takes = this.#takes(emitter.isPacked)
    for (const [at, node] of this.of.entries()) {
      emitter.block(
        `${this.#orElse(at)}if (${index} === ${at})`,
        () => emitter.nested(node, `${local}.value`),
        takes,
      )
    }
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    measureByReference(emitter, this, value)
  }

  emitRead(emitter: ReadEmitter): string {
    const index = emitter.size(this.of.length - 1)
    const result = emitter.name()
    emitter.line(`let ${result}`)
    const takes = this.#takes(emitter.isPacked)
    for (const [at, node] of this.of.entries()) {
      const read = (): void => {
        const value = emitter.local(emitter.nested(node))
        const object =
          this.names === undefined
            ? emitter.object(['index', 'value'], [String(at), value])
            : emitter.object(['type', 'value'], [JSON.stringify(this.names[at]), value])
        emitter.line(`${result} = ${object}`)
      }
      emitter.block(`${this.#orElse(at)}if (${index} === ${at})`, read, 'open', takes)
    }
    return result
  }

  /** Each `else` is one level more for the parser of the engine: a thousand are too deep. */
  #orElse(at: number): string {
    return at === 0 || this.of.length > ELSE_MAX ? '' : 'else '
  }

  #takes(packed: boolean): 'whole' | 'any' {
    return this.of.every((node) => node.bounds(packed).isWhole) ? 'whole' : 'any'
  }
}

/**
 * `std::variant` (`StdVariant`) with names for its alternatives, in the order of C++: a size prefix with the index, then the alternative. Values are
 * `{ type: 'circle', value: … }`, a union that TypeScript narrows by `type`. `std::monostate` is `{}`.
 */
export function variant<const F extends Fields>(
  of: F,
): Schema<{ [K in keyof F]: { type: K; value: Infer<F[K]> } }[keyof F]> {
  const names = namesOf('variant', of)
  return schemaOf(
    new VariantNode(
      names.map((name) => shapeNode(of[name])),
      names,
    ),
  )
}

type Indexed<S extends readonly Shape[]> = {
  [I in keyof S]: I extends `${infer N extends number}` ? { index: N; value: Infer<S[I]> } : never
}[number]

/** `std::variant` without names: values are `{ index: 0, value: … }`. */
export function variantOf<const S extends readonly Shape[]>(of: S): Schema<Indexed<S>> {
  expectList('variantOf', 'a list of schemas, as in variantOf([f32, u8])', of)
  return schemaOf(new VariantNode(of.map(shapeNode), undefined))
}

/** A variant with names from a list, for schemas that are made at run time. */
export function variantWithNames(
  of: readonly Schema<unknown>[],
  names: readonly string[],
): Schema<{ type: string; value: unknown }> {
  return schemaOf(new VariantNode(of.map(shapeNode), names))
}
