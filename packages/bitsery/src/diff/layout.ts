import type { Descriptor, IntegerName } from '../base/grammar.ts'
import { isEmpty, needsBits } from './parts.ts'

/** A number of so many bits, or what lies in bytes like one: `value = raw + offset`, raw from 0 to `rawMax`. */
export interface Whole {
  readonly form: 'whole'
  readonly bits: number
  readonly isSigned: boolean
  readonly offset: bigint
  readonly rawMax: bigint
  /** Whether its bytes follow the byte order; a group of bits does not. */
  readonly isOrdered: boolean
  /** What a reader does with a raw value above `rawMax`. */
  readonly excess: 'refused' | 'dropped'
  /** The names of raw values, if only some have one. */
  readonly values: readonly (readonly [name: string, raw: bigint])[] | undefined
}

/** One of several things that lie one behind the other. */
export interface Item {
  /** How it stands in a path: `.x` or `[0]`. */
  readonly label: string
  readonly of: Descriptor
}

/** A descriptor by what lies in the bytes: types that only differ in their TypeScript form give the same. */
export type Layout =
  | Whole
  | { readonly form: 'sequence'; readonly items: readonly Item[]; readonly isNamed: boolean }
  | { readonly form: 'repeat'; readonly n: number; readonly of: Descriptor }
  | {
      readonly form: 'list'
      readonly max: number
      readonly of: Descriptor
      /** Whether a reader drops what is equal to an earlier element. */
      readonly isUnique: boolean
      readonly isText: boolean
      /** Whether a reader refuses units that are no text. */
      readonly isChecked: boolean
    }
  | {
      readonly form: 'compact'
      readonly bits: number
      readonly isSigned: boolean
      readonly isChecked: boolean
    }
  | { readonly form: 'pointer'; readonly of: Descriptor & { readonly t: 'ptr' | 'poly' } }
  | { readonly form: 'other'; readonly of: Descriptor }

const NO_TEXT = { isText: false, isChecked: false }

/** Fixed arrays up to this size are looked at element by element. */
const SPREAD_MAX = 64

/** How values of a descriptor lie in bytes, inside bit packing (`isPacked`) or not. */
export function layoutOf(descriptor: Descriptor, isPacked: boolean): Layout {
  switch (descriptor.t) {
    case 'base':
      return layoutOf(descriptor.of, isPacked)
    case 'duration':
    case 'timePoint':
      return layoutOf({ t: descriptor.of }, isPacked)
    case 'bits':
      return isPacked ? layoutOf(descriptor.of, true) : { form: 'other', of: descriptor }
    case 'struct':
      return { form: 'sequence', items: fieldItems(descriptor.fields), isNamed: true }
    case 'tuple':
      return { form: 'sequence', items: indexItems(descriptor.of), isNamed: false }
    case 'fixedArray':
      return { form: 'repeat', n: descriptor.n, of: descriptor.of }
    case 'text':
    case 'fixedText': {
      const of: Descriptor = { t: descriptor.char === 1 ? 'u8' : descriptor.char === 2 ? 'u16' : 'u32' }
      const max = descriptor.t === 'text' ? descriptor.max : descriptor.n - 1
      // A string of JavaScript holds any units of two bytes.
      return { form: 'list', max, of, isUnique: false, isText: true, isChecked: descriptor.char !== 2 }
    }
    case 'array':
    case 'queue':
    case 'stack':
      return { form: 'list', max: descriptor.max, of: descriptor.of, isUnique: false, ...NO_TEXT }
    case 'set':
    case 'map': {
      const of: Descriptor =
        descriptor.t === 'set'
          ? descriptor.of
          : {
              t: 'struct',
              fields: [
                ['key', descriptor.key],
                ['value', descriptor.value],
              ],
            }
      return { form: 'list', max: descriptor.max, of, isUnique: descriptor.multi !== true, ...NO_TEXT }
    }
    case 'compact':
    case 'compactChecked': {
      const whole = integer(descriptor.of)
      if (whole.bits === 8) return whole
      const isChecked = descriptor.t === 'compactChecked'
      return { form: 'compact', bits: whole.bits, isSigned: whole.isSigned, isChecked }
    }
    case 'ptr':
    case 'poly':
      return { form: 'pointer', of: descriptor }
    default:
      return wholeOf(descriptor, isPacked) ?? { form: 'other', of: descriptor }
  }
}

function wholeOf(descriptor: Descriptor, isPacked: boolean): Whole | undefined {
  switch (descriptor.t) {
    case 'u8':
    case 'u16':
    case 'u32':
    case 'u64':
    case 'i8':
    case 'i16':
    case 'i32':
    case 'i64':
      return integer(descriptor.t)
    case 'bool':
      return bitGroup(isPacked ? 1 : 8, 1n)
    case 'rawBits':
      return bitGroup(descriptor.n, allOnes(descriptor.n))
    case 'bitset': {
      // Larger ones are compared by their sizes alone.
      if (descriptor.n > 64) return undefined
      const bits = isPacked ? descriptor.n : Math.ceil(descriptor.n / 8) * 8
      return { ...bitGroup(bits, allOnes(descriptor.n)), excess: 'dropped' }
    }
    case 'range': {
      const min = BigInt(descriptor.min)
      const rawMax = BigInt(descriptor.max) - min
      return { ...bitGroup(bitLength(rawMax), rawMax), offset: min }
    }
    case 'enum': {
      const bits = descriptor.size * 8
      const values = descriptor.values?.map(
        ([name, value]) => [name, BigInt.asUintN(bits, BigInt(value))] as const,
      )
      return { ...integer(`${descriptor.signed === true ? 'i' : 'u'}${bits}` as IntegerName), values }
    }
    default:
      return undefined
  }
}

function integer(name: IntegerName): Whole {
  const bits = Number(name.slice(1))
  return { ...bitGroup(bits, allOnes(bits)), isSigned: name.startsWith('i'), isOrdered: bits > 8 }
}

function bitGroup(bits: number, rawMax: bigint): Whole {
  return {
    form: 'whole',
    bits,
    isSigned: false,
    offset: 0n,
    rawMax,
    isOrdered: false,
    excess: 'refused',
    values: undefined,
  }
}

function allOnes(bits: number): bigint {
  return (1n << BigInt(bits)) - 1n
}

/** How many bits a number from 0 on needs. */
export function bitLength(value: bigint): number {
  return value <= 0n ? 0 : value.toString(2).length
}

/** The fields of a struct as items. */
export function fieldItems(fields: readonly (readonly [name: string, of: Descriptor])[]): Item[] {
  return fields.map(([name, of]) => ({ label: fieldLabel(name), of }))
}

/** The elements of a tuple as items. */
export function indexItems(elements: readonly Descriptor[]): Item[] {
  return elements.map((of, index) => ({ label: `[${index}]`, of }))
}

/** The alternatives of a variant as items. */
export function alternativeItems(of: Descriptor & { readonly t: 'variant' }): Item[] {
  return of.names === undefined
    ? indexItems(of.of)
    : of.of.map((each, index) => ({ label: fieldLabel(of.names?.[index] ?? ''), of: each }))
}

/** Whether an item has a name rather than an index. */
export function isNamed({ label }: Item): boolean {
  return !/^\[\d+\]$/.test(label)
}

function fieldLabel(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

/** What has bytes in these, one behind the other, out of all structs, tuples and fixed arrays. */
export function spread(items: readonly Item[], isPacked: boolean): readonly Item[] {
  return items.flatMap((item) => {
    if (isEmpty(item.of, isPacked)) return []
    const layout = layoutOf(item.of, isPacked)
    if (layout.form === 'repeat' && layout.n > SPREAD_MAX) return [item]
    if (layout.form !== 'sequence' && layout.form !== 'repeat') return [item]
    const inner =
      layout.form === 'sequence'
        ? layout.items
        : indexItems(Array.from({ length: layout.n }, () => layout.of))
    return spread(
      inner.map(({ label, of }) => ({ label: `${item.label}${label}`, of })),
      isPacked,
    )
  })
}

/** Whether this is several things one behind the other. */
export function isRow({ form }: Layout): boolean {
  return form === 'sequence' || form === 'repeat'
}

/** Whether `single` may be looked for in a row: a growable or a block of bits is no other growable or block inside. */
export function couldBe(row: Descriptor, single: Layout, isPacked: boolean): boolean {
  if (single.form !== 'other' || (single.of.t !== 'growable' && single.of.t !== 'bits')) return true
  const items = spread([{ label: '', of: row }], isPacked)
  if (items.length !== 1) return items.length === 0
  return atomsOf(items[0].of, isPacked).join() === atomsOf(single.of, isPacked).join()
}

/**
 * What lies in the bytes, as text, one piece a thing that isn't made of others. Equal pieces: the same bytes, the same
 * values, the same values accepted.
 */
export function atomsOf(descriptor: Descriptor, isPacked: boolean): readonly string[] {
  const layout = layoutOf(descriptor, isPacked)
  const inner = (of: Descriptor): string => `(${atomsOf(of, isPacked).join(' ')})`
  switch (layout.form) {
    case 'whole': {
      const { bits, isSigned, offset, rawMax, isOrdered, values } = layout
      const names = values?.map(([name, raw]) => `${JSON.stringify(name)}:${raw}`).join() ?? ''
      return [`${isSigned ? 'i' : 'u'}${bits}${isOrdered ? 'o' : ''}+${offset}<=${rawMax}{${names}}`]
    }
    case 'sequence':
      return layout.items.flatMap(({ of }) => atomsOf(of, isPacked))
    case 'repeat': {
      if (isEmpty(layout.of, isPacked)) return []
      if (layout.n > SPREAD_MAX) return [`${layout.n}*${inner(layout.of)}`]
      const element = atomsOf(layout.of, isPacked)
      return Array.from({ length: layout.n }, () => element).flat()
    }
    case 'list':
      return [
        `${layout.isUnique ? 'set' : layout.isText ? 'text' : 'list'}<=${layout.max}${inner(layout.of)}`,
      ]
    case 'compact':
      return [`c${layout.isSigned ? 'i' : 'u'}${layout.bits}${layout.isChecked ? '!' : ''}`]
    default:
      return otherAtoms(layout.of, isPacked, inner)
  }
}

function otherAtoms(of: Descriptor, isPacked: boolean, inner: (of: Descriptor) => string): readonly string[] {
  switch (of.t) {
    case 'align':
      return isPacked ? ['align'] : []
    case 'bits':
      return needsBits(of.of) ? [`bits(${atomsOf(of.of, true).join(' ')})`] : atomsOf(of.of, false)
    case 'growable':
      return [`growable${inner(of.of)}`]
    case 'virtualBase':
      return [`virtual ${JSON.stringify(of.id)}${inner(of.of)}`]
    case 'optional':
      return [`optional${isPacked && of.align ? ' align' : ''}${inner(of.of)}`]
    case 'entropy':
      return [`entropy${of.align ? ' align' : ''}${JSON.stringify(of.values)}${inner(of.of)}`]
    case 'variant':
      return [`variant${of.of.map((each, i) => `${of.names?.[i] ?? ''}${inner(each)}`).join('|')}`]
    case 'poly':
      return [`poly ${of.kind}${of.notNull === true}${JSON.stringify(of.of.map(([n, s]) => [n, inner(s)]))}`]
    case 'ptr':
      return [`ptr ${of.kind}${of.notNull === true}${inner(of.of)}`]
    default:
      return [JSON.stringify(of)]
  }
}
