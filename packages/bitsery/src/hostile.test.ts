import { describe, expect, it } from 'vitest'
import {
  align,
  array,
  bits,
  bitset,
  bool,
  bytes,
  compact,
  compactChecked,
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
  range,
  rawBits,
  type Schema,
  Source,
  set,
  stack,
  struct,
  text,
  tuple,
  u8,
  u16,
  u32,
  u64,
  variantOf,
} from './index.ts'

const MAX = 0x3fffffff
const HUGE_COUNT = [0xff, 0xff, 0xff, 0xff]
const backends = ['compiled', 'interpreted'] as const

/** The heap that a read leaves behind or used on its way, in bytes. */
function heapOf(read: () => unknown): number {
  globalThis.gc?.()
  const before = process.memoryUsage()
  const kept = read()
  const after = process.memoryUsage()
  expect(kept).toBeDefined()
  return after.heapUsed + after.external - before.heapUsed - before.external
}

/** The 4 bytes of an integer, least significant first. */
function u32Bytes(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 255)
}

describe.each(backends)('hostile bytes, %s', (backend) => {
  const decoded = (schema: Schema<unknown>, ...given: number[]) =>
    schema.with({ backend }).decode(Uint8Array.from(given))

  it.each<[string, Schema<unknown>]>([
    ['text', text(MAX)],
    ['wide text', text(MAX, { charSize: 4 })],
    ['bytes', bytes(MAX)],
    ['array of u8', array(u8, MAX)],
    ['array of u64', array(u64, MAX)],
    ['array of arrays', array(array(u64, MAX), MAX)],
    ['array of text', array(struct({ a: text(MAX), b: optional(bytes(MAX)) }), MAX)],
    ['queue', queue(u16, MAX)],
    ['stack of tuples', stack(tuple([u8, text(MAX)]), MAX)],
    ['set', set(u32, MAX)],
    ['set of structs', set(struct({ a: u8, b: text(MAX) }), MAX)],
    ['multiset', multiset(array(u8, MAX), MAX)],
    ['map', map(u8, u64, MAX)],
    ['map of structs', map(struct({ a: u8, b: u16 }), bytes(MAX), MAX)],
    ['multimap', multimap(text(MAX), u8, MAX)],
    ['array of pointers', array(pointer('owner', text(MAX)), MAX)],
    ['array of bits', array(bits({ a: bool, b: rawBits(9) }), MAX)],
    ['bits of an array of bits', bits(array(bool, MAX))],
    ['bits of an array behind a bit', bits({ a: bool, of: array(rawBits(3), MAX) })],
    ['bits of text behind a bit', bits({ a: bool, of: text(MAX) })],
    ['bits of bytes behind bits', bits({ a: array(rawBits(1), 9), of: bytes(MAX) })],
    ['array of bitsets', array(bitset(9), MAX)],
    ['array of growables', array(growable(u8), MAX)],
    ['array of variants', array(variantOf([u8, text(MAX)]), MAX)],
    ['array of compacts', array(compact(u64), MAX)],
  ])('a huge count for %s is DataOverflow before memory is taken', (_, schema) => {
    // Behind a bit or more, the same ones are a count, too.
    const input = Uint8Array.from([...HUGE_COUNT, ...HUGE_COUNT, 0xff, 0, 0, 0])
    const reader = schema.with({ backend })
    const result = reader.decode(input)
    expect(heapOf(() => reader.decode(input))).toBeLessThan(2_000_000)
    expect(result.ok).toBe(false)
    if (!result.ok) expect(['DataOverflow', 'InvalidData']).toContain(result.error)
    expect(result.position).toBeLessThanOrEqual(input.length)
  })

  it('groups of 7 bits that never end are an end all the same', () => {
    expect(decoded(compactChecked(u64), ...new Array<number>(20).fill(0xff))).toMatchObject({
      error: 'InvalidData',
      position: 0,
    })
    expect(decoded(compact(u16), 0x80, 0x80, 0x80, 1)).toMatchObject({ ok: true, value: 0, position: 3 })
  })

  it('keys that are objects are not compared before they are there', () => {
    const key = struct({ a: bytes(1), b: { c: u8 } })
    for (let size = 0; size < 7; size++) {
      expect(decoded(set(key, 9), ...[2, 1, 5, 6, 1, 5, 6].slice(0, size))).toMatchObject({
        error: 'DataOverflow',
      })
      expect(decoded(map(key, tuple([]), 9), ...[2, 1, 5, 6, 1, 5, 6].slice(0, size))).toMatchObject({
        error: 'DataOverflow',
      })
    }
    const same = { ok: true, value: new Set([{ a: Uint8Array.of(5), b: { c: 6 } }]) }
    expect(decoded(set(key, 9), 2, 1, 5, 6, 1, 5, 6)).toMatchObject(same)
  })

  it('elements without bytes are limited over the whole read, not per array', () => {
    const one = array(struct({}), MAX).with({ backend })
    expect(one.decode(Uint8Array.from([0x81, 0x00]))).toMatchObject({ ok: true, completed: true })
    expect(one.decode(Uint8Array.from([0x81, 0x01]))).toMatchObject({ ok: false, error: 'InvalidData' })
    expect(one.with({ emptyElementsMax: 1000 }).decode(Uint8Array.from([0x81, 0x01]))).toMatchObject({
      ok: true,
    })
    const many = array(array(fixedArray(u8, 0), MAX), MAX).with({ backend })
    expect(many.decode(Uint8Array.from([2, 100, 100]))).toMatchObject({ ok: true })
    expect(many.decode(Uint8Array.from([3, 100, 100, 100]))).toMatchObject({
      ok: false,
      error: 'InvalidData',
    })
  })

  it.each<[string, Schema<unknown>]>([
    ['structs', array(struct({}), MAX)],
    ['queued tuples', queue(tuple([]), MAX)],
    ['stacked bitsets', stack(bitset(0), MAX)],
    ['bytes of a set', set(fixedArray(u8, 0), MAX)],
    ['entries', multimap(struct({}), struct({}), MAX)],
    ['entries of a map', map(tuple([]), struct({}), MAX)],
    ['ranges of one value', bits(array(range(u32, 7, 7), MAX))],
    ['ranges behind a bit', bits({ _: align, of: array(struct({ a: range(u8, 1, 1), _: align }), MAX) })],
  ])('%s that take no bytes: 256 of them and no more', (_, schema) => {
    expect(decoded(schema, 0x81, 0x00)).toMatchObject({ ok: true, completed: true, position: 2 })
    expect(decoded(schema, 0x81, 0x01)).toMatchObject({ ok: false, error: 'InvalidData' })
    expect(decoded(schema, ...HUGE_COUNT)).toMatchObject({ ok: false, error: 'InvalidData' })
  })

  it.each<[string, Schema<unknown>]>([
    ['u32', array(u32, MAX)],
    ['text', array(text(9), MAX)],
    ['structs', array({ a: u8, b: bool }, MAX)],
    ['growables', array(growable(u64), MAX)],
    ['bits', array(bits({ a: rawBits(5) }), MAX)],
    ['entries', map(u8, text(5), MAX)],
    ['pairs', multimap(u8, text(5), MAX)],
    ['stacked numbers', stack(u64, MAX)],
    ['pointers', queue(pointer('owner', u8), MAX)],
    ['bytes', bytes(MAX)],
    ['wide text', text(MAX, { charSize: 2 })],
  ])('missing %s in a growable are limited like elements without bytes', (_, of) => {
    const given = (...count: number[]) => [...u32Bytes(4 + count.length), ...count]
    const isUnits = of.kind === 'text'
    expect(decoded(growable(of), ...given(0x80, isUnits ? 128 : 255))).toMatchObject({ completed: true })
    expect(decoded(growable(of), ...given(...HUGE_COUNT))).toMatchObject({ error: 'InvalidData' })
    expect(decoded(array(growable(of), 9), 2, ...given(0x80, 0xff), ...given(0x80, 0xff))).toMatchObject({
      error: 'InvalidData',
    })
  })

  it.each([
    [0, 'InvalidData'],
    [3, 'InvalidData'],
    [9, 'DataOverflow'],
    [0x7fff_ffff, 'DataOverflow'],
    [0xffff_ffff, 'DataOverflow'],
  ])('a growable of %i bytes where there are 8 is %s at its place', (size, error) => {
    const given = [...u32Bytes(size), 1, 0, 0, 0]
    expect(decoded(growable(u32), ...given)).toMatchObject({ error, position: 0 })
    expect(decoded(tuple([u8, growable({ a: u32 })]), 7, ...given)).toMatchObject({ error, position: 1 })
    expect(decoded(bits({ a: rawBits(8), of: growable(u32) }), 7, ...given)).toMatchObject({ error })
  })

  it('a growable ends within the one around it', () => {
    const schema = growable({ a: growable(u32), b: u8 })
    const inner = [...u32Bytes(10), ...u32Bytes(9), 1, 0, 0, 0, 9, 9, 9]
    expect(decoded(schema, ...inner)).toMatchObject({ error: 'InvalidData', position: 4 })
    const whole = [...u32Bytes(13), ...u32Bytes(8), 1, 0, 0, 0, 5]
    expect(decoded(schema, ...whole)).toMatchObject({ ok: true, value: { a: 1, b: 5 } })
  })

  it('pointers of huge ids are numbered as they come', () => {
    const schema = array(pointer('shared', u8), 9)
    const value = [{ id: 1, value: 7 }, { ref: 1 }, { id: 2, value: 8 }]
    expect(decoded(schema, 3, ...HUGE_COUNT, 7, ...HUGE_COUNT, 0xbf, 0xff, 8)).toMatchObject({ value })
    const classes = polymorphicOf('unique', [['A', u8]])
    expect(decoded(classes, ...HUGE_COUNT, ...HUGE_COUNT, 1)).toMatchObject({
      error: 'InvalidPointer',
      position: 4,
    })
    expect(decoded(pointer('observer', u8), ...HUGE_COUNT)).toMatchObject({ unresolved: [1] })
  })

  it('indices beyond the last are InvalidData, those of no bits are none', () => {
    expect(decoded(variantOf([u8, u16]), 2, 0, 0)).toMatchObject({ error: 'InvalidData', position: 0 })
    expect(decoded(bits(entropy(u8, [1, 2])), 3, 0)).toMatchObject({ error: 'InvalidData', position: 0 })
    expect(decoded(bits(range(u16, 5, 5)))).toMatchObject({ ok: true, value: 5, completed: true })
    expect(decoded(bits(fixedArray(range(u16, 5, 5), 3)))).toMatchObject({ ok: true, value: [5, 5, 5] })
  })

  it('a schema 300 levels deep is read, and its errors come from the bottom', () => {
    let deep: Schema<unknown> = u8 as Schema<unknown>
    for (let level = 0; level < 100; level++) {
      deep = optional(struct({ of: array(deep, 3) })) as Schema<unknown>
    }
    const all = new Array<number>(200).fill(1)
    expect(decoded(deep, ...all, 7)).toMatchObject({ ok: true, completed: true })
    expect(decoded(deep, ...all)).toMatchObject({ ok: false, error: 'DataOverflow', position: 200 })
    expect(decoded(deep, ...all.with(101, 4))).toMatchObject({ error: 'InvalidData', position: 101 })
  })

  it('no read looks behind its end', () => {
    const schemas = [
      bits({ a: rawBits(3), b: rawBits(20), c: array(rawBits(7), 9), d: range(u64, 0n, 5n ** 20n) }),
      growable({ a: u32, b: array(growable(u16), 5), c: text(9) }),
      struct({ a: compact(u64), b: set(text(5), 9), c: optional(variantOf([u64, bits(rawBits(13))])) }),
    ] as Schema<unknown>[]
    for (const schema of schemas.map((one) => one.with({ backend }))) {
      for (let size = 0; size < 24; size++) {
        const given = Uint8Array.from({ length: size }, (_, i) => (i * 37) % 11)
        const alone = new Source(given)
        const within = new Source(Uint8Array.from([0xee, ...given, 0xff, 0xff, 0xff, 0xff]))
        const value = schema.read(alone, 0, size)
        const again = schema.read(within, 1, size + 1)
        expect([within.error, within.position - 1]).toEqual([alone.error, alone.position])
        if (alone.error === '') expect(again).toEqual(value)
      }
    }
  })

  it.each<[string, Schema<unknown>]>([
    ['arrays', array(array(u8, 9), MAX)],
    ['byte arrays', array(bytes(9), MAX)],
    ['texts', array(text(9), MAX)],
    ['structs', array(struct({ a: bool }), MAX)],
    ['optionals', array(optional(u8), MAX)],
    ['multisets', array(multiset(u8, 9), MAX)],
    ['pairs', multimap(u8, bytes(9), MAX)],
  ])('many small %s take a limited multiple of the memory of their bytes', (_, schema) => {
    const count = 100_000
    const input = Uint8Array.from([0xc0, 0x01, 0xa0, 0x86, ...new Array<number>(count * 2).fill(0)])
    const reader = schema.with({ backend })
    expect(reader.decode(input)).toMatchObject({ ok: true })
    const { position } = reader.decode(input)
    const used = heapOf(() => {
      const value = reader.decode(input)
      globalThis.gc?.()
      return value
    })
    // The interpreter makes objects field by field: V8 keeps room for four in each of them.
    expect(used / position).toBeLessThan(backend === 'compiled' ? 64 : 80)
  })

  it('a count above the limit of the schema is InvalidData at its place', () => {
    const schema = struct({ id: u8, list: array(u8, 3) }).with({ backend })
    expect(schema.decode(Uint8Array.from([7, 4, 1, 2, 3, 4]))).toEqual({
      ok: false,
      error: 'InvalidData',
      completed: false,
      position: 1,
    })
  })

  it('what was read does not share memory with the bytes', () => {
    const input = Uint8Array.from([2, 5, 6])
    const result = bytes(9).with({ backend }).decode(Buffer.from(input.buffer))
    input.fill(0)
    expect(result).toMatchObject({ ok: true, value: Uint8Array.from([5, 6]) })
  })
})
