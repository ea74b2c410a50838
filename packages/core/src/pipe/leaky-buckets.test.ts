import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { LeakyBuckets } from './leaky-buckets.ts'

describe('leaky buckets', () => {
  it('rise when they are filled, to the brim, and sink with time, to the ground', () => {
    const buckets = new LeakyBuckets({ perSecond: 2, levelMax: 10, countMax: 100 })
    buckets.fill('a', 5, 0)
    expect([buckets.level('a', 0), buckets.level('a', 1000), buckets.level('b', 0)]).toEqual([5, 3, 0])
    buckets.fill('a', 100, 1000)
    expect([buckets.level('a', 1000), buckets.level('a', 3500), buckets.level('a', 60_000)]).toEqual([
      10, 5, 0,
    ])
    buckets.fill('a', -7, 1000)
    expect(buckets.level('a', 1000)).toBe(3)
    buckets.fill('a', -7, 1000)
    expect([buckets.level('a', 1000), buckets.count]).toEqual([0, 0])
  })

  it('are never more than they may be, and none too full: against a table that forgets nothing', () => {
    const options = { perSecond: 1, levelMax: 8, countMax: 64 }
    const buckets = new LeakyBuckets(options)
    const all = new LeakyBuckets({ ...options, countMax: Number.POSITIVE_INFINITY })
    const random = new Random(5)
    for (let now = 0; now < 200_000; now += random.integer(0, 40)) {
      const key = String(random.integer(0, random.pick([20, 5000])))
      for (const one of [buckets, all]) one.fill(key, 1, now)
      expect(buckets.count).toBeLessThanOrEqual(64)
      const [few, every] = [buckets, all].map((one) => one.level(key, now))
      expect(few).toBeGreaterThan(0)
      expect(few).toBeLessThanOrEqual(every)
    }
  })

  it('that are busy are kept while others come and go', () => {
    const buckets = new LeakyBuckets({ perSecond: 0.001, levelMax: 100, countMax: 64 })
    for (let count = 0; count < 1000; count++) {
      buckets.fill(`passing ${count}`, 1, count)
      if (count % 10 === 0) buckets.fill('busy', 1, count)
    }
    expect(buckets.level('busy', 1000)).toBeGreaterThan(90)
    expect(buckets.level('passing 0', 1000)).toBe(0)
  })

  it('that are empty are given up although none come', () => {
    const buckets = new LeakyBuckets({ perSecond: 1, levelMax: 10, countMax: 1000 })
    for (let count = 0; count < 400; count++) buckets.fill(String(count), 10, 0)
    for (const now of [10_000, 20_000, 30_000]) buckets.fill('another', 1, now)
    expect(buckets.count).toBe(1)
  })
})
