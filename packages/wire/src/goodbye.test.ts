import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { frameCode, headerSize } from './frame.ts'
import { appCodeMax, type Goodbye, goodbyeCodes, goodbyeRoom, readGoodbye, writeGoodbye } from './goodbye.ts'
import { readVarint } from './varint.ts'

function written(goodbye: Goodbye): DataView {
  const bytes = new Uint8Array(goodbyeRoom)
  const end = writeGoodbye({ bytes, view: new DataView(bytes.buffer) }, 0, goodbye)
  return new DataView(bytes.buffer, 0, end)
}

function read(bytes: readonly number[]): Goodbye | undefined {
  return readGoodbye(new DataView(Uint8Array.from(bytes).buffer), 0, bytes.length)
}

describe('goodbye', () => {
  it.each(goodbyeCodes)('brings %s and its text', (code) => {
    for (const text of ['', 'good night', 'é'.repeat(127), 'x'.repeat(255)]) {
      for (const appCode of [0, 1, 4001, appCodeMax]) {
        const view = written({ code, appCode, text })
        expect(view.getUint8(0)).toBe(frameCode.close)
        const size = readVarint(new Uint8Array(view.buffer), 1)
        expect(headerSize(size) + size).toBe(view.byteLength)
        expect(readGoodbye(view, headerSize(size), view.byteLength)).toEqual({ code, appCode, text })
      }
    }
  })

  it('keeps the numbers of its codes for ever', () => {
    const numbers = goodbyeCodes.map((code) => written({ code, appCode: 0, text: '' }).getUint8(2))
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('fits its room even with the longest text', () => {
    expect(written({ code: 'closed', appCode: 0, text: '世'.repeat(1000) }).byteLength).toBeLessThanOrEqual(
      goodbyeRoom,
    )
  })

  it('reads a code of a later version as closed', () => {
    expect(read([200, 0xa1, 0x0f, 2, 0x68, 0x69])).toEqual({ code: 'closed', appCode: 4001, text: 'hi' })
  })

  it('refuses what is broken, and never throws', () => {
    for (const bytes of [[], [0], [0, 1], [0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 2, 0x61], [0, 0, 0, 1, 0xff]])
      expect(read(bytes)).toBeUndefined()
    const random = new Random(5)
    for (let count = 0; count < 500; count++) read([...random.bytes(random.integer(0, 30))])
  })
})
