import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  MsgpackError,
  type MsgpackExtension,
  type MsgpackLimits,
  type MsgpackProtocolOptions,
  MsgpackReader,
  MsgpackTimestamp,
  MsgpackWriter,
} from './index.ts'

const SEED = 20_261_121

/** An application type, written by an extension. */
class Code {
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

const codeExtension: MsgpackExtension = {
  type: 7,
  matches: (value) => value instanceof Code,
  encode: (value) => (value as Code).bytes,
  decode: (data) => new Code(data),
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  // Half surrogate pairs among them.
  fc.string({ unit: 'binary', maxLength: 6 }),
)
const number = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double(), fc.constantFrom(-0, 2 ** 53, 2 ** 64))
const bigint = fc.oneof(
  fc.bigInt(-(2n ** 65n), 2n ** 65n),
  fc.bigInt(-3n, 3n),
  fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n), -(2n ** 63n) - 1n),
)
const time = fc.oneof(
  fc.date(),
  fc.constantFrom(new Date(8.64e15), new Date(-8.64e15), new Date(-1)),
  fc
    .tuple(
      fc.oneof(
        fc.maxSafeInteger(),
        fc.integer(),
        fc.constantFrom(8.64e12, 8.64e12 + 1, -8.64e12, -8.64e12 - 1),
      ),
      fc.oneof(fc.nat(999_999_999), fc.constantFrom(0, 1_000_000, 999_999_999, 1_000_000_000, -1, 0.5)),
    )
    .map(([seconds, nanoseconds]) => new MsgpackTimestamp(seconds, nanoseconds)),
)
const bytes = fc.uint8Array({ maxLength: 40 })
const scalar = fc.oneof(
  number,
  bigint,
  text,
  time,
  bytes,
  bytes.map((data) => new Code(data)),
  fc.boolean(),
  fc.constantFrom(null, undefined),
)
/** What no writer takes. */
const unsupported = fc.constantFrom<unknown>(() => 1, Symbol('no'), new Set([1]), new Float32Array(1))
const key = fc.oneof(
  { weight: 9, arbitrary: text },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'prototype', '1') },
)
const mapKey = fc.oneof(
  { weight: 4, arbitrary: key },
  {
    weight: 4,
    arbitrary: fc.oneof(number, fc.integer({ min: -3, max: 3 }), bigint, fc.boolean(), fc.constant(null)),
  },
  { weight: 1, arbitrary: fc.oneof<fc.Arbitrary<unknown>[]>(time, bytes, fc.constant(undefined)) },
)
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    { weight: 12, arbitrary: scalar },
    { weight: 1, arbitrary: unsupported },
    { weight: 5, arbitrary: fc.array(tie('tree'), { maxLength: 12 }) },
    // Entries defined one by one: `__proto__` becomes a key of its own.
    {
      weight: 5,
      arbitrary: fc.array(fc.tuple(key, tie('tree')), { maxLength: 6 }).map(recordOf),
    },
    {
      weight: 5,
      arbitrary: fc.array(fc.tuple(mapKey, tie('tree')), { maxLength: 6 }).map((pairs) => new Map(pairs)),
    },
  ),
}))

function recordOf(pairs: readonly (readonly [string, unknown])[]): object {
  const record = {}
  for (const [name, value] of pairs) {
    Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return record
}

const tight: fc.Arbitrary<Partial<MsgpackLimits>> = fc.record(
  {
    depthMax: fc.nat(4),
    nodesMax: fc.nat(30),
    nodesPerByteMax: fc.constantFrom(0, 0.1, 0.3, 0.5, 0.9, 1),
    keysMax: fc.nat(4),
    keysInAllMax: fc.nat(8),
    textSizeMax: fc.nat(30),
    binarySizeMax: fc.nat(30),
    extSizeMax: fc.nat(30),
  },
  { requiredKeys: [] },
)

const kinds = {
  maps: fc.constantFrom<('object' | 'map')[]>('object', 'map'),
  timestamps: fc.constantFrom<('date' | 'exact')[]>('date', 'exact'),
  extensions: fc.constant([codeExtension]),
}

/** What the reader is to make of a value, by the table of the README. */
function asRead(value: unknown, options: MsgpackProtocolOptions): unknown {
  if (value === undefined) return null
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array || value instanceof Code) return value
  if (value instanceof Date && options.timestamps === 'date') return value
  if (value instanceof Date || value instanceof MsgpackTimestamp) return timeAsRead(value, options)
  if (Array.isArray(value)) return value.map((inner) => asRead(inner, options))
  const pairs = (value instanceof Map ? [...value] : Object.entries(value))
    .filter(([, inner]) => inner !== undefined)
    .map(([name, inner]) => [asRead(name, options), asRead(inner, options)] as const)
  return options.maps === 'map' ? new Map(pairs) : Object.fromEntries(pairs)
}

function timeAsRead(value: Date | MsgpackTimestamp, { timestamps }: MsgpackProtocolOptions): unknown {
  if (value instanceof Date) {
    const seconds = Math.floor(value.getTime() / 1000)
    return new MsgpackTimestamp(seconds, (value.getTime() - seconds * 1000) * 1e6)
  }
  if (timestamps === 'exact') return value
  return new Date(value.seconds * 1000 + Math.floor(value.nanoseconds / 1e6))
}

/** Map records compare as the plain objects that they stand for. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return new Map([...value].map(([name, inner]) => [name, plain(inner)]))
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array || value instanceof Date) return value
  if (value instanceof MsgpackTimestamp || value instanceof Code) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
}

type Outcome = { readonly written: Uint8Array } | { readonly error: MsgpackError }

function tryTo(write: () => Uint8Array): Outcome {
  try {
    return { written: write() }
  } catch (error) {
    if (error instanceof MsgpackError) return { error }
    throw error
  }
}

/** Writes and reads by the same options: one of both outcomes that are allowed, or an assertion fails. */
function check(value: unknown, options: MsgpackProtocolOptions): 'read' | 'refused' {
  const writer = new MsgpackWriter(options)
  const outcome = tryTo(() => writer.encode(value))
  const measured = tryTo(() => new Uint8Array(writer.measure(value)))
  if ('error' in outcome) {
    expect(outcome.error.code).not.toBe('access-failed')
    expect(Object.keys(measured)).toEqual(['error'])
    return 'refused'
  }
  expect('written' in measured && measured.written.length).toBe(outcome.written.length)
  const { written } = outcome
  const reader = new MsgpackReader(options)
  const view = new DataView(written.buffer, written.byteOffset, written.length)
  const read = reader.read(written, view, 0, written.length)
  expect(reader.errorText()).toBe('')
  expect(reader.position).toBe(written.length)
  expect(plain(read)).toEqual(plain(asRead(value, options)))
  return 'read'
}

describe(`a msgpack writer and a reader with the same options (seed ${SEED})`, () => {
  it.each([
    ['with the default limits', fc.record(kinds)],
    ['with tight limits', fc.record({ ...kinds, limits: tight })],
  ])('agree on every value, %s: it is refused when written, or read as it was', (_, options) => {
    const counts = { read: 0, refused: 0 }
    fc.assert(
      fc.property(tree, options, (value, chosen) => void counts[check(value, chosen)]++),
      { seed: SEED, numRuns: 20_000 },
    )
    expect(counts.read).toBeGreaterThan(2000)
    expect(counts.refused).toBeGreaterThan(2000)
  })
})
