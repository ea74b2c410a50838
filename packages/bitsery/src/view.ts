import { ByteReader } from './byte-reader.ts'
import { canCompile, functionOf } from './code.ts'
import type { DoorSettings } from './doors.ts'
import { BitseryError, phrase } from './errors.ts'
import { endOf, type FieldNode, type Node } from './node.ts'
import { ReadEmitter } from './read-emitter.ts'
import { Source, type Target } from './source.ts'

/**
 * A struct that is read in place: each property reads its field when it is asked for. Only as good as the bytes it lies over, which it
 * borrows. A property throws BitseryError when the bytes of its field are wrong.
 */
export type View<T> = T extends Leaf ? T : { readonly [K in keyof T]: View<T[K]> }

type Leaf =
  | (string | number | bigint | boolean | undefined | null)
  | readonly unknown[]
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | Uint8Array
  | Uint32Array

const PLACE = Symbol('place')

/** Where a view lies. */
interface Place {
  source: Source
  offset: number
}

interface Viewed {
  [PLACE]: Place
}

/** A field of a view: how many bits there are before it, and whether it lies within bit packing. */
interface Spot {
  readonly field: FieldNode
  readonly bits: number
  readonly isPacked: boolean
}

/** Makes views of one schema. */
export class ViewMaker {
  readonly #prototype: object
  readonly #sizeMin: number
  readonly #settings: DoorSettings

  constructor(node: Node, settings: DoorSettings, isCompiled: boolean) {
    this.#settings = settings
    this.#sizeMin = Math.ceil(node.bounds(false).min / 8)
    const isEmitted = isCompiled && node.hasPointers !== true && canCompile()
    this.#prototype = this.#prototypeOf(structIn(node, settings.name), isPackedIn(node), 0, isEmitted)
  }

  /** A view of the bytes from `offset` on, or `into`, moved there. */
  viewOf(bytes: Uint8Array | Target, offset: number, into: unknown): unknown {
    const left = (bytes instanceof Uint8Array ? bytes : bytes.bytes).length - offset
    if (!(Number.isInteger(offset) && offset >= 0 && left >= this.#sizeMin)) {
      const wanted = `${this.#sizeMin} bytes from the offset on`
      throw new BitseryError(this.#settings.name, wanted, `${left} from ${phrase(offset)} on`)
    }
    if (into === undefined) {
      const view = Object.create(this.#prototype) as Viewed
      view[PLACE] = { source: sourceOf(bytes), offset }
      return view
    }
    if (typeof into !== 'object' || into === null || Object.getPrototypeOf(into) !== this.#prototype)
      throw new BitseryError('view', 'a view of the same schema to move', phrase(into))
    const place = (into as Viewed)[PLACE]
    if (bytes instanceof Uint8Array ? place.source.bytes !== bytes : place.source !== bytes)
      place.source = sourceOf(bytes)
    place.offset = offset
    return into
  }

  #prototypeOf(fields: readonly FieldNode[], isPacked: boolean, start: number, isEmitted: boolean): object {
    const prototype = {}
    let end: number | undefined = start
    for (const [index, field] of fields.entries()) {
      if (end === undefined) {
        const before = phrase(fields[index - 1].name)
        const wanted = `fields at fixed offsets: ${phrase(field.name)} lies behind ${before}, whose size varies`
        throw new BitseryError(this.#settings.name, wanted, 'no fixed offset')
      }
      if (field.node.kind !== 'align') {
        const get = this.#getterOf({ field, bits: end, isPacked }, isEmitted)
        Object.defineProperty(prototype, field.name, { get, enumerable: true, configurable: true })
      }
      end = endOf(field.node, isPacked, end)
    }
    return prototype
  }

  #getterOf(spot: Spot, isEmitted: boolean): () => unknown {
    const { node } = spot.field
    const inner = fieldsIn(node)
    if (inner === undefined) return isEmitted ? this.#compiled(spot) : this.#interpreted(spot)
    const prototype = this.#prototypeOf(inner, spot.isPacked || isPackedIn(node), spot.bits, isEmitted)
    return function (this: unknown) {
      const view = Object.create(prototype) as Viewed
      // The same place: a nested view moves with the view it comes from.
      view[PLACE] = (this as Viewed)[PLACE]
      return view
    }
  }

  #interpreted({ field, bits, isPacked }: Spot): () => unknown {
    const { isLittle, emptyElementsMax, name } = this.#settings
    return function (this: unknown) {
      const { source, offset } = (this as Viewed)[PLACE]
      const reader = new ByteReader(
        source,
        offset + (bits >> 3),
        source.bytes.length,
        isLittle,
        emptyElementsMax,
      )
      reader.isPacked = isPacked
      reader.bits(bits & 7)
      const value = field.node.read(reader)
      if (reader.error === '') return value
      throw new BitseryError(
        name === '' ? field.name : `${name}.${field.name}`,
        'bytes of a valid value',
        reader.error,
      )
    }
  }

  #compiled(spot: Spot): () => unknown {
    const { field, bits, isPacked } = spot
    const constants: unknown[] = [this.#interpreted(spot), PLACE]
    const functions: string[] = []
    const emitter = new ReadEmitter(this.#settings.isLittle, 'return c0.call(this)', constants, functions)
    emitter.isPacked = isPacked
    emitter.beginAtBit(bits & 7)
    const result = field.node.emitRead(emitter)
    emitter.settle()
    return functionOf(
      `${functions.join('\n')}
return function () {
const { source, offset } = this[c1]
const { bytes, view } = source
const end = bytes.length
let p = offset + ${bits >> 3}${emitter.hasBits ? ', b = 0' : ''}
${emitter.code.lines.join('\n')}
return ${result}
}`,
      constants,
    ) as () => unknown
  }
}

function sourceOf(bytes: Uint8Array | Target): Source {
  return bytes instanceof Source ? bytes : new Source(bytes instanceof Uint8Array ? bytes : bytes.bytes)
}

/** The fields of a struct, also one in bit packing or a base; undefined for everything else. */
function fieldsIn(node: Node): readonly FieldNode[] | undefined {
  return node.content === undefined ? node.fields : fieldsIn(node.content)
}

function structIn(node: Node, name: string): readonly FieldNode[] {
  const fields = fieldsIn(node)
  if (fields === undefined) throw new BitseryError(name, 'a struct to view', node.kind)
  return fields
}

/** Whether the struct in a node lies within bit packing. */
function isPackedIn(node: Node): boolean {
  return node.content !== undefined && (node.kind === 'bits' || isPackedIn(node.content))
}
