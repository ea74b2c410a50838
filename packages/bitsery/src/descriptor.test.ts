import { describe, expect, it } from 'vitest'
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
