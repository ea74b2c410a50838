import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CollisionGuard } from './bytes/collision-guard.ts'
import { keyHash } from './bytes/key-hash.ts'
import {
  array,
  bits,
  compact,
  duration,
  enumNumber,
  enumOf,
  f32,
  f64,
  growable,
  i32,
  i64,
  map,
  multimap,
  multiset,
  optional,
  pointer,
  range,
  readErrorText,
  type Schema,
  set,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
} from './index.ts'

const SEED = 20261126
const backends = ['compiled', 'interpreted'] as const
const WORD = (1n << 64n) - 1n

/** V8's `ComputeLongHash` as its source has it. */
function longHash(key: bigint): number {
  let hash = key & WORD
  hash = ((~hash & WORD) + (hash << 18n)) & WORD
  hash ^= hash >> 31n
  hash = (hash * 21n) & WORD
  hash ^= hash >> 11n
  hash = (hash + (hash << 6n)) & WORD
  hash ^= hash >> 22n
  return Number(hash & 0x3fff_ffffn)
}

/** V8's `ComputeUnseededHash` as its source has it, on unsigned words. */
function wordHash(key: number): number {
  const word = 0xffff_ffffn
  let hash = BigInt(key) & word
  hash = ((~hash & word) + (hash << 15n)) & word
  hash ^= hash >> 12n
  hash = (hash + (hash << 2n)) & word
  hash ^= hash >> 4n
  hash = (hash * 2057n) & word
  hash ^= hash >> 16n
  return Number(hash & 0x3fff_ffffn)
}

function bitsOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return view.getBigUint64(0)
}

/** So many different keys, of those that `make` makes, with the same low bits in their hashes. */
function colliding<K extends number | bigint>(count: number, lowBits: number, make: (i: number) => K): K[] {
  const keys: K[] = []
  for (let i = 0; keys.length < count; i++) {
    const key = make(i)
    if ((keyHash(key) & (2 ** lowBits - 1)) === 0) keys.push(key)
  }
  return keys
}

/** How many keys are passed in their buckets when these are put into a table that grows as V8's does. */
function passed(keys: readonly (number | bigint)[]): number {
  let total = 0
  let room = 4
  let buckets: number[] = [0, 0]
  for (const [index, key] of keys.entries()) {
    if (index === room) {
      room *= 2
      buckets = new Array<number>(room / 2).fill(0)
      for (const before of keys.slice(0, index)) buckets[keyHash(before) & (room / 2 - 1)] += 1
    }
    const bucket = keyHash(key) & (room / 2 - 1)
    total += buckets[bucket]
    buckets[bucket] += 1
  }
  return total
}

function admitted(keys: readonly unknown[]): boolean {
  const guard = new CollisionGuard()
  guard.begin()
  return keys.every((key) => guard.admit(key))
}

describe('keyHash', () => {
  it('is the hash of V8 for whole numbers of 32 bits, for other numbers and for bigints', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (key) => {
        expect(keyHash(key) & 0x3fff_ffff).toBe(wordHash(key))
      }),
      { seed: SEED, numRuns: 2000 },
    )
    fc.assert(
      fc.property(fc.double(), fc.integer({ min: 2 ** 31, max: 2 ** 53 }), (double, large) => {
        for (const key of [double, large, -large - 1]) {
          if (Number.isNaN(key) || (key | 0) === key) continue
          expect(keyHash(key) & 0x3fff_ffff).toBe(longHash(bitsOf(key)))
        }
      }),
      { seed: SEED, numRuns: 2000 },
    )
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: WORD }), (key) => {
        expect(keyHash(key) & 0x3fff_ffff).toBe(longHash(key))
        const negative = -(key >> 1n)
        expect(keyHash(negative) & 0x3fff_ffff).toBe(longHash(-negative))
      }),
      { seed: SEED, numRuns: 2000 },
    )
    expect(keyHash(-0)).toBe(keyHash(0))
  })
})

describe('CollisionGuard', () => {
  const counts = [65, 100, 128, 129, 1000, 10_000, 65_535]

  it.each([1, 2, 3, 7, 10, 60, 100, 997, 1000, 4096, 4097, 65_536])('takes ids %i apart', (stride) => {
    for (const count of counts) {
      for (const first of [0, 1, 1_000_000, 0x4000_0000, 0xf000_0000, -2_000_000_000]) {
        expect(admitted(Array.from({ length: count }, (_, i) => first + i * stride))).toBe(true)
      }
      expect(admitted(Array.from({ length: count }, (_, i) => BigInt(i * stride)))).toBe(true)
      expect(admitted(Array.from({ length: count }, (_, i) => -BigInt(i * stride)))).toBe(true)
    }
  })

  it('takes multiples of every power of two', () => {
    for (const count of counts) {
      for (let power = 0; power < 47; power++) {
        const numbers = Array.from({ length: count }, (_, i) => i * 2 ** power)
        expect(admitted(numbers)).toBe(true)
        expect(admitted(numbers.map(BigInt))).toBe(true)
      }
      for (let power = 0; power < 32; power++) {
        const different = Math.min(count, 2 ** (32 - power))
        expect(admitted(Array.from({ length: different }, (_, i) => (i << power) >>> 0))).toBe(true)
        expect(admitted(Array.from({ length: different }, (_, i) => i << power))).toBe(true)
      }
    }
  })

  it('takes random ids, times, grids, fractions and snowflakes', () => {
    let state = SEED
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state
    }
    const kinds: ((i: number) => number | bigint)[] = [
      random,
      () => random() | 0,
      () => random() * 2 ** 20 + random(),
      () => (BigInt(random()) << 32n) | BigInt(random()),
      (i) => 1_790_000_000_000 + i * 16,
      (i) => ((i >> 8) << 16) | (i & 255),
      (i) => i / 10,
      (i) => i + 0.5,
      (i) => Math.fround(i * 0.1),
      (i) => BigInt(1_790_000_000 + i) << 22n,
    ]
    for (const kind of kinds)
      for (const count of counts) {
        const keys = [...new Set(Array.from({ length: count }, (_, i) => kind(i)))]
        expect(admitted(keys)).toBe(true)
      }
  })

  it('whatever it takes passes few keys, of any mix of chosen ones and others', () => {
    const chosen = [6, 8, 10, 12].map((lowBits) => colliding(2500, lowBits, (i) => i * 3))
    const share = fc.tuple(fc.nat(3), fc.integer({ min: 0, max: 2500 }), fc.integer({ min: 0, max: 3000 }))
    let refused = 0
    fc.assert(
      fc.property(fc.array(share, { minLength: 1, maxLength: 4 }), (shares) => {
        const all = shares.flatMap(([which, count, plain], at) => [
          ...Array.from({ length: plain }, (_, i) => 2 ** 30 + at * 5000 + i),
          ...chosen[which].slice(0, count),
        ])
        const keys = [...new Set(all)]
        if (admitted(keys)) expect(passed(keys)).toBeLessThan(50 * keys.length + 2048)
        else refused += 1
      }),
      { seed: SEED, numRuns: 60 },
    )
    expect(refused).toBeGreaterThan(20)
  })

  it('no more than the cheapest of them are taken of keys of one bucket', () => {
    for (const lowBits of [8, 10, 12]) {
      const keys = colliding(200, lowBits, (i) => i)
      const guard = new CollisionGuard()
      guard.begin()
      expect(keys.findIndex((key) => !guard.admit(key))).toBeLessThan(80)
    }
  })
})

describe.each(backends)('keys that were chosen to collide, %s', (backend) => {
  const COUNT = 1000
  const low = 10
  const whole = colliding(COUNT, low, (i) => i)
  const large = colliding(COUNT, low, (i) => 2 ** 31 + i)
  const negative = colliding(COUNT, low, (i) => -1 - i)
  const doubles = colliding(COUNT, low, (i) => i + 0.5)
  const floats = colliding(COUNT, low, (i) => Math.fround(i + 0.5))
  const bigs = colliding(COUNT, low, (i) => BigInt(i) << 20n)
  const negatives = colliding(COUNT, low, (i) => -1n - BigInt(i))

  const kinds: [string, Schema<unknown>, readonly unknown[]][] = [
    ['u32', u32, whole],
    ['u32 above 2^31', u32, large],
    ['i32', i32, negative],
    ['f32', f32, floats],
    ['f64', f64, doubles],
    ['u64', u64, bigs],
    ['i64', i64, negatives],
    ['compact u32', compact(u32), whole],
    ['compact i64', compact(i64), negatives],
    ['durations', duration(u32), whole],
    ['numbers of an enumeration', enumNumber('u32'), whole],
    ['unlisted numbers', enumOf({ a: 1 }, { of: 'u32', unknown: 'number' }), whole],
    ['optional u32', optional(u32), whole],
    ['growable u32', growable(u32), whole],
    ['bits of a range', bits(range(u32, 0, 0x7fff_ffff)), whole],
  ]

  it.each(kinds)('of %s are KeyCollisions in a map and a set', (_, of, keys) => {
    const bytes = array(of, 65_535).encode([...keys])
    const pairs = multimap(of, u8, 65_535).encode(keys.map((key) => [key, 7]))
    const refused = { ok: false, error: 'KeyCollisions' }
    expect(set(of, 65_535).with({ backend }).decode(bytes)).toMatchObject(refused)
    expect(map(of, u8, 65_535).with({ backend }).decode(pairs)).toMatchObject(refused)
    expect(multiset(of, 65_535).with({ backend }).decode(bytes)).toMatchObject({ ok: true })
    expect(multimap(of, u8, 65_535).with({ backend }).decode(pairs)).toMatchObject({ ok: true })
  })

  it.each(kinds)('of %s are read where they are few, or usual', (_, of, keys) => {
    const few = array(of, 65_535).encode(keys.slice(0, 45))
    expect(set(of, 65_535).with({ backend }).decode(few)).toMatchObject({ ok: true })
    const usual = keys.map((key, i) => (typeof key === 'bigint' ? BigInt(i) : i))
    const all = array(of, 65_535).encode(
      typeof keys[0] === 'number' && keys[0] < 0 ? usual.map((i) => -i) : usual,
    )
    const result = set(of, 65_535).with({ backend }).decode(all)
    expect(result.ok && (result.value as Set<unknown>).size).toBe(COUNT)
  })

  it('65,000 u32 of one bucket end at the first hundred', () => {
    const keys = colliding(2000, 12, (i) => i)
    const many = Array.from({ length: 65_000 }, (_, i) => keys[i % keys.length])
    const result = map(u32, u8, 65_535)
      .with({ backend })
      .decode(multimap(u32, u8, 65_535).encode(many.map((key) => [key, 7])))
    expect(result).toMatchObject({ ok: false, error: 'KeyCollisions' })
    expect(result.position).toBeLessThan(4 + 5 * 200)
  })

  it('maps within maps have guards of their own', () => {
    const inner = new Map(Array.from({ length: 100 }, (_, i) => [i, 1]))
    const value = new Map(Array.from({ length: 100 }, (_, i) => [i * 3, inner]))
    const schema = map(u32, map(u32, u8, 200), 200).with({ backend })
    expect(schema.decode(schema.encode(value))).toMatchObject({ ok: true, value })
  })

  it('the first of equal keys counts, also among many', () => {
    const schema = map(u32, u8, 999).with({ backend })
    const keys = Array.from({ length: 300 }, (_, i) => (i % 8 === 7 ? i - 3 : i))
    const bytes = multimap(u32, u8, 999).encode(keys.map((key, i) => [key, i & 127]))
    const result = schema.decode(bytes)
    expect(result).toMatchObject({ ok: true, completed: true })
    if (result.ok) expect([...result.value].every(([key, at]) => at === (key & 127))).toBe(true)
  })

  it('keys of 16 bits and text may be any', () => {
    const narrow = colliding(300, 5, (i) => i).filter((key) => key < 65_536)
    const asText = whole.map((key) => `${key}`)
    expect(set(u16, 999).with({ backend }).decode(array(u16, 999).encode(narrow))).toMatchObject({ ok: true })
    expect(
      set(text(20), 999)
        .with({ backend })
        .decode(array(text(20), 999).encode(asText.slice(0, 999))),
    ).toMatchObject({ ok: true })
  })

  it('ids of pointers may be any: they never are numbers in a map', () => {
    const schema = array(pointer('observer', u8), 2000).with({ backend })
    const ids = colliding(500, 8, (i) => i + 1)
    const prefixed = ids.flatMap((id) => [0xc0 | (id >> 24), (id >> 16) & 255, id & 255, (id >> 8) & 255])
    expect(schema.decode(Uint8Array.from([0x81, 0xf4, ...prefixed]))).toMatchObject({ ok: true })
  })

  it('objects are told apart by all that is in them', () => {
    const key = struct({ a: f32, b: text(9), c: array(u8, 9), d: optional(u8) })
    const keys = [
      { a: 0, b: '', c: [1, 2] },
      { a: -0, b: '', c: [1, 2] },
      { a: 0, b: '1,', c: [2] },
      { a: 0, b: '', c: [12] },
      { a: 0, b: '', c: [1], d: 2 },
      { a: 0, b: '', c: [1, 2] },
    ]
    const result = set(key, 9).with({ backend }).decode(array(key, 9).encode(keys))
    expect(result.ok && result.value.size).toBe(5)
  })

  it('says what can be done about it', () => {
    expect(readErrorText('KeyCollisions')).toContain('multimap')
    expect(readErrorText('MemoryLimit')).toContain('memoryPerByteMax')
  })
})
