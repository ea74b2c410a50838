import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { RangeSet } from './range-set.ts'

const rangesOf = (set: RangeSet): number[] => {
  const ranges: number[] = []
  const copy = new RangeSet()
  copy.add(0, 1000)
  const rest = new RangeSet()
  rest.add(0, 1000)
  rest.removeAll(set)
  copy.removeAll(rest)
  while (copy.size > 0) {
    ranges.push(copy.first(), copy.firstEnd())
    copy.remove(copy.first(), copy.firstEnd())
  }
  return ranges
}

describe('a set of ranges', () => {
  it('joins ranges that touch', () => {
    const set = new RangeSet()
    set.add(10, 20)
    set.add(30, 40)
    set.add(20, 30)
    expect([set.count, set.size, set.first(), set.firstEnd()]).toEqual([1, 30, 10, 40])
    set.add(42, 50)
    expect(set.count).toBe(2)
  })

  it('is cut in two by what is taken from its middle', () => {
    const set = new RangeSet()
    set.add(0, 100)
    set.remove(40, 60)
    expect([set.count, set.size]).toEqual([2, 80])
    expect(rangesOf(set)).toEqual([0, 40, 60, 100])
  })

  it('holds numbers up to 2^48', () => {
    const set = new RangeSet()
    set.add(2 ** 48 - 10, 2 ** 48 - 5)
    set.add(2 ** 48 - 5, 2 ** 48 - 1)
    expect([set.count, set.size, set.firstEnd()]).toEqual([1, 9, 2 ** 48 - 1])
  })

  it.each([1, 2, 3, 4, 5])('agrees with a list of all its numbers (seed %i)', (seed) => {
    const random = new Random(seed)
    const set = new RangeSet()
    const all = new Uint8Array(300)
    for (let step = 0; step < 400; step++) {
      const from = random.integer(0, 299)
      const to = random.integer(from, Math.min(300, from + 40))
      if (random.chance(0.55)) {
        set.add(from, to)
        all.fill(1, from, to)
      } else {
        set.remove(from, to)
        all.fill(0, from, to)
      }
      const expected: number[] = []
      for (let at = 0; at <= 300; at++) if ((all[at] ?? 0) !== (all[at - 1] ?? 0)) expected.push(at)
      expect(rangesOf(set)).toEqual(expected)
      expect(set.size).toBe(all.reduce((sum, bit) => sum + bit, 0))
      expect(set.count).toBe(expected.length / 2)
    }
    set.clear()
    expect([set.size, set.count]).toEqual([0, 0])
  })
})
