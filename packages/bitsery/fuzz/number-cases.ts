import fc from 'fast-check'
import {
  compact,
  compactChecked,
  duration,
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  range,
  rangeFloat,
  rawBits,
  type Schema,
  safeI64,
  safeU64,
  timePoint,
  u8,
  u16,
  u32,
  u64,
} from '../src/index.ts'
import { type Case, caseOf } from './case.ts'
import { floatRangeOf } from './expected.ts'

/** An integer type, with its bounds. */
export interface IntegerType {
  readonly schema: Schema<number | bigint>
  readonly name: 'u8' | 'u16' | 'u32' | 'u64' | 'i8' | 'i16' | 'i32' | 'i64'
  readonly min: bigint
  readonly max: bigint
  /** Whether values are bigints. */
  readonly isBig: boolean
}

function integerType(
  name: IntegerType['name'],
  schema: Schema<number> | Schema<bigint>,
  safe?: 'safe',
): IntegerType {
  const bits = BigInt(name.slice(1))
  const isSigned = name.startsWith('i')
  const all = isSigned
    ? { min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n }
    : { min: 0n, max: 2n ** bits - 1n }
  const safeMax = BigInt(Number.MAX_SAFE_INTEGER)
  const bounds = safe === undefined ? all : { min: isSigned ? -safeMax : 0n, max: safeMax }
  const isBig = bits === 64n && safe === undefined
  return { schema: schema as Schema<number | bigint>, name, isBig, ...bounds }
}

/** Every integer type there is, by the name of its schema. */
export const INTEGER_TYPES = {
  u8: integerType('u8', u8),
  u16: integerType('u16', u16),
  u32: integerType('u32', u32),
  u64: integerType('u64', u64),
  i8: integerType('i8', i8),
  i16: integerType('i16', i16),
  i32: integerType('i32', i32),
  i64: integerType('i64', i64),
  safeU64: integerType('u64', safeU64, 'safe'),
  safeI64: integerType('i64', safeI64, 'safe'),
} as const

/** Integers between two bounds, as the type has them. */
export function integersOf(type: IntegerType, min = type.min, max = type.max): fc.Arbitrary<number | bigint> {
  if (type.isBig) return fc.bigInt({ min, max })
  if (max - min <= BigInt(Number.MAX_SAFE_INTEGER)) return fc.integer({ min: Number(min), max: Number(max) })
  return fc.oneof(
    fc.integer({ min: Number(min), max: 0 }).map((value) => value + 0),
    fc.integer({ min: 0, max: Number(max) }),
    fc.constantFrom(Number(min), Number(max)),
  )
}

const integerTypes = fc.constantFrom<IntegerType>(...Object.values(INTEGER_TYPES))

const floats = [caseOf(f32, fc.float()), caseOf(f64, fc.double())] as const

/** Cases of integers and floats, one by one. */
export const NUMBER_CASES: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  ...Object.fromEntries(
    Object.entries(INTEGER_TYPES).map(([name, type]) => [
      name,
      fc.constant(caseOf(type.schema, integersOf(type))),
    ]),
  ),
  f32: fc.constant(floats[0]),
  f64: fc.constant(floats[1]),
}

const anyNumber = fc.oneof(
  { weight: 4, arbitrary: integerTypes.map((type) => caseOf(type.schema, integersOf(type))) },
  { weight: 1, arbitrary: fc.constantFrom(...floats) },
)

/** Small integers often: their compact form has fewer bytes. */
function compactValues(type: IntegerType): fc.Arbitrary<number | bigint> {
  const near = (limit: bigint): bigint => (type.max < limit ? type.max : limit)
  const below = (limit: bigint): fc.Arbitrary<number | bigint> =>
    integersOf(type, type.min < 0n ? -near(limit) : 0n, near(limit))
  return fc.oneof(integersOf(type), below(70n), below(20_000n), below(2n ** 29n), below(2n ** 40n))
}

/** Cases of numbers that are counts, or have as many bytes as they need. */
export const DERIVED_CASES: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  duration: anyNumber.map(({ schema, values }) => caseOf(duration(schema as Schema<number>), values)),
  timePoint: anyNumber.map(({ schema, values }) => caseOf(timePoint(schema as Schema<number>), values)),
  compact: integerTypes.map((type) => caseOf(compact(type.schema), compactValues(type))),
  compactChecked: integerTypes.map((type) => caseOf(compactChecked(type.schema), compactValues(type))),
}

/** The largest span of a range: C++ overflows above it in signed types. */
function spanMax({ name, min, max }: IntegerType): bigint {
  const all = max - min
  const limit = name === 'i32' ? 2n ** 31n - 1n : name === 'i64' ? 2n ** 63n - 1n : all
  return all < limit ? all : limit
}

const rangeCase = integerTypes.chain((type) =>
  fc
    .tuple(
      fc.oneof(fc.bigInt(0n, spanMax(type)), fc.integer({ min: 0, max: 64 }).map(powerOfTwo)),
      fc.bigInt(0n, 2n ** 64n - 1n),
    )
    .map(([wanted, start]) => {
      const span = wanted % (spanMax(type) + 1n)
      const min = type.min + (start % (type.max - type.min - span + 1n))
      const convert = (value: bigint): number | bigint => (type.isBig ? value : Number(value))
      const schema = range(type.schema, convert(min), convert(min + span))
      return caseOf(schema, integersOf(type, min, min + span))
    }),
)

function powerOfTwo(exponent: number): bigint {
  return 2n ** BigInt(exponent) - 1n
}

const bounds = fc.oneof(
  fc.constantFrom([-1, 1], [0, 1], [-180, 180], [-0.1, 0.3], [0, 2 ** 20], [-1e6, 1e6], [1e-3, 1e-2]),
  fc
    .tuple(fc.integer({ min: -4000, max: 4000 }), fc.integer({ min: 1, max: 9000 }))
    .map(([min, span]) => [min / 8, (min + span) / 8]),
  fc
    .tuple(fc.double({ min: -1e5, max: 1e5, noNaN: true }), fc.double({ min: 0.01, max: 1e5, noNaN: true }))
    .map(([min, span]) => [min, min + span]),
)

const rangeFloatCase = fc
  .tuple(
    fc.constantFrom('f32' as const, 'f64' as const),
    bounds,
    fc.nat({ max: 52 }),
    fc.option(fc.double({ min: 1e-6, max: 0.3, noNaN: true }), { freq: 3 }),
  )
  .map(([of, [min, max], pick, part]) => {
    const widthMax = of === 'f32' ? 24 : 53
    const steps = part === null ? { bits: 1 + (pick % widthMax) } : { precision: (max - min) * part }
    const schema = rangeFloat(of === 'f32' ? f32 : f64, min, max, steps)
    const known = floatRangeOf(schema.descriptor as Parameters<typeof floatRangeOf>[0])
    const inside = fc.double({ min: known.min, max: known.max, noNaN: true })
    // Where C++ computes a greatest value that it refuses, writing it is refused.
    const accepted = inside.map((value) =>
      known.decode(known.codeOf(value)) > known.max ? known.min : value,
    )
    return caseOf(schema, accepted)
  })

/** Cases that lie inside bit packing only. */
export const BIT_CASES: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  rawBits: fc.integer({ min: 1, max: 64 }).map((n) => {
    const max = 2n ** BigInt(n) - 1n
    return caseOf<unknown>(
      rawBits(n) as Schema<unknown>,
      n > 32 ? fc.bigInt(0n, max) : fc.integer({ min: 0, max: Number(max) }),
    )
  }),
  range: rangeCase,
  rangeFloat: rangeFloatCase,
}
