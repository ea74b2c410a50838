import { describe, expect, it } from 'vitest'
import { progress } from '../../fixtures/progress.ts'
import { windowBytesMax } from './congestion-controller.ts'
import { Cubic } from './cubic.ts'

const mtu = 1_200

/** A round trip of 100 ms in which all that was in flight arrived. */
function round(cubic: Cubic, now: number): void {
  const packets = Math.round(cubic.window / mtu)
  for (let packet = 0; packet < packets; packet++) cubic.acked(progress({ now, ackedBytes: mtu }))
}

describe('Cubic (RFC 9438)', () => {
  it('begins with ten packets of 1,200 bytes at most', () => {
    expect(new Cubic(1_200, 100).window).toBe(12_000)
    expect(new Cubic(500, 100).window).toBe(5_000)
    expect(new Cubic(9_000, 100).window).toBe(18_000)
  })

  it('doubles each round trip until something is lost, and keeps seven tenths', () => {
    const cubic = new Cubic(mtu, 100)
    round(cubic, 100)
    expect(cubic.window).toBe(24_000)
    cubic.lost(progress({ now: 200, lostBytes: mtu, newestLostSentAt: 150 }))
    expect(cubic.window).toBeCloseTo(16_800, 6)
    cubic.lost(progress({ now: 210, lostBytes: mtu, newestLostSentAt: 200 }))
    expect(cubic.window).toBeCloseTo(16_800, 6)
    cubic.lost(progress({ now: 320, lostBytes: mtu, newestLostSentAt: 200.1 }))
    expect(cubic.window).toBeCloseTo(11_760, 6)
  })

  it('is back where it lost after the cube root of three tenths of it by 0.4 seconds, flat there, and grows beyond', () => {
    const cubic = new Cubic(mtu, 100)
    cubic.resume(1_000 * mtu, 1_000 * mtu, 0)
    cubic.lost(progress({ now: 100, lostBytes: mtu, newestLostSentAt: 50 }))
    const seconds = Math.cbrt((0.3 * 1_000) / 0.4)
    const windows: number[] = []
    for (let now = 200; now < 20_000; now += 100) {
      round(cubic, now)
      windows.push(cubic.window / mtu)
    }
    const at = (time: number) => windows[Math.round((time * 1_000) / 100)]
    expect(at(0.5)).toBeGreaterThan(740)
    expect(at(seconds)).toBeGreaterThan(985)
    expect(at(seconds)).toBeLessThan(1_005)
    expect(at(seconds + 1) - at(seconds - 1)).toBeLessThan(12)
    expect(at(2 * seconds)).toBeGreaterThan(1_250)
    expect(windows).toEqual([...windows].sort((a, b) => a - b))
  })

  it('gives back what it took when all that was lost arrives after all', () => {
    const cubic = new Cubic(mtu, 100)
    cubic.lost(progress({ now: 100, lostBytes: 2 * mtu, newestLostSentAt: 50 }))
    cubic.spurious(mtu, 40)
    expect(cubic.window).toBeCloseTo(8_400, 6)
    cubic.spurious(mtu, 50)
    expect(cubic.window).toBe(12_000)
    round(cubic, 300)
    expect(cubic.window).toBe(24_000)
  })

  it('learns nothing while less than half of the window is used, or the sender has too little', () => {
    const cubic = new Cubic(mtu, 100)
    cubic.acked(progress({ now: 100, ackedBytes: mtu, inFlightBefore: 5_999 }))
    cubic.acked(progress({ now: 100, ackedBytes: mtu, isAppLimited: true }))
    expect(cubic.window).toBe(12_000)
    cubic.acked(progress({ now: 100, ackedBytes: mtu, inFlightBefore: 6_000 }))
    expect(cubic.window).toBe(13_200)
  })

  it('keeps two packets when the path is blocked, and no more than the limit ever', () => {
    const cubic = new Cubic(mtu, 100)
    cubic.persistentCongestion(0)
    expect(cubic.window).toBe(2 * mtu)
    const large = new Cubic(mtu, 100)
    for (let now = 100; now < 2_000; now += 100) large.acked(progress({ now, ackedBytes: large.window }))
    expect(large.window).toBe(windowBytesMax)
  })
})
