/** Random paths and flows against an oracle: what is in flight is what was sent and not told, and each packet is told once. */
import { expect, it } from 'vitest'
import { seeded } from '../../fixtures/random.ts'
import { bbr, cubic, setUp } from '../../fixtures/run.ts'

const runs = Array.from({ length: 100 }, (_, index) => index + 1)

it.each(runs)('every packet is acked or lost in the end, once, and the sums are right: seed %i', (seed) => {
  const random = seeded(seed)
  const some = (most: number) => (random() < 0.5 ? random() * most : 0)
  const rate = 50 * 40 ** random()
  const path = {
    rate,
    queueBytes: 3_000 + rate * 200 * random(),
    delayMs: 1 + 100 * random(),
    lossRate: some(0.3),
    ackLossRate: some(0.5),
    lateRate: some(0.5),
    lateMs: 100 * random(),
    jitterMs: some(30),
  }
  const senders = Array.from({ length: 1 + Math.floor(3 * random()) }, () => ({
    controller: random() < 0.6 ? bbr : cubic,
    from: 1_000 * random(),
    load:
      random() < 0.6
        ? ('bulk' as const)
        : { size: 1 + Math.floor(1_200 * random()), intervalMs: 1 + 50 * random() },
  }))
  const { events, link, flows } = setUp(path, senders, seed)
  const context = () => `seed ${seed}, at ${events.now}: ${JSON.stringify(path)}`
  for (let at = 250; at <= 5_000; at += 250) {
    events.runUntil(at)
    link.isCut = random() < 0.1
    for (const flow of flows) expect(flow.audit(at), context()).toBe('')
  }
  link.isCut = false
  link.path = { ...path, lossRate: 0, ackLossRate: 0 }
  for (const flow of flows) flow.stop()
  events.runUntil(60_000)
  for (const flow of flows) {
    expect(flow.audit(60_000), context()).toBe('')
    expect(flow.recovery.bytesInFlight, context()).toBe(0)
    expect(flow.acked.size + flow.lost.size, context()).toBe(flow.sizes.length)
    expect(flow.recovery.deadline, context()).toBe(Number.POSITIVE_INFINITY)
  }
})
