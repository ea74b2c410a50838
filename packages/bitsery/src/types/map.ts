import { type Issue, issueAt, issueUnder } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import type { MeasureEmitter } from '../emitters/measure-emitter.ts'
import type { ReadEmitter } from '../emitters/read-emitter.ts'
import type { WriteEmitter } from '../emitters/write-emitter.ts'
import { type BitBounds, type Node, repeated, sumOf, type Traits, traitsOf } from '../nodes/node.ts'
import { limitOf, prefixBounds } from '../nodes/size-prefix.ts'
import { type Infer, type Schema, type Shape, schemaOf } from '../schema/schema.ts'
import { keyOf } from './json-value.ts'
import { shapeNode } from './struct.ts'
import { TextNode } from './text.ts'

type Entry = readonly [key: unknown, value: unknown]

/** Whether values of a node are objects in JavaScript, which a Map or a Set tells apart by identity. */
export function isObjectKey(node: Node): boolean {
  if (node instanceof TextNode) return node.invalid === 'raw'
  return !/^([fiu]\d+|bool|enum|range|rangeFloat|rawBits|compact|compactChecked)$/.test(node.kind)
}

class MapNode implements Node {
  readonly kind = 'map'
  readonly key: Node
  readonly value: Node
  readonly max: number
  readonly isMulti: boolean
  readonly traits: Traits
  readonly #keyDescriptor: Descriptor
  readonly #hasObjectKeys: boolean

  constructor(key: Node, value: Node, max: number, isMulti: boolean) {
    this.key = key
    this.value = value
    this.max = max
    this.isMulti = isMulti
    this.#keyDescriptor = key.descriptor()
    this.#hasObjectKeys = !isMulti && isObjectKey(key)
    this.traits = traitsOf([key, value])
  }

  bounds(packed: boolean): BitBounds {
    return sumOf([prefixBounds(this.max), repeated(this.#entryBounds(packed), 0, this.max)])
  }

  #entryBounds(packed: boolean): BitBounds {
    return sumOf([this.key.bounds(packed), this.value.bounds(packed)])
  }

  descriptor(): Descriptor {
    const base = {
      t: 'map',
      max: this.max,
      key: this.#keyDescriptor,
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
    const entries: Entry[] = []
    for (let i = 0; i < count && reader.error === ''; i++) {
      const start = reader.bitPosition
      entries.push([this.key.read(reader), this.value.read(reader)])
      if (reader.bitPosition === start) reader.hasRoomForEmpty(1)
    }
    if (this.isMulti || reader.error !== '') return entries
    return this.#mapOf(entries)
  }

  /** The first of equal keys counts, as in C++. */
  #mapOf(entries: readonly Entry[]): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>()
    const seen = new Set<unknown>()
    for (const [key, value] of entries) {
      const identity = this.#hasObjectKeys ? keyOf(this.#keyDescriptor, key) : key
      if (seen.has(identity)) continue
      seen.add(identity)
      map.set(key, value)
    }
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
    emitter.reference(this, value)
  }

  emitRead(emitter: ReadEmitter): string {
    const count = emitter.size(this.max)
    const { min } = this.#entryBounds(emitter.isPacked)
    const map = emitter.name()
    emitter.expectElements(count, min)
    emitter.line(`const ${map} = ${this.isMulti ? '[]' : 'new Map()'}`)
    const seen = this.#hasObjectKeys ? emitter.local('new Set()') : map
    const i = emitter.name()
    const body = (): void => {
      const key = emitter.local(emitter.nested(this.key))
      const value = emitter.local(emitter.nested(this.value))
      if (this.isMulti) {
        emitter.line(`${map}.push([${key}, ${value}])`)
        return
      }
      const identityOf = (of: unknown): unknown => keyOf(this.#keyDescriptor, of)
      const identity = this.#hasObjectKeys ? emitter.local(`${emitter.constant(identityOf)}(${key})`) : key
      const mark = this.#hasObjectKeys ? `${seen}.add(${identity}); ` : ''
      emitter.line(`if (!${seen}.has(${identity})) { ${mark}${map}.set(${key}, ${value}) }`)
    }
    emitter.block(`for (let ${i} = 0; ${i} < ${count}; ${i}++)`, body, 'open', this.#takes(emitter.isPacked))
    return map
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
