import { describe, expect, it } from 'vitest'
import { leastWindowMs, RoundTrip } from './round-trip.ts'

describe('RoundTrip, by the formulas of RFC 9002, section 5.3', () => {
  it('is the guess, and then the first sample', () => {
    const roundTrip = new RoundTrip(100)
    expect([roundTrip.smoothed, roundTrip.variance, roundTrip.isKnown]).toEqual([100, 50, false])
    expect(roundTrip.probeTimeoutMs(25)).toBe(325)
    roundTrip.sample(40, 25, 7)
    expect([roundTrip.latest, roundTrip.smoothed, roundTrip.variance, roundTrip.least]).toEqual([
      40, 40, 20, 40,
    ])
    expect([roundTrip.isKnown, roundTrip.firstSampleAt]).toEqual([true, 7])
  })

  it('takes the delay of the ack off, unless the sample became less than the least', () => {
    const roundTrip = new RoundTrip(100)
    roundTrip.sample(40, 0, 0)
    roundTrip.sample(56, 8, 1)
    expect([roundTrip.latest, roundTrip.smoothed, roundTrip.variance]).toEqual([56, 41, 17])
    roundTrip.sample(48, 8, 2)
    expect(roundTrip.smoothed).toBe(41 - 1 / 8)
    const before = roundTrip.smoothed
    roundTrip.sample(48, 8.001, 3)
    expect(roundTrip.smoothed).toBe(before + (48 - before) / 8)
    expect(roundTrip.least).toBe(40)
  })

  it('waits a millisecond for the variance at least', () => {
    const roundTrip = new RoundTrip(100)
    for (let at = 0; at < 200; at++) roundTrip.sample(20, 0, at)
    expect(roundTrip.variance).toBeLessThan(0.01)
    expect(roundTrip.probeTimeoutMs(25)).toBe(46)
  })

  it('learns a longer route when the window has passed', () => {
    const roundTrip = new RoundTrip(100)
    roundTrip.sample(20, 0, 0)
    for (let at = 100; at <= leastWindowMs; at += 100) roundTrip.sample(50, 0, at)
    expect(roundTrip.least).toBe(20)
    roundTrip.sample(50, 0, leastWindowMs + 100)
    expect(roundTrip.least).toBe(50)
  })

  it('begins anew for another path, and takes the next sample as the least after a blocked one', () => {
    const roundTrip = new RoundTrip(100)
    roundTrip.sample(20, 0, 0)
    roundTrip.forgetLeast()
    roundTrip.sample(60, 0, 1)
    expect(roundTrip.least).toBe(60)
    roundTrip.reset(100)
    expect([roundTrip.isKnown, roundTrip.smoothed, roundTrip.least]).toEqual([false, 100, 100])
    roundTrip.sample(80, 0, 2)
    expect([roundTrip.least, roundTrip.variance]).toEqual([80, 40])
  })

  it('takes no sample across a standstill of this process, but a first one', () => {
    const roundTrip = new RoundTrip(100)
    roundTrip.looked(101, 500)
    expect(roundTrip.heard(30, 0, false, 510)).toBe(30)
    roundTrip.looked(1_400, 2_000)
    expect(roundTrip.heard(1_500, 0, false, 2_010)).toBe(0)
    expect([roundTrip.smoothed, roundTrip.variance, roundTrip.least]).toEqual([30, 15, 30])
    expect(roundTrip.heard(30, 0, false, 2_030)).toBe(30)
    roundTrip.looked(100, 3_000)
    expect(roundTrip.heard(30, 0, false, 3_010)).toBe(30)
  })
})
