import { spawnSync } from 'node:child_process'
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  array,
  bool,
  bytes,
  enumeration,
  enumNumber,
  enumOf,
  f32,
  fixedArray,
  fixedBytes,
  type Infer,
  i8,
  isSchema,
  optional,
  type Schema,
  Source,
  shapeSchema,
  struct,
  structOf,
  targetOf,
  text,
  u8,
  u16,
  u32,
  u64,
} from '../index.ts'
import { nodeOf } from './schema.ts'

const move = struct({ id: u32, x: f32, y: f32, name: text(16) })
const hex = (of: Uint8Array): string => Buffer.from(of).toString('hex')

describe('types', () => {
  it('are inferred from schemas and object literals', () => {
    expectTypeOf<Infer<typeof move>>().toEqualTypeOf<{ id: number; x: number; y: number; name: string }>()
    const nested = struct({
      at: { x: f32, y: f32 },
      path: array({ x: f32 }, 3),
      big: u64,
      raw: bytes(3),
      on: bool,
    })
    expectTypeOf<Infer<typeof nested>>().toEqualTypeOf<{
      at: { x: number; y: number }
      path: { x: number }[]
      big: bigint
      raw: Uint8Array
      on: boolean
    }>()
    const loose = struct({ a: optional(u8), b: optional({ c: text(3) }), d: u8 })
    expectTypeOf<Infer<typeof loose>>().toEqualTypeOf<{
      a?: number | undefined
      b?: { c: string } | undefined
      d: number
    }>()
    expectTypeOf<Infer<{ x: typeof f32; y: { z: typeof u64 } }>>().toEqualTypeOf<{
      x: number
      y: { z: bigint }
    }>()
    expectTypeOf(shapeSchema({ x: f32 })).toEqualTypeOf<Schema<{ x: number }>>()
    expectTypeOf(fixedArray(u8, 3)).toEqualTypeOf<Schema<number[]>>()
    expectTypeOf(text(3, { invalid: 'raw' })).toEqualTypeOf<Schema<string | Uint8Array>>()
    expectTypeOf(text(3, { charSize: 4 })).toEqualTypeOf<Schema<string>>()
  })

  it('of enumerations are unions of literals', () => {
    expectTypeOf(enumeration(['red', 'green'])).toEqualTypeOf<Schema<'red' | 'green'>>()
    expectTypeOf(enumeration({ on: 1, off: 0 }, { of: 'u16' })).toEqualTypeOf<Schema<'on' | 'off'>>()
    expectTypeOf(enumeration(['a'], { unknown: 'number' })).toEqualTypeOf<Schema<'a' | number>>()
    expectTypeOf(enumeration(['a'], { unknown: 'number', of: 'u64' })).toEqualTypeOf<Schema<'a' | bigint>>()
    expectTypeOf(enumOf({ red: 3, green: 9 })).toEqualTypeOf<Schema<3 | 9>>()
    expectTypeOf(enumNumber('i16')).toEqualTypeOf<Schema<number>>()
    expectTypeOf(enumNumber('i64')).toEqualTypeOf<Schema<bigint>>()
  })

  it('hold writers to them', () => {
    const write = (): unknown[] => [
      // @ts-expect-error a field is missing
      move.encode({ id: 1, x: 2, y: 3 }),
      // @ts-expect-error a name that is not listed
      enumeration(['red']).encode('blue'),
    ]
    expect(write).toThrow('name: wanted text of at most 16 bytes, got undefined')
  })
})

describe('a schema', () => {
  it('tells its sizes, kind, fields, descriptor and fingerprint', () => {
    expect([move.sizeMin, move.sizeMax, move.sizeFixed, move.kind]).toEqual([13, 29, undefined, 'struct'])
    const pair = struct({ a: u16, b: fixedBytes(3) })
    expect([pair.sizeMin, pair.sizeMax, pair.sizeFixed]).toEqual([5, 5, 5])
    expect([text(127).sizeMax, text(128).sizeMax, text(16_384, { charSize: 4 }).sizeMax]).toEqual([
      128, 130, 65_540,
    ])
    expect(move.fields.map(({ name, schema }) => [name, schema.kind])).toEqual([
      ['id', 'u32'],
      ['x', 'f32'],
      ['y', 'f32'],
      ['name', 'text'],
    ])
    expect(u8.fields).toEqual([])
    expect(move.descriptor).toEqual({
      t: 'struct',
      fields: [
        ['id', { t: 'u32' }],
        ['x', { t: 'f32' }],
        ['y', { t: 'f32' }],
        ['name', { t: 'text', max: 16, char: 1 }],
      ],
    })
    expect(isSchema(move) && isSchema(u8)).toBe(true)
    expect(isSchema({ x: f32 })).toBe(false)
  })

  it('has a fingerprint that other processes and languages can compute', () => {
    // FNV-1a, 64 bits, over the UTF-16 units of {"t":"u8"}, computed apart from this code.
    expect(u8.fingerprint).toBe('8d5da680d5d5f748')
    const prints = [
      struct({ a: u8, b: u16 }),
      struct({ b: u16, a: u8 }),
      struct({ a: u8, c: u16 }),
      struct({ a: u8, b: u32 }),
      struct({ a: u8, b: u16 }).with({ byteOrder: 'big' }),
      enumeration(['a', 'b']),
      enumeration(['b', 'a']),
      array(u8, 3),
      array(u8, 4),
    ].map(({ fingerprint }) => fingerprint)
    expect(new Set(prints).size).toBe(prints.length)
    expect(struct({ a: u8, b: u16 }).with({ backend: 'interpreted' }).fingerprint).toBe(prints[0])
    for (const print of prints) expect(print).toMatch(/^[\da-f]{16}$/)
  })

  it('writes into a target and reads from a source at any offset', () => {
    const memory = new Uint8Array(64).fill(0xee)
    const target = targetOf(memory)
    const value = { id: 7, x: 1.5, y: -2, name: 'fox' }
    const end = move.write(value, target, 5)
    expect(end).toBe(5 + 16)
    expect([memory[4], memory[end]]).toEqual([0xee, 0xee])
    const source = new Source(memory)
    expect(move.read(source, 5, 64)).toEqual(value)
    expect([source.position, source.error]).toEqual([end, ''])
    move.read(source, 5, end - 1)
    expect([source.position, source.error]).toEqual([18, 'DataOverflow'])
    source.set(memory.subarray(5))
    expect(move.read(source, 0, 59)).toEqual(value)
    expect(source.error).toBe('')
  })

  it('names the whole value in its errors when it has a name', () => {
    const wrong = { id: 1, x: undefined, y: 2, name: '' } as never
    expect(() => move.encode(wrong)).toThrow('x: wanted a number, got undefined')
    expect(() => move.with({ name: 'move' }).encode(wrong)).toThrow('move.x: wanted a number, got undefined')
    expect(() => u8.encode(256)).toThrow('value: wanted an integer from 0 to 255, got 256')
    expect(() => i8.encode(-129)).toThrow('from -128 to 127')
    expect(() => u64.encode(5 as never)).toThrow('a bigint from 0 to 18446744073709551615, got 5')
    expect(() => text(4).encode('€€')).toThrow('text of at most 4 bytes, got 6')
    expect(() => array(u8, 1).encode([1, 2])).toThrow('an array of at most 1, got an array of 2')
  })

  it('refuses options that it does not know', () => {
    expect(() => u8.with({ byteOrder: 'be' as never })).toThrow(
      'byteOrder: wanted "little" or "big", got "be"',
    )
    expect(() => u8.with({ backend: 'jit' as never })).toThrow(
      'backend: wanted "compiled" or "interpreted", got "jit"',
    )
    expect(() => u8.with({ emptyElementsMax: -1 })).toThrow(
      'emptyElementsMax: wanted an integer from 0, got -1',
    )
    expect(hex(u16.with({ byteOrder: 'big' }).encode(258))).toBe('0102')
  })

  it('tells trailing bytes apart from errors', () => {
    expect(u8.decode(Uint8Array.of(1, 2))).toEqual({ ok: true, value: 1, completed: false, position: 1 })
    expect(bool.decode(Uint8Array.of(2))).toMatchObject({ ok: false, error: 'InvalidData', completed: false })
  })

  it('encodes what is larger than scratch memory, and after an error', () => {
    const long = text(1_000_000)
    for (const size of [16_380, 16_383, 16_384, 16_390, 300_000, 1_000_000, 20]) {
      const value = 'ab'.repeat(size / 2)
      const result = long.decode(long.encode(value))
      expect(result.ok && result.value === value).toBe(true)
      expect(() => long.encode(5 as never)).toThrow('wanted text')
    }
    const floats = array(f32, 100_000)
    const many = Array.from({ length: 50_000 }, (_, i) => i)
    expect(floats.decode(floats.encode(many))).toMatchObject({ ok: true, value: many })
  })

  it('may be used by a getter of a value that is being encoded', () => {
    const outer = struct({ a: u8, b: bytes(9), c: u8 })
    const value = {
      a: 1,
      get b(): Uint8Array {
        return move.encode({ id: 1, x: 0, y: 0, name: '' }).subarray(0, 4)
      },
      c: 3,
    }
    expect(hex(outer.encode(value))).toBe('01040100000003')
  })

  it('reads ordinary values in compiled code alone', () => {
    const schema = struct({
      a: u8,
      b: text(300),
      c: array({ x: f32, t: text(9) }, 900),
      d: optional(bytes(3)),
      e: fixedArray(i8, 20),
      f: enumeration(['p', 'q']),
      g: bool,
      h: array(u64, 7),
      i: fixedBytes(2),
      j: text(9, { charSize: 2 }),
    })
    const value: Infer<typeof schema> = {
      a: 1,
      b: 'ß'.repeat(90),
      c: new Array(200).fill({ x: 1, t: 'ok' }),
      d: Uint8Array.of(1),
      e: new Array(20).fill(-1),
      f: 'q',
      g: true,
      h: [1n, 2n],
      i: Uint8Array.of(8, 9),
      j: 'hi',
    }
    const encoded = schema.encode(value)
    nodeOf(schema).read = () => {
      throw new Error('fell back')
    }
    nodeOf(schema).check = () => {
      throw new Error('fell back')
    }
    expect(schema.decode(encoded)).toEqual({ ok: true, value, completed: true, position: encoded.length })
    expect(hex(schema.encode(value))).toBe(hex(encoded))
    expect(schema.measure(value)).toBe(encoded.length)
  })

  it('works where text must not become code', () => {
    const script = `
      import { struct, u8, text, optional } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)}
      const schema = struct({ a: u8, b: optional(text(9)) })
      const encoded = schema.encode({ a: 5, b: 'ok' })
      console.log(Buffer.from(encoded).toString('hex'), JSON.stringify(schema.decode(encoded)))`
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script]
    const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout.trim()).toBe(
      '0501026f6b {"ok":true,"value":{"a":5,"b":"ok"},"completed":true,"position":5}',
    )
  })
})

describe('structs', () => {
  it('quote every field name: none becomes code', () => {
    const names = [
      'a"b',
      "'];throw 1//",
      '\\',
      '\n',
      '\u2028',
      'constructor',
      'toString',
      'hasOwnProperty',
      'value',
      'p',
      '',
    ]
    const schema = structOf(names.map((name) => [name, u8] as const))
    const value = Object.fromEntries(names.map((name, index) => [name, index]))
    const result = schema.decode(schema.encode(value))
    expect(result).toMatchObject({ ok: true, completed: true })
    if (result.ok) expect(Object.entries(result.value)).toEqual(Object.entries(value))
  })

  it('refuse __proto__, names twice, and literals that JavaScript puts in another order', () => {
    expect(() => structOf([['__proto__', u8]])).toThrow('struct: wanted any field name but __proto__')
    expect(() => struct(JSON.parse('{"__proto__":{}}'))).toThrow('__proto__')
    expect(() =>
      structOf([
        ['a', u8],
        ['a', u8],
      ]),
    ).toThrow('every field name once, got "a"')
    expect(() => struct({ b: u8, 1: u8 })).toThrow('names that are no integers')
    expect(
      hex(
        structOf([
          ['1', u8],
          ['0', u8],
        ]).encode({ 0: 5, 1: 6 }),
      ),
    ).toBe('0605')
    expect(() => struct({ a: 5 as never })).toThrow('wanted a schema or an object literal, got 5')
  })

  it('of many fields and levels compile into several functions with the same results', () => {
    const inner = Array.from({ length: 60 }, (_, i) => [`f${i}`, i % 3 === 0 ? text(9) : u16] as const)
    const schema = structOf(
      Array.from({ length: 40 }, (_, i) => [`s${i}`, array(structOf(inner), 3)] as const),
    )
    const one = Object.fromEntries(inner.map(([name], i) => [name, i % 3 === 0 ? `t${i}` : i]))
    const value = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`s${i}`, [one, one]]))
    const encoded = schema.encode(value)
    expect(hex(encoded)).toBe(hex(schema.with({ backend: 'interpreted' }).encode(value)))
    expect(schema.decode(encoded)).toEqual({ ok: true, value, completed: true, position: encoded.length })
    const wrong = { ...value, s39: [one, { ...one, f59: -1 }] }
    expect(() => schema.encode(wrong)).toThrow('s39[1].f59: wanted an integer')
    expect(schema.decode(encoded.subarray(0, -1))).toMatchObject({
      error: 'DataOverflow',
      position: encoded.length - 2,
    })
  })
})

describe.each(['compiled', 'interpreted'] as const)('enumerations, %s', (backend) => {
  it('are names, checked both ways', () => {
    const color = enumeration(['red', 'green', 'blue']).with({ backend })
    expect(hex(color.encode('blue'))).toBe('02')
    expect(color.decode(Uint8Array.of(1))).toMatchObject({ value: 'green' })
    expect(color.decode(Uint8Array.of(3))).toMatchObject({ error: 'InvalidData', position: 0 })
    expect(() => color.encode('pink' as never)).toThrow('wanted one of "red", "green", "blue", got "pink"')
    expect(() => color.encode(1 as never)).toThrow('got 1')
  })

  it('have numbers of any width', () => {
    const wide = enumeration({ low: -2, high: 300 }, { of: 'i16' }).with({ backend })
    expect([hex(wide.encode('low')), hex(wide.encode('high'))]).toEqual(['feff', '2c01'])
    const big = enumeration({ one: 1, huge: 2n ** 63n }, { of: 'u64' }).with({ backend })
    expect(hex(big.encode('huge'))).toBe('0000000000000080')
    expect(big.decode(big.encode('one'))).toMatchObject({ value: 'one' })
    expect(() => enumeration({ x: 256 })).toThrow('enumeration x: wanted an integer from 0 to 255, got 256')
    expect(() => enumeration([])).toThrow('at least one name')
  })

  it('let unknown numbers through where the schema says so', () => {
    const color = enumeration({ red: 1 }, { unknown: 'number' }).with({ backend })
    expect(color.decode(Uint8Array.of(9))).toMatchObject({ value: 9 })
    expect([hex(color.encode(9)), hex(color.encode('red')), hex(color.encode(1))]).toEqual(['09', '01', '01'])
    expect(() => color.encode(300)).toThrow('one of "red", an integer from 0 to 255, got 300')
    expect(enumNumber('u8').with({ backend }).decode(Uint8Array.of(9))).toMatchObject({ value: 9 })
  })

  it('may be the numbers of a constant object or of a TypeScript enum', () => {
    const Color = { Red: 1, Blue: 4, 1: 'Red', 4: 'Blue' } as const
    const color = enumOf(Color).with({ backend })
    expect(hex(color.encode(Color.Blue))).toBe('04')
    expect(color.decode(Uint8Array.of(4))).toMatchObject({ value: 4 })
    expect(color.decode(Uint8Array.of(2))).toMatchObject({ error: 'InvalidData' })
    expect(() => color.encode(2 as never)).toThrow('wanted one of 1, 4, got 2')
  })
})

describe('optional', () => {
  it('takes undefined, null and a missing field as none, and reads undefined', () => {
    const schema = struct({ a: optional(u8) })
    for (const value of [{}, { a: undefined }, { a: null } as never])
      expect(hex(schema.encode(value))).toBe('00')
    expect(schema.decode(Uint8Array.of(0))).toEqual({
      ok: true,
      value: { a: undefined },
      completed: true,
      position: 1,
    })
    expect(hex(schema.encode({ a: 5 }))).toBe('0105')
  })
})
