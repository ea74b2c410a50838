import * as plain from '@msgpack/msgpack'
import fc from 'fast-check'
import { Packr, Unpackr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { runMutations } from '../fuzz/mutation-run.ts'
import { decode, encode, MsgpackWriter } from './index.ts'
import { textSize, Utf8Reader, writeText } from './utf8.ts'

const SEED = 20_261_120
const runs = { seed: SEED, numRuns: 2000 }

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const key = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter((name) => !/^(__proto__|constructor|prototype)$/.test(name))
const scalar = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.constant(null),
  text,
  fc.uint8Array({ maxLength: 40 }),
)
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { maxLength: 20 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 20, noNullPrototype: true }),
  ),
}))

/** Buffers of msgpackr and map records compare as what they hold. */
function unified(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (Array.isArray(value)) return value.map(unified)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unified(inner)]))
}

/** Both others write -0 as the integer 0. */
function unsigned(value: unknown): unknown {
  if (Object.is(value, -0)) return 0
  if (Array.isArray(value)) return value.map(unsigned)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unsigned(inner)]))
}

describe(`proto-msgpack and others (seed ${SEED})`, () => {
  it('reads what it wrote, and measures exactly', () => {
    const writer = new MsgpackWriter()
    fc.assert(
      fc.property(tree, (value) => {
        const bytes = encode(value)
        expect(unified(decode(bytes))).toEqual(value)
        expect(encode(decode(bytes))).toEqual(bytes)
        expect(writer.measure(value)).toBe(bytes.length)
      }),
      runs,
    )
  })

  it('bigints and dates come back', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n), fc.date({ noInvalidDate: true }), (big, date) => {
        const read = decode(encode([big, date])) as [number | bigint, Date]
        expect(BigInt(read[0])).toBe(big)
        expect(read[1]).toEqual(date)
      }),
      runs,
    )
  })

  it('@msgpack/msgpack reads it, and it reads @msgpack/msgpack', () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(unified(plain.decode(encode(value)))).toEqual(value)
        expect(unified(decode(plain.encode(value)))).toEqual(unsigned(value))
      }),
      runs,
    )
  })

  it('msgpackr reads it, and it reads msgpackr', () => {
    const packr = new Packr({ useRecords: false })
    const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number' })
    fc.assert(
      fc.property(tree, (value) => {
        expect(unified(unpackr.unpack(encode(value)))).toEqual(value)
        expect(unified(decode(packr.pack(value)))).toEqual(unsigned(value))
      }),
      runs,
    )
  })

  it('reads UTF-8 exactly as a fatal TextDecoder does', () => {
    const utf8 = new Utf8Reader()
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const oracle = (bytes: Uint8Array) => {
      try {
        return decoder.decode(bytes)
      } catch {
        return undefined
      }
    }
    const lead = fc.constantFrom(
      0x41,
      0x7f,
      0x80,
      0xbf,
      0xc1,
      0xc2,
      0xe0,
      0xa0,
      0xed,
      0x9f,
      0xef,
      0xf0,
      0x90,
      0xf4,
      0x8f,
      0xf5,
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(lead, fc.integer({ min: 0, max: 255 })), { maxLength: 8 }), (units) => {
        const bytes = Uint8Array.from(units)
        expect(utf8.read(bytes, 0, bytes.length)).toBe(oracle(bytes))
      }),
      { seed: SEED, numRuns: 20_000 },
    )
    for (const size of [63, 64, 65, 2046, 2047, 2048, 2049, 5000]) {
      for (const filling of ['a', 'ß', '語', '🍺', 'a🍺']) {
        const long = filling.repeat(size)
        const bytes = new TextEncoder().encode(long)
        expect(textSize(long)).toBe(bytes.length)
        expect(utf8.read(bytes, 0, bytes.length)).toBe(long)
        const written = new Uint8Array(bytes.length)
        expect(writeText(long, written, 0)).toBe(bytes.length)
        expect(Buffer.compare(written, bytes)).toBe(0)
      }
    }
  })

  it('mutated messages meet typed refusals only', () => {
    const { read, refused } = runMutations({ runs: 200_000, seed: SEED })
    expect(read).toBeGreaterThan(1000)
    for (const code of [
      'truncated',
      'reserved-byte',
      'bad-text',
      'bad-key',
      'duplicate-key',
      'unknown-extension',
    ]) {
      expect(refused[code], code).toBeGreaterThan(0)
    }
  })
})
