import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  array,
  BitseryError,
  bool,
  bytes,
  enumeration,
  enumOf,
  f32,
  f64,
  fixedArray,
  fixedBytes,
  fixedText,
  i8,
  i16,
  i32,
  i64,
  optional,
  type Schema,
  structOf,
  text,
  u8,
  u16,
  u32,
  u64,
} from './index.ts'

const SEED = 20_261_120

interface Case {
  readonly schema: Schema<unknown>
  readonly values: fc.Arbitrary<unknown>
}

function scalar<T>(schema: Schema<T>, values: fc.Arbitrary<T>): fc.Arbitrary<Case> {
  return fc.constant({ schema: schema as Schema<unknown>, values })
}

const wellFormed = fc.string({ unit: 'binary', maxLength: 40 })

function textCase(max: number, charSize: 1 | 2 | 4): Case {
  const values = wellFormed.map((long) => {
    const points = Array.from(long)
    const size = (): number => {
      const joined = points.join('')
      return charSize === 1 ? Buffer.byteLength(joined) : charSize === 2 ? joined.length : points.length
    }
    while (size() > max) points.pop()
    return points.join('')
  })
  return { schema: text(max, { charSize }), values }
}

const leaf: fc.Arbitrary<Case> = fc.oneof(
  scalar(u8, fc.integer({ min: 0, max: 255 })),
  scalar(u16, fc.integer({ min: 0, max: 65_535 })),
  scalar(u32, fc.integer({ min: 0, max: 4_294_967_295 })),
  scalar(i8, fc.integer({ min: -128, max: 127 })),
  scalar(i16, fc.integer({ min: -32_768, max: 32_767 })),
  scalar(i32, fc.integer({ min: -2_147_483_648, max: 2_147_483_647 })),
  scalar(u64, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  scalar(i64, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  scalar(f32, fc.float()),
  scalar(f64, fc.double()),
  scalar(bool, fc.boolean()),
  scalar(enumeration(['red', 'green', '__proto__']), fc.constantFrom('red', 'green', '__proto__')),
  scalar(enumOf({ a: -5, b: 70 }, { of: 'i16', unknown: 'number' }), fc.integer({ min: -9, max: 99 })),
  fc
    .tuple(fc.integer({ min: 0, max: 200 }), fc.constantFrom(1 as const, 2 as const, 4 as const))
    .map(([m, c]) => textCase(m, c)),
  scalar(fixedText(9), fc.constantFrom('', 'a', 'eightchr', 'äöü')),
  scalar(bytes(90), fc.uint8Array({ maxLength: 90 })),
  scalar(fixedBytes(3), fc.uint8Array({ minLength: 3, maxLength: 3 })),
)

const { any } = fc.letrec<{ any: Case }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(fc.tuple(fc.string({ maxLength: 5 }), tie('any')), { maxLength: 6 }).map(structCase),
    fc.tuple(tie('any'), fc.constantFrom(0, 3, 200)).map(([of, max]) => ({
      schema: array(of.schema, max) as Schema<unknown>,
      values: fc.array(of.values, { maxLength: Math.min(max, 5) }),
    })),
    fc.tuple(tie('any'), fc.integer({ min: 0, max: 10 })).map(([of, n]) => ({
      schema: fixedArray(of.schema, n) as Schema<unknown>,
      values: fc.array(of.values, { minLength: n, maxLength: n }),
    })),
    tie('any').map((of) => ({
      schema: optional(of.schema),
      values: fc.option(of.values, { nil: undefined }),
    })),
  ),
}))

function structCase(pairs: [string, Case][]): Case {
  const fields = new Map(pairs.filter(([name]) => name !== '__proto__'))
  const entries = [...fields]
  return {
    schema: structOf(entries.map(([name, of]) => [name, of.schema] as const)) as Schema<unknown>,
    values: fc.tuple(...entries.map(([, of]) => of.values)).map((values) => {
      return Object.fromEntries(entries.map(([name], index) => [name, values[index]]))
    }),
  }
}

const caseWithValue = any.chain(({ schema, values }) =>
  fc.tuple(fc.constant(schema), values, fc.constantFrom('little' as const, 'big' as const)),
)

/** What a read says: on success the value, on failure the error and its place. */
function outcome(schema: Schema<unknown>, hostile: Uint8Array): unknown {
  const result = schema.decode(hostile)
  return result.ok
    ? { value: result.value, position: result.position }
    : { error: result.error, position: result.position }
}

describe(`random schemas and values, seed ${SEED}`, () => {
  it('round-trip on both back ends, with the same bytes and sizes', () => {
    fc.assert(
      fc.property(caseWithValue, ([schema, value, byteOrder]) => {
        const compiled = schema.with({ byteOrder })
        const interpreted = schema.with({ byteOrder, backend: 'interpreted' })
        const encoded = compiled.encode(value)
        expect(interpreted.encode(value)).toEqual(encoded)
        expect([compiled.measure(value), interpreted.measure(value)]).toEqual([
          encoded.length,
          encoded.length,
        ])
        expect(encoded.length).toBeGreaterThanOrEqual(schema.sizeMin)
        expect(encoded.length).toBeLessThanOrEqual(schema.sizeMax)
        const wanted = { ok: true, value, completed: true, position: encoded.length }
        expect(compiled.decode(encoded)).toEqual(wanted)
        expect(interpreted.decode(encoded)).toEqual(wanted)
      }),
      { seed: SEED, numRuns: 1500 },
    )
  })

  it('truncated at each byte: DataOverflow, on both back ends at the same place', () => {
    fc.assert(
      fc.property(caseWithValue, ([schema, value]) => {
        const encoded = schema.encode(value)
        const interpreted = schema.with({ backend: 'interpreted' })
        for (let size = 0; size < Math.min(encoded.length, 60); size++) {
          const cut = encoded.subarray(0, size)
          expect(schema.decode(cut)).toMatchObject({ ok: false, error: 'DataOverflow' })
          expect(outcome(interpreted, cut)).toEqual(outcome(schema, cut))
        }
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('damaged bytes: a value or a typed error, the same on both back ends', () => {
    let errors = 0
    fc.assert(
      fc.property(
        caseWithValue,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.uint8Array({ maxLength: 8 }),
        ([schema, value], damages, tail) => {
          const damaged = Uint8Array.from([...schema.encode(value), ...tail])
          for (const [at, byte] of damages) if (damaged.length > 0) damaged[at % damaged.length] = byte
          const result = outcome(schema, damaged)
          expect(outcome(schema.with({ backend: 'interpreted' }), damaged)).toEqual(result)
          if (Object.hasOwn(result as object, 'error')) {
            errors += 1
            expect(['DataOverflow', 'InvalidData']).toContain((result as { error: string }).error)
          }
        },
      ),
      { seed: SEED, numRuns: 3000 },
    )
    expect(errors).toBeGreaterThan(200)
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
        caseWithValue,
        fc.oneof(
          fc.anything({ withBigInt: true }),
          caseWithValue.map(([, value]) => value),
        ),
        ([schema], value) => {
          expect(attempt(schema.with({ backend: 'interpreted' }), value)).toEqual(attempt(schema, value))
        },
      ),
      { seed: SEED, numRuns: 2000 },
    )
    expect(refused).toBeGreaterThan(1000)
  })

  it('a value with one leaf replaced is refused with its path, the same on both', () => {
    fc.assert(
      fc.property(
        fc.nat(4),
        fc.constantFrom(undefined, 'x', 1.5, -1, 70_000, null, {}, [], 5n, Number.NaN),
        (index, wrong) => {
          const schema = structOf([
            [
              'list',
              array(
                structOf([
                  ['a', u8],
                  ['b', structOf([['c', u16]])],
                ]),
                9,
              ),
            ],
          ])
          const value = {
            list: Array.from({ length: 5 }, () => ({ a: 1, b: { c: 2 } as Record<string, unknown> })),
          }
          value.list[index].b.c = wrong
          for (const backend of ['compiled', 'interpreted'] as const) {
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
