import { describe, expect, it } from 'vitest'
import { array, bool, bytes, fixedArray, optional, type Schema, struct, text, u8, u64 } from './index.ts'

const MAX = 0x3fffffff
const HUGE_COUNT = [0xff, 0xff, 0xff, 0xff]
const backends = ['compiled', 'interpreted'] as const

/** The heap that a read leaves behind or used on its way, in bytes. */
function heapOf(read: () => unknown): number {
  globalThis.gc?.()
  const before = process.memoryUsage()
  const kept = read()
  const after = process.memoryUsage()
  expect(kept).toBeDefined()
  return after.heapUsed + after.external - before.heapUsed - before.external
}

describe.each(backends)('hostile bytes, %s', (backend) => {
  it.each<[string, Schema<unknown>]>([
    ['text', text(MAX)],
    ['wide text', text(MAX, { charSize: 4 })],
    ['bytes', bytes(MAX)],
    ['array of u8', array(u8, MAX)],
    ['array of u64', array(u64, MAX)],
    ['array of arrays', array(array(u64, MAX), MAX)],
    ['array of text', array(struct({ a: text(MAX), b: optional(bytes(MAX)) }), MAX)],
  ])('a huge count for %s is DataOverflow before memory is taken', (_, schema) => {
    const input = Uint8Array.from([...HUGE_COUNT, ...HUGE_COUNT, 0, 0, 0])
    const reader = schema.with({ backend })
    reader.decode(input)
    expect(heapOf(() => reader.decode(input))).toBeLessThan(2_000_000)
    expect(reader.decode(input)).toMatchObject({ ok: false, error: 'DataOverflow' })
  })

  it('elements without bytes are limited over the whole read, not per array', () => {
    const one = array(struct({}), MAX).with({ backend })
    expect(one.decode(Uint8Array.from([0x81, 0x00]))).toMatchObject({ ok: true, completed: true })
    expect(one.decode(Uint8Array.from([0x81, 0x01]))).toMatchObject({ ok: false, error: 'InvalidData' })
    expect(one.with({ emptyElementsMax: 1000 }).decode(Uint8Array.from([0x81, 0x01]))).toMatchObject({
      ok: true,
    })
    const many = array(array(fixedArray(u8, 0), MAX), MAX).with({ backend })
    expect(many.decode(Uint8Array.from([2, 100, 100]))).toMatchObject({ ok: true })
    expect(many.decode(Uint8Array.from([3, 100, 100, 100]))).toMatchObject({
      ok: false,
      error: 'InvalidData',
    })
  })

  it.each<[string, Schema<unknown>]>([
    ['arrays', array(array(u8, 9), MAX)],
    ['byte arrays', array(bytes(9), MAX)],
    ['texts', array(text(9), MAX)],
    ['structs', array(struct({ a: bool }), MAX)],
    ['optionals', array(optional(u8), MAX)],
  ])('many small %s take a limited multiple of the memory of their bytes', (_, schema) => {
    const count = 100_000
    const input = Uint8Array.from([0xc0, 0x01, 0xa0, 0x86, ...new Array<number>(count).fill(0)])
    const reader = schema.with({ backend })
    expect(reader.decode(input)).toMatchObject({ ok: true, completed: true })
    const used = heapOf(() => {
      const value = reader.decode(input)
      globalThis.gc?.()
      return value
    })
    // The interpreter makes objects field by field: V8 keeps room for four in each of them.
    expect(used / input.length).toBeLessThan(backend === 'compiled' ? 64 : 80)
  })

  it('a count above the limit of the schema is InvalidData at its place', () => {
    const schema = struct({ id: u8, list: array(u8, 3) }).with({ backend })
    expect(schema.decode(Uint8Array.from([7, 4, 1, 2, 3, 4]))).toEqual({
      ok: false,
      error: 'InvalidData',
      completed: false,
      position: 1,
    })
  })

  it('what was read does not share memory with the bytes', () => {
    const input = Uint8Array.from([2, 5, 6])
    const result = bytes(9).with({ backend }).decode(Buffer.from(input.buffer))
    input.fill(0)
    expect(result).toMatchObject({ ok: true, value: Uint8Array.from([5, 6]) })
  })
})
