import { describe, expect, it } from 'vitest'
import { pairedRatios, percentile, summarize } from './statistics.ts'

describe('summarize', () => {
  it('gives the middle of an odd number of rounds', () => {
    expect(summarize([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9 })
  })

  it('gives the mean of the two in the middle of an even number', () => {
    expect(summarize([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100 })
  })

  it('sorts numbers, not text, and leaves its argument alone', () => {
    const values = [10, 9, 100]
    expect(summarize(values).median).toBe(10)
    expect(values).toEqual([10, 9, 100])
  })

  it('refuses no rounds', () => {
    expect(() => summarize([])).toThrow(RangeError)
  })
})

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)

  it('takes the nearest rank', () => {
    expect(percentile(hundred, 0.5)).toBe(50)
    expect(percentile(hundred, 0.99)).toBe(99)
    expect(percentile(hundred, 0.999)).toBe(100)
    expect(percentile(hundred, 0)).toBe(1)
    expect(percentile([7], 0.5)).toBe(7)
  })

  it('refuses a fraction that is none', () => {
    expect(() => percentile(hundred, 50)).toThrow('fraction must be 0 to 1, got 50')
    expect(() => percentile([], 0.5)).toThrow(RangeError)
  })
})

describe('pairedRatios', () => {
  it('compares rows round by round', () => {
    expect(pairedRatios([2, 9, 8], [1, 3, 2])).toEqual([2, 3, 4])
  })

  it('uses the rounds that both have', () => {
    expect(pairedRatios([2, 9], [1])).toEqual([2])
  })
})
