/** What docs/decisions/0041-congestion-control.md promises, with a margin: 20 Mbit/s, 50 ms, virtual time. */
import { describe, expect, it } from 'vitest'
import { bbr, cubic, measure, path, pathBytes, rate, setUp } from '../../fixtures/run.ts'

const seeds = [1, 2]

function alone(controller: typeof bbr, lossRate: number, seed: number, queueBytes = pathBytes) {
  const result = measure({ ...path, lossRate, queueBytes }, [{ controller }], 5_000, 15_000, seed)
  expect(result.problems).toEqual([])
  return { ...result, goodput: result.goodput[0] }
}

describe.each(seeds)('alone, seed %i', (seed) => {
  it('fills the bottleneck, whatever is lost on the way', () => {
    expect(alone(bbr, 0, seed).goodput).toBeGreaterThan(0.97)
    const lossy = alone(bbr, 0.02, seed).goodput
    expect(lossy).toBeGreaterThan(0.9)
    expect(lossy).toBeGreaterThan(1.5 * alone(cubic, 0.02, seed).goodput)
    expect(alone(bbr, 0.1, seed).goodput).toBeGreaterThan(0.7)
  })

  it('takes for the nature of the path what is always lost, also when few packets pass in a round', () => {
    for (const lossRate of [0.2, 0.25]) {
      const short = measure({ ...path, lossRate }, [{ controller: bbr }], 5_000, 20_000, seed)
      expect(short.goodput[0] / (1 - lossRate)).toBeGreaterThan(0.8)
      const long = { rate: 20, queueBytes: 40_000, delayMs: 1_000, lossRate, ackLossRate: lossRate }
      const { goodput } = measure(long, [{ controller: bbr }], 20_000, 120_000, seed)
      expect(goodput[0] / (1 - lossRate)).toBeGreaterThan(0.6)
    }
  })

  it('keeps its rate where a quarter is lost and round trips vary by 200 ms', () => {
    const over = { ...path, delayMs: 150, jitterMs: 200, lossRate: 0.25, ackLossRate: 0.25 }
    const { goodput } = measure(over, [{ controller: bbr }], 60_000, 140_000, seed)
    expect(goodput[0] / 0.75).toBeGreaterThan(0.5)
  })

  it('keeps a deep queue short', () => {
    for (const lossRate of [0, 0.02, 0.2]) {
      const { goodput, wait99 } = alone(bbr, lossRate, seed, rate * 1_000)
      expect(wait99).toBeLessThan(20)
      expect(goodput / (1 - lossRate)).toBeGreaterThan(0.85)
    }
    expect(alone(cubic, 0, seed, rate * 1_000).waitMean).toBeGreaterThan(300)
  })

  it('fills the bottleneck although the receiver reads every 50 ms only', () => {
    for (const delayMs of [5, 25]) {
      const { goodput } = measure(
        { ...path, delayMs, tickMs: 50 },
        [{ controller: bbr }],
        5_000,
        15_000,
        seed,
      )
      expect(goodput[0]).toBeGreaterThan(0.8)
    }
  })

  it('fills the bottleneck although the sender is woken late', () => {
    for (const senderTickMs of [8, 16, 33]) {
      const late = { ...path, senderTickMs }
      const { goodput } = measure(late, [{ controller: bbr }], 5_000, 15_000, seed)
      expect(goodput[0], `ticks of ${senderTickMs} ms`).toBeGreaterThan(0.9)
    }
  })

  it('takes late packets for late, not for lost', () => {
    const { goodput, flows } = measure(
      { ...path, lateRate: 0.3, lateMs: 40 },
      [{ controller: bbr }],
      2_000,
      20_000,
      seed,
    )
    expect(goodput[0]).toBeGreaterThan(0.8)
    const { sent, lost } = flows[0].recovery.statistics
    expect(lost / sent).toBeLessThan(0.02)
  })
})

describe.each([
  [0, 0],
  [0, 5_000],
  [5_000, 0],
])('two flows that begin at %i and %i ms', (first, second) => {
  const from = Math.max(first, second)

  it.each(seeds)('share with a flow that fills the queue, seed %i', (seed) => {
    const senders = [
      { controller: bbr, from: first },
      { controller: cubic, from: second },
    ]
    const { goodput, problems } = measure(path, senders, from, from + 30_000, seed)
    expect(problems).toEqual([])
    expect(goodput[0] / goodput[1]).toBeGreaterThan(1 / 2)
    expect(goodput[0] / goodput[1]).toBeLessThan(2)
    expect(goodput[0] + goodput[1]).toBeGreaterThan(0.95)
  })

  it.each(seeds)('share with one of their kind, seed %i', (seed) => {
    const senders = [
      { controller: bbr, from: first },
      { controller: bbr, from: second },
    ]
    const { goodput } = measure(path, senders, from, from + 30_000, seed)
    expect(goodput[0] / goodput[1]).toBeGreaterThan(1 / 1.5)
    expect(goodput[0] / goodput[1]).toBeLessThan(1.5)
    expect(goodput[0] + goodput[1]).toBeGreaterThan(0.93)
  })
})

describe.each([
  ['bbr', bbr],
  ['cubic', cubic],
])('a game with %s', (_, controller) => {
  it('never waits with 60 packets of 200 bytes a second, whatever is lost', () => {
    const game = { size: 200, intervalMs: 1_000 / 60 }
    const { flows } = measure({ ...path, lossRate: 0.05 }, [{ controller, load: game }], 0, 30_000, 7)
    expect(flows[0].waits.length).toBeGreaterThan(1_790)
    expect(Math.max(...flows[0].waits)).toBe(0)
  })
})

describe('when the path changes', () => {
  /** Bulk for ten seconds, then another path; the goodput and the mean wait of each of the next seconds. */
  function after(change: Partial<typeof path>) {
    const { events, link, flows } = setUp({ ...path, queueBytes: rate * 1_000 }, [{ controller: bbr }], 3)
    events.runUntil(10_000)
    link.path = { ...link.path, ...change }
    return Array.from({ length: 20 }, (_, second) => {
      const from = 10_000 + 1_000 * second
      link.forgetWaits()
      events.runUntil(from + 1_000)
      const waitMean = link.waits.reduce((sum, wait) => sum + wait, 0) / Math.max(1, link.waits.length)
      return { goodput: flows[0].goodput(from, from + 1_000) / link.path.rate, waitMean }
    })
  }

  it('to a quarter of the rate, the queue is gone in seconds', () => {
    const seconds = after({ rate: rate / 4 }).slice(4)
    expect(Math.max(...seconds.map(({ waitMean }) => waitMean))).toBeLessThan(30)
    expect(Math.min(...seconds.map(({ goodput }) => goodput))).toBeGreaterThan(0.75)
  })

  it('to four times the rate, it is found in seconds', () => {
    expect(
      Math.min(
        ...after({ rate: rate * 4 })
          .slice(2)
          .map(({ goodput }) => goodput),
      ),
    ).toBeGreaterThan(0.9)
  })

  it('to a longer route, it is learnt when the least round trip has left its window', () => {
    const seconds = after({ delayMs: 40 }).slice(13)
    expect(Math.max(...seconds.map(({ waitMean }) => waitMean))).toBeLessThan(30)
    expect(Math.min(...seconds.map(({ goodput }) => goodput))).toBeGreaterThan(0.8)
  })

  it('to none for three seconds, it is used again as soon as a probe gets through', () => {
    for (const controller of [bbr, cubic]) {
      const { events, link, flows } = setUp(path, [{ controller }], 3)
      events.runUntil(5_000)
      link.isCut = true
      events.runUntil(8_000)
      expect(flows[0].goodput(5_200, 8_000)).toBe(0)
      link.isCut = false
      events.runUntil(20_000)
      expect(flows[0].goodput(12_000, 20_000) / rate).toBeGreaterThan(0.8)
      expect(flows[0].audit(20_000)).toBe('')
    }
  })
})

describe('a sender with little to send', () => {
  const game = { size: 200, intervalMs: 1_000 / 60 }

  it.each([
    ['bbr', bbr],
    ['cubic', cubic],
  ])('does not grow its window with %s', (_, controller) => {
    const { flows } = measure(path, [{ controller, load: game }], 0, 60_000, 5)
    expect(flows[0].recovery.window).toBe(12_000)
  })

  it('keeps the bandwidth that it knew, and uses it at once afterwards', () => {
    const { events, link, flows } = setUp(path, [{ controller: bbr }], 5)
    events.runUntil(5_000)
    flows[0].change(game)
    events.runUntil(65_000)
    expect(flows[0].recovery.pacingRate).toBeGreaterThan(0.7 * rate)
    flows[0].change('bulk')
    link.forgetWaits()
    events.runUntil(66_000)
    expect(flows[0].goodput(65_000, 66_000) / rate).toBeGreaterThan(0.85)
    expect(Math.max(...link.waits)).toBeLessThan(50)
  })
})
