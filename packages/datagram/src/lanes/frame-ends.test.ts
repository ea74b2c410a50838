import { codeMessageEnd, frameCode } from '@millrace/wire'
import { describe, expect, it } from 'vitest'
import { FrameEnds, frameTooLarge, headerCut, messageNumber } from './frame-ends.ts'

const ends = new FrameEnds(1000)
ends.fixedSizes = new Int32Array(codeMessageEnd).fill(-1)
ends.fixedSizes[7] = 5
ends.fixedSizes[8] = 0
ends.fixedSizes[9] = 1001

function read(bytes: readonly number[], from = 0): number {
  return ends.read(Uint8Array.from(bytes), from, bytes.length)
}

describe('the end of a frame', () => {
  it.each([
    ['of a fixed size', [7], 6, 1],
    ['of a fixed size of nothing', [8], 1, 1],
    ['of a small size', [3, 127], 129, 2],
    ['of a size of two bytes', [3, 0x83, 0xe8], 1003, 3],
    ['of a size of four bytes', [3, 0xc0, 0, 3, 0], 8, 5],
    ['of no body', [3, 0], 2, 2],
    ['of a ping', [frameCode.ping, 4, 1, 2, 3, 4], 6, 2],
    ['of a large control frame', [frameCode.hello, 0x90, 0x00], 4099, 3],
  ])('%s is found', (_what, bytes, end, bodyStart) => {
    expect(read(bytes)).toBe(end)
    expect(ends.bodyStart).toBe(bodyStart)
    expect(read([99, 99, ...bytes], 2)).toBe(end + 2)
  })

  it.each([[[]], [[3]], [[3, 0x83]], [[3, 0xc0, 0, 3]], [[frameCode.close]]])(
    'is not known of %j',
    (bytes) => {
      expect(read(bytes)).toBe(headerCut)
    },
  )

  it.each([
    ['above the limit', [3, 0x83, 0xe9]],
    ['of a fixed size above it', [9]],
    ['of a control frame above 4,096', [frameCode.hello, 0x90, 0x01]],
    ['of a message by number above the limit', [frameCode.message, 0x83, 0xe9]],
    ['of the largest varint', [3, 0xff, 0xff, 0xff, 0xff]],
  ])('%s is refused', (_what, bytes) => {
    expect(read(bytes)).toBe(frameTooLarge)
  })

  it('does not read behind the end it was given', () => {
    expect(ends.read(Uint8Array.of(3, 5), 0, 1)).toBe(headerCut)
    expect(ends.read(Uint8Array.of(3, 5), 2, 2)).toBe(headerCut)
  })
})

describe('the number of a message', () => {
  it.each([
    ['below 128', [5, 1, 2], 5],
    ['from 128 on', [frameCode.message, 4, 0x81, 0x2c, 1, 2], 300],
    ['behind a size of four bytes', [frameCode.message, 0xc0, 0, 2, 0, 0x81, 0x2c], 300],
    ['of a request', [frameCode.request, 4, 1, 1, 1, 1], -1],
    ['of a ping', [frameCode.ping, 4, 1, 1, 1, 1], -1],
    ['that is cut', [frameCode.message, 1, 0x81], -1],
    ['that is not there', [frameCode.message, 0], -1],
    ['of nothing but a code', [frameCode.message], -1],
  ])('%s', (_what, bytes, number) => {
    expect(messageNumber(Uint8Array.from(bytes), 0, bytes.length)).toBe(number)
  })
})
