import { describe, expect, it } from 'vitest'
import { ack, ackBytes, viewOf } from '../../fixtures/ack.ts'
import { seeded } from '../../fixtures/random.ts'
import { u48Max } from '../base/u48.ts'
import { AckReader, ackRangesMax } from './ack-reader.ts'

function problemOf(bytes: Uint8Array, end = bytes.length): string {
  return new AckReader().read(bytes, viewOf(bytes), 0, end)
}

describe('AckReader', () => {
  it('shows the ranges from the highest down, and the delay', () => {
    const reader = ack(
      [
        [u48Max - 300, u48Max],
        [u48Max - 90_000, u48Max - 70_000],
        [u48Max - 100_000, u48Max - 100_000],
      ],
      3,
    )
    expect([reader.count, reader.largest, reader.delayMs]).toEqual([3, u48Max, 3])
    expect([reader.lows[0], reader.highs[1], reader.lows[1], reader.highs[2], reader.lows[2]]).toEqual([
      u48Max - 300,
      u48Max - 70_000,
      u48Max - 90_000,
      u48Max - 100_000,
      u48Max - 100_000,
    ])
  })

  it('tells bytes that are cut anywhere, and shows nothing then', () => {
    const bytes = ackBytes(
      [
        [20_000_000, 20_000_500],
        [9_000, 19_000_000],
        [5, 8],
      ],
      20,
    )
    for (let end = 0; end < bytes.length; end++) {
      const reader = new AckReader()
      expect(reader.read(bytes, viewOf(bytes), 0, end), `cut at ${end}`).toBe('an ack that is cut')
      expect(reader.count).toBe(0)
    }
    expect(problemOf(bytes)).toBe('')
  })

  it('tells ranges that go below 0, and takes those that end there', () => {
    expect(problemOf(new Uint8Array([5, 0, 0, 0, 0, 0, 0, 0, 5]))).toBe('')
    expect(problemOf(new Uint8Array([5, 0, 0, 0, 0, 0, 0, 0, 6]))).toBe('an ack of numbers below 0')
    expect(problemOf(new Uint8Array([5, 0, 0, 0, 0, 0, 0, 1, 3, 0, 0]))).toBe('')
    expect(problemOf(new Uint8Array([5, 0, 0, 0, 0, 0, 0, 1, 3, 1, 0]))).toBe('an ack of numbers below 0')
    expect(problemOf(new Uint8Array([5, 0, 0, 0, 0, 0, 0, 1, 5, 0, 0]))).toBe('an ack of numbers below 0')
  })

  it('takes as many ranges as the byte can count', () => {
    const ranges = Array.from(
      { length: ackRangesMax },
      (_, index) => [1_000 - 2 * index, 1_000 - 2 * index] as const,
    )
    expect(ack(ranges).count).toBe(ackRangesMax)
  })

  it.each([11, 12, 13])('random bytes never throw, and ranges are apart and descend, seed %i', (seed) => {
    const random = seeded(seed)
    const reader = new AckReader()
    for (let run = 0; run < 5_000; run++) {
      const bytes = Uint8Array.from(
        { length: Math.floor(random() * 40) },
        () => random() * (random() < 0.5 ? 4 : 256),
      )
      if (reader.read(bytes, viewOf(bytes), 0, bytes.length) !== '') {
        expect(reader.count).toBe(0)
        continue
      }
      expect(reader.end).toBeLessThanOrEqual(bytes.length)
      for (let index = 0; index < reader.count; index++) {
        expect(reader.lows[index]).toBeGreaterThanOrEqual(0)
        expect(reader.highs[index]).toBeGreaterThanOrEqual(reader.lows[index])
        if (index > 0) expect(reader.lows[index - 1] - reader.highs[index]).toBeGreaterThanOrEqual(2)
      }
    }
  })
})
