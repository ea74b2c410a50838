import { BitseryError, phrase, type ReadErrorCode } from '../base/errors.ts'
import type { Descriptor } from '../base/grammar.ts'
import type { Source, Target } from '../bytes/source.ts'
import { canCompile } from '../emitters/code.ts'
import { NO_TRAITS, type Node } from '../nodes/node.ts'
import { compile, type DoorSettings, type Doors, interpret } from './doors.ts'
import { fingerprintOf } from './fingerprint.ts'
import { decodeWith, encodeWith } from './scratch.ts'
import { type StandardProps, standardOf } from './standard.ts'
import { type View, viewDoor } from './view.ts'

/** How a schema works. Everything is optional; what is left out stays as it is. */
export interface SchemaOptions {
  /** `'compiled'` makes functions out of text and is much faster; `'interpreted'` works where that is forbidden.
   * Default: compiled where allowed. Both give the same bytes, values and errors. */
  readonly backend?: 'compiled' | 'interpreted' | undefined
  /** The byte order of everything of more than one byte. Default `'little'`, as in the C++ library. */
  readonly byteOrder?: 'little' | 'big' | undefined
  /** A name for the whole value in the messages of errors: `move.x` rather than `x`. */
  readonly name?: string | undefined
  /**
   * How many array elements that take no bytes (empty structs, fixed arrays of none) one read accepts in all: no bytes
   * justify them. Above it is InvalidData. Default 256.
   */
  readonly emptyElementsMax?: number | undefined
  /**
   * How many bytes of memory a value may take for each byte that is read, beside 16 KiB for the whole of it (and 192 bytes for each element
   * without bytes): by figures of V8 that are the same everywhere. Above it is MemoryLimit. Default 64.
   */
  readonly memoryPerByteMax?: number | undefined
}

/** How a schema works, with nothing left open. */
export type SchemaSettings = {
  readonly [Name in keyof SchemaOptions]-?: NonNullable<SchemaOptions[Name]>
}

/**
 * What `decode` gives: the value, or why there is none. `completed` tells whether all bytes were used: a value with
 * `completed: false` has trailing bytes behind it, from `position` on.
 */
export type Decoded<T> =
  | {
      readonly ok: true
      readonly value: T
      readonly completed: boolean
      readonly position: number
      /** Ids that observers in the value have and no object in it, if there are some. */
      readonly unresolved?: readonly number[]
    }
  | {
      readonly ok: false
      readonly error: ReadErrorCode
      readonly completed: false
      readonly position: number
    }

/** A description of values of type T and of their bytes. Immutable; may be shared and nested freely. */
export interface Schema<T> {
  /** The bytes of a value, in memory of their own. Throws BitseryError when the value does not fit. */
  encode(value: T): Uint8Array
  /** The value that the bytes hold, or the error. Never throws. Keeps nothing of `bytes`. */
  decode(bytes: Uint8Array): Decoded<T>
  /** How many bytes `encode` would give. Expects a value that fits: it looks no further than it has to. */
  measure(value: T): number
  /**
   * Writes into `target` from `offset` on and returns where it ended. There must be room for `sizeMax` bytes, or for what
   * `measure` says. Throws BitseryError when the value does not fit; what was written by then means nothing.
   */
  write(value: T, target: Target, offset: number): number
  /**
   * Reads from `source` between `offset` and `end` (0 <= offset <= end <= its length). Never throws: the outcome is
   * in `source.error` and `source.position`, and with an error the value returned means nothing.
   */
  read(source: Source, offset: number, end: number): T
  /**
   * Reads a struct in place, from `offset` on: properties are read when they are asked for, and no object is made for those that
   * are not. All fields but the last must have a fixed size; throws BitseryError otherwise, and when there are fewer bytes
   * than those fields take. Borrows `bytes`, and sees their changes. `into`, an earlier view of this schema, is
   * moved instead of making a new one: no allocation.
   */
  view(bytes: Uint8Array | Target, offset?: number, into?: View<T>): View<T>
  /** The fewest bytes a value can take. */
  readonly sizeMin: number
  /** The most bytes a value can take. */
  readonly sizeMax: number
  /** The size of every value, if it is always the same. */
  readonly sizeFixed: number | undefined
  /** The name of the type in the neutral grammar, such as `u8`, `text`, `struct`. */
  readonly kind: string
  /** The fields of a struct in their order; empty for everything else. */
  readonly fields: readonly SchemaField[]
  /** The neutral grammar of this schema, as plain JSON. */
  readonly descriptor: Descriptor
  /** 16 hex digits that are equal for equal descriptors and byte orders: FNV-1a, 64 bits. Stable for ever. */
  readonly fingerprint: string
  /** What is in force, defaults filled in. */
  readonly options: SchemaSettings
  /** Standard Schema (https://standardschema.dev): validates values before writing, in any library that knows the standard. */
  readonly '~standard': StandardProps<T>
  /** The same schema with other options, for itself and all it contains. */
  with(options: SchemaOptions): Schema<T>
}

/** A field of a struct schema. */
export interface SchemaField {
  readonly name: string
  readonly schema: Schema<unknown>
}

/** Where a schema is wanted: a schema, or an object literal that stands for a struct. */
export type Shape = Schema<unknown> | Fields

/** The fields of a struct, in the order of their bytes. */
export interface Fields {
  readonly [name: string]: Shape
}

/** The type of the values of a schema, or of the struct that an object literal stands for. */
export type Infer<S> = S extends Schema<infer T> ? T : { [K in keyof Joined<S>]: Joined<S>[K] }

/** The type of what takes no value: alignment within a struct. */
export interface NoValue {
  readonly noValue: never
}

type ValueNames<F> = { [K in keyof F]: F[K] extends Schema<NoValue> ? never : K }[keyof F]

type OptionalNames<F> = {
  [K in keyof F]: F[K] extends Schema<infer T> ? (undefined extends T ? K : never) : never
}[keyof F]

type Joined<F> = { -readonly [K in Exclude<ValueNames<F>, OptionalNames<F>>]: Infer<F[K]> } & {
  -readonly [K in OptionalNames<F>]?: Infer<F[K]>
}

/** The type of a struct with these fields; optional ones may be left out. */
export type InferFields<F> = { [K in keyof Joined<F>]: Joined<F>[K] }

const BRAND = Symbol.for('bitsery-ts.schema')

/** A schema over a node. Its doors are made at first use and are then plain properties: calling one is one call. */
class NodeSchema<T> {
  readonly [BRAND] = true
  readonly node: Node
  readonly options: SchemaSettings
  readonly kind: string
  readonly sizeMin: number
  readonly sizeMax: number
  readonly sizeFixed: number | undefined
  write: (value: T, target: Target, offset: number) => number
  read: (source: Source, offset: number, end: number) => T
  measure: (value: T) => number
  view: (bytes: Uint8Array | Target, offset?: number, into?: View<T>) => View<T>
  #fields: readonly SchemaField[] | undefined
  #standard: StandardProps<T> | undefined

  constructor(node: Node, options: SchemaSettings) {
    this.node = node
    this.options = checkedOptions(options)
    this.kind = node.kind
    const { min, max } = node.bounds(false)
    this.sizeMin = Math.ceil(min / 8)
    this.sizeMax = Math.ceil(max / 8)
    this.sizeFixed = this.sizeMin === this.sizeMax ? this.sizeMin : undefined
    this.write = (value, target, offset) => this.#open().write(value, target, offset)
    this.read = (source, offset, end) => this.#open().read(source, offset, end)
    this.measure = (value) => this.#open().measure(value)
    this.view = (bytes, offset, into) => {
      this.view = viewDoor(this.node, this.#settings(), this.options.backend) as NodeSchema<T>['view']
      return this.view(bytes, offset, into)
    }
  }

  encode(value: T): Uint8Array {
    return encodeWith(this, value)
  }

  decode(bytes: Uint8Array): Decoded<T> {
    return decodeWith(this, bytes)
  }

  get fields(): readonly SchemaField[] {
    this.#fields ??= (this.node.fields ?? []).map(({ name, node }) => {
      return { name, schema: new NodeSchema<unknown>(node, this.options) }
    })
    return this.#fields
  }

  get descriptor(): Descriptor {
    return this.node.descriptor()
  }

  get fingerprint(): string {
    return fingerprintOf(this.node.descriptor(), this.options.byteOrder)
  }

  get '~standard'(): StandardProps<T> {
    this.#standard ??= standardOf<T>(this.node)
    return this.#standard
  }

  with(options: SchemaOptions): Schema<T> {
    const { backend, byteOrder, name, emptyElementsMax, memoryPerByteMax } = this.options
    return new NodeSchema<T>(this.node, {
      backend: options.backend ?? backend,
      byteOrder: options.byteOrder ?? byteOrder,
      name: options.name ?? name,
      emptyElementsMax: options.emptyElementsMax ?? emptyElementsMax,
      memoryPerByteMax: options.memoryPerByteMax ?? memoryPerByteMax,
    })
  }

  #settings(): DoorSettings {
    const { byteOrder, ...settings } = this.options
    return { ...settings, isLittle: byteOrder === 'little' }
  }

  #open(): Doors<T> {
    const { backend, name } = this.options
    const settings = this.#settings()
    const { needsBits, hasPointers } = this.node.traits ?? NO_TRAITS
    if (needsBits !== '') throw new BitseryError(name, 'bits(…) around it', needsBits)
    const isCompiled = backend === 'compiled' && !hasPointers && canCompile()
    const make = isCompiled ? compile<T> : interpret<T>
    const doors = make(this.node, settings)
    this.write = doors.write
    this.read = doors.read
    this.measure = doors.measure
    return doors
  }
}

/** Options from callers that no compiler has checked: a wrong byte order must not become the other one. */
function checkedOptions(options: SchemaSettings): SchemaSettings {
  const { backend, byteOrder, name, emptyElementsMax, memoryPerByteMax } = options
  if (backend !== 'compiled' && backend !== 'interpreted') {
    throw new BitseryError('backend', '"compiled" or "interpreted"', phrase(backend))
  }
  if (byteOrder !== 'little' && byteOrder !== 'big') {
    throw new BitseryError('byteOrder', '"little" or "big"', phrase(byteOrder))
  }
  if (typeof name !== 'string') throw new BitseryError('name', 'text', phrase(name))
  if (!(Number.isInteger(emptyElementsMax) && emptyElementsMax >= 0)) {
    throw new BitseryError('emptyElementsMax', 'an integer from 0', phrase(emptyElementsMax))
  }
  if (!(Number.isInteger(memoryPerByteMax) && memoryPerByteMax >= 8)) {
    throw new BitseryError('memoryPerByteMax', 'an integer from 8', phrase(memoryPerByteMax))
  }
  return { backend, byteOrder, name, emptyElementsMax, memoryPerByteMax }
}

/** A schema over a node, with the default options. */
export function schemaOf<T>(node: Node): Schema<T> {
  return new NodeSchema<T>(node, {
    backend: 'compiled',
    byteOrder: 'little',
    name: '',
    emptyElementsMax: 256,
    memoryPerByteMax: 64,
  })
}

/** Whether this is a schema, also one made by another copy of this package. */
export function isSchema(value: unknown): value is Schema<unknown> {
  return typeof value === 'object' && value !== null && BRAND in value
}

/** The node of a schema. */
export function nodeOf(schema: Schema<unknown>): Node {
  if (!isSchema(schema)) throw new BitseryError('schema', 'a schema', typeof schema)
  return (schema as unknown as NodeSchema<unknown>).node
}
