import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyCase } from '../fuzz/cases.ts'
import { settled } from '../fuzz/settled.ts'
import { FullByteReader } from './bytes/full-byte-reader.ts'
import { targetOf } from './bytes/source.ts'
import {
  array,
  bits,
  bitset,
  bool,
  bytes,
  compact,
  entropy,
  f32,
  fixedArray,
  fixedBytes,
  growable,
  map,
  multimap,
  optional,
  pointer,
  queue,
  range,
  rangeFloat,
  type Schema,
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

const SEED = 20261126
const FREE = 16_384
const backends = ['compiled', 'interpreted'] as const

/**
 * The least that a value takes of V8's heap, by the sizes of its objects (64 bits, pointers not compressed): what it was measured to take,
 * without room to spare.
 */
function heapOf(value: unknown): number {
  const sum = (of: Iterable<unknown>): number =>
    [...of].reduce<number>((total, one) => total + heapOf(one), 0)
  switch (typeof value) {
    case 'string':
      return value.length < 2 ? 0 : 16 + 8 * Math.ceil(value.length / 8)
    case 'bigint':
      return 16
    case 'object':
      break
    default:
      return 0
  }
  if (value === null) return 0
  if (value instanceof Uint8Array || value instanceof Uint32Array) {
    return value.length === 0 ? 0 : 176 + value.byteLength
  }
  if (Array.isArray(value)) return 32 + (value.length === 0 ? 0 : 16 + 8 * value.length) + sum(value)
  const table = (size: number, words: number): number => {
    const room = Math.max(4, 2 ** Math.ceil(Math.log2(Math.max(1, size))))
    return 72 + room * 8 * words
  }
  if (value instanceof Set) return table(value.size, 2.5) + sum(value)
  if (value instanceof Map) return table(value.size, 3.5) + sum(value.keys()) + sum(value.values())
  const members = Object.values(value)
  return 24 + 8 * members.length + sum(members)
}

/** A size prefix. */
function prefix(count: number): number[] {
  if (count < 0x80) return [count]
  return count < 0x4000
    ? [0x80 | (count >> 8), count & 255]
    : [0xc0 | (count >> 24), (count >> 16) & 255, count & 255, (count >> 8) & 255]
}

function repeated(count: number, ...each: number[]): Uint8Array {
  return Uint8Array.from([...prefix(count), ...Array.from({ length: count }, () => each).flat()])
}

const NO_SIZE = [4, 0, 0, 0]
const MAX = 65_535
const item = struct({ id: u32, count: u16, level: u8 })

/** Values that take far more than their bytes, and bytes with many of them. */
const GREEDY: [string, Schema<unknown>, Uint8Array][] = [
  [
    'growables of fixed arrays of structs',
    array(growable({ a: fixedArray(item, 100) }), MAX),
    repeated(2000, ...NO_SIZE),
  ],
  [
    'growables of fixed arrays of numbers',
    array(growable({ a: fixedArray(u32, 4096) }), MAX),
    repeated(2000, ...NO_SIZE),
  ],
  ['growables of bitsets', array(growable({ a: bitset(4096) }), MAX), repeated(2000, ...NO_SIZE)],
  ['growables of bytes', array(growable({ a: fixedBytes(4096) }), MAX), repeated(2000, ...NO_SIZE)],
  [
    'growables of maps',
    array(growable({ a: map(u8, u8, 9), b: set(u8, 9) }), MAX),
    repeated(4000, ...NO_SIZE),
  ],
  [
    'growables of empty structs',
    array(growable({ a: { b: {}, c: {}, d: {} }, e: {}, f: {} }), MAX),
    repeated(4000, ...NO_SIZE),
  ],
  [
    'growables of growables',
    array(growable({ a: growable({ b: fixedArray(u8, 999) }) }), MAX),
    repeated(2000, ...NO_SIZE),
  ],
  ['one growable of much', growable({ a: fixedArray(u32, 100_000) }), Uint8Array.from(NO_SIZE)],
  [
    'growables in bits',
    array(bits(growable({ a: fixedArray(bool, 1000) })), MAX),
    repeated(2000, ...NO_SIZE),
  ],
  [
    'entries of growables',
    multimap(u8, growable({ a: fixedArray(u8, 1000) }), MAX),
    repeated(2000, 7, ...NO_SIZE),
  ],
  [
    'variants of growables',
    array(variantOf([growable({ a: bitset(999) })]), MAX),
    repeated(2000, 0, ...NO_SIZE),
  ],
  ['tuples of growables', array(tuple([growable({ a: bitset(999) })]), MAX), repeated(2000, ...NO_SIZE)],
  ['queues of growables', queue(growable({ a: bitset(999) }), MAX), repeated(2000, ...NO_SIZE)],
  ['stacks of growables', stack(growable({ a: bitset(999) }), MAX), repeated(2000, ...NO_SIZE)],
  ['optional growables', array(optional(growable({ a: bitset(999) })), MAX), repeated(2000, 1, ...NO_SIZE)],
  [
    'pointers to growables',
    array(pointer('owner', growable({ a: bitset(999) })), MAX),
    repeated(2000, 7, ...NO_SIZE),
  ],
  ['maps', array(map(u8, u8, 9), MAX), repeated(4000, 0)],
  ['sets', array(set(u8, 9), MAX), repeated(4000, 0)],
  ['bytes', array(bytes(9), MAX), repeated(4000, 1, 7)],
  ['fixed bytes', array(fixedBytes(1), MAX), repeated(4000, 7)],
  ['raw text', array(text(9, { invalid: 'raw' }), MAX), repeated(4000, 1, 0xff)],
  ['bitsets', array(bitset(8), MAX), repeated(4000, 7)],
  ['variants', array(variantOf([struct({})]), MAX), repeated(4000, 0)],
  ['structs with empty ones', array(struct({ a: u8, b: {}, c: {}, d: {} }), MAX), repeated(4000, 7)],
  ['structs of bits', bits(array(struct({ a: bool }), MAX)), repeated(0x3fff, 0x55).slice(0, 2050)],
  [
    'optionals in bits',
    bits(array(optional(struct({}), { start: 'bit' }), MAX)),
    repeated(0x3fff, 0x55).slice(0, 2050),
  ],
  ['bigints in bits', bits(array(range(u64, 5n, 6n), MAX)), repeated(0x3fff, 0x55).slice(0, 2050)],
  [
    'floats in bits',
    bits(array({ a: rangeFloat(f32, 0.5, 1.5, { bits: 1 }) }, MAX)),
    repeated(0x3fff, 0x55).slice(0, 2050),
  ],
  [
    'listed values',
    bits(array(entropy(array(u8, 999), [new Array(99).fill(3)], { start: 'bit' }), MAX)),
    repeated(0x3fff, 0xff).slice(0, 2050).with(2049, 0x7f),
  ],
  ['structs of compacts', array({ a: compact(u64) }, MAX), repeated(4000, 7)],
] as [string, Schema<unknown>, Uint8Array][]

describe.each(backends)('memory, %s', (backend) => {
  it.each(GREEDY)('of %s above 64 bytes a byte is MemoryLimit, unless it is asked for', (_, of, input) => {
    const schema = of.with({ backend })
    const result = schema.decode(input)
    expect(result).toMatchObject({ ok: false, error: 'MemoryLimit' })
    expect(result.position).toBeLessThanOrEqual(input.length)
    const trusting = schema.with({ memoryPerByteMax: 1_000_000 }).decode(input)
    expect(trusting).toMatchObject({ ok: true })
    if (trusting.ok) expect(heapOf(trusting.value)).toBeGreaterThan(32 * input.length)
  })

  it.each(GREEDY)('a few of %s are read', (_, of, input) => {
    const value = of.with({ memoryPerByteMax: 1_000_000 }).decode(input)
    if (!value.ok || !Array.isArray(value.value)) return
    const few = of.encode(value.value.slice(0, 1))
    expect(of.with({ backend, memoryPerByteMax: 10_000 }).decode(few)).toMatchObject({ ok: true })
  })

  it('structs, numbers, text and arrays of any count are read', () => {
    const player = struct({
      id: u32,
      name: text(20),
      at: { x: f32, y: f32 },
      items: array(item, 20),
      on: bool,
    })
    const one = { id: 7, name: 'Rex', at: { x: 1, y: 2 }, items: [], on: true }
    const players = array(player, MAX).with({ backend })
    const many = Array.from({ length: 20_000 }, () => one)
    expect(players.decode(players.encode(many))).toMatchObject({ ok: true, completed: true })
    const old = array(growable({ id: u32 }), MAX)
    const recent = array(growable({ id: u32, name: text(9), level: u8, tags: array(u8, 9) }), MAX).with({
      backend,
    })
    expect(recent.decode(old.encode(many))).toMatchObject({ ok: true, completed: true })
    const flags = bits(array(bool, MAX)).with({ backend })
    expect(flags.decode(flags.encode(new Array(60_000).fill(true)))).toMatchObject({ ok: true })
    for (const empty of [
      array(array(u8, 9), MAX),
      array(text(9), MAX),
      array(bytes(9), MAX),
      array(optional(u8), MAX),
    ])
      expect(empty.with({ backend }).decode(repeated(60_000, 0))).toMatchObject({ ok: true })
  })

  it('refuses limits that are none', () => {
    for (const memoryPerByteMax of [0, 7, 8.5, Number.NaN, Infinity, '64' as never])
      expect(() => u8.with({ memoryPerByteMax })).toThrow('memoryPerByteMax: wanted an integer from 8')
    expect(u8.with({ memoryPerByteMax: 8 }).options.memoryPerByteMax).toBe(8)
  })
})

describe('zeros behind a soft end', () => {
  it('are not made before they are acceptable', () => {
    const limits = { emptyElementsMax: 0, memoryPerByteMax: 64 }
    const reader = new FullByteReader(targetOf(new Uint8Array(0)), 0, 0, true, limits)
    reader.enterZeros()
    expect(reader.take(1000, 'schema')).toBe(0)
    expect(reader.from).toHaveLength(1000)
    expect(reader.take(1_000_000, 'schema')).toBe(-1)
    expect([reader.error, reader.from.length]).toEqual(['MemoryLimit', 0])
  })
})

describe('any schema, any bytes', () => {
  const damages = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 4, 0x81, 0xff))), {
    maxLength: 6,
  })

  it.each([8, 64])('%i: both back ends accept the same, and it takes no more', (memoryPerByteMax) => {
    const outcomes: Record<string, number> = {}
    fc.assert(
      fc.property(
        anyCase.chain(({ schema, values }) => fc.record({ schema: fc.constant(schema), draft: values })),
        fc.integer({ min: 1, max: 400 }),
        fc.constantFrom('repeated', 'zeros', 'no sizes', 'ones'),
        damages,
        ({ schema, draft }, count, kind, wrong) => {
          const encoded = schema.encode(settled(schema.descriptor, draft))
          const each =
            kind === 'repeated' ? [...encoded] : kind === 'no sizes' ? NO_SIZE : [kind === 'zeros' ? 0 : 0xff]
          const input = repeated(count, ...each).slice(0, 2048)
          for (const [at, byte] of wrong) input[at % input.length] = byte
          const many = array(schema, MAX).with({ memoryPerByteMax, emptyElementsMax: 0 })
          const compiled = many.decode(input)
          const interpreted = many.with({ backend: 'interpreted' }).decode(input)
          expect(interpreted).toEqual(compiled)
          const code = compiled.ok ? 'value' : compiled.error
          outcomes[code] = (outcomes[code] ?? 0) + 1
          if (compiled.ok)
            expect(heapOf(compiled.value)).toBeLessThanOrEqual(memoryPerByteMax * input.length + FREE)
        },
      ),
      { seed: SEED, numRuns: 500 },
    )
    expect(outcomes.value).toBeGreaterThan(20)
    if (memoryPerByteMax === 8) expect(outcomes.MemoryLimit).toBeGreaterThan(15)
  })
})
