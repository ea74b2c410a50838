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
import { arrayMemory, MAP_ENTRY_MEMORY, MAP_MEMORY, SLOT, TABLE_FREE } from '../nodes/memory.ts'
import { type BitBounds, type Node, repeated, sumOf, type Traits, traitsOf } from '../nodes/node.ts'
import { limitOf, prefixBounds } from '../nodes/size-prefix.ts'
import { type Infer, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { identityOf } from './identity.ts'
import { emitAdmit, emitGiveBack, emitGuard, guardFor, isObjectKey } from './keyed.ts'
import { shapeNode } from './struct.ts'

type Entry = readonly [key: unknown, value: unknown]

class MapNode implements Node {
  readonly kind = 'map'
  readonly key: Node
  readonly value: Node
  readonly max: number
  readonly isMulti: boolean
  readonly traits: Traits
  readonly #hasObjectKeys: boolean

  constructor(key: Node, value: Node, max: number, isMulti: boolean) {
    this.key = key
    this.value = value
    this.max = max
    this.isMulti = isMulti
    this.#hasObjectKeys = !isMulti && isObjectKey(key)
    this.traits = traitsOf([key, value])
  }

  bounds(packed: boolean): BitBounds {
    return sumOf([prefixBounds(this.max), repeated(this.#entryBounds(packed), 0, this.max)])
  }

  #entryBounds(packed: boolean): BitBounds {
    return sumOf([this.key.bounds(packed), this.value.bounds(packed)])
  }

  surplus(_packed: boolean, perBit: number): number {
    return (this.isMulti ? arrayMemory(0) + SLOT * 2 : MAP_MEMORY) - 8 * perBit
  }

  /** What an entry may take beyond `perBit` bytes of memory for each of its bits. */
  #entrySurplus(packed: boolean, perBit: number): number {
    const place = this.isMulti ? SLOT + arrayMemory(2) : MAP_ENTRY_MEMORY
    return place + this.key.surplus(packed, perBit) + this.value.surplus(packed, perBit)
  }

  descriptor(): Descriptor {
    const base = {
      t: 'map',
      max: this.max,
      key: this.key.descriptor(),
      value: this.value.descriptor(),
    } as const
    return this.isMulti ? { ...base, multi: true } : base
  }

  check(value: unknown): Issue | undefined {
    const size = this.#sizeOf(value)
    if (size < 0 || size > this.max)
      return issueAt(`${this.isMulti ? 'an array of [key, value],' : 'a Map of'} at most ${this.max}`, value)
    let index = 0
    for (const entry of value as Iterable<unknown>) {
      const issue = this.#checkEntry(entry)
      if (issue !== undefined) return issueUnder(index, issue)
      index += 1
    }
    return undefined
  }

  #checkEntry(entry: unknown): Issue | undefined {
    if (!Array.isArray(entry) || entry.length !== 2) return issueAt('[key, value]', entry)
    const issue = this.key.check(entry[0])
    if (issue !== undefined) return issueUnder('key', issue)
    const inValue = this.value.check(entry[1])
    return inValue === undefined ? undefined : issueUnder('value', inValue)
  }

  #sizeOf(value: unknown): number {
    if (this.isMulti) return Array.isArray(value) ? value.length : -1
    return value instanceof Map ? value.size : -1
  }

  write(writer: ByteWriter, value: unknown): void {
    writer.size(this.#sizeOf(value))
    for (const [key, of] of value as Iterable<Entry>) {
      this.key.write(writer, key)
      this.value.write(writer, of)
    }
  }

  read(reader: ByteReader): unknown {
    const count = reader.size(this.max)
    return this.isMulti ? this.#readAll(reader, count) : this.#readMap(reader, count)
  }

  #readAll(reader: ByteReader, count: number): Entry[] {
    const entries: Entry[] = []
    reader.charge(arrayMemory(0) + SLOT * 2)
    for (let i = 0; i < count && reader.error === ''; i++) {
      const start = reader.bitPosition
      reader.charge(SLOT + arrayMemory(2))
      entries.push([this.key.read(reader), this.value.read(reader)])
      if (reader.bitPosition === start) reader.emptyElements(1)
    }
    return entries
  }

  /** The first of equal keys counts, as in C++. */
  #readMap(reader: ByteReader, count: number): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>()
    const seen: Map<unknown, unknown> | Set<unknown> = this.#hasObjectKeys ? new Set() : map
    const guard = guardFor(this.key, count)
    reader.charge(MAP_MEMORY)
    for (let i = 0; i < count; i++) {
      const start = reader.bitPosition
      if (i >= TABLE_FREE) reader.charge(MAP_ENTRY_MEMORY)
      const key = this.key.read(reader)
      const value = this.value.read(reader)
      if (reader.bitPosition === start) reader.emptyElements(1)
      if (reader.error !== '') break
      const identity = this.#hasObjectKeys ? identityOf(key) : key
      if (guard?.admit(identity) === false) reader.raise('KeyCollisions')
      if (seen.has(identity)) guard?.repeated()
      else {
        if (seen instanceof Set) seen.add(identity)
        map.set(key, value)
      }
    }
    giveBack(guard)
    return map
  }

  emitWrite(emitter: WriteEmitter, value: string): void {
    const map = emitter.local(value)
    emitter.refuseIf(this.isMulti ? `!Array.isArray(${map})` : `!(${map} instanceof Map)`)
    const count = emitter.local(`${map}.${this.isMulti ? 'length' : 'size'}`)
    emitter.refuseIf(`${count} > ${this.max}`)
    emitter.size(count, this.max)
    const entry = emitter.name()
    const body = (): void => {
      if (this.isMulti) emitter.refuseIf(`!Array.isArray(${entry}) || ${entry}.length !== 2`)
      emitter.nested(this.key, `${entry}[0]`)
      emitter.nested(this.value, `${entry}[1]`)
    }
    emitter.block(`for (const ${entry} of ${map})`, body, this.#takes(emitter.isPacked))
  }

  emitMeasure(emitter: MeasureEmitter, value: string): void {
    measureByReference(emitter, this, value)
  }

  emitRead(emitter: ReadEmitter): string {
    const count = emitter.size(this.max)
    emitter.expectElements(count, this.#entryBounds(emitter.isPacked).min)
    chargeMemory(emitter, this.#entrySurplus(emitter.isPacked, emitter.budget.perBit), count)
    return this.isMulti ? this.#emitReadAll(emitter, count) : this.#emitReadMap(emitter, count)
  }

  #emitReadAll(emitter: ReadEmitter, count: string): string {
    const entries = emitter.local('[]')
    this.#emitEach(emitter, count, (key, value) => emitter.line(`${entries}.push([${key}, ${value}])`))
    return entries
  }

  #emitReadMap(emitter: ReadEmitter, count: string): string {
    const map = emitter.local('new Map()')
    const seen = this.#hasObjectKeys ? emitter.local('new Set()') : map
    const guard = emitGuard(emitter, this.key, count)
    this.#emitEach(emitter, count, (key, value) => {
      const identity = this.#hasObjectKeys ? emitter.local(`${emitter.constant(identityOf)}(${key})`) : key
      emitAdmit(emitter, guard, identity)
      if (this.#hasObjectKeys) emitter.line(`${seen}.add(${identity})`)
      emitter.line(`${map}.set(${key}, ${value})`)
    })
    // No writer repeats a key: which one counts is left to the reference.
    emitter.giveUpIf(`${seen}.size !== ${count}`)
    emitGiveBack(emitter, guard)
    return map
  }

  #emitEach(emitter: ReadEmitter, count: string, take: (key: string, value: string) => void): void {
    const i = emitter.name()
    const body = (): void => {
      const key = emitter.local(emitter.nested(this.key))
      take(key, emitter.local(emitter.nested(this.value)))
    }
    emitter.block(`for (let ${i} = 0; ${i} < ${count}; ${i}++)`, body, 'open', this.#takes(emitter.isPacked))
  }

  #takes(packed: boolean): 'whole' | 'any' {
    return this.#entryBounds(packed).isWhole ? 'whole' : 'any'
  }
}

/**
 * `std::map` and `std::unordered_map` (`StdMap`): a size prefix, then key and value of each entry. A Map is written in its own order:
 * insert ascending keys (text by its bytes) where the bytes must be those of a `std::map`. Any order is read; of equal
 * keys the first counts. Keys that are objects are equal when they hold equal values.
 */
export function map<const K extends Shape, const V extends Shape>(
  key: K,
  value: V,
  max: number,
): Schema<Map<Infer<K>, Infer<V>>> {
  return schemaOf(new MapNode(shapeNode(key), shapeNode(value), limitOf('map max', max), false))
}

/** `std::multimap` and its unordered kin: bytes as of `map`; all entries are kept, as pairs in their order. */
export function multimap<const K extends Shape, const V extends Shape>(
  key: K,
  value: V,
  max: number,
): Schema<[Infer<K>, Infer<V>][]> {
  return schemaOf(new MapNode(shapeNode(key), shapeNode(value), limitOf('multimap max', max), true))
}
