import { describe, expect, it } from 'vitest'
import * as bitsery from '../index.ts'
import {
  BitseryError,
  type BitseryErrorCode,
  bits,
  multimap,
  range,
  struct,
  text,
  u8,
  u16,
} from '../index.ts'

function failure(run: () => unknown): BitseryError {
  try {
    run()
  } catch (error) {
    if (error instanceof BitseryError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('BitseryError', () => {
  const position = struct({ x: u8, name: text(4) })
  const fixed = struct({ is: bitsery.bool, next: u8 })

  it.each<[string, BitseryErrorCode, () => unknown]>([
    ['a value that does not fit', 'value-invalid', () => position.encode({ x: 'one' } as never)],
    ['a value that can not be measured', 'value-invalid', () => position.measure(7 as never)],
    ['a value with two owners', 'value-invalid', () => writeTwice()],
    ['a schema that can not be', 'schema-invalid', () => range(u8, 2, 1)],
    ['a schema that needs another around it', 'schema-invalid', () => bitsery.rawBits(3).encode(1)],
    ['an option', 'schema-invalid', () => u8.with({ byteOrder: 'middle' as never })],
    [
      'a view of what has no fixed offsets',
      'schema-invalid',
      () => multimap(u8, u16, 9).view(new Uint8Array(9)),
    ],
    ['bytes too few for a view', 'bytes-invalid', () => fixed.view(new Uint8Array(1))],
    ['a property with wrong bytes', 'bytes-invalid', () => fixed.view(new Uint8Array([7, 1])).is],
  ])('has a code: %s', (_, code, run) => {
    expect(failure(run).code).toBe(code)
  })
})

function writeTwice(): unknown {
  const shared = bitsery.pointer('owner', u8)
  const pair = bitsery.tuple([shared, shared])
  const one = { id: 1, value: 1 }
  return pair.encode([one, one] as never)
}

describe('what makes schemas', () => {
  const makers = [
    'array fixedArray queue stack base virtualBase bits rawBits bitset bytes fixedBytes compact compactChecked entropy',
    'enumeration enumNumber enumOf growable map multimap duration timePoint optional pointer polymorphic polymorphicOf',
    'range rangeFloat multiset set shapeSchema struct structOf fixedText text tuple variant variantOf',
  ].flatMap((line) => line.split(' '))
  const values: readonly unknown[] = [
    ...[undefined, null, 0, -1, 1.5, Number.NaN, 'x', '', true, 5n, () => 1, Symbol('s'), new Map()],
    ...[[], [1], [undefined], {}, { a: 1 }, { a: undefined }],
    ...[u8, [u8], { a: u8 }, [['a', u8]], [['a']], bits({ a: u8 })],
  ]

  it.each(makers)('%s takes an argument, or says with a code what is wrong with it', (name) => {
    const make = (bitsery as unknown as Record<string, (...given: unknown[]) => unknown>)[name]
    for (const one of values) {
      for (const other of values) {
        for (const given of [[one], [one, other], [other, one, one]]) {
          try {
            expect(bitsery.isSchema(make(...given))).toBe(true)
          } catch (error) {
            expect(error).toBeInstanceOf(BitseryError)
            expect((error as BitseryError).code).toBe('schema-invalid')
          }
        }
      }
    }
  })

  it('says that a tuple takes a list', () => {
    const make = bitsery.tuple as unknown as (...given: unknown[]) => unknown
    expect(() => make(bitsery.f32, bitsery.f32)).toThrow(
      'tuple: wanted a list of schemas, as in tuple([f32, u8]), got an object',
    )
  })
})
