import { describe, expect, it } from 'vitest'
import {
  align,
  array,
  bits,
  bool,
  bytes,
  compact,
  enumeration,
  f32,
  fixedArray,
  fixedBytes,
  growable,
  map,
  optional,
  range,
  rawBits,
  type Schema,
  set,
  struct,
  text,
  tuple,
  u8,
  u16,
  u32,
  variant,
} from '../index.ts'
import { nodeOf } from '../schema/schema.ts'

const version1 = growable({ id: u32, name: text(9) })
const version2 = growable({
  id: u32,
  name: text(9),
  level: u16,
  where: { x: f32, y: f32 },
  tags: array(text(5), 9),
  extra: optional(u8),
  kind: enumeration(['none', 'mage']),
  choice: variant({ a: u8, b: text(3) }),
  table: map(u8, u8, 9),
  names: set(text(3), 9),
  pair: tuple([u8, bool]),
  raw: bytes(9),
  key: fixedBytes(2),
  three: fixedArray(u16, 3),
  small: compact(u32),
  packed: bits({ hp: range(u16, 100, 999), alive: bool }),
  inner: growable({ deep: u8 }),
})

describe.each(['compiled', 'interpreted'] as const)('growable, %s', (backend) => {
  const one = version1.with({ backend })
  const two = version2.with({ backend })

  it('counts itself in its size', () => {
    expect(Buffer.from(one.encode({ id: 1, name: 'ab' })).toString('hex')).toBe('0b00000001000000026162')
    expect(Buffer.from(one.with({ byteOrder: 'big' }).encode({ id: 1, name: '' })).toString('hex')).toBe(
      '000000090000000100',
    )
  })

  it('reads zeros for fields that an older writer did not have', () => {
    expect(two.decode(one.encode({ id: 7, name: 'old' }))).toEqual({
      ok: true,
      completed: true,
      position: 12,
      value: {
        id: 7,
        name: 'old',
        level: 0,
        where: { x: 0, y: 0 },
        tags: [],
        extra: undefined,
        kind: 'none',
        choice: { type: 'a', value: 0 },
        table: new Map(),
        names: new Set(),
        pair: [0, false],
        raw: new Uint8Array(0),
        key: new Uint8Array(2),
        three: [0, 0, 0],
        small: 0,
        packed: { hp: 100, alive: false },
        inner: { deep: 0 },
      },
    })
  })

  it('skips what a newer writer has more', () => {
    const bytesOfTwo = two.encode({
      id: 7,
      name: 'new',
      level: 3,
      where: { x: 1, y: 2 },
      tags: ['a'],
      kind: 'mage',
      choice: { type: 'b', value: 'x' },
      table: new Map([[1, 2]]),
      names: new Set(['n']),
      pair: [1, true],
      raw: Uint8Array.of(9),
      key: Uint8Array.of(1, 2),
      three: [1, 2, 3],
      small: 300,
      packed: { hp: 200, alive: true },
      inner: { deep: 4 },
    })
    const list = array(version1, 9).with({ backend })
    expect(one.decode(bytesOfTwo)).toMatchObject({ value: { id: 7, name: 'new' }, completed: true })
    const both = Buffer.concat([Uint8Array.of(2), bytesOfTwo, one.encode({ id: 8, name: 'x' })])
    expect(list.decode(both)).toMatchObject({
      value: [
        { id: 7, name: 'new' },
        { id: 8, name: 'x' },
      ],
      completed: true,
    })
  })

  it('refuses sizes that cannot be', () => {
    for (const size of [0, 1, 2, 3])
      expect(one.decode(Uint8Array.of(size, 0, 0, 0, 1, 2, 3))).toMatchObject({
        error: 'InvalidData',
        position: 0,
      })
    expect(one.decode(Uint8Array.of(12, 0, 0, 0, 1, 0, 0, 0, 0))).toMatchObject({
      error: 'DataOverflow',
      position: 0,
    })
    expect(one.decode(Uint8Array.of(9, 0, 0))).toMatchObject({ error: 'DataOverflow' })
    const outer = growable({ a: u8, b: growable({ c: u8 }) }).with({ backend })
    const past = Uint8Array.of(10, 0, 0, 0, 1, 6, 0, 0, 0, 2, 3, 4)
    expect(outer.decode(past)).toMatchObject({ error: 'InvalidData', position: 5 })
  })

  it('does not make more missing elements than emptyElementsMax, however many are claimed', () => {
    const old = growable({ n: u8, size: u16 }).with({ backend })
    const claims = (schema: Schema<unknown>): unknown =>
      growable({ n: u8, list: schema })
        .with({ backend })
        .decode(old.encode({ n: 1, size: 0xffbf }))
    for (const schema of [array(u32, 20_000), array(struct({ a: u8 }), 20_000), bytes(20_000), text(20_000)])
      expect(claims(schema as Schema<unknown>)).toMatchObject({ error: 'InvalidData' })
    // As many as the schema says are the schema's own word.
    expect(claims(fixedArray(u32, 1000) as Schema<unknown>)).toMatchObject({ ok: true })
  })

  it('reads old data inside arrays of growables, each with its own end', () => {
    const oldList = array(version1, 9).with({ backend })
    const newList = array(growable({ id: u32, name: text(9), level: u16 }), 9).with({ backend })
    const encoded = oldList.encode([
      { id: 1, name: 'a' },
      { id: 2, name: 'b' },
    ])
    expect(newList.decode(encoded)).toMatchObject({
      ok: true,
      completed: true,
      value: [
        { id: 1, name: 'a', level: 0 },
        { id: 2, name: 'b', level: 0 },
      ],
    })
  })
})

it('compiled code reads what older writers wrote without the interpreter', () => {
  const reader = struct({ root: version2 })
  const node = nodeOf(reader)
  node.read = () => {
    throw new Error('fell back on the interpreter')
  }
  expect(reader.decode(version1.encode({ id: 7, name: 'old' }))).toMatchObject({
    ok: true,
    value: { root: { id: 7, name: 'old', level: 0, kind: 'none', inner: { deep: 0 } } },
  })
  const inBits = bits({ on: bool, _1: align, g: growable({ a: u8, b: rawBits(4), c: rawBits(4), d: u16 }) })
  const before = bits({ on: bool, _1: align, g: growable({ a: u8, b: rawBits(4), c: rawBits(4) }) })
  expect(inBits.decode(before.encode({ on: true, g: { a: 1, b: 2, c: 3 } }))).toMatchObject({
    value: { on: true, g: { a: 1, b: 2, c: 3, d: 0 } },
  })
})

it('an enumeration without a zero has no value for data that lack it', () => {
  const reader = growable({ a: u8, kind: enumeration({ mage: 1 }) })
  const old = growable({ a: u8 }).encode({ a: 1 })
  expect(reader.decode(old)).toMatchObject({ error: 'InvalidData' })
  expect(reader.with({ backend: 'interpreted' }).decode(old)).toMatchObject({ error: 'InvalidData' })
})
