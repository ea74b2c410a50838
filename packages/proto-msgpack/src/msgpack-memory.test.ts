import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CollisionGuard } from './collision-guard.ts'
import { encode, MsgpackReader, type MsgpackReaderOptions, MsgpackWriter } from './index.ts'
import { keyHash } from './key-hash.ts'
import { KeyMemory } from './key-memory.ts'
import { MsgpackCodec, msgpack } from './protocol.ts'

const SEED = 20261126
const FREE = 16_384

function readWith(reader: MsgpackReader, bytes: Uint8Array): unknown {
  return reader.read(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)
}

/** An array of so many of the same bytes. */
function repeated(count: number, ...each: number[]): Uint8Array {
  return Uint8Array.from([0xdc, count >> 8, count & 255, ...Array.from({ length: count }, () => each).flat()])
}

/** The least that a value takes of V8's heap, by the sizes of its objects (64 bits, pointers not compressed). */
function heapOf(value: unknown): number {
  if (typeof value === 'bigint') return 16
  if (typeof value === 'string') return value.length < 2 ? 0 : 16 + 8 * Math.ceil(value.length / 8)
  if (typeof value !== 'object' || value === null) return 0
  if (value instanceof Uint8Array) return value.length === 0 ? 0 : 176 + value.length
  if (value instanceof Date) return 80
  const sum = (of: Iterable<unknown>): number =>
    [...of].reduce<number>((total, one) => total + heapOf(one), 0)
  if (Array.isArray(value)) return 32 + (value.length === 0 ? 0 : 16 + 8 * value.length) + sum(value)
  if (value instanceof Map) {
    const room = Math.max(4, 2 ** Math.ceil(Math.log2(Math.max(1, value.size))))
    return 72 + 28 * room + sum(value.keys()) + sum(value.values())
  }
  const members = Object.values(value)
  return 24 + 8 * members.length + sum(members)
}

describe('what MessagePack takes of memory', () => {
  it.each<[string, MsgpackReaderOptions, Uint8Array]>([
    ['empty Maps', { maps: 'map' }, repeated(4000, 0x80)],
    ['Maps of empty Maps', { maps: 'map' }, repeated(4000, 0x81, 1, 0x80)],
    ['single bytes', {}, repeated(4000, 0xc4, 1, 7)],
    [
      'data of extensions',
      {
        extensions: [
          { type: 1, matches: () => false, encode: () => new Uint8Array(0), decode: (data) => data },
        ],
      },
      repeated(4000, 0xd4, 1, 7),
    ],
  ])('%s above 64 bytes a byte are refused, unless it is asked for', (_, options, bytes) => {
    const reader = new MsgpackReader(options)
    expect(readWith(reader, bytes)).toBe(undefined)
    expect(reader.error).toBe('memory-over-limit')
    expect(reader.errorText()).toContain('memoryPerByteMax')
    const trusting = new MsgpackReader({ ...options, limits: { memoryPerByteMax: 300 } })
    expect(heapOf(readWith(trusting, bytes))).toBeGreaterThan(60 * bytes.length)
    // A few of them are nothing.
    const few = bytes.slice()
    few[1] = 0
    few[2] = 40
    expect(readWith(reader, few)).toHaveLength(40)
  })

  it.each<[string, Uint8Array]>([
    ['empty arrays', repeated(60_000, 0x90)],
    ['empty maps', repeated(60_000, 0x80)],
    ['texts', repeated(20_000, 0xa2, 65, 66)],
    ['no bytes', repeated(20_000, 0xc4, 0)],
    ['maps of one key', repeated(10_000, 0x81, 0xa1, 97, 1)],
    ['timestamps', repeated(10_000, 0xd6, 0xff, 0, 0, 0, 1)],
    ['64-bit integers', repeated(10_000, 0xd3, 0x7f, 1, 1, 1, 1, 1, 1, 1)],
    [
      'players',
      encode(Array.from({ length: 2000 }, (_, i) => ({ id: i, at: [1.5, 2.5], name: `p${i}`, items: {} }))),
    ],
    ['maps by name', encode(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`p${i}`, {}])))],
  ])('%s are read, however many', (_, bytes) => {
    const reader = new MsgpackReader()
    readWith(reader, bytes)
    expect(reader.error).toBe('')
  })

  it.each(['object', 'map'] as const)('of any bytes (%s) takes no more than 64 bytes a byte', (maps) => {
    const head = fc.constantFrom(0x80, 0x81, 0x8f, 0x90, 0x91, 0x9f, 0xa0, 0xa1, 0xa2, 0xc0, 0xc3, 1, 0xe0)
    const part = fc.oneof(
      head.map((byte) => [byte]),
      fc.constantFrom(
        [0xc4, 0],
        [0xc4, 1, 7],
        [0xd6, 0xff, 0, 0, 0, 1],
        [0xcb, 1, 2, 3, 4, 5, 6, 7, 8],
        [0xcf, 255, 1, 1, 1, 1, 1, 1, 1],
      ),
      fc.nat(61).map((letter) => [0xa1, 65 + letter]),
    )
    const outcomes = { read: 0, refused: 0 }
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 3000 }),
        (parts, count) => {
          const body = parts.flat()
          const bytes = repeated(count, ...body)
          const reader = new MsgpackReader({ maps, limits: { memoryPerByteMax: 64 } })
          const value = reader.read(bytes, new DataView(bytes.buffer), 0, bytes.length)
          if (reader.error !== '') outcomes.refused += 1
          else {
            outcomes.read += 1
            expect(heapOf(value)).toBeLessThanOrEqual(64 * bytes.length + FREE)
          }
        },
      ),
      { seed: SEED, numRuns: 1500 },
    )
    expect(outcomes.read).toBeGreaterThan(100)
    expect(outcomes.refused).toBeGreaterThan(100)
  })
})

describe('numbers as keys', () => {
  const kinds: [string, (i: number) => number | bigint][] = [
    ['whole numbers', (i) => i],
    ['large numbers', (i) => 2 ** 31 + i],
    ['negative numbers', (i) => -1 - i],
    ['fractions', (i) => i + 0.5],
    ['bigints', (i) => 2n ** 60n + BigInt(i)],
  ]
  const writer = new MsgpackWriter({ maps: 'map' })
  const mapOf = (keys: readonly unknown[]): Uint8Array => writer.encode(new Map(keys.map((key) => [key, 1])))

  it.each(kinds)('%s that were chosen to collide are refused', (_, make) => {
    const keys: unknown[] = []
    for (let i = 0; keys.length < 1000; i++) if ((keyHash(make(i)) & 1023) === 0) keys.push(make(i))
    const reader = new MsgpackReader({ maps: 'map' })
    readWith(reader, mapOf(keys))
    expect(reader.error).toBe('key-collisions')
    expect(reader.position).toBeLessThan(20 * 200)
    expect(readWith(reader, mapOf(keys.slice(0, 45)))).toHaveProperty('size', 45)
  })

  it.each(kinds)('%s in sequence are read', (_, make) => {
    const reader = new MsgpackReader({ maps: 'map' })
    for (const stride of [1, 3, 1024])
      expect(
        readWith(reader, mapOf(Array.from({ length: 1000 }, (_, i) => make(i * stride)))),
      ).toHaveProperty('size', 1000)
  })

  it('a key that comes twice is refused at its place, among many, too', () => {
    const reader = new MsgpackReader({ maps: 'map' })
    const bytes = Uint8Array.from([
      0xde,
      0,
      100,
      ...Array.from({ length: 100 }, (_, i) => [i === 90 ? 5 : i, 1]).flat(),
    ])
    readWith(reader, bytes)
    expect([reader.error, reader.position]).toEqual(['duplicate-key', 3 + 2 * 90])
  })

  it('the guard keeps nothing of the map before', () => {
    const guard = new CollisionGuard()
    for (let round = 0; round < 3; round++) {
      guard.begin()
      for (let i = 0; i < 1000; i++) expect(guard.admit(i)).toBe(true)
    }
  })
})

describe('what is remembered of a peer', () => {
  it('is of that peer alone: another reader knows none of its shapes, and reads the same', () => {
    const first = new MsgpackReader()
    const second = first.another()
    const value = { id: 1, name: 'a' }
    for (let i = 0; i < 40; i++) readWith(first, encode({ [`junk${i}`]: 1 }))
    for (const reader of [first, second, second.another()])
      expect(readWith(reader, encode(value))).toEqual(value)
    expect(() => new MsgpackReader({ maps: 'map' }).another()).not.toThrow()
    expect(readWith(new MsgpackReader({ maps: 'map' }).another(), encode(value))).toBeInstanceOf(Map)
  })

  it('is shapes of its own and texts that are shared', () => {
    const memory = new KeyMemory()
    const other = memory.another()
    const key = Uint8Array.of(0xa2, 105, 100)
    expect(memory.grow(memory.root, 'id', key, 0, 3)).toBeDefined()
    memory.keep(key, 1, 3, 'id')
    expect([memory.root.childCount, other.root.childCount]).toEqual([1, 0])
    expect(other.find(key, 1, 3)).toBe('id')
  })

  it('a codec for a channel shares keys and writer, and not what was read', () => {
    const codec = new MsgpackCodec({ limits: { keysMax: 2 } })
    const own = codec.forChannel()
    expect(own).not.toBe(codec)
    expect(own.keys).toBe(codec.keys)
    const bytes = encode({ a: 1, b: 2, c: 3 })
    const source = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
    expect(typeof own.decode(0, source, 0, bytes.length)).toBe('symbol')
    expect(own.decodeError()).toContain('keys-over-limit')
    expect(codec.decodeError()).toBe('')
    expect(msgpack().keys).toBeDefined()
  })

  it('an extension may use the reader that is reading it', () => {
    const reader: MsgpackReader = new MsgpackReader({
      extensions: [
        {
          type: 1,
          matches: () => false,
          encode: () => new Uint8Array(0),
          decode: (data) => readWith(reader, data),
        },
      ],
    })
    const bytes = Uint8Array.from([0x93, 0xd5, 1, 0x91, 7, 8, 0xd4, 1, 0xc1])
    expect(readWith(reader, bytes)).toEqual([[7], 8, undefined])
    expect([reader.error, reader.position]).toEqual(['', bytes.length])
  })
})
