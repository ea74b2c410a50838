import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  align,
  array,
  bits,
  bool,
  entropy,
  f32,
  f64,
  growable,
  type Infer,
  i8,
  i32,
  i64,
  optional,
  range,
  rangeFloat,
  rawBits,
  type Schema,
  safeU64,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
} from '../index.ts'

function hex(encoded: Uint8Array): string {
  return Buffer.from(encoded).toString('hex')
}

const backends = ['compiled', 'interpreted'] as const

describe.each(backends)('bit packing, %s', (backend) => {
  function packed<T>(schema: Schema<T>): Schema<T> {
    return schema.with({ backend })
  }

  it('fills bytes from the least significant bit upwards, and the last one with zeros', () => {
    const schema = packed(bits({ a: rawBits(3), b: rawBits(5), c: bool, d: rawBits(10) }))
    // 5 | 9 << 3 = 4d; then 1 | 0x2a5 << 1 = 0x54b
    expect(hex(schema.encode({ a: 5, b: 9, c: true, d: 0x2a5 }))).toBe('4d4b05')
    expect(schema.sizeFixed).toBe(3)
    expect(schema.decode(Buffer.from('4d4b05', 'hex'))).toEqual({
      ok: true,
      value: { a: 5, b: 9, c: true, d: 0x2a5 },
      completed: true,
      position: 3,
    })
    expect(schema.decode(Buffer.from('4d4b0d', 'hex'))).toMatchObject({ error: 'InvalidData' })
    expect(schema.decode(Buffer.from('4d4b', 'hex'))).toMatchObject({ error: 'DataOverflow' })
  })

  it('leaves whole bytes in the order of the schema where they lie on whole bytes, and only there', () => {
    const schema = packed(bits({ a: u16, b: rawBits(4), c: u16, d: rawBits(4), e: u16 }))
    const value = { a: 0x1234, b: 15, c: 0x5678, d: 0, e: 0x9abc }
    expect(hex(schema.encode(value))).toBe('34128f6705bc9a')
    const big = schema.with({ byteOrder: 'big' })
    expect(hex(big.encode(value))).toBe('12348f67059abc')
    expect(big.decode(big.encode(value))).toMatchObject({ value })
  })

  it('is transparent within itself: objects are packed back to back', () => {
    const point = bits({ x: rawBits(4), y: rawBits(2) })
    expect(
      hex(
        packed(array(point, 9)).encode([
          { x: 15, y: 3 },
          { x: 15, y: 3 },
        ]),
      ),
    ).toBe('023f3f')
    expect(
      hex(
        packed(bits(array(point, 9))).encode([
          { x: 15, y: 3 },
          { x: 15, y: 3 },
        ]),
      ),
    ).toBe('02ff0f')
  })

  it('aligns where a struct says so; alignment is no property', () => {
    const schema = packed(bits({ a: bool, _1: align, b: u8 }))
    expect(hex(schema.encode({ a: true, b: 255 }))).toBe('01ff')
    expect(schema.decode(Uint8Array.of(1, 255))).toMatchObject({ value: { a: true, b: 255 } })
    expect(schema.decode(Uint8Array.of(3, 255))).toMatchObject({ error: 'InvalidData', position: 0 })
    expect(schema.sizeFixed).toBe(2)
    expectTypeOf<Infer<typeof schema>>().toEqualTypeOf<{ a: boolean; b: number }>()
    // Outside bit packing there is nothing to align.
    expect(hex(packed(struct({ a: u8, _1: align, b: u8 })).encode({ a: 1, b: 2 }))).toBe('0102')
  })

  it('packs text and arrays at any bit, with any bit known or not', () => {
    const schema = packed(bits({ a: rawBits(3), name: text(300), list: array(rawBits(5), 300), more: u32 }))
    const value = { a: 7, name: 'grün'.repeat(40), list: [1, 2, 31, 4], more: 0xdeadbeef }
    expect(schema.decode(schema.encode(value))).toMatchObject({ ok: true, value, completed: true })
    expect(hex(packed(bits({ a: rawBits(3), b: text(9) })).encode({ a: 7, b: 'AB' }))).toBe('17081202')
  })

  it('aligns the value of an optional, unless it says otherwise', () => {
    expect(hex(packed(bits({ a: optional(u8), b: bool })).encode({ a: 255, b: true }))).toBe('01ff01')
    expect(
      hex(packed(bits({ a: optional(u8, { start: 'bit' }), b: bool })).encode({ a: 255, b: true })),
    ).toBe('ff03')
    expect(hex(packed(bits({ a: optional(u8), b: bool })).encode({ b: true }))).toBe('0001')
  })

  it('refuses raw bits that are too large, and widths that there are not', () => {
    expect(() => packed(bits({ a: rawBits(3) })).encode({ a: 8 })).toThrow(
      'a: wanted an integer from 0 to 7, got 8',
    )
    expect(() => packed(bits({ a: rawBits(3) })).encode({ a: 1.5 })).toThrow('got 1.5')
    expect(() => packed(bits({ a: rawBits(32) })).encode({ a: -1 })).toThrow('from 0 to 4294967295, got -1')
    expect(() => packed(bits({ a: rawBits(40) })).encode({ a: 2n ** 40n })).toThrow('a bigint of 40 bits')
    expect(hex(packed(bits({ a: rawBits(40) })).encode({ a: 2n ** 40n - 2n }))).toBe('feffffffff')
    expect(() => rawBits(65)).toThrow('rawBits n: wanted an integer from 1 to 64, got 65')
    expectTypeOf<Infer<ReturnType<typeof rawBits<33>>>>().toEqualTypeOf<bigint>()
    expectTypeOf<Infer<ReturnType<typeof rawBits<32>>>>().toEqualTypeOf<number>()
  })

  it('is needed around what lies in bits', () => {
    expect(() => packed(struct({ a: range(u8, 0, 3) })).encode({ a: 1 })).toThrow(
      'wanted bits(…) around it, got range',
    )
    expect(() => packed(array(rawBits(3), 3)).decode(Uint8Array.of(0))).toThrow('got rawBits')
  })
})

describe.each(backends)('ranges, %s', (backend) => {
  it('take as many bits as their span needs', () => {
    const widths: [Schema<unknown>, unknown, number][] = [
      [range(u8, 5, 5), 5, 0],
      [range(u8, 0, 1), 1, 1],
      [range(u8, 0, 2), 2, 2],
      [range(u16, 1000, 1255), 1255, 8],
      [range(i8, -128, 127), -1, 8],
      [range(i32, -5, 2 ** 31 - 6), 0, 31],
      [range(u32, 0, 0xffffffff), 0xfffffffe, 32],
      [range(u64, 0n, 2n ** 64n - 1n), 2n ** 63n, 64],
      [range(safeU64, 0, 2 ** 40), 2 ** 40, 41],
    ]
    for (const [schema, value, width] of widths) {
      const room = bits({ a: schema, rest: rawBits(1) }).with({ backend })
      const encoded = room.encode({ a: value, rest: 1 })
      expect(encoded.length).toBe(Math.ceil((width + 1) / 8))
      expect(room.decode(encoded)).toMatchObject({ value: { a: value, rest: 1 }, completed: true })
    }
  })

  it('are checked both ways', () => {
    const schema = bits({ hp: range(u16, 100, 999), team: range(i8, -1, 1) }).with({ backend })
    expect(hex(schema.encode({ hp: 100, team: -1 }))).toBe('0000')
    expect(schema.decode(schema.encode({ hp: 999, team: 1 }))).toMatchObject({ value: { hp: 999, team: 1 } })
    expect(() => schema.encode({ hp: 99, team: 0 })).toThrow('hp: wanted an integer from 100 to 999, got 99')
    expect(() => schema.encode({ hp: 100.5, team: 0 })).toThrow('got 100.5')
    expect(schema.decode(Uint8Array.of(0xff, 0x03))).toMatchObject({ error: 'InvalidData', position: 0 })
    expect(schema.decode(Uint8Array.of(0, 0x0c))).toMatchObject({ error: 'InvalidData' })
  })

  it('of 64 bits are bigints, or numbers where the schema says so', () => {
    const schema = bits({ a: range(i64, -(2n ** 62n), 5n), b: range(safeU64, 10, 2 ** 50) }).with({ backend })
    const value = { a: -(2n ** 62n) + 3n, b: 2 ** 50 - 1 }
    expect(schema.decode(schema.encode(value))).toMatchObject({ value })
    expect(() => schema.encode({ ...value, a: 6n })).toThrow(
      'a: wanted a bigint from -4611686018427387904 to 5, got 6n',
    )
    expect(() => schema.encode({ ...value, b: 9 })).toThrow(
      'b: wanted an integer from 10 to 1125899906842624, got 9',
    )
  })

  it('refuse bounds that C++ cannot count', () => {
    expect(() => range(i32, -(2 ** 31), 2 ** 31 - 1)).toThrow('a span below 2^31 for i32')
    expect(() => range(i64, -(2n ** 63n), 0n)).toThrow('a span below 2^63 for i64')
    expect(() => range(u8, 0, 256)).toThrow('bounds that are an integer from 0 to 255, got 256')
    expect(() => range(u8, 5, 4)).toThrow('a min up to the max 4, got 5')
    expect(() => range(f32 as never, 0, 1)).toThrow('an integer schema, got f32')
  })

  it('of floats truncate to steps and stay within their bounds', () => {
    const schema = bits({ x: rangeFloat(f32, -1, 1, { bits: 8 }) }).with({ backend })
    expect(hex(schema.encode({ x: -1 }))).toBe('00')
    expect(hex(schema.encode({ x: 1 }))).toBe('ff')
    expect(hex(schema.encode({ x: 0 }))).toBe('7f')
    const back = schema.decode(Uint8Array.of(0x7f))
    expect(back.ok && back.value.x).toBe(Math.fround(-0.003921568393707275))
    for (const x of [-1.01, 1.01, Number.NaN, Infinity])
      expect(() => schema.encode({ x })).toThrow('x: wanted a number from -1 to 1')
    expect(rangeFloat(f64, 0, 1, { precision: 0.001 }).descriptor).toEqual({
      t: 'rangeFloat',
      of: 'f64',
      min: 0,
      max: 1,
      precision: 0.001,
    })
  })

  it('of floats mend what C++ refuses of its own: the greatest value above max', () => {
    const schema = bits(rangeFloat(f64, -0.1, 0.3, { bits: 2 })).with({ backend })
    expect(() => schema.encode(0.3)).toThrow('a number that the C++ reader accepts: less than 0.3')
    expect(schema.decode(Uint8Array.of(3))).toMatchObject({ ok: true, value: 0.3 })
    expect(schema.decode(schema.encode(0.29))).toMatchObject({ ok: true })
  })

  it('of floats refuse more bits than the type has', () => {
    expect(() => rangeFloat(f32, 0, 1, { bits: 25 })).toThrow('1 to 24 bits for f32, got 25')
    expect(() => rangeFloat(f64, 0, 1, { bits: 54 })).toThrow('1 to 53 bits for f64, got 54')
    expect(() => rangeFloat(f32, 0, 1, { precision: 1e-9 })).toThrow('another precision')
    expect(() => rangeFloat(f64, 0, 0.25, { precision: 0.5 })).toThrow('1 to 53 bits for f64')
    expect(() => rangeFloat(f32, 1, 1, { bits: 8 })).toThrow('bounds that are finite')
    expect(() => rangeFloat(f32, 0, 1, { precision: 0 })).toThrow('a number above 0, got 0')
  })
})

describe.each(backends)('entropy, %s', (backend) => {
  it('writes an index for listed values, and index 0 before others', () => {
    const schema = bits({ a: entropy(u16, [7, 300, 5], { start: 'bit' }), b: bool }).with({ backend })
    expect(hex(schema.encode({ a: 300, b: true }))).toBe('06')
    expect(hex(schema.encode({ a: 8, b: true }))).toBe('200004')
    for (const a of [7, 300, 5, 8])
      expect(schema.decode(schema.encode({ a, b: false }))).toMatchObject({ value: { a } })
    expect(() => schema.encode({ a: -1, b: true })).toThrow('a: wanted an integer from 0 to 65535, got -1')
  })

  it('aligns behind the index by default, whatever it is', () => {
    const schema = bits({ a: entropy(u8, [7]), b: u8 }).with({ backend })
    expect([hex(schema.encode({ a: 7, b: 9 })), hex(schema.encode({ a: 8, b: 9 }))]).toEqual([
      '0109',
      '000809',
    ])
    expect(schema.decode(Uint8Array.of(3, 9))).toMatchObject({ error: 'InvalidData' })
  })

  it('finds structs by what they hold, and gives copies', () => {
    const point = struct({ x: f32, tags: array(text(5), 3) })
    const schema = bits(entropy(point, [{ x: 0.1, tags: ['a'] }])).with({ backend })
    expect(schema.encode({ x: 0.1, tags: ['a'] }).length).toBe(1)
    expect(schema.encode({ x: Math.fround(0.1), tags: ['a'] }).length).toBe(1)
    expect(schema.encode({ x: 0.1, tags: [] }).length).toBe(6)
    const first = schema.decode(Uint8Array.of(1))
    const second = schema.decode(Uint8Array.of(1))
    expect(first).toEqual(second)
    if (first.ok && second.ok) expect(first.value).not.toBe(second.value)
  })

  it('compares floats as numbers: -0 is 0, NaN is nothing', () => {
    const schema = bits(entropy(f64, [0, Number.NaN])).with({ backend })
    expect([schema.encode(-0).length, schema.encode(Number.NaN).length]).toEqual([1, 9])
    expect(schema.decode(schema.encode(-0))).toMatchObject({ value: 0 })
    expect(() => entropy(u8, [256])).toThrow('entropy values: wanted an integer from 0 to 255, got 256')
    expect(() => entropy(u8, [])).toThrow('at least one value')
    expect(schema.decode(Uint8Array.of(3))).toMatchObject({ error: 'InvalidData', position: 0 })
  })
})

describe.each(backends)('growable in bit packing, %s', (backend) => {
  it('must begin and end with a whole byte', () => {
    const late = bits({ x: rawBits(3), g: growable({ a: u8 }) }).with({ backend })
    expect(() => late.encode({ x: 1, g: { a: 1 } })).toThrow(
      'growable: wanted a whole byte at its start (put align there)',
    )
    const open = bits({ g: growable({ a: rawBits(3) }) }).with({ backend })
    expect(() => open.encode({ g: { a: 1 } })).toThrow('at its end')
    const good = bits({ x: rawBits(3), _1: align, g: growable({ a: rawBits(3), _1: align }), y: bool }).with({
      backend,
    })
    expect(hex(good.encode({ x: 1, g: { a: 7 }, y: true }))).toBe('01050000000701')
    expect(good.decode(Buffer.from('01050000000701', 'hex'))).toMatchObject({
      value: { x: 1, g: { a: 7 }, y: true },
    })
    expect(late.decode(Uint8Array.of(1, 5, 0, 0, 0, 7))).toMatchObject({ error: 'InvalidData' })
    const loose = bits({ list: array(bool, 9), g: growable({ a: u8 }) }).with({ backend })
    expect(() => loose.encode({ list: [true], g: { a: 1 } })).toThrow('at its start')
    expect(loose.encode({ list: [], g: { a: 1 } }).length).toBe(6)
  })
})
