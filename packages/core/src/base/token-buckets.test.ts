import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leftAfter, TokenBuckets } from './token-buckets.ts'

/** How many single tokens there are. */
function drained(buckets: TokenBuckets, now: number): number {
  let count = 0
  while (buckets.take(0, 1, now)) count++
  return count
}

describe('token buckets', () => {
  it('let a burst pass, then as many as the rate allows', () => {
    const buckets = new TokenBuckets([{ rate: 10, burst: 3 }])
    expect([1000, 1099, 1100, 1250, 1300, 60_000].map((now) => drained(buckets, now))).toEqual([
      3, 0, 1, 1, 1, 3,
    ])
  })

  it('are apart from each other', () => {
    const buckets = new TokenBuckets([
      { rate: 1, burst: 1 },
      { rate: 1, burst: 2 },
    ])
    expect([buckets.take(0, 1, 0), buckets.take(0, 1, 0)]).toEqual([true, false])
    expect([1, 2, 3].map(() => buckets.take(1, 1, 0))).toEqual([true, true, false])
  })

  it('give several at once or none, and nothing for nothing', () => {
    const buckets = new TokenBuckets([{ rate: 1, burst: 5 }])
    expect([buckets.take(0, 6, 0), buckets.take(0, 0, 0), buckets.take(0, 3, 0)]).toEqual([false, true, true])
    expect([buckets.take(0, 3, 0), buckets.take(0, 2, 0), buckets.take(0, 0, 0)]).toEqual([false, true, true])
    expect([buckets.take(0, 1, 999), buckets.take(0, 1, 1000)]).toEqual([false, true])
  })

  it('of a rate or burst without end give always', () => {
    const buckets = new TokenBuckets([
      { rate: Number.POSITIVE_INFINITY, burst: 1 },
      { rate: 1, burst: Number.POSITIVE_INFINITY },
    ])
    for (let now = 1; now < 100; now++) expect(buckets.take(0, 1, now)).toBe(true)
    for (let count = 0; count < 1000; count++) expect(buckets.take(1, 1, 0)).toBe(true)
  })

  const rates = fc.record({ rate: fc.integer({ min: 1, max: 100 }), burst: fc.integer({ min: 1, max: 20 }) })
  const takes = (stepMin: number, stepMax: number) =>
    fc.array(fc.tuple(fc.integer({ min: stepMin, max: stepMax }), fc.integer({ min: 0, max: 5 })), {
      maxLength: 200,
    })

  it('never give more than the burst and what came back, also when the clock goes back', () => {
    fc.assert(
      fc.property(takes(-50, 500), rates, (steps, rate) => {
        const buckets = new TokenBuckets([rate])
        let now = 0
        let forward = 0
        let given = 0
        for (const [step, count] of steps) {
          now += step
          forward += Math.max(0, step)
          if (buckets.take(0, count, now)) given += count
          expect(given).toBeLessThanOrEqual(rate.burst + (forward * rate.rate) / 1000 + 1e-6)
        }
      }),
    )
  })

  it('give what a bucket gives that is filled step by step', () => {
    fc.assert(
      fc.property(takes(0, 20), rates, (steps, { rate: eighths, burst }) => {
        // Whole eighths of a token a millisecond: nothing is rounded on either side.
        const rate = { rate: eighths * 125, burst }
        const buckets = new TokenBuckets([rate])
        let tokens = rate.burst * 1000
        let now = 0
        for (const [step, count] of steps) {
          now += step
          tokens = Math.min(rate.burst * 1000, tokens + step * rate.rate)
          const isEnough = tokens >= count * 1000
          expect(buckets.take(0, count, now)).toBe(isEnough)
          if (isEnough) tokens -= count * 1000
        }
      }),
    )
  })

  it('keep a peer that holds to its rate from ever being refused', () => {
    fc.assert(
      fc.property(
        rates,
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 100 }),
        ({ rate, burst }, rests) => {
          const buckets = new TokenBuckets([{ rate, burst }])
          let now = 0
          for (const rest of rests) {
            now += Math.ceil(1000 / rate) + rest
            expect(buckets.take(0, 1, now)).toBe(true)
          }
        },
      ),
    )
  })
})

describe('what is left of what was taken', () => {
  it('sinks to nothing, and does not rise when the clock goes back', () => {
    expect([
      leftAfter(5, 2, 1000),
      leftAfter(5, 2, 60_000),
      leftAfter(5, 2, -1000),
      leftAfter(0, 2, 0),
    ]).toEqual([3, 0, 5, 0])
    expect(leftAfter(5, Number.POSITIVE_INFINITY, 0)).toBe(5)
  })
})
