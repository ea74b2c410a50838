import { describe, expect, it } from 'vitest'
import {
  finishFrame,
  frameKind,
  frameTag,
  headerSize,
  longHeaderSize,
  longSizeMark,
  namedNumber,
} from './frame.ts'

function target(size: number) {
  const bytes = new Uint8Array(size)
  return { bytes, view: new DataView(bytes.buffer) }
}

describe('finishFrame', () => {
  it('writes size and tag in front of the body, little-endian', () => {
    const frame = target(16)
    frame.bytes.set([1, 2, 3], 5 + headerSize)
    expect(finishFrame(frame, 5, frameTag(frameKind.request, 0x123), 5 + headerSize + 3)).toBe(12)
    expect([...frame.bytes.subarray(5, 12)]).toEqual([3, 0, 0x23, 0x41, 1, 2, 3])
  })

  it('writes the largest tag and the largest short size without a sign', () => {
    const frame = target(longSizeMark + 16)
    const size = longSizeMark - 1
    expect(finishFrame(frame, 0, 0xffff, headerSize + size)).toBe(headerSize + size)
    expect([...frame.bytes.subarray(0, 4)]).toEqual([0xfe, 0xff, 0xff, 0xff])
  })

  it.each([65_534, 65_535, 65_536, 70_000])('gives a body of %i bytes the right header', (size) => {
    const frame = target(size + longHeaderSize)
    for (let index = 0; index < size; index++) frame.bytes[headerSize + index] = index * 7
    const end = finishFrame(frame, 0, frameTag(frameKind.message, 9), headerSize + size)
    const isLong = size >= 65_535
    const header = isLong ? longHeaderSize : headerSize
    expect(end).toBe(header + size)
    expect(frame.view.getUint16(0, true)).toBe(isLong ? 0xffff : size)
    expect(frame.view.getUint16(2, true)).toBe(9)
    if (isLong) expect(frame.view.getUint32(4, true)).toBe(size)
    for (const index of [0, 1, 2, size - 2, size - 1])
      expect(frame.bytes[header + index]).toBe((index * 7) & 0xff)
  })

  it('keeps the kinds apart from the numbers', () => {
    const tags = Object.values(frameKind).map((kind) => frameTag(kind, namedNumber))
    expect(tags).toEqual([0x3fff, 0x7fff, 0xbfff, 0xffff])
    expect(tags.map((tag) => tag >> 14)).toEqual([0, 1, 2, 3])
    expect(tags.every((tag) => (tag & 0x3fff) === namedNumber)).toBe(true)
  })
})
