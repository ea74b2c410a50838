import fc from 'fast-check'
import {
  align,
  array,
  base,
  bits,
  entropy,
  fixedArray,
  growable,
  map,
  multimap,
  multiset,
  optional,
  pointer,
  polymorphicOf,
  queue,
  type Schema,
  set,
  stack,
  structOf,
  tuple,
  variant,
  variantOf,
  virtualBase,
} from '../src/index.ts'
import { keyOf } from '../src/types/json-value.ts'
import { type Case, caseOf, type Place } from './case.ts'
import { BIT_CASES } from './leaf-cases.ts'

type Cases = fc.Arbitrary<Case>

/** What composed types are made of, all for one place. */
export interface Parts {
  /** Cases of any type. */
  readonly any: Cases
  /** Cases without pointers and float ranges: their values can be told apart: keys, listed values. */
  readonly key: Cases
  /** Cases inside bit packing. */
  readonly bits: Cases
}

const maxima = fc.constantFrom(0, 3, 3, 7, 127, 128, 200, 20_000)
const COUNT_MAX = 4

function lists({ values }: Case, max: number): fc.Arbitrary<unknown[]> {
  return fc.array(values, { maxLength: Math.min(max, COUNT_MAX) })
}

/** Lists of values that are different on the wire. */
function distinct(of: Case, max: number): fc.Arbitrary<unknown[]> {
  const { descriptor } = of.schema
  return fc.uniqueArray(of.values, {
    maxLength: Math.min(max, COUNT_MAX),
    selector: (value) => keyOf(descriptor, value),
    comparator: 'SameValueZero',
  })
}

function listCases({ any, key }: Parts): Record<string, Cases> {
  const pairs = ([keys, value, max]: [Case, Case, number]): fc.Arbitrary<[unknown, unknown][]> =>
    fc
      .tuple(distinct(keys, max), fc.array(value.values, { minLength: COUNT_MAX, maxLength: COUNT_MAX }))
      .map(([known, of]) => known.map((one, index) => [one, of[index]]))
  return {
    array: fc.tuple(any, maxima).map(([of, max]) => caseOf(array(of.schema, max), lists(of, max))),
    queue: fc.tuple(any, maxima).map(([of, max]) => caseOf(queue(of.schema, max), lists(of, max))),
    stack: fc.tuple(any, maxima).map(([of, max]) => caseOf(stack(of.schema, max), lists(of, max))),
    fixedArray: fc.tuple(any, fc.integer({ min: 0, max: 10 })).map(([of, n]) => {
      return caseOf(fixedArray(of.schema, n), fc.array(of.values, { minLength: n, maxLength: n }))
    }),
    set: fc.tuple(key, maxima).map(([of, max]) => {
      return caseOf(
        set(of.schema, max),
        distinct(of, max).map((list) => new Set(list)),
      )
    }),
    multiset: fc.tuple(any, maxima).map(([of, max]) => caseOf(multiset(of.schema, max), lists(of, max))),
    map: fc.tuple(key, any, maxima).map((parts) => {
      const [keys, { schema }, max] = parts
      return caseOf(
        map(keys.schema, schema, max),
        pairs(parts).map((list) => new Map(list)),
      )
    }),
    multimap: fc.tuple(key, any, maxima).map((parts) => {
      const [keys, { schema }, max] = parts
      return caseOf(multimap(keys.schema, schema, max), pairs(parts))
    }),
  }
}

// JSON.parse of V8 13.6 takes a key of one quote for one of a backslash that it has seen before: not both at random.
const names = fc.oneof(
  { weight: 9, arbitrary: fc.string({ maxLength: 5 }).filter((name) => !name.includes('\\')) },
  { weight: 1, arbitrary: fc.constantFrom('x\\"y', 'constructor', 'toString', '`', '\u2028') },
)

/** A struct of named cases; where a case is undefined there is alignment. */
export function structCase(pairs: readonly (readonly [string, Case | undefined])[]): Case {
  const fields = new Map(pairs)
  const schema = structOf([...fields].map(([name, of]) => [name, of?.schema ?? align] as const))
  const members = [...fields].filter((entry): entry is [string, Case] => entry[1] !== undefined)
  const values = fc.tuple(...members.map(([, of]) => of.values)).map((of) => {
    return Object.fromEntries(members.map(([name], index) => [name, of[index]]))
  })
  return caseOf(schema, values)
}

/** The same values in a schema around theirs. */
export function wrapped(of: Case, wrap: (schema: Schema<unknown>) => Schema<unknown>): Case {
  return { schema: wrap(of.schema), values: of.values }
}

/** Structs with bases: plain ones, and a virtual one that the object has at three places. */
function baseCases(parts: Parts, place: Place): Record<string, Cases> {
  const { any } = parts
  const structOfAny = (of: Cases): Cases =>
    fc.array(of, { maxLength: 3 }).map((all) => structCase(all.map((one, index) => [`b${index}`, one])))
  const struct = structOfAny(any)
  const packed = structOfAny(parts.bits).map((of) => wrapped(of, bits))
  const versioned = place === 'bytes' ? struct.map((of) => wrapped(of, growable)) : struct
  const inside = fc.oneof(struct, packed, versioned)
  return {
    base: fc.tuple(inside, inside, any).map(([first, second, own]) => {
      return structCase([
        ['first', wrapped(first, base)],
        ['own', own],
        ['second', wrapped(second, base)],
      ])
    }),
    virtualBase: fc
      .tuple(struct, struct, any, any, fc.nat(3))
      .map(([root, other, left, right, kind]) => diamond(root, other, left, right, kind)),
  }
}

function diamond(root: Case, other: Case, left: Case, right: Case, kind: number): Case {
  const shared = wrapped(root, (schema) => virtualBase('root', schema))
  const inner = structCase([
    ['root', shared],
    ['other', wrapped(other, base)],
  ])
  const second = kind === 1 ? wrapped(inner, (schema) => virtualBase('inner', schema)) : wrapped(inner, base)
  const all: [string, Case][] = [
    [
      'left',
      wrapped(
        structCase([
          ['root', shared],
          ['l', left],
        ]),
        base,
      ),
    ],
    ['second', second],
    [
      'right',
      wrapped(
        structCase([
          ['r', right],
          ['inner', second],
          ['root', shared],
        ]),
        base,
      ),
    ],
    ['object', structCase([['root', shared]])],
  ]
  if (kind === 2) all.push(['late', shared])
  return structCase(kind === 3 ? all.reverse() : all)
}

const drafts = fc.nat(1000)

function pointerCases({ any }: Parts): Record<string, Cases> {
  const kinds = ['owner', 'unique', 'shared', 'weak', 'observer'] as const
  const nulls = fc.constantFrom('allow' as const, 'refuse' as const)
  const one = fc
    .tuple(fc.constantFrom(...kinds, 'referenced' as const), any, nulls)
    .map(([kind, of, whenNull]) => {
      const schema = pointer(kind, of.schema, { null: whenNull })
      const owned = fc.record({ pick: drafts, value: of.values })
      const draft: fc.Arbitrary<unknown> = kind === 'observer' ? fc.record({ pick: drafts }) : owned
      const values = whenNull === 'refuse' || kind === 'referenced' ? draft : fc.option(draft, { freq: 4 })
      return caseOf<unknown>(schema, values)
    })
  const many = fc
    .tuple(fc.constantFrom(...kinds), fc.array(any, { minLength: 1, maxLength: 3 }), nulls)
    .map(([kind, classes, whenNull]) => {
      const named = classes.map((of, index) => [`Class${index}`, of.schema] as const)
      const schema = polymorphicOf(kind, named, { null: whenNull })
      const drawn = classes.map((of, index) =>
        fc.record({ pick: drafts, type: fc.constant(`Class${index}`), value: of.values }),
      )
      const draft: fc.Arbitrary<unknown> =
        kind === 'observer' ? fc.record({ pick: drafts }) : fc.oneof(...drawn)
      return caseOf<unknown>(schema, whenNull === 'refuse' ? draft : fc.option(draft, { freq: 4 }))
    })
  // Pointers among themselves, so that some refer to others.
  const among = (of: Cases): Cases =>
    fc.array(of, { minLength: 1, maxLength: 4 }).map((all) => {
      return caseOf(tuple(all.map(({ schema }) => schema)), fc.tuple(...all.map(({ values }) => values)))
    })
  return { ptr: among(one), poly: among(fc.oneof(many, many, one)) }
}

function choiceCases({ any, key }: Parts): Record<string, Cases> {
  const alternatives = fc.array(any, { minLength: 1, maxLength: 4 })
  return {
    optional: fc.tuple(any, fc.constantFrom('byte' as const, 'bit' as const)).map(([of, start]) => {
      // A null pointer in an optional is no value.
      const values = fc.option(of.values, { nil: undefined }).map((value) => value ?? undefined)
      return caseOf(optional(of.schema, { start }), values)
    }),
    tuple: fc.array(any, { maxLength: 4 }).map((all) => {
      return caseOf(tuple(all.map(({ schema }) => schema)), fc.tuple(...all.map(({ values }) => values)))
    }),
    variant: alternatives.map((all) => {
      const schema = variant(Object.fromEntries(all.map((of, index) => [`type ${index}`, of.schema])))
      const each = all.map((of, index) => of.values.map((value) => ({ type: `type ${index}`, value })))
      return caseOf(schema, fc.oneof(...each))
    }),
    variantOf: alternatives.map((all) => {
      const schema = variantOf(all.map((of) => of.schema)) as Schema<unknown>
      return caseOf(schema, fc.oneof(...all.map((of, index) => of.values.map((value) => ({ index, value })))))
    }),
    struct: fc
      .array(fc.tuple(names, fc.option(any, { nil: undefined, freq: 6 })), { maxLength: 7 })
      .map(structCase),
    entropy: entropyCases(fc.oneof(key, BIT_CASES.rangeFloat)),
  }
}

function entropyCases(key: Cases): Cases {
  return fc
    .tuple(key, fc.constantFrom('byte' as const, 'bit' as const), fc.constantFrom(1, 2, 3, 4, 8, 20, 256))
    .chain(([of, start, maxLength]) =>
      fc.array(of.values, { minLength: 1, maxLength }).map((listed) => {
        const schema = entropy(of.schema, listed, { start })
        return caseOf(schema, fc.oneof(of.values, fc.constantFrom(...listed)))
      }),
    )
}

/** Inside bit packing a growable must begin and end with a whole byte. */
function growableCase(of: Case, place: Place): Case {
  if (place === 'bytes') return wrapped(of, growable)
  const content = structCase([
    ['of', of],
    ['_end', undefined],
  ])
  return structCase([
    ['_start', undefined],
    ['growable', wrapped(content, growable)],
  ])
}

/** Cases of each type that holds others. `entropy` is for bit packing alone. */
export function composedCases(parts: Parts, place: Place): Record<string, Cases> {
  const { entropy: listed, ...choices } = choiceCases(parts)
  return {
    ...listCases(parts),
    ...choices,
    ...(place === 'bits' ? { entropy: listed } : {}),
    ...baseCases(parts, place),
    ...pointerCases(parts),
    growable: parts.any.map((of) => growableCase(of, place)),
    bits: parts.bits.map((of) => wrapped(of, bits)),
  }
}
