import fc from 'fast-check'
import {
  bitset,
  bool,
  bytes,
  enumeration,
  enumNumber,
  enumOf,
  fixedBytes,
  fixedText,
  type Schema,
  text,
} from '../src/index.ts'
import { type Case, caseOf } from './case.ts'
import { BIT_CASES, DERIVED_CASES, INTEGER_TYPES, integersOf, NUMBER_CASES } from './number-cases.ts'

const charSizes = fc.constantFrom(1 as const, 2 as const, 4 as const)
const invalids = fc.constantFrom('refuse' as const, 'raw' as const)
const wellFormed = fc.string({ unit: 'binary', maxLength: 40 })
// Long enough for the longest size prefix.
const longText = fc.constantFrom(...['z', 'é', '\u{1f37a}'].map((one) => one.repeat(16_500)))

function cut(long: string, charSize: 1 | 2 | 4, max: number): string {
  const points = Array.from(long)
  const size = (one: string): number =>
    charSize === 1 ? Buffer.byteLength(one) : charSize === 2 ? one.length : 1
  let left = max
  const end = points.findIndex((one) => {
    left -= size(one)
    return left < 0
  })
  return end < 0 ? long : points.slice(0, end).join('')
}

/** Units that are no text: they come back as they are. */
function rawUnits(charSize: 1 | 4, max: number): fc.Arbitrary<unknown> {
  const size = { minLength: 0, maxLength: Math.min(max - 1, 9) }
  if (charSize === 1) return fc.uint8Array(size).map((rest) => Uint8Array.of(0xff, ...rest))
  return fc.uint32Array(size).map((rest) => Uint32Array.of(0xd8_00, ...rest))
}

function textValues(charSize: 1 | 2 | 4, max: number, isRaw: boolean): fc.Arbitrary<unknown> {
  const short = wellFormed.map((long) => cut(long, charSize, max))
  const lone = fc.array(fc.nat(0xffff), { maxLength: Math.min(max, 12) })
  const units = charSize === 2 ? lone.map((units) => String.fromCharCode(...units)) : short
  const kinds = [
    { weight: 6, arbitrary: short as fc.Arbitrary<unknown> },
    { weight: 2, arbitrary: units as fc.Arbitrary<unknown> },
  ]
  if (isRaw && charSize !== 2 && max > 0) kinds.push({ weight: 2, arbitrary: rawUnits(charSize, max) })
  return fc.oneof(...kinds)
}

const textCase = fc
  .tuple(fc.oneof(fc.nat(60), fc.constantFrom(127, 128, 20_000)), charSizes, invalids)
  .map(([max, charSize, invalid]) =>
    caseOf(text(max, { charSize, invalid }), textValues(charSize, max, invalid === 'raw')),
  )

const fixedTextCase = fc
  .tuple(fc.integer({ min: 1, max: 200 }), charSizes, invalids)
  .map(([n, charSize, invalid]) =>
    caseOf(fixedText(n, { charSize, invalid }), textValues(charSize, n - 1, invalid === 'raw')),
  )

/** Text and bytes of more than 16,383 units: for tests, too slow for campaigns. */
export const LONG_CASES: readonly fc.Arbitrary<Case>[] = [
  charSizes.map((charSize) => caseOf(text(70_000, { charSize }), longText)),
  fc.constant(caseOf(bytes(20_000), fc.constant(new Uint8Array(16_400).fill(0xa5)))),
]

const bytesCase = fc
  .constantFrom(0, 5, 90, 127, 128, 200)
  .map((max) => caseOf(bytes(max), fc.uint8Array({ maxLength: Math.min(max, 140) })))

const fixedBytesCase = fc
  .integer({ min: 0, max: 40 })
  .map((n) => caseOf(fixedBytes(n), fc.uint8Array({ minLength: n, maxLength: n })))

const bitsetCase = fc
  .integer({ min: 0, max: 90 })
  .map((n) => caseOf(bitset(n), fc.array(fc.boolean(), { minLength: n, maxLength: n })))

const NAMES = ['red', 'green', '__proto__', 'constructor', 'a"b\\', 'ü', '7', ''] as const

type EnumForm = 'names' | 'numbers' | 'open'

const enumCase = fc
  .tuple(
    fc.constantFrom('u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64'),
    fc.constantFrom<EnumForm>('names', 'numbers', 'open'),
    fc.constantFrom('refuse' as const, 'number' as const),
  )
  .chain(([name, form, unknown]) => {
    const type = INTEGER_TYPES[name as 'u8']
    const of = name as 'u8'
    if (form === 'open') return fc.constant(caseOf<unknown>(enumNumber(of), integersOf(type)))
    const numbers = fc.uniqueArray(integersOf(type), { minLength: 1, maxLength: NAMES.length })
    return numbers.map((listed) => enumCaseOf(listed, form, { of, unknown }, integersOf(type)))
  })

function enumCaseOf(
  listed: readonly (number | bigint)[],
  form: EnumForm,
  options: { readonly of: 'u8'; readonly unknown: 'refuse' | 'number' },
  others: fc.Arbitrary<number | bigint>,
): Case {
  const values = Object.fromEntries(listed.map((number, index) => [NAMES[index], number]))
  const known = form === 'names' ? Object.keys(values) : [...listed]
  const schema = (
    form === 'names' ? enumeration(values, options) : enumOf(values, options)
  ) as Schema<unknown>
  const ofThese: fc.Arbitrary<unknown> = fc.constantFrom(...known)
  if (options.unknown === 'refuse') return caseOf(schema, ofThese)
  // A number that is listed comes back as its name.
  const rest = others.filter((number) => form !== 'names' || !listed.includes(number))
  return caseOf(schema, fc.oneof(ofThese, listed.length > 200 ? ofThese : rest))
}

const enumLists = fc
  .integer({ min: 1, max: 40 })
  .map((count) => Array.from({ length: count }, (_, index) => `name ${index}`))
  .map((names) => caseOf(enumeration(names), fc.constantFrom(...names)))

/** Cases of the types that hold no others, by their names; those for bit packing alone are apart. */
export const LEAF_CASES: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  ...NUMBER_CASES,
  ...DERIVED_CASES,
  bool: fc.constant(caseOf(bool, fc.boolean())),
  enum: fc.oneof(enumCase, enumLists),
  text: textCase,
  fixedText: fixedTextCase,
  bytes: bytesCase,
  fixedBytes: fixedBytesCase,
  bitset: bitsetCase,
}

export { BIT_CASES }
