import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BitModel } from '../fuzz/bit-model.ts'
import { type Case, caseOf } from '../fuzz/case.ts'
import { anyCase } from '../fuzz/cases.ts'
import { structCase } from '../fuzz/composed-cases.ts'
import { expected } from '../fuzz/expected.ts'
import { BIT_CASES, LEAF_CASES, LONG_CASES } from '../fuzz/leaf-cases.ts'
import { settled } from '../fuzz/settled.ts'
import { type Descriptor, schemaFromDescriptor, valueFromJson, valueToJson } from './descriptor.ts'
import {
  array,
  BitseryError,
  bits,
  bool,
  bytes,
  entropy,
  enumeration,
  enumOf,
  f32,
  fixedArray,
  growable,
  multiset,
  optional,
  range,
  rangeFloat,
  rawBits,
  type Schema,
  safeI64,
  safeU64,
  set,
  structOf,
  text,
  u8,
  u16,
  u32,
  variantOf,
} from './index.ts'

const SEED = 20_261_120
const SAFE_MAX = Number.MAX_SAFE_INTEGER
const BACKENDS = ['compiled', 'interpreted'] as const

interface Drawn {
  readonly schema: Schema<unknown>
  readonly descriptor: Descriptor
  readonly value: unknown
  /** What a failing test prints. */
  [fc.toStringMethod](): string
}

/** A schema with its byte order and a value that fits. */
function drawnFrom(cases: fc.Arbitrary<Case>): fc.Arbitrary<Drawn> {
  return cases.chain(({ schema, values }) =>
    fc.tuple(values, fc.constantFrom('little' as const, 'big' as const)).map(([draft, byteOrder]) => {
      const { descriptor } = schema
      const value = settled(descriptor, draft)
      const text = (): string => `${byteOrder} ${JSON.stringify(descriptor)} of ${fc.stringify(value)}`
      return { schema: schema.with({ byteOrder }), descriptor, value, [fc.toStringMethod]: text }
    }),
  )
}

const drawn = drawnFrom(anyCase)

/** The matcher of the test runner looks at a million details: this is exact, also about -0, and much faster. */
function expectSame(given: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(given, wanted)) expect(given).toStrictEqual(wanted)
  expect(isDeepStrictEqual(given, wanted)).toBe(true)
}

/** What a read says: on success the value, on failure the error and its place. */
function outcome(schema: Schema<unknown>, hostile: Uint8Array): unknown {
  const result = schema.decode(hostile)
  return result.ok ? result : { error: result.error, position: result.position }
}

function expectRoundTrip({ schema, descriptor, value }: Drawn): void {
  const interpreted = schema.with({ backend: 'interpreted' })
  const encoded = schema.encode(value)
  expectSame(Buffer.from(interpreted.encode(value)).toString('hex'), Buffer.from(encoded).toString('hex'))
  expectSame([schema.measure(value), interpreted.measure(value)], [encoded.length, encoded.length])
  expect(encoded.length).toBeGreaterThanOrEqual(schema.sizeMin)
  expect(encoded.length).toBeLessThanOrEqual(schema.sizeMax)
  const wanted = expected(descriptor, value)
  for (const { decode } of [schema, interpreted].map((one) => ({ decode: () => one.decode(encoded) }))) {
    const result = decode()
    expect(result).toMatchObject({ ok: true, completed: true, position: encoded.length })
    if (result.ok) expectSame(result.value, wanted)
  }
}

describe(`random schemas and values, seed ${SEED}`, () => {
  it('round-trip on both back ends, with the same bytes and sizes', () => {
    fc.assert(fc.property(drawn, expectRoundTrip), { seed: SEED, numRuns: 1500 })
  })

  it('long text and bytes round-trip, with the longest size prefix, at every bit position', () => {
    const long = fc.tuple(fc.oneof(...LONG_CASES), fc.nat(7)).map(([of, before]) => {
      if (before === 0) return of
      const ahead = caseOf(array(rawBits(before), 9), fc.array(fc.constant(1), { maxLength: 5 }))
      const { schema, values } = structCase([
        ['ahead', ahead],
        ['of', of],
      ])
      return caseOf(bits(schema), values)
    })
    fc.assert(fc.property(drawnFrom(long), expectRoundTrip), { seed: SEED, numRuns: 30 })
  })

  it('values as JSON, by their descriptor, give the same bytes', () => {
    fc.assert(
      fc.property(drawn, ({ schema, descriptor, value }) => {
        const { byteOrder } = schema.options
        const again = schemaFromDescriptor(JSON.parse(JSON.stringify(descriptor))).with({ byteOrder })
        expect(again.fingerprint).toBe(schema.fingerprint)
        const json = JSON.parse(JSON.stringify(valueToJson(descriptor, value)))
        expectSame(again.encode(valueFromJson(descriptor, json)), schema.encode(value))
      }),
      { seed: SEED, numRuns: 1000 },
    )
  })

  it('truncated at each byte: DataOverflow, on both back ends at the same place', () => {
    fc.assert(
      fc.property(drawn, ({ schema, value }) => {
        const encoded = schema.encode(value)
        const interpreted = schema.with({ backend: 'interpreted' })
        for (let size = 0; size < Math.min(encoded.length, 50); size++) {
          const cut = encoded.subarray(0, size)
          const result = outcome(schema, cut)
          expect(result).toMatchObject({ error: 'DataOverflow' })
          expectSame(outcome(interpreted, cut), result)
        }
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('damaged bytes: a value or a typed error, the same on both back ends', () => {
    const errors: Record<string, number> = {}
    fc.assert(
      fc.property(
        drawn,
        fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.nat(9))), { minLength: 1, maxLength: 4 }),
        fc.uint8Array({ maxLength: 8 }),
        ({ schema, value }, damages, tail) => {
          const damaged = Uint8Array.from([...schema.encode(value), ...tail])
          for (const [at, byte] of damages) if (damaged.length > 0) damaged[at % damaged.length] = byte
          const result = outcome(schema, damaged) as { readonly error?: string; readonly position: number }
          expectSame(outcome(schema.with({ backend: 'interpreted' }), damaged), result)
          expect(result.position).toBeLessThanOrEqual(damaged.length)
          if (result.error !== undefined) errors[result.error] = (errors[result.error] ?? 0) + 1
        },
      ),
      { seed: SEED, numRuns: 2500 },
    )
    expect(Object.keys(errors).sort()).toEqual(['DataOverflow', 'InvalidData', 'InvalidPointer'])
    expect(errors.InvalidData).toBeGreaterThan(100)
  })

  it('a value of another schema: written equally or refused with the same words', () => {
    let refused = 0
    const attempt = (schema: Schema<unknown>, value: unknown): unknown => {
      try {
        return schema.encode(value)
      } catch (error) {
        if (!(error instanceof BitseryError)) throw error
        refused += 1
        return error.message
      }
    }
    fc.assert(
      fc.property(
        drawn,
        fc.oneof(
          fc.anything({ withBigInt: true }),
          drawn.map(({ value }) => value),
        ),
        ({ schema }, value) => {
          expectSame(attempt(schema.with({ backend: 'interpreted' }), value), attempt(schema, value))
        },
      ),
      { seed: SEED, numRuns: 1500 },
    )
    expect(refused).toBeGreaterThan(700)
  })

  it('a value with one leaf replaced is refused with its path, the same on both', () => {
    fc.assert(
      fc.property(
        fc.nat(4),
        fc.constantFrom(undefined, 'x', 1.5, -1, 70_000, null, {}, [], 5n, Number.NaN),
        (index, wrong) => {
          const element = structOf([
            ['a', u8],
            ['b', structOf([['c', u16]])],
          ])
          const schema = structOf([['list', array(element, 9)]])
          const value = {
            list: Array.from({ length: 5 }, () => ({ a: 1, b: { c: 2 } as Record<string, unknown> })),
          }
          value.list[index].b.c = wrong
          for (const backend of BACKENDS) {
            const write = () => schema.with({ backend }).encode(value)
            expect(write).toThrow(BitseryError)
            expect(write).toThrow(`list[${index}].b.c: wanted an integer from 0 to 65535, got `)
          }
        },
      ),
      { seed: SEED, numRuns: 60 },
    )
  })
})

describe(`bit packing against a model of its own, seed ${SEED}`, () => {
  const names = ['u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64', 'bool'] as const
  const leaf = fc.oneof(...names.map((name) => LEAF_CASES[name]), BIT_CASES.rawBits, BIT_CASES.range)
  const { modelled } = fc.letrec<{ modelled: Case }>((tie) => ({
    modelled: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 4, arbitrary: leaf },
      fc
        .array(fc.option(tie('modelled'), { nil: undefined, freq: 8 }), { maxLength: 8 })
        .map((all) => structCase(all.map((of, index) => [`f${index}`, of]))),
      fc.tuple(tie('modelled'), fc.boolean()).map(([of, isByte]) => {
        const schema = optional(of.schema, { start: isByte ? 'byte' : 'bit' })
        return caseOf(schema, fc.option(of.values, { nil: undefined }))
      }),
      fc.tuple(tie('modelled'), fc.constantFrom(5, 500)).map(([of, max]) => {
        return caseOf(array(of.schema, max), fc.array(of.values, { maxLength: 5 }))
      }),
      fc.tuple(tie('modelled'), fc.nat(17)).map(([of, n]) => {
        return caseOf(fixedArray(of.schema, n), fc.array(of.values, { minLength: n, maxLength: n }))
      }),
    ),
  }))
  const packed = modelled.map(({ schema, values }) => caseOf(bits(schema), values))

  it.each(BACKENDS)('%s: the same bytes', (backend) => {
    fc.assert(
      fc.property(drawnFrom(packed), ({ schema, descriptor, value }) => {
        const model = new BitModel(schema.options.byteOrder)
        model.write(descriptor, value)
        expectSame(schema.with({ backend }).encode(value), model.bytes)
        expectSame(schema.with({ backend }).decode(model.bytes), {
          ok: true,
          value,
          completed: true,
          position: model.bytes.length,
        })
      }),
      { seed: SEED, numRuns: 1500 },
    )
  })
})

describe.each(BACKENDS)('what random schemas found, %s', (backend) => {
  const decoded = (schema: Schema<unknown>, ...given: number[]): unknown => {
    const result = schema.with({ backend }).decode(Uint8Array.from(given))
    return result.ok ? result.value : result.error
  }
  const hex = (schema: Schema<unknown>, value: unknown): string => {
    return Buffer.from(schema.with({ backend }).encode(value)).toString('hex')
  }

  it('the content of growables in an array ends where each growable ends', () => {
    const schema = array(growable(u32), 9)
    const given = [2, 4, 0, 0, 0, 8, 0, 0, 0, 1, 2, 3, 4, 9, 9, 9, 9]
    expect(decoded(schema, ...given)).toEqual([0, 0x0403_0201])
  })

  it('listed values come back as what the inner type reads', () => {
    expect(decoded(bits(entropy(safeU64, [5])), 1)).toBe(5)
    expect(decoded(bits(entropy(bytes(4), [Uint8Array.of(5)])), 1)).toEqual(Uint8Array.of(5))
    expect(decoded(bits(entropy(enumOf({ a: 1 }), [1])), 1)).toBe(1)
    const degrees = rangeFloat(f32, 0, 1, { bits: 4 })
    expect(decoded(bits(entropy(degrees, [Math.fround(0.1)])), 1)).toBe(Math.fround(0.1))
  })

  it('names of one number are one listed value', () => {
    const either = enumeration({ a: 1, b: 1 }, { unknown: 'number' })
    const schema = bits(entropy(either, ['a'])) as Schema<unknown>
    expect([hex(schema, 'a'), hex(schema, 'b'), hex(schema, 1)]).toEqual(['01', '01', '01'])
  })

  it('ranges of safe integers keep their last bit, however wide', () => {
    const schema = bits(range(safeI64, -SAFE_MAX, SAFE_MAX)).with({ backend })
    for (const value of [SAFE_MAX, SAFE_MAX - 1, 2, 1, 0, -1, -SAFE_MAX + 1, -SAFE_MAX]) {
      expect(schema.decode(schema.encode(value))).toMatchObject({ ok: true, value })
    }
    expect(hex(schema, SAFE_MAX - 1)).toBe('fdffffffffff3f')
  })

  it('keys of raw text are equal by their bytes', () => {
    const schema = set(text(4, { invalid: 'raw' }), 4)
    expect(decoded(schema, 2, 1, 0xff, 1, 0xff)).toEqual(new Set([Uint8Array.of(0xff)]))
  })

  it('the bit position is known behind what takes whole bytes only in all', () => {
    const flags = fixedArray(rawBits(1), 16)
    const before = { a: bool, of: optional(flags, { start: 'bit' }), c: u8 }
    expect(hex(bits(before) as Schema<unknown>, { a: true, c: 255 })).toBe('fd03')
    expect(decoded(bits(before), 0xfd, 0x03)).toEqual({ a: true, of: undefined, c: 255 })
    const choice = bits({ a: bool, of: variantOf([u8, multiset(rawBits(1), 0)]), c: u8 }) as Schema<unknown>
    expect(hex(choice, { a: true, of: { index: 0, value: 3 }, c: 255 })).toBe('0106fe01')
    expect(decoded(choice, 0x01, 0x06, 0xfe, 0x01)).toEqual({ a: true, of: { index: 0, value: 3 }, c: 255 })
  })
})
