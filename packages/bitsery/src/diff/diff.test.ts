import { describe, expect, it } from 'vitest'
import type { Descriptor } from '../base/grammar.ts'
import { array, enumeration, f32, struct, text, u8, u16 } from '../index.ts'
import { diff, diffDescriptors, formatDiff, type WireEffect } from './diff.ts'

const u8d: Descriptor = { t: 'u8' }
const u16d: Descriptor = { t: 'u16' }
const boolD: Descriptor = { t: 'bool' }

function fields(of: { readonly [name: string]: Descriptor }): Descriptor {
  return { t: 'struct', fields: Object.entries(of) }
}
function growable(of: { readonly [name: string]: Descriptor }): Descriptor {
  return { t: 'growable', of: fields(of) }
}
function packed(of: { readonly [name: string]: Descriptor }): Descriptor {
  return { t: 'bits', of: fields(of) }
}
function list(of: Descriptor, max = 9): Descriptor {
  return { t: 'array', max, of }
}
function names(...values: [string, number][]): Descriptor {
  return { t: 'enum', size: 1, values }
}
function optional(of: Descriptor, align = true): Descriptor {
  return { t: 'optional', of, align }
}
function range(min: number, max: number): Descriptor {
  return { t: 'range', of: 'u8', min, max }
}
function entropy(...values: number[]): Descriptor {
  return { t: 'bits', of: { t: 'entropy', of: u8d, values, align: true } }
}
function floats(min: number, max: number, how: { bits: number } | { precision: number }): Descriptor {
  return { t: 'bits', of: { t: 'rangeFloat', of: 'f32', min, max, ...how } }
}
function pointer(
  kind: 'owner' | 'unique' | 'shared' | 'observer' | 'referenced',
  notNull = false,
): Descriptor {
  return { t: 'ptr', kind, of: u8d, ...(notNull ? { notNull } : {}) }
}

type Case = readonly [
  what: string,
  from: Descriptor,
  to: Descriptor,
  newReadsOld: WireEffect,
  oldReadsNew: WireEffect,
  /** `path: kind`, or the kind alone of a change to the whole. */
  changes: string,
]

function check(cases: readonly Case[]): void {
  it.each(cases)('%s', (_what, from, to, newReadsOld, oldReadsNew, changes) => {
    const found = diffDescriptors(from, to)
    expect([found.newReadsOld, found.oldReadsNew], formatDiff(found)).toEqual([newReadsOld, oldReadsNew])
    const texts = found.changes.map(({ path, kind }) => (path === '' ? kind : `${path}: ${kind}`))
    expect(texts.join(', ')).toBe(changes)
    // The other way round the directions change places, nothing else.
    const back = diffDescriptors(to, from)
    expect([back.oldReadsNew, back.newReadsOld], formatDiff(back)).toEqual([newReadsOld, oldReadsNew])
    expect(diffDescriptors(from, from).changes).toEqual([])
    expect(diffDescriptors(to, to).changes).toEqual([])
  })
}

describe('fields', () => {
  const xy = fields({ x: u8d, y: u16d })
  check([
    [
      'one in the middle is one change',
      fields({ a: u8d, b: u16d, c: u8d }),
      fields({ a: u8d, x: u8d, b: u16d, c: u8d }),
      'breaks',
      'breaks',
      'x: field-added',
    ],
    [
      'one at the end leaves bytes behind',
      fields({ a: u8d }),
      fields({ a: u8d, b: u8d }),
      'breaks',
      'breaks',
      'b: field-added',
    ],
    ['one less', xy, fields({ x: u8d }), 'breaks', 'breaks', 'y: field-removed'],
    ['a renamed one', xy, fields({ x: u8d, why: u16d }), 'none', 'none', 'why: field-renamed'],
    [
      'a moved one',
      fields({ a: u8d, b: u8d, c: u8d }),
      fields({ c: u8d, a: u8d, b: u8d }),
      'breaks',
      'breaks',
      'c: field-moved',
    ],
    [
      'a new one for another',
      fields({ a: u8d, b: u8d }),
      fields({ a: u8d, c: u16d }),
      'breaks',
      'breaks',
      'b: field-removed, c: field-added',
    ],
    [
      'one without bytes',
      fields({ a: u8d }),
      fields({ nothing: fields({}), a: u8d, none: { t: 'fixedArray', n: 0, of: u8d } }),
      'none',
      'none',
      'nothing: field-added, none: field-added',
    ],
    [
      'one without bytes elsewhere',
      fields({ a: fields({}), b: u8d }),
      fields({ b: u8d, a: fields({}) }),
      'none',
      'none',
      '',
    ],
    [
      'one that had no bytes',
      fields({ a: fields({}), b: u8d }),
      fields({ a: xy, b: u8d }),
      'breaks',
      'breaks',
      'a.x: field-added, a.y: field-added',
    ],
    [
      'put into a struct',
      fields({ a: u8d, x: u8d, y: u16d }),
      fields({ a: u8d, at: xy }),
      'none',
      'none',
      'fields-regrouped',
    ],
    [
      'a base in place of its fields',
      fields({ base: { t: 'base', of: xy }, z: u8d }),
      fields({ x: u8d, y: u16d, z: u8d }),
      'none',
      'none',
      'fields-regrouped',
    ],
    [
      'deep inside, and a name that needs quotes',
      fields({ 'a b': list(xy) }),
      fields({ 'a b': list(fields({ x: u8d, y: u8d })) }),
      'breaks',
      'breaks',
      '["a b"][].y: type-changed',
    ],
    ['tuple for struct', xy, { t: 'tuple', of: [u8d, u16d] }, 'none', 'none', 'type-changed'],
    [
      'a tuple with one more in the middle',
      { t: 'tuple', of: [u8d, u16d, boolD] },
      { t: 'tuple', of: [u8d, { t: 'f32' }, u16d, boolD] },
      'breaks',
      'breaks',
      '[1]: field-added',
    ],
    [
      'a fixed array for a tuple',
      { t: 'tuple', of: [u8d, u8d] },
      { t: 'fixedArray', n: 2, of: u8d },
      'none',
      'none',
      'type-changed',
    ],
    [
      'a fixed array of another length',
      { t: 'fixedArray', n: 2, of: u8d },
      { t: 'fixedArray', n: 3, of: u8d },
      'breaks',
      'breaks',
      'length-changed',
    ],
    ['a struct around one thing', u8d, fields({ a: u8d }), 'none', 'none', 'type-changed'],
  ])
})

describe('growable', () => {
  const a = growable({ a: u8d })
  const inner = (of: { readonly [name: string]: Descriptor }) => growable({ a: u8d, s: fields(of) })
  const tuple = (...of: Descriptor[]): Descriptor => ({ t: 'growable', of: { t: 'tuple', of } })
  const counted = (of: Descriptor, n: number): Descriptor => ({
    t: 'growable',
    of: { t: 'fixedArray', n, of },
  })
  const struct1 = fields({ x: u16d })
  check([
    [
      'appended',
      a,
      growable({ a: u8d, b: u16d, c: list(u8d) }),
      'compatible',
      'compatible',
      'b: field-added, c: field-added',
    ],
    ['inserted', a, growable({ b: u8d, a: u8d }), 'breaks', 'breaks', 'b: field-added'],
    [
      'replaced at the end',
      growable({ a: u8d, b: u8d }),
      growable({ a: u8d, c: u16d }),
      'breaks',
      'breaks',
      'b: field-removed, c: field-added',
    ],
    [
      'renamed and appended',
      growable({ a: u8d, b: u8d }),
      growable({ a: u8d, c: u8d, d: u8d }),
      'compatible',
      'compatible',
      'c: field-renamed, d: field-added',
    ],
    [
      'appended to the struct at its end',
      inner({ x: u8d }),
      inner({ x: u8d, y: u8d }),
      'compatible',
      'compatible',
      's.y: field-added',
    ],
    [
      'appended to the struct at its end, and behind it',
      inner({ x: u8d }),
      growable({ a: u8d, s: fields({ x: u8d, y: u8d }), z: u8d }),
      'compatible',
      'compatible',
      's.y: field-added, z: field-added',
    ],
    [
      'appended to a struct in the middle',
      growable({ s: struct1, z: u8d }),
      growable({ s: fields({ x: u16d, y: u8d }), z: u8d }),
      'breaks',
      'breaks',
      's.y: field-added',
    ],
    [
      'appended to a struct that was followed',
      growable({ s: struct1, z: u8d }),
      growable({ s: fields({ x: u16d, y: u8d }) }),
      'breaks',
      'breaks',
      's.y: field-added, z: field-removed',
    ],
    [
      'appended to the elements of a list',
      growable({ l: list(struct1) }),
      growable({ l: list(fields({ x: u16d, y: u8d })) }),
      'breaks',
      'breaks',
      'l[].y: field-added',
    ],
    [
      'appended to the only element of a fixed array',
      counted(struct1, 1),
      counted(fields({ x: u16d, y: u8d }), 1),
      'compatible',
      'compatible',
      '[].y: field-added',
    ],
    [
      'appended to the elements of a fixed array',
      counted(struct1, 2),
      counted(fields({ x: u16d, y: u8d }), 2),
      'breaks',
      'breaks',
      '[].y: field-added',
    ],
    [
      'appended in an optional at the end',
      growable({ o: optional(struct1) }),
      growable({ o: optional(fields({ x: u16d, y: u8d })) }),
      'compatible',
      'compatible',
      'o.y: field-added',
    ],
    [
      'appended to a growable in a list',
      list(a),
      list(growable({ a: u8d, b: u8d })),
      'compatible',
      'compatible',
      '[].b: field-added',
    ],
    ['appended to a tuple', tuple(u8d), tuple(u8d, u8d), 'compatible', 'compatible', '[1]: field-added'],
    [
      'a struct around a single thing, and appended',
      { t: 'growable', of: u8d },
      growable({ a: u8d, b: u8d }),
      'compatible',
      'compatible',
      'type-changed, b: field-added',
    ],
    [
      'grouped and appended',
      growable({ x: u8d, y: u8d }),
      growable({ at: fields({ x: u8d, y: u8d, z: u8d }) }),
      'compatible',
      'compatible',
      'fields-regrouped, at.z: field-added',
    ],
    [
      'more elements that are read one by one',
      counted(struct1, 2),
      counted(struct1, 3),
      'compatible',
      'compatible',
      'length-changed',
    ],
    [
      'more numbers, which are read in one go',
      counted(u16d, 2),
      counted(u16d, 3),
      'breaks',
      'compatible',
      'length-changed',
    ],
    [
      'a wider number at the end',
      growable({ a: u8d }),
      growable({ a: u16d }),
      'breaks',
      'breaks',
      'a: type-changed',
    ],
    [
      'an enumeration without a zero',
      a,
      growable({ a: u8d, e: names(['one', 1]) }),
      'limited',
      'compatible',
      'e: field-added',
    ],
    [
      'a pointer that is never null',
      a,
      growable({ a: u8d, p: pointer('owner', true) }),
      'breaks',
      'limited',
      'p: field-added',
    ],
    ['a struct around a growable', a, fields({ g: a }), 'none', 'none', 'type-changed'],
    ['wrapped', fields({ a: u8d }), a, 'breaks', 'breaks', 'type-changed'],
    [
      'bits behind whole bytes',
      { t: 'growable', of: packed({ a: u8d }) },
      { t: 'growable', of: packed({ a: u8d, b: boolD }) },
      'compatible',
      'compatible',
      'b: field-added',
    ],
    [
      'bits behind bits are taken for padding',
      { t: 'growable', of: packed({ a: boolD }) },
      { t: 'growable', of: packed({ a: boolD, b: boolD }) },
      'compatible',
      'breaks',
      'b: field-added',
    ],
    [
      'bits behind aligned bits',
      { t: 'growable', of: packed({ a: boolD, _: { t: 'align' } }) },
      { t: 'growable', of: packed({ a: boolD, _: { t: 'align' }, b: boolD }) },
      'compatible',
      'compatible',
      'b: field-added',
    ],
  ])
})

describe('lists and text', () => {
  const text8 = (max: number): Descriptor => ({ t: 'text', max, char: 1 })
  const set = (multi?: boolean): Descriptor => ({ t: 'set', max: 9, of: u8d, ...(multi ? { multi } : {}) })
  check([
    ['a higher limit', list(u8d, 3), list(u8d, 4), 'none', 'limited', 'limit-raised'],
    ['a higher limit of text', text8(3), text8(4), 'none', 'limited', 'limit-raised'],
    ['other elements', list(u8d), list(u16d), 'breaks', 'breaks', '[]: type-changed'],
    [
      'other elements where there can be none',
      list(u8d, 0),
      list(u16d, 5),
      'none',
      'limited',
      'limit-raised',
    ],
    ['wider text', text8(9), { t: 'text', max: 9, char: 2 }, 'breaks', 'breaks', 'type-changed'],
    [
      'fixed text of the same limit',
      text8(9),
      { t: 'fixedText', n: 10, char: 1 },
      'none',
      'none',
      'type-changed',
    ],
    ['bytes for text', text8(9), list(u8d), 'none', 'limited', 'type-changed'],
    ['units for wide text', { t: 'text', max: 9, char: 2 }, list(u16d), 'none', 'none', 'type-changed'],
    [
      'signed bytes for text',
      text8(9),
      list({ t: 'i8' }),
      'breaks',
      'breaks',
      'type-changed, []: type-changed',
    ],
    ['a queue', list(u8d), { t: 'queue', max: 9, of: u8d }, 'none', 'none', 'type-changed'],
    ['a set', list(u8d), set(), 'limited', 'none', 'type-changed'],
    ['a set for a multiset', set(true), set(), 'limited', 'none', 'type-changed'],
    [
      'a map for pairs',
      list({ t: 'tuple', of: [u8d, u16d] }),
      { t: 'map', max: 9, key: u8d, value: u16d, multi: true },
      'none',
      'none',
      'type-changed, []: type-changed',
    ],
    [
      'other values of a map',
      { t: 'map', max: 9, key: u8d, value: u8d },
      { t: 'map', max: 9, key: u8d, value: boolD },
      'limited',
      'none',
      '[].value: type-changed',
    ],
  ])
})

describe('numbers', () => {
  const compact = (
    of: 'u8' | 'u16' | 'i16' | 'u32' | 'i32',
    t: 'compact' | 'compactChecked' = 'compact',
  ): Descriptor => ({ t, of })
  check([
    ['the sign', u8d, { t: 'i8' }, 'breaks', 'breaks', 'type-changed'],
    ['the width', u8d, u16d, 'breaks', 'breaks', 'type-changed'],
    ['a float of the same width', { t: 'u32' }, { t: 'f32' }, 'breaks', 'breaks', 'type-changed'],
    ['a duration', { t: 'i64' }, { t: 'duration', of: 'i64' }, 'none', 'none', 'type-changed'],
    ['bool for a number', u8d, boolD, 'limited', 'none', 'type-changed'],
    ['bool for a signed number', { t: 'i8' }, boolD, 'limited', 'none', 'type-changed'],
    ['an enumeration for a number', u8d, names(['a', 0]), 'limited', 'none', 'type-changed'],
    ['a listed value more', names(['a', 0]), names(['a', 0], ['b', 1]), 'none', 'limited', 'values-changed'],
    ['a renamed value', names(['a', 0]), names(['b', 0]), 'none', 'none', 'values-changed'],
    [
      'a value of another number',
      names(['a', 0], ['b', 1]),
      names(['a', 0], ['b', 2]),
      'limited',
      'limited',
      'values-changed',
    ],
    [
      'values that change places',
      names(['a', 0], ['b', 1]),
      names(['a', 1], ['b', 0]),
      'breaks',
      'breaks',
      'values-changed',
    ],
    ['values without a list', names(['a', 0]), { t: 'enum', size: 1 }, 'none', 'limited', 'values-changed'],
    [
      'the sign of an enumeration',
      names(['a', 0]),
      { t: 'enum', size: 1, signed: true, values: [['a', 0]] },
      'limited',
      'limited',
      'type-changed',
    ],
    [
      'the check of compact values',
      compact('u32'),
      compact('u32', 'compactChecked'),
      'none',
      'none',
      'type-changed',
    ],
    ['wider compact values', compact('i16'), compact('i32'), 'none', 'breaks', 'type-changed'],
    [
      'wider checked compact values',
      compact('u16', 'compactChecked'),
      compact('u32', 'compactChecked'),
      'none',
      'limited',
      'type-changed',
    ],
    ['the sign of compact values', compact('u16'), compact('i16'), 'breaks', 'breaks', 'type-changed'],
    ['compact for whole numbers', u16d, compact('u16'), 'breaks', 'breaks', 'type-changed'],
    ['compact for bytes', u8d, compact('u8'), 'none', 'none', 'type-changed'],
    ['bits of a byte', u8d, { t: 'bitset', n: 8 }, 'none', 'none', 'type-changed'],
    ['more bits of a byte', { t: 'bitset', n: 5 }, { t: 'bitset', n: 7 }, 'none', 'breaks', 'length-changed'],
    [
      'very many bits',
      { t: 'bitset', n: 100 },
      { t: 'bitset', n: 1000 },
      'breaks',
      'breaks',
      'length-changed',
    ],
  ])
})

describe('bit packing', () => {
  check([
    ['around whole bytes', fields({ a: u16d }), packed({ a: u16d }), 'none', 'none', 'type-changed'],
    [
      'around bits',
      fields({ a: boolD, b: u8d }),
      packed({ a: boolD, b: u8d }),
      'breaks',
      'breaks',
      'type-changed',
    ],
    [
      'inside itself',
      packed({ a: boolD, b: packed({ c: boolD }) }),
      packed({ a: boolD, b: fields({ c: boolD }) }),
      'none',
      'none',
      'b: type-changed',
    ],
    [
      'an align between',
      packed({ a: boolD, b: u8d }),
      packed({ a: boolD, _1: { t: 'align' }, b: u8d }),
      'breaks',
      'breaks',
      '_1: field-added',
    ],
    [
      'an align where all is aligned',
      packed({ a: u8d, b: boolD }),
      packed({ a: u8d, _1: { t: 'align' }, b: boolD }),
      'none',
      'none',
      '_1: field-added',
    ],
    [
      'an align outside',
      fields({ a: boolD }),
      fields({ a: boolD, _1: { t: 'align' } }),
      'none',
      'none',
      '_1: field-added',
    ],
    ['an aligned optional outside', optional(u8d), optional(u8d, false), 'none', 'none', 'align-changed'],
    [
      'an aligned optional inside',
      { t: 'bits', of: optional(u8d) },
      { t: 'bits', of: optional(u8d, false) },
      'breaks',
      'breaks',
      'align-changed',
    ],
    [
      'a range with a higher maximum in as many bits',
      { t: 'bits', of: range(1, 5) },
      { t: 'bits', of: range(1, 6) },
      'none',
      'limited',
      'range-changed',
    ],
    [
      'a range in more bits',
      { t: 'bits', of: range(0, 7) },
      { t: 'bits', of: range(0, 8) },
      'breaks',
      'breaks',
      'range-changed',
    ],
    [
      'a range with another minimum',
      { t: 'bits', of: range(0, 7) },
      { t: 'bits', of: range(1, 7) },
      'breaks',
      'breaks',
      'range-changed',
    ],
    [
      'a range of 64 bits',
      { t: 'bits', of: { t: 'range', of: 'i64', min: '-5', max: '9000000000' } },
      { t: 'bits', of: { t: 'range', of: 'i64', min: '-5', max: '18000000000' } },
      'breaks',
      'breaks',
      'range-changed',
    ],
    ['a constant', packed({ a: u8d }), packed({ a: u8d, b: range(7, 7) }), 'none', 'none', 'b: field-added'],
    [
      'raw bits for a range',
      { t: 'bits', of: range(0, 5) },
      { t: 'bits', of: { t: 'rawBits', n: 3 } },
      'none',
      'limited',
      'type-changed',
    ],
    [
      'bool for a raw bit',
      { t: 'bits', of: { t: 'rawBits', n: 1 } },
      { t: 'bits', of: boolD },
      'none',
      'none',
      'type-changed',
    ],
    [
      'a range of floats by precision that gives as many bits',
      floats(0, 1, { bits: 7 }),
      floats(0, 1, { precision: 0.01 }),
      'none',
      'none',
      'range-changed',
    ],
    [
      'a range of floats with another maximum',
      floats(0, 1, { bits: 7 }),
      floats(0, 2, { bits: 7 }),
      'breaks',
      'breaks',
      'range-changed',
    ],
    [
      'a finer range of floats',
      floats(0, 1, { precision: 0.01 }),
      floats(0, 1, { precision: 0.001 }),
      'breaks',
      'breaks',
      'range-changed',
    ],
    ['another common value at the end', entropy(1, 2), entropy(1, 2, 3), 'none', 'limited', 'values-changed'],
    [
      'another common value that takes a bit',
      entropy(1, 2, 3),
      entropy(1, 2, 3, 4),
      'breaks',
      'breaks',
      'values-changed',
    ],
    ['common values in another order', entropy(1, 2), entropy(2, 1), 'breaks', 'breaks', 'values-changed'],
  ])
})

describe('alternatives and pointers', () => {
  const variant = (...of: Descriptor[]): Descriptor => ({ t: 'variant', of })
  const named = (of: { readonly [name: string]: Descriptor }): Descriptor => ({
    t: 'variant',
    of: Object.values(of),
    names: Object.keys(of),
  })
  const poly = (...of: [string, Descriptor][]): Descriptor => ({ t: 'poly', kind: 'owner', of })
  const virtual = (...ids: string[]): Descriptor => ({
    t: 'struct',
    fields: ids.map((id, i) => [`b${i}`, { t: 'virtualBase', id, of: u8d }]),
  })
  check([
    ['one more alternative', variant(u8d), variant(u8d, u16d), 'none', 'limited', '<1>: alternative-added'],
    [
      'one more alternative in front',
      variant(u8d, boolD),
      variant(u16d, u8d, boolD),
      'breaks',
      'breaks',
      '<0>: alternative-added',
    ],
    ['another alternative', variant(u8d, boolD), variant(u8d, u16d), 'breaks', 'breaks', '<1>: type-changed'],
    [
      'a renamed alternative',
      named({ a: u8d, b: u8d }),
      named({ c: u8d, b: u8d }),
      'none',
      'none',
      '<c>: alternative-renamed',
    ],
    [
      'alternatives of the same type that change places',
      named({ a: u8d, b: u8d }),
      named({ b: u8d, a: u8d }),
      'breaks',
      'breaks',
      '<b>: alternative-renamed, <a>: alternative-renamed',
    ],
    [
      'one more alternative of the same type in the middle',
      named({ a: u8d, b: u8d }),
      named({ a: u8d, c: u8d, b: u8d }),
      'breaks',
      'breaks',
      '<c>: alternative-added',
    ],
    [
      'alternatives that got names',
      variant(u8d),
      named({ a: u8d }),
      'none',
      'none',
      '<a>: alternative-renamed',
    ],
    [
      'one more type',
      poly(['A', u8d]),
      poly(['A', u8d], ['B', u8d]),
      'none',
      'limited',
      '<B>: alternative-added',
    ],
    ['a renamed type', poly(['A', u8d]), poly(['B', u8d]), 'none', 'none', '<B>: alternative-renamed'],
    ['a pointer of many types', pointer('owner'), poly(['A', u8d]), 'breaks', 'breaks', 'type-changed'],
    ['another owner', pointer('owner'), pointer('unique'), 'none', 'none', 'type-changed'],
    ['a shared owner', pointer('owner'), pointer('shared'), 'none', 'breaks', 'type-changed'],
    ['an observer', pointer('owner'), pointer('observer'), 'breaks', 'breaks', 'type-changed'],
    ['never null', pointer('owner'), pointer('owner', true), 'limited', 'none', 'null-changed'],
    [
      'renamed virtual bases',
      virtual('A', 'B', 'A'),
      virtual('C', 'B', 'C'),
      'none',
      'none',
      'b0: type-changed, b2: type-changed',
    ],
    [
      'virtual bases that became one',
      virtual('A', 'B'),
      virtual('A', 'A'),
      'breaks',
      'breaks',
      'b1: type-changed',
    ],
  ])
})

describe('the byte order', () => {
  it('matters as soon as anything has more than a byte', () => {
    const small = struct({ a: u8, b: text(9) })
    const change = { path: '', kind: 'byte-order-changed', was: 'little', is: 'big' }
    expect(diff(small, small.with({ byteOrder: 'big' }))).toEqual({
      changes: [{ ...change, newReadsOld: 'none', oldReadsNew: 'none' }],
      newReadsOld: 'none',
      oldReadsNew: 'none',
    })
    for (const large of [struct({ a: u16 }), array(u8, 0x4000), text(9, { charSize: 2 }), f32]) {
      expect(diff(large, large.with({ byteOrder: 'big' })).newReadsOld).toBe('breaks')
    }
  })

  it('is kept by numbers, not by groups of bits', () => {
    const bits: Descriptor = { t: 'bits', of: { t: 'rawBits', n: 16 } }
    const whole: Descriptor = { t: 'bits', of: u16d }
    expect(diffDescriptors(bits, whole).newReadsOld).toBe('none')
    expect(diffDescriptors(bits, whole, { byteOrders: ['big', 'big'] }).newReadsOld).toBe('breaks')
  })
})

describe('words', () => {
  const monster = struct({ color: enumeration(['red', 'green']), hp: u8, path: array({ x: f32 }, 10) })
  const later = struct({
    color: enumeration(['red', 'green', 'blue']),
    hp: u16,
    path: array({ x: f32, y: f32 }, 20),
  })

  it('one line a change, then the sum', () => {
    expect(formatDiff(diff(monster, later.with({ name: 'monster' })))).toBe(
      [
        'monster.color: values changed, without -> blue = 2 (new reads old: the same; old reads new: refuses some values)',
        'monster.hp: type changed, u8 -> u16 (BREAKS)',
        'monster.path: limit raised, at most 10 -> at most 20 (new reads old: the same; old reads new: refuses some values)',
        'monster.path[].y: field added, absent -> f32 (BREAKS)',
        'new reads old: BREAKS; old reads new: BREAKS',
      ].join('\n'),
    )
  })

  it('of no change, and of the whole', () => {
    expect(formatDiff(diff(monster, monster))).toBe('no changes')
    expect(formatDiff(diffDescriptors(u8d, u16d))).toContain('value: type changed, u8 -> u16 (BREAKS)')
  })
})
