import { BitseryError, phrase } from './base/errors.ts'
import type { Descriptor, IntegerName, NumberName, WholeJson } from './base/grammar.ts'
import { nodeOf, type Schema } from './schema/schema.ts'
import { array, fixedArray, queue, stack } from './types/array.ts'
import { base, virtualBase } from './types/base.ts'
import { align, bits, rawBits } from './types/bits.ts'
import { bitset } from './types/bitset.ts'
import { bool } from './types/bool.ts'
import { compact, compactChecked } from './types/compact.ts'
import { DescriptorCount, type DescriptorLimits } from './types/descriptor-limits.ts'
import { entropy } from './types/entropy.ts'
import { enumeration, enumNumber } from './types/enumeration.ts'
import { growable } from './types/growable.ts'
import { valueFromJson } from './types/json-value.ts'
import { map, multimap } from './types/map.ts'
import { duration, f32, f64, i8, i16, i32, i64, timePoint, u8, u16, u32, u64 } from './types/number.ts'
import { optional } from './types/optional.ts'
import { pointer, polymorphicOf } from './types/pointer.ts'
import { range } from './types/range.ts'
import { rangeFloat } from './types/range-float.ts'
import { multiset, set } from './types/set.ts'
import { structOf } from './types/struct.ts'
import { fixedText, text } from './types/text.ts'
import { tuple } from './types/tuple.ts'
import { variantOf, variantWithNames } from './types/variant.ts'

export type { Descriptor, IntegerName, NumberName, PointerKind, WholeJson } from './base/grammar.ts'
export type { DescriptorLimits } from './types/descriptor-limits.ts'
export { type Json, valueFromJson, valueToJson } from './types/json-value.ts'

const INTEGERS: { readonly [name in IntegerName]: Schema<number | bigint> } = {
  u8,
  u16,
  u32,
  u64,
  i8,
  i16,
  i32,
  i64,
} as { readonly [name in IntegerName]: Schema<never> }
const FLOATS = { f32, f64 } as const
const NUMBERS: { readonly [name in NumberName]: Schema<number | bigint> } = { ...INTEGERS, ...FLOATS } as {
  readonly [name in NumberName]: Schema<never>
}

/** How deep a descriptor may be nested. */
const DEPTH_MAX = 100

/**
 * The schema that a descriptor (the neutral grammar, parsed JSON) describes. The descriptor may come from
 * anywhere: what isn't in the grammar throws BitseryError with its place.
 *
 * Values: text that is no text is a `Uint8Array` or `Uint32Array`; enumerations with names give names and, for others, the
 * number; arrays are arrays, also of u8; 64-bit integers are bigints; variants without names are `{ index, value }`.
 * A descriptor that asks for more than its limits, or is nested deeper than 100, is refused, too.
 */
export function schemaFromDescriptor(descriptor: Descriptor, limits: DescriptorLimits = {}): Schema<unknown> {
  const count = new DescriptorCount(limits)
  const schema = new Parser('descriptor', 0, count).parse(descriptor)
  count.whole(descriptor)
  const needsBits = nodeOf(schema).traits?.needsBits ?? ''
  if (needsBits !== '')
    throw new BitseryError('descriptor', `"bits" around every ${phrase(needsBits)}`, 'none')
  return schema
}

type Of<T extends Descriptor['t']> = Extract<Descriptor, { readonly t: T }>

/** Reads one descriptor at a place, and makes others for the descriptors in it. */
class Parser {
  readonly #path: string
  readonly #depth: number
  readonly #count: DescriptorCount
  /** How many growables are around it. */
  readonly #growables: number

  constructor(path: string, depth: number, count: DescriptorCount, growables = 0) {
    this.#path = path
    this.#depth = depth
    this.#count = count
    this.#growables = growables
  }

  parse(descriptor: Descriptor): Schema<unknown> {
    if (typeof descriptor !== 'object' || descriptor === null)
      throw new BitseryError(this.#path, 'an object', phrase(descriptor))
    if (this.#depth > DEPTH_MAX) throw new BitseryError(this.#path, `at most ${DEPTH_MAX} levels`, 'more')
    this.#count.node(this.#path, this.#growables, descriptor)
    try {
      return (
        this.#leaf(descriptor) ??
        this.#collection(descriptor) ??
        this.#packed(descriptor) ??
        this.#other(descriptor)
      )
    } catch (error) {
      if (!(error instanceof BitseryError) || error.path.startsWith('descriptor')) throw error
      throw new BitseryError(`${this.#path}: ${error.path}`, error.wanted, error.got)
    }
  }

  #of(of: Descriptor, name = 'of'): Schema<unknown> {
    return this.#at(name, this.#growables).parse(of)
  }

  #at(name: string, growables: number): Parser {
    return new Parser(`${this.#path}.${name}`, this.#depth + 1, this.#count, growables)
  }

  #list(of: readonly Descriptor[]): Schema<unknown>[] {
    if (!Array.isArray(of)) throw new BitseryError(`${this.#path}.of`, 'an array of schemas', phrase(of))
    return of.map((one, index) => this.#of(one, `of[${index}]`))
  }

  #leaf(descriptor: Descriptor): Schema<unknown> | undefined {
    switch (descriptor.t) {
      case 'bool':
        return bool
      case 'enum':
        return parseEnum(descriptor, this.#path)
      case 'text':
        return text(descriptor.max, { charSize: descriptor.char, invalid: 'raw' })
      case 'fixedText':
        return fixedText(descriptor.n, { charSize: descriptor.char, invalid: 'raw' })
      case 'bitset':
        return bitset(descriptor.n)
      case 'duration':
        return duration(this.#number(descriptor.of))
      case 'timePoint':
        return timePoint(this.#number(descriptor.of))
      case 'compact':
        return compact(this.#integer(descriptor.of))
      case 'compactChecked':
        return compactChecked(this.#integer(descriptor.of))
      default:
        return Object.hasOwn(NUMBERS, descriptor.t) ? NUMBERS[descriptor.t as NumberName] : undefined
    }
  }

  #collection(descriptor: Descriptor): Schema<unknown> | undefined {
    switch (descriptor.t) {
      case 'array':
        return array(this.#of(descriptor.of), descriptor.max)
      case 'fixedArray':
        return fixedArray(this.#of(descriptor.of), descriptor.n)
      case 'queue':
        return queue(this.#of(descriptor.of), descriptor.max)
      case 'stack':
        return stack(this.#of(descriptor.of), descriptor.max)
      case 'map': {
        const make: typeof map | typeof multimap = descriptor.multi === true ? multimap : map
        return make(this.#of(descriptor.key, 'key'), this.#of(descriptor.value, 'value'), descriptor.max)
      }
      case 'set': {
        const make: typeof set | typeof multiset = descriptor.multi === true ? multiset : set
        return make(this.#of(descriptor.of), descriptor.max)
      }
      case 'tuple':
        return tuple(this.#list(descriptor.of))
      case 'variant': {
        const of = this.#list(descriptor.of)
        return descriptor.names === undefined ? variantOf(of) : variantWithNames(of, descriptor.names)
      }
      default:
        return undefined
    }
  }

  #packed(descriptor: Descriptor): Schema<unknown> | undefined {
    switch (descriptor.t) {
      case 'bits':
        return bits(this.#of(descriptor.of))
      case 'align':
        return align
      case 'rawBits':
        return rawBits(descriptor.n)
      case 'range': {
        const of = this.#integer(descriptor.of)
        return range(of, this.#bound(descriptor, 'min'), this.#bound(descriptor, 'max'))
      }
      case 'rangeFloat':
        return this.#rangeFloat(descriptor)
      case 'entropy': {
        if (!Array.isArray(descriptor.values))
          throw new BitseryError(`${this.#path}.values`, 'an array of values', phrase(descriptor.values))
        const values = descriptor.values.map((value) => valueFromJson(descriptor.of, value))
        return entropy(this.#of(descriptor.of), values, {
          start: descriptor.align === false ? 'bit' : 'byte',
        })
      }
      default:
        return undefined
    }
  }

  #other(descriptor: Descriptor): Schema<unknown> {
    switch (descriptor.t) {
      case 'struct':
        return structOf(this.#pairs(descriptor.fields, 'fields'))
      case 'optional':
        return optional(this.#of(descriptor.of), { start: descriptor.align === false ? 'bit' : 'byte' })
      case 'growable':
        return growable(this.#at('of', this.#growables + 1).parse(descriptor.of))
      case 'base':
        return base(this.#of(descriptor.of))
      case 'virtualBase':
        return virtualBase(descriptor.id, this.#of(descriptor.of))
      case 'ptr':
        return pointer(descriptor.kind, this.#of(descriptor.of), nullOption(descriptor))
      case 'poly':
        return polymorphicOf(descriptor.kind, this.#pairs(descriptor.of, 'of'), nullOption(descriptor))
      default:
        throw new BitseryError(
          `${this.#path}.t`,
          'a type of the grammar',
          phrase((descriptor as { readonly t: unknown }).t),
        )
    }
  }

  #integer(name: IntegerName): Schema<number | bigint> {
    if (typeof name === 'string' && Object.hasOwn(INTEGERS, name)) return INTEGERS[name]
    throw new BitseryError(`${this.#path}.of`, 'the name of an integer type', phrase(name))
  }

  #number(name: NumberName): Schema<number | bigint> {
    if (typeof name === 'string' && Object.hasOwn(NUMBERS, name)) return NUMBERS[name]
    throw new BitseryError(`${this.#path}.of`, 'the name of a number type', phrase(name))
  }

  #bound(descriptor: Of<'range'>, which: 'min' | 'max'): number | bigint {
    const bound: WholeJson = descriptor[which]
    if (typeof bound === 'string' && /^-?\d{1,20}$/.test(bound)) return BigInt(bound)
    if (typeof bound === 'number')
      return descriptor.of.endsWith('64') && Number.isInteger(bound) ? BigInt(bound) : bound
    throw new BitseryError(`${this.#path}.${which}`, 'an integer', phrase(bound))
  }

  #rangeFloat(descriptor: Of<'rangeFloat'>): Schema<unknown> {
    const { of, min, max } = descriptor
    if (of !== 'f32' && of !== 'f64') throw new BitseryError(`${this.#path}.of`, '"f32" or "f64"', phrase(of))
    const steps = 'bits' in descriptor ? { bits: descriptor.bits } : { precision: descriptor.precision }
    return rangeFloat(FLOATS[of], min, max, steps)
  }

  #pairs(pairs: unknown, member: string): (readonly [string, Schema<unknown>])[] {
    if (!Array.isArray(pairs))
      throw new BitseryError(`${this.#path}.${member}`, 'an array of [name, schema]', phrase(pairs))
    return pairs.map((pair: unknown, index): readonly [string, Schema<unknown>] => {
      if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string')
        throw new BitseryError(`${this.#path}.${member}[${index}]`, '[name, schema]', phrase(pair))
      return [pair[0], this.#of(pair[1] as Descriptor, pair[0])]
    })
  }
}

function nullOption({ notNull }: { readonly notNull?: boolean }): { readonly null: 'allow' | 'refuse' } {
  return { null: notNull === true ? 'refuse' : 'allow' }
}

function parseEnum(descriptor: Descriptor & { readonly t: 'enum' }, path: string): Schema<unknown> {
  const { size, values } = descriptor
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8)
    throw new BitseryError(`${path}.size`, '1, 2, 4 or 8', phrase(size))
  const of = `${descriptor.signed === true ? 'i' : 'u'}${size * 8}` as IntegerName
  if (values === undefined) return enumNumber(of)
  if (!Array.isArray(values))
    throw new BitseryError(`${path}.values`, 'an array of [name, number]', phrase(values))
  const entries = values.map((entry: unknown, index): [string, number | bigint] => {
    if (Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string') {
      if (typeof entry[1] === 'number') return [entry[0], entry[1]]
      if (typeof entry[1] === 'string' && /^-?\d{1,20}$/.test(entry[1])) return [entry[0], BigInt(entry[1])]
    }
    throw new BitseryError(`${path}.values[${index}]`, '[name, number]', phrase(entry))
  })
  return enumeration(Object.fromEntries(entries), { of, unknown: 'number' })
}
