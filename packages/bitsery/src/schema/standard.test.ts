import type { StandardSchemaV1 } from '@standard-schema/spec'
import { createEnv } from '@t3-oss/env-core'
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  array,
  BitseryError,
  bool,
  enumeration,
  f32,
  type Infer,
  type i16,
  optional,
  type Schema,
  struct,
  text,
  u8,
  u64,
} from '../index.ts'

const move = struct({
  id: u64,
  kind: enumeration(['walk', 'jump']),
  path: array({ x: f32, y: f32 }, 4),
  'odd name': optional(text(3)),
})
type Move = Infer<typeof move>

const fine: Move = { id: 7n, kind: 'jump', path: [{ x: 1, y: 2 }], 'odd name': 'abc' }

/** As any library does that knows nothing but the standard. */
function validate<S extends StandardSchemaV1>(
  schema: S,
  value: unknown,
): StandardSchemaV1.Result<StandardSchemaV1.InferOutput<S>> {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) throw new TypeError('validation must not wait')
  return result
}

describe('the Standard Schema property', () => {
  it('names the standard and the vendor, and stays the same object', () => {
    const standard = move['~standard']
    expect(standard).toMatchObject({ version: 1, vendor: 'bitsery-ts' })
    expect(move['~standard']).toBe(standard)
    expect('types' in standard).toBe(false)
  })

  it('gives the value itself when it fits', () => {
    const result = validate(move, fine)
    expect(result).toEqual({ value: fine })
    if (result.issues === undefined) expect(result.value).toBe(fine)
  })

  it('needs no this', () => {
    const { validate: detached } = move['~standard']
    expect(detached(fine)).toEqual({ value: fine })
  })

  it.each([
    [{ ...fine, id: 7 }, ['id'], 'wanted a bigint from 0 to 18446744073709551615, got 7'],
    [{ ...fine, kind: 'fly' }, ['kind'], 'wanted one of "walk", "jump", got "fly"'],
    [{ ...fine, path: [{ x: 1, y: 2 }, { x: 1 }] }, ['path', 1, 'y'], 'wanted a number, got undefined'],
    [{ ...fine, path: Array(5).fill({ x: 1, y: 2 }) }, ['path'], 'at most 4'],
    [{ ...fine, 'odd name': 'long' }, ['odd name'], 'wanted text of at most 3 bytes, got 4'],
    [null, [], 'wanted an object, got null'],
  ])('says where it does not fit and why: %#', (value, path, message) => {
    const result = validate(move, value)
    expect(result.issues).toHaveLength(1)
    expect(result.issues?.[0].path).toEqual(path)
    expect(result.issues?.[0].message).toContain(message)
  })

  it('finds everything in structs and arrays, up to a hundred things', () => {
    const bad = { id: 7, kind: 'fly', path: [{ x: 'a', y: 2 }, { x: 1 }] }
    expect(validate(move, bad).issues?.map(({ path }) => path)).toEqual([
      ['id'],
      ['kind'],
      ['path', 0, 'x'],
      ['path', 1, 'y'],
    ])
    expect(validate(array(u8, 1000), Array(500).fill(-1)).issues).toHaveLength(100)
  })

  it('agrees with encode', () => {
    const values = [fine, { ...fine, id: -1n }, { id: 7n, kind: 'walk', path: [] }, {}, [], 'text', undefined]
    const outcomes = values.map((value) => {
      const isFine = validate(move, value).issues === undefined
      const write = () => move.encode(value as Move)
      if (isFine) expect(write).not.toThrow()
      else expect(write).toThrow(BitseryError)
      return isFine
    })
    expect(outcomes).toEqual([true, false, true, false, false, false, false])
  })

  it('is the same under other options, and on fields', () => {
    expect(validate(move.with({ byteOrder: 'big', name: 'move' }), {}).issues?.[0]).toEqual(
      validate(move, {}).issues?.[0],
    )
    expect(validate(move.fields[1].schema, 'walk')).toEqual({ value: 'walk' })
  })

  it('validates in a library that knows the standard alone', () => {
    const schemas = { NAME: text(8), MODE: enumeration(['arena', 'duel']) }
    const env = createEnv({
      server: schemas,
      runtimeEnv: { NAME: 'north', MODE: 'duel' },
      isServer: true,
    })
    expectTypeOf(env.NAME).toEqualTypeOf<string>()
    expectTypeOf(env.MODE).toEqualTypeOf<'arena' | 'duel'>()
    expect({ ...env }).toEqual({ NAME: 'north', MODE: 'duel' })

    const found: unknown[] = []
    const onValidationError = (issues: readonly StandardSchemaV1.Issue[]): never => {
      found.push(...issues)
      throw new Error('refused')
    }
    const runtimeEnv = { NAME: 'much too long', MODE: 'chess' }
    expect(() => createEnv({ server: schemas, runtimeEnv, isServer: true, onValidationError })).toThrow(
      'refused',
    )
    expect(found).toEqual([
      { message: 'wanted text of at most 8 bytes, got 13', path: ['NAME'] },
      { message: 'wanted one of "arena", "duel", got "chess"', path: ['MODE'] },
    ])
  })
})

describe('to the compiler', () => {
  it('every schema is a standard schema of its type', () => {
    const standard: StandardSchemaV1<Move> = move
    expect(standard).toBe(move)
    expectTypeOf<StandardSchemaV1.InferInput<typeof move>>().toEqualTypeOf<Move>()
    expectTypeOf<StandardSchemaV1.InferOutput<typeof move>>().toEqualTypeOf<Move>()
    expectTypeOf<Schema<bigint>>().toExtend<StandardSchemaV1<bigint>>()
    expectTypeOf<Schema<bigint>>().not.toExtend<StandardSchemaV1<string>>()
    expectTypeOf<StandardSchemaV1.InferOutput<typeof u8 | typeof i16>>().toEqualTypeOf<number>()
    expectTypeOf(validate(bool, true)).toEqualTypeOf<StandardSchemaV1.Result<boolean>>()
  })

  it('of any type, and without types still inferred', () => {
    const takes = <T>(schema: StandardSchemaV1<T>, value: T): unknown => validate(schema, value)
    const generic = <T>(schema: Schema<T>, value: T): unknown => takes(schema, value)
    expect(generic(u8, 5)).toEqual({ value: 5 })
    expectTypeOf<Infer<typeof move>['kind']>().toEqualTypeOf<'walk' | 'jump'>()
  })
})
