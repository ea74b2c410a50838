import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type Descriptor, type Json, schemaFromDescriptor, valueFromJson } from './descriptor.ts'
import type { Schema } from './schema.ts'

interface Vector {
  readonly name: string
  readonly schema: Descriptor
  readonly endian: 'le' | 'be'
  readonly value: Json
  readonly decoded?: Json
  readonly hex?: string
  readonly bytes?: number
  readonly sha256?: string
  readonly error?: string
  readonly completed?: boolean
  readonly readPos?: number
}

const BUILT = new Set(
  'u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 bool enum text fixedText array fixedArray struct optional'.split(
    ' ',
  ),
)

function load(topic: string): Vector[] {
  const path = new URL(`../vectors/${topic}.json.gz`, import.meta.url)
  return JSON.parse(gunzipSync(readFileSync(path)).toString()).vectors
}

function isBuilt(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isBuilt)
  if (typeof schema !== 'object' || schema === null) return true
  if ('t' in schema && !BUILT.has(schema.t as string)) return false
  return Object.values(schema).every(isBuilt)
}

/** Replaces the macros of long values. */
function expand(json: Json): Json {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map(expand)
  const macro = json as Record<string, Json>
  if ('$repeat' in macro) {
    const count = macro.count as number
    if (typeof macro.$repeat === 'string') return macro.$repeat.repeat(count)
    return new Array<Json>(count).fill(expand(macro.$repeat as Json))
  }
  if ('$ramp' in macro) {
    const { start, step, count, mod } = macro.$ramp as Record<string, number>
    return Array.from({ length: count }, (_, i) => (start + step * i) % mod)
  }
  if ('$concat' in macro) {
    const parts = (macro.$concat as Json[]).map(expand)
    return typeof parts[0] === 'string' ? parts.join('') : (parts as Json[][]).flat()
  }
  return Object.fromEntries(Object.entries(macro).map(([key, value]) => [key, expand(value)]))
}

function schemaOfVector(vector: Vector, backend: 'compiled' | 'interpreted'): Schema<unknown> {
  return schemaFromDescriptor(vector.schema).with({
    backend,
    byteOrder: vector.endian === 'be' ? 'big' : 'little',
    // The vectors contain millions of empty structs out of four bytes, which the default refuses.
    emptyElementsMax: 1 << 23,
  })
}

function checkRoundTrip(vector: Vector, backend: 'compiled' | 'interpreted'): void {
  const schema = schemaOfVector(vector, backend)
  const value = valueFromJson(vector.schema, expand(vector.value))
  const bytes = schema.encode(value)
  if (vector.hex !== undefined) expect(Buffer.from(bytes).toString('hex'), vector.name).toBe(vector.hex)
  else {
    expect(bytes.length, vector.name).toBe(vector.bytes)
    expect(createHash('sha256').update(bytes).digest('hex'), vector.name).toBe(vector.sha256)
  }
  expect(schema.measure(value), vector.name).toBe(bytes.length)
  expect(bytes.length).toBeGreaterThanOrEqual(schema.sizeMin)
  expect(bytes.length).toBeLessThanOrEqual(schema.sizeMax)
  const decoded = schema.decode(bytes)
  expect(decoded, vector.name).toMatchObject({ ok: true, completed: true, position: bytes.length })
  const wanted = vector.decoded === undefined ? value : valueFromJson(vector.schema, vector.decoded)
  if (!decoded.ok) return
  expect(Buffer.compare(schema.encode(decoded.value), bytes), vector.name).toBe(0)
  // The matcher is slow on a million elements: those are compared by their bytes alone.
  if (bytes.length < 20_000 && !(Array.isArray(wanted) && wanted.length > 5_000)) {
    expect(decoded.value, vector.name).toEqual(wanted)
  }
}

describe.each(['compiled', 'interpreted'] as const)('the vectors of the C++ library, %s', (backend) => {
  it.each([
    ['values', 560],
    ['text', 168],
    ['containers', 214],
    ['structs', 14],
    ['optional', 38],
    ['large', 66],
    ['native', 4],
  ])(
    '%s: the same bytes both ways',
    (topic, count) => {
      const vectors = load(topic).filter((vector) => isBuilt(vector.schema))
      expect(vectors.length).toBe(count)
      for (const vector of vectors) checkRoundTrip(vector, backend)
    },
    60_000,
  )

  it('errors: the same error, noticed by the same rules', () => {
    const vectors = load('errors').filter((vector) => isBuilt(vector.schema))
    expect(vectors.length).toBe(94)
    for (const vector of vectors) {
      const result = schemaOfVector(vector, backend).decode(Buffer.from(vector.hex as string, 'hex'))
      expect(result.ok ? 'NoError' : result.error, vector.name).toBe(vector.error)
      expect(result.completed, vector.name).toBe(vector.completed)
      if (!result.ok) continue
      expect(result.position, vector.name).toBe(vector.readPos)
      expect(result.value, vector.name).toEqual(valueFromJson(vector.schema, vector.decoded as Json))
    }
  })

  it('the messages of the benchmark', () => {
    const move = JSON.parse(
      gunzipSync(readFileSync(new URL('../vectors/move64.json.gz', import.meta.url))).toString(),
    )
    expect(move.messages.length).toBe(64)
    for (const { value, hex } of move.messages) {
      checkRoundTrip({ name: 'move', schema: move.schema, endian: 'le', value, hex }, backend)
    }
    const monsters = JSON.parse(
      gunzipSync(readFileSync(new URL('../vectors/monsters50.json.gz', import.meta.url))).toString(),
    )
    const { schema, hex } = monsters.variants[0]
    checkRoundTrip({ name: 'monsters', schema, endian: 'le', value: monsters.value, hex }, backend)
  })
})
