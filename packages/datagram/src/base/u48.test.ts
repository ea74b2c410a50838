import { expect, it } from 'vitest'
import { readU48, u48Max, writeU48 } from './u48.ts'

it('a number of six bytes comes back, least byte first', () => {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  for (const value of [0, 1, 255, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 47 + 5, u48Max]) {
    expect(writeU48(view, 1, value)).toBe(7)
    expect(readU48(view, 1)).toBe(value)
  }
  writeU48(view, 0, 0x0605_0403_0201)
  expect([...bytes.subarray(0, 6)]).toEqual([1, 2, 3, 4, 5, 6])
})
