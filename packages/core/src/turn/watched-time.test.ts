import { Random } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { clockTime, countedMsMax, lookMs, WatchedTime } from './watched-time.ts'

describe('the watched time', () => {
  it('passes with the clock while looks come in time', () => {
    const time = new WatchedTime()
    for (let now = 1000; now < 2000; now += lookMs + 20) {
      time.look(now)
      expect(time.nextLook).toBe(now + lookMs)
      expect(time.missedMs(now + countedMsMax)).toBe(0)
    }
  })

  it('stands still while the loop does not look, and counts a part of each stall', () => {
    const time = new WatchedTime()
    time.look(0)
    expect([150, 151, 2200].map((now) => now - time.missedMs(now))).toEqual([150, 150, 150])
    for (let stalls = 1; stalls <= 10; stalls++) {
      time.look(2200 * stalls)
      expect(2200 * stalls - time.missedMs(2200 * stalls)).toBe(150 * stalls)
    }
  })

  it('never runs backwards, whatever asks between two looks', () => {
    const time = new WatchedTime()
    let last = 0
    for (const [index, gap] of [3, 90, 149, 151, 7000, 1, 1, 220, 150, 100_000].entries()) {
      const start = index === 0 ? 0 : time.nextLook - lookMs
      for (const now of [start + gap / 3, start + gap / 2, start + gap]) {
        expect(now - time.missedMs(now)).toBeGreaterThanOrEqual(last)
        last = now - time.missedMs(now)
      }
      time.look(start + gap)
      expect(start + gap - time.missedMs(start + gap)).toBe(last)
    }
  })

  it('passes with the clock while no look is expected', () => {
    const time = new WatchedTime()
    time.look(0)
    time.rest(1000)
    expect(time.missedMs(50_000)).toBe(850)
    expect(time.nextLook).toBe(Number.POSITIVE_INFINITY)
    time.look(60_000)
    expect(time.missedMs(60_100)).toBe(850)
  })
})

describe('the time of the clock for a watched time', () => {
  it.each([1, 2, 3])('is one by which that has come, whatever is rounded (seed %i)', (seed) => {
    const random = new Random(seed)
    const fraction = () => random.next() + random.next() / 2 ** 32
    for (let count = 0; count < 20_000; count++) {
      const missedMs = random.integer(0, 100_000)
      const now = fraction() * 10 ** random.integer(4, 8) + missedMs
      const watchedAt = now - missedMs + random.integer(0, 10_000) * fraction()
      const at = clockTime(watchedAt, now, now - missedMs)
      expect(at - missedMs, `${watchedAt} watched, missed ${missedMs}`).toBeGreaterThanOrEqual(watchedAt)
      expect(at - missedMs).toBeLessThan(watchedAt + 1e-6)
    }
    expect(clockTime(1000, 5000, 4500)).toBe(1500)
    expect(clockTime(Number.POSITIVE_INFINITY, 5000, 4500)).toBe(Number.POSITIVE_INFINITY)
  })
})
