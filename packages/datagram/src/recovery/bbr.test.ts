import { describe, expect, it } from 'vitest'
import { progress } from '../../fixtures/progress.ts'
import { bbr, cubic, path, pathBytes, rate, setUp } from '../../fixtures/run.ts'
import { Bbr } from './bbr.ts'

function started(over: Partial<typeof path> = {}) {
  const made = setUp({ ...path, ...over }, [{ controller: bbr }], 1)
  return { ...made, controller: () => made.flows[0].recovery.controller as Bbr }
}

describe('Bbr', () => {
  it('doubles what it sends each round trip in its startup', () => {
    const { events, flows } = started({ rate: 100 * rate, queueBytes: 100 * pathBytes })
    events.runUntil(50)
    let before = 0
    for (let now = 150; now <= 400; now += 51) {
      events.runUntil(now)
      const sent = flows[0].recovery.statistics.sent
      if (before > 0) expect(sent / before).toBeGreaterThan(1.7)
      if (before > 0) expect(sent / before).toBeLessThan(2.6)
      before = sent
    }
  })

  it('leaves its startup when the bandwidth did not grow by a quarter in three round trips, and drains what it queued', () => {
    const { events, controller } = started()
    const phases: string[] = []
    for (let now = 0; now < 2_500; now += 2) {
      events.runUntil(now)
      const { phase } = controller() ?? { phase: 'startup' }
      if (phases.at(-1) !== phase) phases.push(phase)
    }
    expect(phases.slice(0, 7)).toEqual(['startup', 'drain', 'cruise', 'up', 'down', 'cruise', 'up'])
    expect(controller().bandwidth / rate).toBeGreaterThan(0.97)
    expect(controller().bandwidth / rate).toBeLessThan(1.05)
  })

  it('stays in its startup while the sender has too little to send', () => {
    const game = { size: 1_200, intervalMs: 1_000 / 240 }
    const { events, flows } = setUp(path, [{ controller: bbr, load: game }], 1)
    events.runUntil(20_000)
    expect((flows[0].recovery.controller as Bbr).phase).toBe('startup')
  })

  it('finds out that a flow fills the queue, and that it has gone', () => {
    const { events, flows } = setUp(path, [{ controller: bbr }, { controller: cubic, from: 3_000 }], 1)
    const sawCompeting = (from: number, to: number) => {
      let seen = 0
      for (let now = from; now < to; now += 100) {
        events.runUntil(now)
        if ((flows[0].recovery.controller as Bbr | undefined)?.isCompeting) seen++
      }
      return seen / ((to - from) / 100)
    }
    expect(sawCompeting(0, 3_000)).toBe(0)
    expect(sawCompeting(5_000, 13_000)).toBeGreaterThan(0.4)
    flows[1].stop()
    events.runUntil(30_000)
    expect(sawCompeting(30_000, 40_000)).toBe(0)
  })

  it('keeps four packets when the path is blocked, and grows again by what arrives', () => {
    const controller = new Bbr(1_200, 100, 1)
    controller.persistentCongestion(0)
    expect(controller.window).toBe(4_800)
    controller.acked(progress({ ackedBytes: 1_200, deliveryRate: 1_000, delivered: 1_200 }))
    expect(controller.window).toBe(6_000)
  })

  it('gives way when it loses much more than the path does by its nature', () => {
    const lossy = (before: number, then: number, bytes = 10_000_000) => {
      const controller = new Bbr(1_200, 100, 1)
      let delivered = 0
      for (let round = 0; round < 40; round++) {
        const lostBytes = bytes * (round < 30 ? before : then)
        const priorDelivered = delivered
        delivered += bytes - lostBytes
        if (lostBytes > 0) controller.lost(progress({ now: 100 * round, lostBytes }))
        controller.acked(
          progress({
            now: 100 * round,
            ackedBytes: bytes - lostBytes,
            deliveryRate: 1_000,
            delivered,
            priorDelivered,
          }),
        )
      }
      return controller.bandwidth
    }
    expect(lossy(0, 0.14)).toBe(1_000)
    expect(lossy(0, 0.16)).toBeLessThan(900)
    expect(lossy(0.2, 0.3)).toBe(1_000)
    expect(lossy(0.2, 0.37)).toBeLessThan(900)
    // Of a hundred packets so many are lost by chance, of twenty still more.
    expect(lossy(0.1, 0.33, 120_000)).toBe(1_000)
    expect(lossy(0.1, 0.36, 120_000)).toBeLessThan(900)
    expect(lossy(0.1, 0.45, 24_000)).toBe(1_000)
    expect(lossy(0.1, 0.55, 24_000)).toBeLessThan(900)
  })

  it('does not probe in step with another seed', () => {
    const phasesOf = (seed: number) => {
      const { events, flows } = setUp(path, [{ controller: (mtu, guess) => new Bbr(mtu, guess, seed) }], 1)
      return Array.from({ length: 200 }, (_, index) => {
        events.runUntil(2_000 + 20 * index)
        return (flows[0].recovery.controller as Bbr).phase
      }).join()
    }
    expect(phasesOf(1)).toBe(phasesOf(1))
    expect(phasesOf(1)).not.toBe(phasesOf(2))
  })
})
