import { describe, expect, it } from 'vitest'
import { keyHash } from './bytes/key-hash.ts'
import { type Descriptor, schemaFromDescriptor, valueFromJson, valueToJson } from './descriptor.ts'
import {
  array,
  bool,
  bytes,
  enumeration,
  enumNumber,
  f32,
  fixedArray,
  fixedText,
  optional,
  struct,
  text,
  u8,
  u64,
} from './index.ts'

const everything = struct({
  a: u8,
  b: u64,
  c: f32,
  d: bool,
  e: enumeration(['x', 'y']),
  f: enumNumber('i16'),
  g: text(9),
  h: fixedText(9, { charSize: 2 }),
  i: array({ j: u8 }, 4),
  k: fixedArray(f32, 2),
  l: optional(bytes(3)),
  m: enumeration({ big: 2n ** 60n }, { of: 'u64' }),
})

describe('descriptors', () => {
  it('describe a schema completely: made again from JSON it has the same descriptor and fingerprint', () => {
    const json = JSON.parse(JSON.stringify(everything.descriptor)) as Descriptor
    const again = schemaFromDescriptor(json)
    expect(again.descriptor).toEqual(everything.descriptor)
    expect(again.fingerprint).toBe(everything.fingerprint)
  })

  it('turn values into JSON and back', () => {
    const again = schemaFromDescriptor(everything.descriptor)
    const json = {
      a: 1,
      b: '18446744073709551615',
      c: '-0',
      d: true,
      e: 1,
      f: -7,
      g: 'hi',
      h: { $units: [0xd800] },
      i: [{ j: 3 }],
      k: ['NaN', '-Infinity'],
      l: [1, 2],
      m: '1152921504606846976',
    }
    const value = valueFromJson(everything.descriptor, json)
    expect(value).toMatchObject({
      b: 2n ** 64n - 1n,
      c: -0,
      e: 'y',
      h: '\ud800',
      k: [Number.NaN, Number.NEGATIVE_INFINITY],
      m: 'big',
    })
    const result = again.decode(again.encode(value))
    expect(result).toMatchObject({ ok: true, completed: true })
    if (result.ok) expect(valueToJson(everything.descriptor, result.value)).toEqual(json)
    expect(valueToJson({ t: 'text', max: 9, char: 1 }, Uint8Array.of(0xff))).toEqual({ $bytes: 'ff' })
    expect(valueToJson({ t: 'text', max: 9, char: 4 }, Uint32Array.of(0x110000))).toEqual({
      $units: [0x110000],
    })
    expect(valueToJson({ t: 'optional', of: { t: 'u8' }, align: true }, undefined)).toBe(null)
  })

  it.each<[unknown, string]>([
    [null, 'descriptor: wanted an object, got null'],
    [{}, 'descriptor.t: wanted a type of the grammar, got undefined'],
    [{ t: 'toString' }, 'descriptor.t: wanted a type of the grammar, got "toString"'],
    [{ t: '__proto__' }, 'a type of the grammar'],
    [{ t: 'text', max: -1, char: 1 }, 'text max: wanted an integer from 0 to 1073741823, got -1'],
    [{ t: 'text', max: '9); throw 1', char: 1 }, 'text max: wanted an integer'],
    [{ t: 'text', max: 9, char: 3 }, 'charSize: wanted 1, 2 or 4, got 3'],
    [{ t: 'fixedText', n: 0, char: 1 }, 'at least 1'],
    [{ t: 'array', max: 3 }, 'descriptor.of: wanted an object, got undefined'],
    [{ t: 'fixedArray', n: 2 ** 30, of: { t: 'u8' } }, 'fixedArray n'],
    [{ t: 'struct', fields: {} }, 'descriptor.fields: wanted an array of [name, schema], got an object'],
    [{ t: 'struct', fields: [['a', { t: 'u9' }]] }, 'descriptor.a.t: wanted a type of the grammar, got "u9"'],
    [{ t: 'struct', fields: [['__proto__', { t: 'u8' }]] }, 'any field name but __proto__'],
    [{ t: 'enum', size: 3 }, 'descriptor.size: wanted 1, 2, 4 or 8, got 3'],
    [{ t: 'enum', size: 1, values: [['a', '1; throw 1']] }, 'descriptor.values[0]: wanted [name, number]'],
    [{ t: 'enum', size: 1, values: [['a', 1.5]] }, 'enumeration a: wanted an integer from 0 to 255, got 1.5'],
  ])('that are no descriptors are refused: %j', (wrong, message) => {
    expect(() => schemaFromDescriptor(wrong as Descriptor)).toThrow(message)
  })

  it('that are nested too deeply are refused', () => {
    let deep: Descriptor = { t: 'u8' }
    for (let i = 0; i < 200; i++) deep = { t: 'optional', of: deep, align: true }
    expect(() => schemaFromDescriptor(deep)).toThrow('at most 100 levels')
  })
})

describe('what a descriptor may ask for', () => {
  const empty: Descriptor = { t: 'struct', fields: [] }
  const u8: Descriptor = { t: 'u8' }
  const nested = (
    depth: number,
    around: (of: Descriptor) => Descriptor,
    innermost: Descriptor,
  ): Descriptor => {
    let all = innermost
    for (let level = 0; level < depth; level++) all = around(all)
    return all
  }
  const fields = (count: number, of: Descriptor): Descriptor => ({
    t: 'struct',
    fields: Array.from({ length: count }, (_, i) => [`f${i}`, of] as const),
  })

  it.each<[string, Descriptor]>([
    ['a fixed array of empty structs', { t: 'fixedArray', n: 300_000_000, of: empty }],
    ['fixed arrays in each other', nested(9, (of) => ({ t: 'fixedArray', n: 8, of }), empty)],
    ['a bitset', { t: 'bitset', n: 70_000 }],
    [
      'what lies in growables',
      nested(9, (of) => ({ t: 'growable', of }), { t: 'fixedArray', n: 9000, of: u8 }),
    ],
    ['entries', { t: 'map', max: 9, key: u8, value: { t: 'fixedArray', n: 70_000, of: u8 } }],
    ['alternatives', { t: 'variant', of: [u8, { t: 'fixedArray', n: 70_000, of: u8 }] }],
    ['classes', { t: 'poly', kind: 'unique', of: [['A', { t: 'bitset', n: 70_000 }]] }],
  ])('%s of more than 65,536 values is refused, unless it is asked for', (_, descriptor) => {
    expect(() => schemaFromDescriptor(descriptor)).toThrow('at most 65536 values (valuesMax)')
    expect(schemaFromDescriptor(descriptor, { valuesMax: 1e10 }).descriptor).toEqual(descriptor)
  })

  it.each<[string, Descriptor]>([
    ['fields', fields(4100, u8)],
    ['names', { t: 'enum', size: 4, values: Array.from({ length: 4100 }, (_, i) => [`n${i}`, i] as const) }],
    [
      'listed values',
      { t: 'bits', of: { t: 'entropy', align: false, of: u8, values: new Array(4100).fill(7) } },
    ],
    ['alternatives', { t: 'variant', of: new Array<Descriptor>(4100).fill(u8) }],
    [
      'growables',
      nested(
        49,
        (of) => ({
          t: 'growable',
          of: {
            t: 'struct',
            fields: [
              ['a', of],
              ['b', u8],
              ['c', u8],
            ],
          },
        }),
        u8,
      ),
    ],
  ])('more than 4,096 %s are refused, unless it is asked for', (_, descriptor) => {
    expect(() => schemaFromDescriptor(descriptor)).toThrow('(nodesMax)')
    expect(schemaFromDescriptor(descriptor, { nodesMax: 100_000 }).descriptor.t).toBe(descriptor.t)
  })

  it('as many as that are a schema that is compiled', () => {
    for (const descriptor of [
      fields(4000, u8),
      { t: 'variant', of: new Array<Descriptor>(4000).fill(u8) } as const,
      fields(1300, { t: 'growable', of: u8 }),
      { t: 'fixedArray', n: 65_000, of: u8 } as const,
    ]) {
      const schema = schemaFromDescriptor(descriptor)
      const read = schema.decode(new Uint8Array(70_000))
      expect(read.ok || read.error === 'InvalidData').toBe(true)
    }
  })

  it('what takes no bits is not unrolled', () => {
    const wide: Descriptor = {
      t: 'struct',
      fields: [
        ['a', { t: 'rawBits', n: 1 }],
        ['b', fields(500, empty)],
      ],
    }
    const schema = schemaFromDescriptor({
      t: 'bits',
      of: nested(2, (of) => ({ t: 'fixedArray', n: 8, of }), wide),
    })
    const began = schema.decode(new Uint8Array(8))
    expect(began).toMatchObject({ ok: false, error: 'MemoryLimit' })
  })

  it('numbers of an enumeration that were chosen to collide are refused', () => {
    const values: [string, number][] = []
    for (let i = 0; values.length < 300; i++) if ((keyHash(i) & 255) === 0) values.push([`n${i}`, i])
    expect(() => schemaFromDescriptor({ t: 'enum', size: 4, values })).toThrow('numbers that do not collide')
  })

  it('refuses limits that are none', () => {
    expect(() => schemaFromDescriptor(u8, { nodesMax: 0 })).toThrow('nodesMax: wanted an integer from 1')
    expect(() => schemaFromDescriptor(u8, { valuesMax: Number.NaN })).toThrow(
      'valuesMax: wanted an integer from 1',
    )
  })
})
