import { describe, expect, it } from 'vitest'
import type { NetworkStatistics } from '../ports/transport.ts'
import { StuckFrames } from './stuck-frames.ts'

const linkOf = (roundTripMs: number) => ({ network: () => ({ roundTripMs }) as NetworkStatistics })

/** Asks every `stepMs` from 0 on; `stored` and `bytesIn` by the time. Returns when a frame is late, or -1. */
function lateAt(
  given: { stored?: (now: number) => number; bytesIn?: (now: number) => number; roundTripMs?: number },
  stepMs = 100,
): number {
  const { stored = () => 500, bytesIn = (now) => now, roundTripMs = 0 } = given
  const frames = new StuckFrames(10_000)
  for (let now = 0; now <= 60_000; now += stepMs)
    if (frames.lateness(stored(now), bytesIn(now), linkOf(roundTripMs), now) !== '') return now
  return -1
}

describe('frames of which no part comes', () => {
  it('are late at the limit and ten round trips, and not before', () => {
    expect(lateAt({})).toBe(10_000)
    expect(lateAt({ roundTripMs: 250 })).toBe(12_500)
  })

  it('are not late while none has begun, or anything of them comes', () => {
    expect(lateAt({ stored: () => 0 })).toBe(-1)
    expect(lateAt({ stored: (now) => 1 + Math.floor(now / 9_000) })).toBe(-1)
    expect(lateAt({ stored: (now) => 1000 - Math.floor(now / 9_000) })).toBe(-1)
  })

  it('count from the last part on', () => {
    expect(lateAt({ stored: (now) => (now < 7_000 ? 1 : 2) })).toBe(17_000)
    expect(lateAt({ stored: (now) => (now === 5_000 ? 0 : 1) })).toBe(15_100)
  })

  it('are not late for a silence, of which a second counts at most', () => {
    expect(lateAt({ bytesIn: () => 7 })).toBe(-1)
    expect(lateAt({ bytesIn: (now) => (now < 4_000 || now > 30_000 ? now : 4_000) })).toBe(35_100)
    // Pings every five seconds count for one second each.
    expect(lateAt({ bytesIn: (now) => Math.floor(now / 5_000) })).toBe(50_000)
  })
})
