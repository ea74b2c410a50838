import { describe, expect, it } from 'vitest'
import { ack } from '../../fixtures/ack.ts'
import { DatagramError } from '../base/datagram-error.ts'
import { u48Max } from '../base/u48.ts'
import { Cubic } from './cubic.ts'
import { probeTimeoutMaxMs } from './probe-timer.ts'
import { patientDelayLimitMs } from './received-packets.ts'
import { Recovery } from './recovery.ts'
import type { RecoveryOptions } from './recovery-options.ts'
import { sentPacketsMax } from './sent-packets.ts'

type Told = [what: 'acked' | 'lost', number: number, now: number]

/** A recovery of which each packet carries its own number, and what its owner was told. */
function rig(options: Partial<RecoveryOptions> = {}) {
  const told: Told[] = []
  const recovery = new Recovery({
    owner: {
      acked: ([number], now) => told.push(['acked', number, now]),
      lost: ([number], now) => told.push(['lost', number, now]),
    },
    mtu: 1_200,
    controller: (mtu, guessMs) => new Cubic(mtu, guessMs),
    ...options,
  })
  const send = (from: number, to: number, now: number, size = 100) => {
    for (let number = from; number <= to; number++) recovery.sent(number, size, [number, 0, 0], now)
  }
  const acked = (now: number, ...ranges: [low: number, high: number][]) => recovery.acked(ack(ranges), now)
  return { recovery, told, send, acked }
}

function codeOf(call: () => void): string | undefined {
  try {
    call()
  } catch (error) {
    return error instanceof DatagramError ? error.code : undefined
  }
  return 'none'
}

describe('what was sent', () => {
  it('numbers go up, and stay below 2^48', () => {
    const { recovery } = rig()
    recovery.sent(5, 100, [5, 0, 0], 0)
    expect(codeOf(() => recovery.sent(5, 100, [5, 0, 0], 0))).toBe('bad-number')
    expect(codeOf(() => recovery.sent(4, 100, undefined, 0))).toBe('bad-number')
    expect(codeOf(() => recovery.sent(Number.NaN, 100, undefined, 0))).toBe('bad-number')
    expect(codeOf(() => recovery.sent(u48Max + 1, 100, undefined, 0))).toBe('bad-number')
    recovery.sent(u48Max, 100, undefined, 0)
  })

  it('a clock that stands still for round trips leaves all figures finite', () => {
    for (const controller of [undefined, (mtu: number, guessMs: number) => new Cubic(mtu, guessMs)]) {
      const { recovery, acked } = rig({ controller })
      for (let number = 0; number < 2000; number++) {
        const now = Math.floor(number / 100)
        recovery.sent(number, 1200, [number, 0, 0], now)
        acked(now, [0, number])
        recovery.room(now)
        expect(Number.isFinite(recovery.pacingRate)).toBe(true)
        expect(recovery.roundTrip.smoothed).toBeGreaterThan(0)
        expect(Number.isNaN(recovery.waitForRoom(1200))).toBe(false)
      }
    }
  })

  it('packets that ask for nothing are not in flight', () => {
    const { recovery, told, acked } = rig()
    recovery.sent(0, 100, undefined, 0)
    expect([recovery.bytesInFlight, recovery.deadline, recovery.statistics.sent]).toEqual([
      0,
      Number.POSITIVE_INFINITY,
      0,
    ])
    expect(acked(10, [0, 0])).toBe('')
    expect(told).toEqual([])
    expect(recovery.roundTrip.isKnown).toBe(false)
  })

  it('no more are remembered than the limit: room ends before, and one more is refused', () => {
    const { recovery, send, acked, told } = rig()
    send(0, sentPacketsMax - 1, 0, 0.001)
    expect([recovery.room(1_000), recovery.waitForRoom(1_200)]).toEqual([0, Number.POSITIVE_INFINITY])
    expect(codeOf(() => recovery.sent(sentPacketsMax, 1, [0, 0, 0], 0))).toBe('full')
    expect(acked(50, [sentPacketsMax - 1, sentPacketsMax - 1])).toBe('')
    expect(told.filter(([what]) => what === 'lost')).toHaveLength(sentPacketsMax - 3)
    expect(recovery.room(1_000)).toBeGreaterThan(0)
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
    'options that are no sizes or times are refused: %d',
    (value) => {
      expect(codeOf(() => rig({ mtu: value }))).toBe('bad-option')
      expect(codeOf(() => rig({ initialRttMs: value }))).toBe('bad-option')
      expect(codeOf(() => rig().recovery.setMtu(value))).toBe('bad-option')
    },
  )
})

describe('what is acknowledged', () => {
  it('is told once, from the highest number down', () => {
    const { recovery, told, send, acked } = rig()
    send(0, 9, 0)
    expect(recovery.bytesInFlight).toBe(1_000)
    acked(40, [8, 9], [4, 5])
    acked(41, [8, 9], [4, 5])
    expect(told.filter(([what]) => what === 'acked').map(([, number]) => number)).toEqual([9, 8, 5, 4])
    expect(recovery.statistics).toEqual({ sent: 10, lost: 5, spurious: 0, ackedBytes: 400 })
    expect(recovery.bytesInFlight).toBe(100)
  })

  it('is refused whole when it was never sent', () => {
    const { recovery, told, send, acked } = rig()
    send(0, 9, 0)
    send(12, 15, 0)
    const before = JSON.stringify([recovery.statistics, recovery.bytesInFlight, recovery.deadline])
    expect(acked(40, [0, 16])).toBe('an ack of packet 16; the last one sent is 15')
    expect(acked(40, [15, 15], [3, 10])).toBe('an ack of packet 10, which was never sent')
    expect(acked(40, [11, 15])).toBe('an ack of packet 11, which was never sent')
    expect(acked(40, [0, 15])).toBe('an ack of packet 11, which was never sent')
    expect(told).toEqual([])
    expect(JSON.stringify([recovery.statistics, recovery.bytesInFlight, recovery.deadline])).toBe(before)
    expect(acked(40, [12, 15], [0, 9])).toBe('')
  })

  it('gives a sample of the round trip only if its largest number is new', () => {
    const { recovery, send, acked } = rig()
    send(0, 2, 0)
    send(3, 3, 10)
    acked(60, [3, 3])
    expect(recovery.roundTrip.latest).toBe(50)
    acked(70, [0, 3])
    expect(recovery.roundTrip.latest).toBe(50)
  })

  it('a delay that is nonsense is clamped, and does no harm', () => {
    const { recovery, send } = rig()
    send(0, 0, 0)
    recovery.acked(ack([[0, 0]]), 100)
    send(1, 1, 100)
    expect(recovery.acked(ack([[0, 1]], 8_000), 300)).toBe('')
    expect(recovery.roundTrip.smoothed).toBe(100 + (175 - 100) / 8)
  })

  it('numbers near the largest are like any', () => {
    const { told, send, acked } = rig()
    send(u48Max - 9, u48Max, 0)
    expect(acked(40, [u48Max, u48Max], [u48Max - 9, u48Max - 6])).toBe('')
    const lost = told.filter(([what]) => what === 'lost').map(([, number]) => number - u48Max)
    expect(lost).toEqual([-5, -4, -3])
  })
})

describe('what is lost (RFC 9002, 6.1)', () => {
  it('a packet is lost when one three later arrived, and not when one two later did', () => {
    const { told, send, acked } = rig()
    send(0, 4, 0)
    acked(40, [2, 2])
    expect(told).toEqual([['acked', 2, 40]])
    acked(40, [3, 3])
    expect(told.slice(1)).toEqual([
      ['acked', 3, 40],
      ['lost', 0, 40],
    ])
  })

  it('a packet is lost 9/8 of a round trip after it was sent if a later one arrived, and not before', () => {
    const { recovery, told, send, acked } = rig()
    send(0, 0, 0)
    send(1, 1, 0.5)
    acked(80.5, [1, 1])
    expect(recovery.deadline).toBe(90)
    expect(recovery.due(89.999)).toBe('idle')
    expect(recovery.due(90)).toBe('lost')
    expect(told.slice(1)).toEqual([['lost', 0, 90]])
    expect(recovery.deadline).toBe(Number.POSITIVE_INFINITY)
  })

  it('nothing newer than all that arrived is ever lost', () => {
    const { recovery, told, send, acked } = rig()
    send(0, 3, 0)
    acked(40, [0, 0])
    for (let now = 41; now < 5_000; now++) recovery.due(now)
    expect(told).toEqual([['acked', 0, 40]])
    expect(recovery.bytesInFlight).toBe(300)
  })
})

describe('probes (RFC 9002, 6.2)', () => {
  it('one is due after the timeout, and twice as long after each', () => {
    const { recovery, send } = rig()
    send(0, 0, 0)
    expect(recovery.deadline).toBe(100 + 4 * 50 + 25)
    expect(recovery.due(324.9)).toBe('idle')
    expect(recovery.due(325)).toBe('probe')
    expect(recovery.deadline).toBe(325 + 650)
    expect(recovery.due(325)).toBe('idle')
    send(1, 2, 330)
    expect(recovery.deadline).toBe(330 + 650)
  })

  it('what is acknowledged ends the backoff', () => {
    const { recovery, send, acked } = rig()
    send(0, 0, 0)
    recovery.due(325)
    send(1, 2, 325)
    acked(425, [1, 1])
    expect(recovery.roundTrip.latest).toBe(100)
    acked(426, [0, 1])
    expect(recovery.deadline).toBe(325 + recovery.roundTrip.probeTimeoutMs(25))
  })

  it('none is due while a packet waits to be lost, or nothing is in flight', () => {
    const { recovery, send, acked } = rig()
    expect(recovery.due(1e9)).toBe('idle')
    send(0, 1, 0)
    acked(80, [1, 1])
    expect(recovery.deadline).toBe(90)
    expect(recovery.due(1e6)).toBe('lost')
    expect(recovery.due(1e6)).toBe('idle')
  })

  it('they are no further apart than the limit, so that a path that heals is found', () => {
    const { recovery, send } = rig()
    send(0, 0, 0)
    let now = 0
    for (let probe = 0; probe < 40; probe++) {
      const before = now
      now = recovery.deadline
      expect(now - before).toBeLessThanOrEqual(probeTimeoutMaxMs)
      expect(recovery.due(now)).toBe('probe')
    }
    expect(recovery.deadline - now).toBe(probeTimeoutMaxMs)
    const slow = rig({ initialRttMs: 4_000 })
    slow.send(0, 0, 0)
    expect(slow.recovery.deadline).toBe(4_000 * 3 + 25)
  })

  it('show what the oldest packets carry, to carry it again', () => {
    const { recovery, send, acked } = rig()
    expect(recovery.inFlight(0)).toBeUndefined()
    send(0, 2, 0)
    acked(40, [1, 1])
    expect([recovery.inFlight(0), recovery.inFlight(1)]).toEqual([
      [0, 0, 0],
      [2, 0, 0],
    ])
    acked(41, [0, 1])
    expect(recovery.inFlight(1)).toBeUndefined()
  })
})

describe('persistent congestion (RFC 9002, 7.6)', () => {
  /** Packets sent at these times are lost, after one that gave a sample of 100 ms. */
  function windowAfter(times: readonly number[], arrived?: number): number {
    const { recovery, send, acked } = rig()
    send(0, 0, 0)
    acked(100, [0, 0])
    times.forEach((at, index) => {
      send(index + 1, index + 1, at)
      if (arrived === index + 1) acked(at + 100, [arrived, arrived])
    })
    const last = times.length + 1
    send(last, last + 2, 10_000)
    acked(10_100, [last, last + 2])
    return recovery.window
  }

  // 3 × (100 + 4 × 50 + 25), with the smoothed figures as they are after the sample of the last packet.
  const roundTrip = rig().recovery.roundTrip
  roundTrip.sample(100, 0, 0)
  roundTrip.sample(100, 0, 0)
  const lengthMs = 3 * roundTrip.probeTimeoutMs(25)

  it('is a run of losses that is longer than three probe timeouts', () => {
    expect(windowAfter([1_000, 1_000 + lengthMs])).toBe(12_000 * 0.7)
    expect(windowAfter([1_000, 1_000.1 + lengthMs])).toBe(2_400)
  })

  it('is none when something between arrived', () => {
    expect(windowAfter([1_000, 1_500, 1_000.1 + lengthMs])).toBe(2_400)
    expect(windowAfter([1_000, 1_500, 1_000.1 + lengthMs], 2)).toBeGreaterThan(2_400)
  })

  it('is none when the first was sent before there was a sample', () => {
    const { recovery, send, acked } = rig()
    send(0, 0, 0)
    send(1, 1, 5_000)
    send(2, 5, 5_000)
    acked(5_100, [5, 5])
    expect(recovery.statistics.lost).toBe(3)
    expect(recovery.window).toBeGreaterThan(2_400)
  })
})

describe('a spurious loss', () => {
  it('is counted, not told again, gives back what it took, and the next late packets are waited for', () => {
    const { recovery, told, send, acked } = rig()
    send(0, 9, 0, 1_200)
    acked(40, [5, 9])
    expect(told.filter(([what]) => what === 'lost')).toHaveLength(5)
    expect(recovery.window).toBe(12_000 * 0.7)
    acked(70, [0, 9])
    expect(recovery.statistics).toEqual({ sent: 10, lost: 5, spurious: 5, ackedBytes: 12_000 })
    expect(recovery.window).toBe(12_000)
    send(10, 19, 100, 1_200)
    acked(140, [15, 19])
    acked(170, [0, 19])
    expect(recovery.statistics.lost).toBe(5)
    expect(recovery.bytesInFlight).toBe(0)
  })

  it('is forgotten three probe timeouts after the packet was sent', () => {
    const { recovery, send, acked } = rig()
    send(0, 3, 0)
    acked(40, [3, 3])
    const keptMs = 3 * recovery.roundTrip.probeTimeoutMs(25)
    send(4, 4, keptMs)
    acked(keptMs + 40, [4, 4])
    acked(keptMs + 41, [0, 4])
    expect(recovery.statistics.spurious).toBe(0)
  })
})

describe('how much may leave', () => {
  it('takes a path on which no time passes for a fast one, whatever a handshake took', () => {
    const { recovery, send, acked } = rig({ controller: undefined })
    let number = 0
    for (let now = 0; now < 1_000; now += 200) {
      send(number, number + 1, now)
      recovery.appLimited()
      if (now > 0) acked(now, [number - 1, number + 1])
      number += 2
    }
    for (let round = 0; round < 12; round++) {
      send(number, number + 1, 1_000, 1_200)
      acked(1_000, [number, number + 1])
      number += 2
    }
    expect(recovery.pacingRate).toBeGreaterThan(100_000)
    expect(recovery.window).toBeGreaterThanOrEqual(4_800)
  })

  it('the first window at once, then nothing before an ack', () => {
    const { recovery, send, acked } = rig()
    expect(recovery.room(0)).toBe(12_000)
    send(0, 9, 0, 1_200)
    expect([recovery.room(0), recovery.room(1_000), recovery.waitForRoom(1_200)]).toEqual([
      0,
      0,
      Number.POSITIVE_INFINITY,
    ])
    acked(40, [0, 1])
    expect(recovery.window).toBe(14_400)
    expect(recovery.room(1_000)).toBeGreaterThanOrEqual(1_200)
  })

  it('it is worth asking again when the pacer has a token, unless the window has no place for the packet', () => {
    const { recovery, send, acked } = rig()
    send(0, 8, 0, 1_200)
    recovery.sent(9, 1_100, [9, 0, 0], 0)
    expect([recovery.room(0), recovery.waitForRoom(100), recovery.waitForRoom(101)]).toEqual([
      100,
      0,
      Number.POSITIVE_INFINITY,
    ])
    acked(1, [0, 9])
    send(10, 16, 1, 1_200)
    expect(recovery.room(1)).toBe(0)
    const at = recovery.waitForRoom(1_200)
    expect(at).toBeGreaterThan(1)
    expect(recovery.room(at)).toBeGreaterThanOrEqual(1_200)
  })

  it('a patient packet is probed later, and held back in its acknowledgement it makes the path no slower', () => {
    const { recovery, send, acked } = rig()
    send(0, 0, 0, 1_200)
    acked(50, [0, 0])
    expect(recovery.roundTrip.smoothed).toBe(50)
    recovery.sent(1, 200, [], 1_000, 'patiently')
    const patientAt = recovery.deadline
    expect(patientAt - 1_000).toBeGreaterThan(patientDelayLimitMs)
    recovery.sent(2, 200, [], 1_010, 'soon')
    expect(recovery.deadline).toBeLessThan(patientAt)
    recovery.sent(3, 200, [], 1_020, 'patiently')
    acked(1_060, [2, 2])
    expect(recovery.deadline).toBeGreaterThan(1_020 + patientDelayLimitMs)
    expect(recovery.acked(ack([[1, 3]], 200), 1_020 + 250)).toBe('')
    expect(recovery.roundTrip.latest).toBe(50)
    expect(recovery.roundTrip.least).toBe(50)
    expect(recovery.deadline).toBe(Number.POSITIVE_INFINITY)
  })

  it('believes no more of a delay than a patient packet may be held, nor than passed', () => {
    const { recovery, send, acked } = rig()
    send(0, 0, 0, 1_200)
    acked(50, [0, 0])
    recovery.sent(1, 200, [], 1_000, 'patiently')
    expect(recovery.acked(ack([[1, 1]], 5_000), 1_020)).toBe('')
    expect(recovery.roundTrip.latest).toBeLessThan(1)
    recovery.sent(2, 200, [], 2_000, 'patiently')
    expect(recovery.acked(ack([[2, 2]], 5_000), 2_000 + patientDelayLimitMs + 40)).toBe('')
    expect(recovery.roundTrip.latest).toBe(40)
  })

  it('wants to hear soon while it knows nothing of the path, or half of the window is full', () => {
    const { recovery, send, acked } = rig()
    expect(recovery.isNewsWanted(200)).toBe(true)
    send(0, 0, 0, 1_200)
    acked(50, [0, 0])
    const { window } = recovery
    expect(recovery.isNewsWanted(window / 2)).toBe(false)
    expect(recovery.isNewsWanted(window / 2 + 1)).toBe(true)
    recovery.sent(1, 1_000, [], 60, 'patiently')
    expect(recovery.isNewsWanted(window / 2 - 999)).toBe(true)
  })

  it('a larger packet raises what a small window is', () => {
    const { recovery } = rig({ mtu: 500 })
    expect(recovery.window).toBe(5_000)
    recovery.setMtu(9_000)
    expect(recovery.window).toBe(18_000)
  })
})

describe('another path', () => {
  it('starts afresh; what is in flight on the old one is still told, and counts for nothing', () => {
    const { recovery, told, send, acked } = rig()
    send(0, 9, 0, 1_200)
    acked(20, [0, 4])
    recovery.pathChanged(30)
    expect([recovery.bytesInFlight, recovery.window, recovery.roundTrip.isKnown]).toEqual([0, 12_000, false])
    send(10, 13, 30, 1_200)
    expect(recovery.bytesInFlight).toBe(4_800)
    acked(40, [8, 9])
    expect([recovery.roundTrip.isKnown, recovery.window, recovery.bytesInFlight]).toEqual([
      false,
      12_000,
      4_800,
    ])
    acked(330, [8, 13])
    expect([recovery.roundTrip.latest, recovery.bytesInFlight]).toEqual([300, 0])
    expect(recovery.window).toBe(12_000)
    expect(told.map(([, number]) => number).sort((a, b) => a - b)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
    ])
  })
})
