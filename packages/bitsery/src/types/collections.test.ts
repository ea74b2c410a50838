import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  array,
  base,
  bits,
  bitset,
  bool,
  compact,
  compactChecked,
  duration,
  f32,
  f64,
  type Infer,
  i16,
  i32,
  i64,
  map,
  multimap,
  multiset,
  queue,
  safeI64,
  safeU64,
  set,
  stack,
  struct,
  text,
  timePoint,
  tuple,
  u8,
  u16,
  u32,
  u64,
  variant,
  variantOf,
  virtualBase,
} from '../index.ts'

function hex(encoded: Uint8Array): string {
  return Buffer.from(encoded).toString('hex')
}

describe.each(['compiled', 'interpreted'] as const)('maps and sets, %s', (backend) => {
  it('are written in their own order, and read in any', () => {
    const schema = map(text(5), u16, 3).with({ backend })
    const value = new Map([
      ['b', 2],
      ['a', 1],
    ])
    expect(hex(schema.encode(value))).toBe('02016202000161' + '0100')
    const back = schema.decode(schema.encode(value))
    expect(back.ok && [...back.value]).toEqual([...value])
    expectTypeOf<Infer<typeof schema>>().toEqualTypeOf<Map<string, number>>()
  })

  it('keep the first of equal keys, also of keys that are objects', () => {
    expect(
      map(u8, u8, 9)
        .with({ backend })
        .decode(Uint8Array.of(3, 1, 10, 2, 20, 1, 30)),
    ).toMatchObject({
      value: new Map([
        [1, 10],
        [2, 20],
      ]),
      completed: true,
    })
    const byPoint = map({ x: u8, y: u8 }, bool, 9).with({ backend })
    const points = byPoint.decode(Uint8Array.of(2, 1, 2, 1, 1, 2, 0))
    expect(points.ok && [...points.value]).toEqual([[{ x: 1, y: 2 }, true]])
    const pairs = set(tuple([u8, u8]), 9).with({ backend })
    const found = pairs.decode(Uint8Array.of(3, 1, 2, 1, 2, 2, 1))
    expect(found.ok && [...found.value]).toEqual([
      [1, 2],
      [2, 1],
    ])
  })

  it('of several equal keys keep all', () => {
    const many = multimap(u8, text(3), 9).with({ backend })
    expect(
      many.decode(
        many.encode([
          [1, 'a'],
          [1, 'b'],
        ]),
      ),
    ).toMatchObject({
      value: [
        [1, 'a'],
        [1, 'b'],
      ],
    })
    expect(
      multiset(u8, 9)
        .with({ backend })
        .decode(Uint8Array.of(3, 5, 5, 1)),
    ).toMatchObject({ value: [5, 5, 1] })
    expect(() => many.encode([[1, 'a', 2]] as never)).toThrow('[0]: wanted [key, value], got an array of 3')
  })

  it('say what does not fit', () => {
    const schema = struct({ scores: map(text(5), u8, 2), tags: set(u8, 2) }).with({ backend })
    const scores = new Map([['ann', 1]])
    const tags = new Set([1])
    expect(() => schema.encode({ scores: new Map([['ann', 300]]), tags })).toThrow(
      'scores[0].value: wanted an integer from 0 to 255, got 300',
    )
    expect(() => schema.encode({ scores: new Map([['too long', 1]]), tags })).toThrow(
      'scores[0].key: wanted text',
    )
    expect(() => schema.encode({ scores: {} as never, tags })).toThrow(
      'scores: wanted a Map of at most 2, got an object',
    )
    expect(() => schema.encode({ scores, tags: new Set([1, 2, 3]) })).toThrow(
      'tags: wanted a Set of at most 2',
    )
    expect(() => schema.encode({ scores, tags: new Set([1, -1]) })).toThrow('tags[1]: wanted an integer')
    expect(schema.decode(Uint8Array.of(3))).toMatchObject({ error: 'InvalidData', position: 0 })
    expect(schema.decode(Uint8Array.of(0, 2, 1))).toMatchObject({ error: 'DataOverflow' })
  })
})

describe.each(['compiled', 'interpreted'] as const)('tuples and variants, %s', (backend) => {
  it('tuples are their elements', () => {
    const schema = tuple([u8, text(3), { x: bool }]).with({ backend })
    expect(hex(schema.encode([7, 'a', { x: true }]))).toBe('07016101')
    expect(schema.decode(Uint8Array.of(7, 1, 97, 1))).toMatchObject({ value: [7, 'a', { x: true }] })
    expect(() => schema.encode([7, 'a'] as never)).toThrow('wanted an array of 3, got an array of 2')
    expect(() => schema.encode([7, 'a', { x: 1 as never }])).toThrow('[2].x: wanted true or false')
    expectTypeOf<Infer<typeof schema>>().toEqualTypeOf<[number, string, { x: boolean }]>()
  })

  it('variants with names are unions that a type tells apart', () => {
    const schema = variant({ circle: { r: f32 }, label: text(9), nothing: {} }).with({ backend })
    expect(hex(schema.encode({ type: 'circle', value: { r: 1 } }))).toBe('000000803f')
    expect(hex(schema.encode({ type: 'label', value: 'x' }))).toBe('010178')
    expect(schema.decode(Uint8Array.of(2))).toMatchObject({ value: { type: 'nothing', value: {} } })
    expect(() => schema.encode({ type: 'square', value: 1 } as never)).toThrow(
      'type: wanted one of "circle", "label", "nothing" with its value, got "square"',
    )
    expect(() => schema.encode({ type: 'label', value: 5 } as never)).toThrow('value: wanted text')
    expectTypeOf<Infer<typeof schema>>().toEqualTypeOf<
      | { type: 'circle'; value: { r: number } }
      | { type: 'label'; value: string }
      | { type: 'nothing'; value: Record<never, never> }
    >()
  })

  it('variants without names have an index', () => {
    const schema = variantOf([u8, text(9)]).with({ backend })
    expect(hex(schema.encode({ index: 1, value: 'x' }))).toBe('010178')
    expect(schema.decode(Uint8Array.of(0, 5))).toMatchObject({ value: { index: 0, value: 5 } })
    for (const index of [2, -1, 0.5])
      expect(() => schema.encode({ index, value: 1 } as never)).toThrow(
        `index: wanted an index below 2 with its value, got ${index}`,
      )
    expectTypeOf<Infer<typeof schema>>().toEqualTypeOf<
      { index: 0; value: number } | { index: 1; value: string }
    >()
  })

  it('an index that equals the count is InvalidData, which C++ lets pass', () => {
    const schema = variantOf([u8, u8]).with({ backend })
    expect(schema.decode(Uint8Array.of(2, 0))).toMatchObject({ error: 'InvalidData', position: 0 })
    expect(schema.decode(Uint8Array.of(3, 0))).toMatchObject({ error: 'InvalidData', position: 0 })
    expect(() => variantOf([])).toThrow('at least one alternative')
  })
})

describe.each(['compiled', 'interpreted'] as const)(
  'bitsets, times, queues, compact numbers, %s',
  (backend) => {
    it('a bitset is an array of booleans', () => {
      const schema = bitset(11).with({ backend })
      const flags = [true, false, false, false, false, false, false, true, false, true, true]
      expect(hex(schema.encode(flags))).toBe('8106')
      expect(schema.decode(Uint8Array.of(0x81, 0xfe))).toMatchObject({ value: flags })
      expect(
        bits({ a: bitset(11), b: bool })
          .with({ backend })
          .encode({ a: flags, b: true }),
      ).toEqual(Uint8Array.of(0x81, 0x0e))
      expect(() => schema.encode([])).toThrow('wanted an array of 11 booleans, got an array of 0')
      expect(() => schema.encode(flags.map((_, i) => (i === 9 ? 1 : true)) as never)).toThrow(
        '[9]: wanted true or false, got 1',
      )
    })

    it('durations and time points are their counts', () => {
      expect(hex(duration(i64).with({ backend }).encode(-1n))).toBe('ffffffffffffffff')
      expect(duration(i64).descriptor).toEqual({ t: 'duration', of: 'i64' })
      expect(timePoint(safeI64).with({ backend }).decode(timePoint(i64).encode(-5n))).toMatchObject({
        value: -5,
      })
      expect(() => duration(text(3) as never)).toThrow('duration: wanted a number schema, got text')
    })

    it('queues and stacks are arrays', () => {
      expect(hex(queue(u8, 3).with({ backend }).encode([3, 1, 2]))).toBe('03030102')
      expect(
        stack(u16, 3)
          .with({ backend })
          .decode(Uint8Array.of(1, 2, 1)),
      ).toMatchObject({ value: [258] })
      expect(() => stack(u8, 1).with({ backend }).encode([1, 2])).toThrow('wanted an array of at most 1')
    })

    it('compact numbers take a byte for 7 bits, signed ones by their distance from 0', () => {
      const cases: [unknown, unknown, string][] = [
        [compact(u32), 127, '7f'],
        [compact(u32), 300, 'ac02'],
        [compact(u32), 0xffffffff, 'ffffffff0f'],
        [compact(i32), -1, '01'],
        [compact(i32), 64, '8001'],
        [compact(i32), -(2 ** 31), 'ffffffff0f'],
        [compact(i16), -32768, 'ffff03'],
        [compact(u8), 200, 'c8'],
        [compact(u64), 2n ** 64n - 1n, 'ffffffffffffffffff01'],
        [compact(i64), -(2n ** 63n), 'ffffffffffffffffff01'],
        [compact(safeU64), 2 ** 53 - 1, 'ffffffffffffff0f'],
        [compact(safeI64), -1, '01'],
      ]
      for (const [schema, value, bytes] of cases) {
        const one = (schema as typeof u8).with({ backend })
        expect(hex(one.encode(value as number))).toBe(bytes)
        expect(one.decode(Buffer.from(bytes, 'hex'))).toMatchObject({ value, completed: true })
        expect(one.measure(value as number)).toBe(bytes.length / 2)
      }
      expect(() => compact(u16).with({ backend }).encode(65_536)).toThrow('wanted an integer from 0 to 65535')
    })

    it('compact numbers drop bits above their width; checked ones refuse them', () => {
      const over = Uint8Array.of(0xff, 0xff, 0x07)
      expect(compact(u16).with({ backend }).decode(over)).toMatchObject({ value: 65_535, position: 3 })
      expect(compact(i16).with({ backend }).decode(over)).toMatchObject({ value: -32_768 })
      expect(compactChecked(u16).with({ backend }).decode(over)).toMatchObject({
        error: 'InvalidData',
        position: 0,
      })
      const long = Uint8Array.of(0x80, 0x80, 0x80, 0x01)
      expect(compact(u16).with({ backend }).decode(long)).toMatchObject({ value: 0, position: 3 })
      expect(compact(u32).with({ backend }).decode(long)).toMatchObject({ value: 2 ** 21, position: 4 })
      expect(compact(u32).with({ backend }).decode(Uint8Array.of(0x80, 0x80))).toMatchObject({
        error: 'DataOverflow',
      })
      expect(
        compact(safeU64)
          .with({ backend })
          .decode(compact(u64).encode(2n ** 53n)),
      ).toMatchObject({ error: 'InvalidData' })
    })

    it('64-bit integers are numbers where the schema says so', () => {
      const schema = struct({ a: safeU64, b: safeI64 }).with({ backend })
      const value = { a: 2 ** 53 - 1, b: -(2 ** 53) + 1 }
      expect(hex(schema.encode(value))).toBe('ffffffffffff1f00010000000000e0ff')
      expect(schema.decode(schema.encode(value))).toMatchObject({ value })
      expect(
        schema.with({ byteOrder: 'big' }).decode(schema.with({ byteOrder: 'big' }).encode(value)),
      ).toMatchObject({ value })
      expect(schema.descriptor).toEqual(struct({ a: u64, b: i64 }).descriptor)
      expect(() => schema.encode({ a: 2 ** 53, b: 0 })).toThrow(
        'a: wanted an integer from 0 to 9007199254740991',
      )
      expect(schema.decode(Buffer.alloc(16, 0xff))).toMatchObject({ error: 'InvalidData', position: 0 })
    })
  },
)

describe.each(['compiled', 'interpreted'] as const)('bases, %s', (backend) => {
  const named = struct({ v: virtualBase('Named', { name: text(9) }), a: u8 })
  const placed = struct({ v: virtualBase('Named', { name: text(9) }), x: f64 })

  it('lie in place; a virtual one is written once for each object', () => {
    const thing = struct({ named: base(named), placed: base(placed), own: u8 }).with({ backend })
    const v = { name: 'ab' }
    const value = { named: { v, a: 1 }, placed: { v: { name: 'ab' }, x: 0 }, own: 2 }
    expect(hex(thing.encode(value))).toBe('0261620100000000000000000' + '2')
    expect(thing.measure(value)).toBe(13)
    const back = thing.decode(thing.encode(value))
    expect(back).toMatchObject({ value, completed: true })
    const list = array(thing, 3).with({ backend })
    expect(list.decode(list.encode([value, value]))).toMatchObject({ value: [value, value], completed: true })
    expect(list.encode([value, value]).length).toBe(27)
  })

  it('belong to the most derived object: a member of the same class has bases of its own', () => {
    const holder = struct({ base: base(named), member: placed }).with({ backend })
    const value = { base: { v: { name: 'a' }, a: 1 }, member: { v: { name: 'b' }, x: 0 } }
    expect(holder.decode(holder.encode(value))).toMatchObject({ value })
    const inBase = struct({
      base: base(struct({ member: placed, v: virtualBase('Named', { name: text(9) }) })),
    }).with({ backend })
    const other = { base: { member: { v: { name: 'b' }, x: 0 }, v: { name: 'c' } } }
    expect(inBase.decode(inBase.encode(other))).toMatchObject({ value: other })
  })

  it('must be equal wherever an object has them', () => {
    const thing = struct({ named: base(named), placed: base(placed) }).with({ backend })
    expect(() =>
      thing.encode({ named: { v: { name: 'a' }, a: 1 }, placed: { v: { name: 'b' }, x: 0 } }),
    ).toThrow('the same virtual base Named wherever an object has it')
  })
})
