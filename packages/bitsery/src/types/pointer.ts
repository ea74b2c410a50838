import { BitseryError, type Issue, issueAt, issueUnder, phrase } from '../base/errors.ts'
import type { Descriptor, PointerKind } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { PointerLinks } from '../bytes/pointer-links.ts'
import { LINK_MEMORY, objectMemory } from '../nodes/memory.ts'
import { type BitBounds, type Node, type Traits, traitsOf } from '../nodes/node.ts'
import { SIZE_LIMIT } from '../nodes/size-prefix.ts'
import { type Fields, type Infer, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { expectPairs, namesOf, shapeNode } from './struct.ts'

/** What a pointer points to, at the place where the object itself is. */
export interface PointedObject<T> {
  /** The number of the object, from 1 on: pointers with the same number point to the same object. */
  readonly id: number
  readonly value: T
}

/** A pointer to an object that is at another place: the `id` there. */
export interface PointerReference {
  readonly ref: number
}

/** The value of a pointer. Observers are references; owners have the object; shared and weak ones have it where it comes first. */
export type Pointer<T> = PointedObject<T> | PointerReference | null

/** How a pointer treats null. */
export interface PointerOptions {
  /** `'refuse'` is C++'s `NotNull`: null is not written, and InvalidPointer when read. Default `'allow'`. */
  readonly null?: 'allow' | 'refuse' | undefined
}

interface Pointed {
  readonly id?: unknown
  readonly ref?: unknown
  readonly type?: unknown
  readonly value?: unknown
}

/** The pointers of the message at hand: what writes or reads has none before it meets one. */
function linksOf(machine: { links: PointerLinks | undefined }): PointerLinks {
  machine.links ??= new PointerLinks()
  return machine.links
}

/** A class that a polymorphic pointer may point to, or the only one there is, without a name. */
interface Class {
  readonly name: string
  readonly node: Node
}

class PointerNode implements Node {
  readonly kind: 'ptr' | 'poly'
  readonly pointer: PointerKind
  readonly classes: readonly Class[]
  readonly isNullRefused: boolean
  readonly traits: Traits

  constructor(
    kind: 'ptr' | 'poly',
    pointer: PointerKind,
    classes: readonly Class[],
    options: PointerOptions,
  ) {
    this.kind = kind
    this.pointer = pointer
    this.classes = classes
    this.isNullRefused = options.null === 'refuse' || pointer === 'referenced'
    this.traits = { ...traitsOf(classes.map(({ node }) => node)), hasPointers: true }
  }

  bounds(packed: boolean): BitBounds {
    const all = this.classes.map(({ node }) => node.bounds(packed))
    const content = Math.max(...all.map(({ max }) => max))
    const type = this.kind === 'poly' ? 32 : 0
    const hasContent = this.pointer !== 'observer'
    return {
      min: 8,
      max: 32 + (hasContent ? type + content : 0),
      isWhole: !hasContent || all.every(({ isWhole }) => isWhole),
    }
  }

  surplus(): number {
    return 0
  }

  descriptor(): Descriptor {
    const notNull = this.isNullRefused && this.pointer !== 'referenced' ? { notNull: true } : {}
    if (this.kind === 'ptr')
      return { t: 'ptr', kind: this.pointer, of: this.classes[0].node.descriptor(), ...notNull }
    const kind = this.pointer as Exclude<PointerKind, 'referenced'>
    const of = this.classes.map(({ name, node }) => [name, node.descriptor()] as const)
    return { t: 'poly', kind, of, ...notNull }
  }

  check(value: unknown): Issue | undefined {
    if (value === null || value === undefined)
      return this.isNullRefused ? issueAt('a pointer that is not null', value) : undefined
    if (typeof value !== 'object') return issueAt('null, { id, value } or { ref }', value)
    const pointed = value as Pointed
    const mayRefer = this.pointer === 'observer' || this.pointer === 'shared' || this.pointer === 'weak'
    if (pointed.ref !== undefined) {
      if (!mayRefer) return issueAt(`{ id, value }, as ${this.pointer} pointers have the object`, value)
      return isId(pointed.ref) ? undefined : issueUnder('ref', issueAt(ID_WANTED, pointed.ref))
    }
    if (this.pointer === 'observer') return issueAt('null or { ref }, as observers have no object', value)
    if (!isId(pointed.id)) return issueUnder('id', issueAt(ID_WANTED, pointed.id))
    const known = this.#classOf(pointed)
    if (known === undefined)
      return issueUnder(
        'type',
        issueAt(`one of ${this.classes.map(({ name }) => phrase(name)).join(', ')}`, pointed.type),
      )
    const issue = known.node.check(pointed.value)
    return issue === undefined ? undefined : issueUnder('value', issue)
  }

  #classOf({ type }: Pointed): Class | undefined {
    return this.kind === 'ptr' ? this.classes[0] : this.classes.find(({ name }) => name === type)
  }

  write(writer: ByteWriter, value: unknown): void {
    if (value === null || value === undefined) {
      writer.size(0)
      return
    }
    const { ref, id, ...pointed } = value as Pointed
    const number = (ref ?? id) as number
    writer.size(number)
    if (!this.#hasObject(writer, number, ref !== undefined)) return
    const known = this.#classOf(pointed) as Class
    if (this.kind === 'poly') writer.size(this.classes.indexOf(known))
    known.node.write(writer, pointed.value)
  }

  /** Whether the object comes here, by the rules of C++; throws when the value says otherwise. */
  #hasObject(writer: ByteWriter, id: number, isReference: boolean): boolean {
    const links = linksOf(writer)
    if (this.pointer === 'observer') return false
    const isShared = this.pointer === 'shared' || this.pointer === 'weak'
    const isFirst = !isShared || links.share(id)
    const name = `${this.pointer} pointer`
    if (isShared && isFirst === isReference) {
      const wanted = isFirst
        ? `the object where id ${id} comes first`
        : `{ ref: ${id} } where the object was before`
      throw new BitseryError(name, wanted, isReference ? '{ ref }' : '{ id, value }', 'value-invalid')
    }
    if (isFirst && !links.own(id))
      throw new BitseryError(name, 'one owner for each object', `a second one for id ${id}`, 'value-invalid')
    return isFirst
  }

  read(reader: ByteReader): unknown {
    const start = reader.position
    const given = reader.size(SIZE_LIMIT)
    if (given === 0) {
      if (this.isNullRefused) reader.fail('InvalidPointer', start)
      return null
    }
    const links = linksOf(reader)
    reader.charge(objectMemory(3) + (links.isKnown(given) ? 0 : LINK_MEMORY))
    if (reader.error !== '') return null
    const id = links.numberOf(given)
    if (this.pointer === 'observer') {
      links.observe(id)
      return { ref: id }
    }
    if (this.pointer === 'shared' || this.pointer === 'weak') {
      if (!links.share(id)) return { ref: id }
    }
    links.own(id)
    if (this.kind === 'ptr') return { id, value: this.classes[0].node.read(reader) }
    const typeStart = reader.position
    const known = this.classes[reader.size(SIZE_LIMIT)]
    if (known === undefined) {
      reader.fail('InvalidPointer', typeStart)
      return null
    }
    return { id, type: known.name, value: known.node.read(reader) }
  }

  // A message with pointers is always interpreted: what they are depends on the pointers before them.
  emitWrite(): void {}

  emitMeasure(): void {}

  emitRead(): string {
    return 'null'
  }
}

const ID_WANTED = `an integer from 1 to ${SIZE_LIMIT}`

function isId(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= SIZE_LIMIT
}

function expectKind(kind: string, kinds: readonly string[]): void {
  if (!kinds.includes(kind))
    throw new BitseryError('pointer kind', `one of ${kinds.join(', ')}`, phrase(kind))
}

const POLYMORPHIC_KINDS = ['owner', 'unique', 'shared', 'weak', 'observer'] as const

/**
 * A C++ pointer, as the pointer extensions write it: a size prefix with the id of the object (0 is null), and the object itself where the kind
 * says so. `owner` (`PointerOwner`), `unique` (`std::unique_ptr`) and `referenced` (`ReferencedByPointer`, an object and no pointer, never null) have the
 * object; `observer` (`PointerObserver`) only the id; of `shared` and `weak` the first with an id has it.
 *
 * Values show what is on the wire and not a graph: `{ id: 1, value }` and `{ ref: 1 }`. Ids count from 1 in the order in which
 * objects are first mentioned; what is read is numbered like that, whatever ids it had. Observers of objects that never come are no error, as in C++: `decode` lists their ids in
 * `unresolved`. Schemas with pointers are always interpreted.
 */
export function pointer<const S extends Shape>(
  kind: PointerKind,
  of: S,
  options?: PointerOptions,
): Schema<Pointer<Infer<S>>> {
  expectKind(kind, [...POLYMORPHIC_KINDS, 'referenced'])
  return schemaOf(new PointerNode('ptr', kind, [{ name: '', node: shapeNode(of) }], options ?? {}))
}

/** The value of a polymorphic pointer: with the object comes the name of its class. */
export type PolymorphicPointer<F> =
  | { [K in keyof F]: { readonly id: number; readonly type: K; readonly value: Infer<F[K]> } }[keyof F]
  | PointerReference
  | null

/**
 * A C++ pointer to a class with virtual functions: as `pointer`, but before the object comes a size prefix with the index of its class. `classes` are the concrete
 * classes registered for the pointer's type, depth first, beginning with that type itself unless it is abstract. An unknown index is
 * InvalidPointer.
 */
export function polymorphic<const F extends Fields>(
  kind: Exclude<PointerKind, 'referenced'>,
  classes: F,
  options?: PointerOptions,
): Schema<PolymorphicPointer<F>> {
  const pairs = namesOf('polymorphic', classes).map((name) => [name, classes[name]] as const)
  return polymorphicOf(kind, pairs, options) as unknown as Schema<PolymorphicPointer<F>>
}

/** A polymorphic pointer from pairs of name and schema, for schemas that are made at run time. */
export function polymorphicOf(
  kind: Exclude<PointerKind, 'referenced'>,
  classes: readonly (readonly [name: string, of: Shape])[],
  options?: PointerOptions,
): Schema<PolymorphicPointer<Record<string, Schema<unknown>>>> {
  expectKind(kind, POLYMORPHIC_KINDS)
  expectPairs('polymorphicOf', classes)
  const names = classes.map(([name]) => name)
  if (names.length === 0 || new Set(names).size !== names.length)
    throw new BitseryError('polymorphic', 'at least one class, and each name once', names.join(', '))
  const nodes = classes.map(([name, of]) => ({ name, node: shapeNode(of) }))
  return schemaOf(new PointerNode('poly', kind, nodes, options ?? {}))
}
