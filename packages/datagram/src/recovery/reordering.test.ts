import { describe, expect, it } from 'vitest'
import { packetThreshold, Reordering } from './reordering.ts'
import { RoundTrip } from './round-trip.ts'

function known(ms: number): RoundTrip {
  const roundTrip = new RoundTrip(100)
  roundTrip.sample(ms, 0, 0)
  return roundTrip
}

describe('Reordering', () => {
  it('begins with three packets, and 9/8 of the longer of the last and the mean round trip', () => {
    const reordering = new Reordering()
    const roundTrip = known(80)
    expect([reordering.packets, reordering.delayMs(roundTrip)]).toEqual([packetThreshold, 90])
    roundTrip.sample(160, 0, 1)
    expect(reordering.delayMs(roundTrip)).toBe(180)
    roundTrip.sample(8, 0, 2)
    expect(reordering.delayMs(roundTrip)).toBe((roundTrip.smoothed * 9) / 8)
    expect(reordering.delayMs(known(0.2))).toBe(1)
  })

  it('is not changed by packets that come late but in time', () => {
    const reordering = new Reordering()
    reordering.overtaken(50, 200, known(80), 0)
    expect([reordering.packets, reordering.delayMs(known(80))]).toEqual([3, 90])
  })

  it('waits as long as packets were late, and a little more, but two round trips at most', () => {
    const reordering = new Reordering()
    const roundTrip = known(80)
    reordering.spurious(120, roundTrip, 0)
    expect([reordering.packets, reordering.delayMs(roundTrip)]).toEqual([Number.POSITIVE_INFINITY, 130])
    reordering.overtaken(3, 136, roundTrip, 1)
    expect(reordering.delayMs(roundTrip)).toBe(150)
    reordering.overtaken(2, 160, roundTrip, 1)
    expect(reordering.delayMs(roundTrip)).toBe(150)
    reordering.overtaken(3, 1_000, roundTrip, 1)
    expect(reordering.delayMs(roundTrip)).toBe(160)
  })

  it('halves what it learnt when nothing was overtaken for 16 round trips, down to what it began with', () => {
    const reordering = new Reordering()
    const roundTrip = known(80)
    reordering.spurious(120, roundTrip, 1_000)
    reordering.rest(roundTrip, 2_279)
    expect(reordering.delayMs(roundTrip)).toBe(130)
    reordering.rest(roundTrip, 2_280)
    expect(reordering.delayMs(roundTrip)).toBe(105)
    reordering.rest(roundTrip, 2_281)
    expect(reordering.delayMs(roundTrip)).toBe(105)
    for (let now = 2_281; now < 20_000; now += 100) reordering.rest(roundTrip, now)
    expect([reordering.packets, reordering.delayMs(roundTrip)]).toEqual([3, 90])
  })

  it('forgets all on another path', () => {
    const reordering = new Reordering()
    reordering.spurious(120, known(80), 0)
    reordering.reset()
    expect(reordering.packets).toBe(3)
  })
})
