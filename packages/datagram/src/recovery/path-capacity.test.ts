import { describe, expect, it } from 'vitest'
import { ack } from '../../fixtures/ack.ts'
import type { Bbr } from './bbr.ts'
import { Cubic } from './cubic.ts'
import { Recovery } from './recovery.ts'
import type { RecoveryOptions } from './recovery-options.ts'

/** Half of the window that all begin with: ten packets of 1,200 bytes. */
const half = 6_000

function rig(options: Partial<RecoveryOptions> = {}) {
  const owner = { acked() {}, lost() {} }
  const controller = (mtu: number, guessMs: number) => new Cubic(mtu, guessMs)
  const recovery = new Recovery({ owner, mtu: 1_200, controller, ...options })
  let next = 0
  return {
    recovery,
    /** Sends so many packets. Returns the first and the last. */
    send(count: number, now: number, size = 1_200): [low: number, high: number] {
      const low = next
      for (; next < low + count; next++) recovery.sent(next, size, [next, 0, 0], now)
      return [low, next - 1]
    },
    acked: (now: number, range: [low: number, high: number]) => recovery.acked(ack([range]), now),
  }
}

describe('what a path carries', () => {
  it('is not learnt as long as no more than half of the first window is in flight', () => {
    const { recovery, send, acked } = rig()
    for (let now = 0; now < 60_000; now += 50) {
      const sent = send(5, now)
      recovery.appLimited()
      expect(recovery.bytesInFlight).toBe(half)
      acked(now + 40, sent)
    }
    expect(recovery.controller).toBeUndefined()
    expect(recovery.window).toBe(12_000)
  })

  it('is learnt from the first byte on that is more', () => {
    const { recovery, send } = rig()
    send(5, 0)
    expect(recovery.controller).toBeUndefined()
    send(1, 0, 48)
    expect(recovery.controller).toBeInstanceOf(Cubic)
  })

  it('is learnt when something is lost, which makes the window smaller', () => {
    const { recovery, send, acked } = rig()
    send(1, 0)
    acked(40, send(3, 1))
    expect(recovery.statistics.lost).toBe(1)
    expect(recovery.controller).toBeInstanceOf(Cubic)
    expect(recovery.window).toBe(12_000 * 0.7)
  })

  it('is shown by the packets of a burst that left before', () => {
    const { recovery, send, acked } = rig()
    send(10, 0)
    acked(40, [0, 1])
    expect(recovery.window).toBe(14_400)
  })

  it('is not shown by packets of one who had nothing more to send', () => {
    for (const last of [3, 9]) {
      const { recovery, send, acked } = rig()
      send(4, 0)
      recovery.appLimited()
      send(6, 10)
      acked(40, [0, last])
      expect(recovery.window).toBe(12_000)
    }
  })

  it('is learnt without what is in flight on another path', () => {
    const { recovery, send, acked } = rig()
    send(4, 0)
    recovery.appLimited()
    recovery.pathChanged(10)
    const first = send(10, 20)
    acked(60, first)
    acked(100, send(10, 60))
    // Of a slow start: all that was acknowledged.
    expect(recovery.window).toBe(12_000 + 2 * 12_000)
  })

  it('gives a rate of delivery by the first acknowledgement of packets that left before', () => {
    const { recovery, send, acked } = rig({ controller: undefined })
    acked(1_040, send(10, 1_000))
    // 12,000 bytes in 40 ms.
    expect((recovery.controller as Bbr).bandwidth).toBeCloseTo(300)
  })

  it('is forgotten on another path', () => {
    const { recovery, send, acked } = rig({ controller: undefined })
    acked(40, send(10, 0))
    recovery.pathChanged(50)
    expect(recovery.controller).toBeUndefined()
    expect(recovery.window).toBe(12_000)
  })

  it('lets packets leave at the rate of a startup by the round trip meanwhile', () => {
    const { recovery, send, acked } = rig({ initialRttMs: 100 })
    expect(recovery.pacingRate).toBeCloseTo(2.77 * 120)
    acked(20, send(1, 0))
    expect(recovery.pacingRate).toBeCloseTo(2.77 * 600)
  })

  it('is learnt from the round trip as it was measured', () => {
    const { recovery, send, acked } = rig({ controller: undefined, initialRttMs: 100 })
    acked(20, send(1, 0))
    send(6, 30)
    expect((recovery.controller as Bbr).pacingRate).toBeCloseTo(2.77 * 600)
  })
})
