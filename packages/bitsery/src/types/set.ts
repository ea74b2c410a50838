import { type Issue, issueAt, issueUnder } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { giveBack } from '../bytes/collision-guard.ts'
import { measureByReference } from '../emitters/measure-by-reference.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import { chargeMemory } from '../emitters/memory-budget.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { arrayMemory, SET_ENTRY_MEMORY, SET_MEMORY, SLOT, TABLE_FREE } from '../nodes/memory.ts'
import { type BitBounds, type Node, sumOf, type Traits, traitsOf } from '../nodes/node.ts'
import { limitOf, prefixBounds } from '../nodes/size-prefix.ts'
import { type Infer, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { Elements } from './elements.ts'
import { identityOf } from './identity.ts'
import { emitAdmit, emitGiveBack, emitGuard, guardFor, isObjectKey } from './keyed.ts'
import { shapeNode } from './struct.ts'

class SetNode implements Node {
  readonly kind = 'set'
  readonly of: Node
  readonly max: number
  readonly isMulti: boolean
  readonly traits: Traits
  readonly #elements: Elements
  readonly #hasObjects: boolean

  constructor(of: Node, max: number, isMulti: boolean) {
    this.of = of
    this.max = max
    this.isMulti = isMulti
    this.#elements = new Elements(of, 'one by one')
    this.traits = traitsOf([of])
    this.#hasObjects = !isMulti && isObjectKey(of)
  }

  bounds(packed: boolean): BitBounds {
    return sumOf([prefixBounds(this.max), this.#elements.bounds(packed, 0, this.max)])
  }

  surplus(_packed: boolean, perBit: number): number {
    return (this.isMulti ? arrayMemory(0) + SLOT * 2 : SET_MEMORY) - 8 * perBit
  }

  descriptor(): Descriptor {
    const base = { t: 'set', max: this.max, of: this.of.descriptor() } as const
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
    const count = reader.size(this.max)
    return this.isMulti ? this.#elements.read(reader, count, 'bytes') : this.#readSet(reader, count)
  }

  /** Of equal elements the first counts. */
  #readSet(reader: ByteReader, count: number): Set<unknown> {
    const set = new Set<unknown>()
    const seen = this.#hasObjects ? new Set<unknown>() : set
    const guard = guardFor(this.of, count)
    reader.charge(SET_MEMORY)
    for (let i = 0; i < count; i++) {
      const start = reader.bitPosition
      if (i >= TABLE_FREE) reader.charge(SET_ENTRY_MEMORY)
      const element = this.of.read(reader)
      if (reader.bitPosition === start) reader.emptyElements(1)
      if (reader.error !== '') break
      const identity = this.#hasObjects ? identityOf(element) : element
      if (guard?.admit(identity) === false) reader.raise('KeyCollisions')
      if (seen.has(identity)) guard?.repeated()
      else {
        seen.add(identity)
        if (seen !== set) set.add(element)
      }
    }
    giveBack(guard)
    return set
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
    measureByReference(emitter, this, value)
  }

  emitRead(emitter: ReadEmitter): string {
    const count = emitter.size(this.max)
    return this.isMulti ? this.#elements.emitRead(emitter, count) : this.#emitReadSet(emitter, count)
  }

  #emitReadSet(emitter: ReadEmitter, count: string): string {
    const { isPacked, budget } = emitter
    emitter.expectElements(count, this.of.bounds(isPacked).min)
    chargeMemory(emitter, SET_ENTRY_MEMORY + this.of.surplus(isPacked, budget.perBit), count)
    const set = emitter.local('new Set()')
    const seen = this.#hasObjects ? emitter.local('new Set()') : set
    const guard = emitGuard(emitter, this.of, count)
    const i = emitter.name()
    const body = (): void => {
      const element = emitter.local(emitter.nested(this.of))
      const identity = this.#hasObjects
        ? emitter.local(`${emitter.constant(identityOf)}(${element})`)
        : element
      emitAdmit(emitter, guard, identity)
      if (this.#hasObjects) emitter.line(`${seen}.add(${identity})`)
      emitter.line(`${set}.add(${element})`)
    }
    const takes = this.#elements.takes(isPacked)
    emitter.block(`for (let ${i} = 0; ${i} < ${count}; ${i}++)`, body, 'open', takes)
    // No writer repeats an element: which one counts is left to the reference.
    emitter.giveUpIf(`${seen}.size !== ${count}`)
    emitGiveBack(emitter, guard)
    return set
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
