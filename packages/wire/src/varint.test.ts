import { describe, expect, it } from 'vitest'
import { readVarint, varintMax, varintSize, varintSizeMax, varintSizeOf, writeVarint } from './varint.ts'

const numbers = [
  0,
  1,
  127,
  128,
  129,
  16_383,
  16_384,
  65_535,
  65_536,
  0x123456,
  0xffffff,
  0x1000000,
  varintMax,
]

function written(value: number): number[] {
  const bytes = new Uint8Array(varintSizeMax)
  return [...bytes.subarray(0, writeVarint(bytes, 0, value))]
}

describe('a varint', () => {
  it.each(numbers)('brings %i in the fewest bytes', (value) => {
    const bytes = written(value)
    expect(bytes.length).toBe(varintSize(value))
    expect(varintSizeOf(bytes[0])).toBe(bytes.length)
    expect(readVarint(Uint8Array.from(bytes), 0)).toBe(value)
  })

  it('has these bytes', () => {
    expect(written(5)).toEqual([0x05])
    expect(written(300)).toEqual([0x81, 0x2c])
    expect(written(0x3a_1234)).toEqual([0xc0, 0x3a, 0x34, 0x12])
    expect(written(varintMax)).toEqual([0xff, 0xff, 0xff, 0xff])
  })
})
