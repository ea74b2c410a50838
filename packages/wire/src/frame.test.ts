import { describe, expect, it } from 'vitest'
import { finishFrame, headerSize, headerSizeMax } from './frame.ts'

const sizes = [0, 1, 127, 128, 129, 16_383, 16_384, 70_000]

function finished(size: number, expected: number) {
  const bytes = new Uint8Array(size + headerSizeMax + 3)
  const bodyStart = 3 + expected
  for (let index = 0; index < size; index++) bytes[bodyStart + index] = index * 7 + 1
  const end = finishFrame({ bytes, view: new DataView(bytes.buffer) }, 3, 0x92, bodyStart, bodyStart + size)
  return bytes.subarray(3, end)
}

describe('finishFrame', () => {
  it('writes code and size in front of the body', () => {
    expect([...finished(3, 2)]).toEqual([0x92, 3, 1, 8, 15])
    expect([...finished(300, 3).subarray(0, 4)]).toEqual([0x92, 0x81, 44, 1])
    expect([...finished(70_000, 5).subarray(0, 6)]).toEqual([0x92, 0xc0, 1, 0x70, 0x11, 1])
  })

  it('writes the shortest header, wherever the body was written', () => {
    for (const size of sizes) {
      for (const expected of [2, 3, 5]) {
        const frame = finished(size, expected)
        expect(frame.length, `${size}, ${expected}`).toBe(headerSize(size) + size)
        const body = frame.subarray(headerSize(size))
        expect(body.every((byte, index) => byte === ((index * 7 + 1) & 0xff))).toBe(true)
      }
    }
  })
})
