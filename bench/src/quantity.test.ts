import { describe, expect, it } from 'vitest'
import { formatQuantity, formatRatio } from './quantity.ts'

describe('formatQuantity', () => {
  it.each([
    [3_712_345, 'per second', '3.71 M/s'],
    [999.7, 'per second', '1.00 k/s'],
    [2041, 'MB/s', '2.04 GB/s'],
    [0.5, 'ns', '0.500 ns'],
    [12_345, 'ns', '12.3 µs'],
    [852, 'µs', '852 µs'],
    [0, 'bytes', '0.00 B'],
    [-4096, 'bytes', '-4.10 KB'],
    [5e15, 'bytes', '5000000 GB'],
  ] as const)('%d %s is %s', (value, unit, text) => {
    expect(formatQuantity(value, unit)).toBe(text)
  })
})

describe('formatRatio', () => {
  it('keeps three digits', () => {
    expect([0.01234, 0.5, 1, 4.309, 48.64, 123.4].map(formatRatio)).toEqual([
      '0.012×',
      '0.500×',
      '1.00×',
      '4.31×',
      '48.6×',
      '123×',
    ])
  })
})
