import { describe, expect, it } from 'vitest'
import type { ConditionOptions } from '../net/conditions.ts'
import { drawPlan } from './plan.ts'
import { runPlan } from './swarm-run.ts'

/** What games are tested with: the figures of Valve's and of yojimbo's own tests. */
const sets: readonly [name: string, conditions: ConditionOptions][] = [
  ...[0, 0.05, 0.1, 0.2].flatMap((loss) =>
    [0, 20, 100].map((delayMs): [string, ConditionOptions] => [
      `Valve: ${loss * 100} % loss, ${delayMs} ms`,
      { loss, delayMs },
    ]),
  ),
  ['Valve: 4 % reorder by 40 ms', { reorder: 0.04, reorderMs: [40, 40], delayMs: 20 }],
  ['Valve: 30 % reorder by 40 ms', { reorder: 0.3, reorderMs: [40, 40], delayMs: 20, loss: 0.05 }],
  ['yojimbo: 250 ± 100 ms', { loss: 0.25, duplication: 0.25, delayMs: [150, 350] }],
  ['yojimbo: 1,000 ± 100 ms', { loss: 0.25, duplication: 0.25, delayMs: [900, 1100] }],
]

describe.each(['none', 'key', 'XX'] as const)('channels over udp, encryption %s', (encryption) => {
  it.each(sets)('lose, double and misorder nothing: %s', async (_name, conditions) => {
    for (const seed of [1, 2, 3]) {
      // Handshakes have two seconds: channels are open before.
      const hazard = {
        kind: 'conditions',
        player: 0,
        ways: 'both',
        conditions,
        atMs: 1000,
        forMs: 29_000,
      } as const
      const loss = conditions.loss ?? 0
      const plan = drawPlan(seed, {
        transport: 'udp',
        encryption,
        // At more loss than a fifth a channel may end; what it promises holds all the same.
        weather: loss > 0.2 ? 'wild' : 'mild',
        players: 1,
        load: 'light',
        safetyMs: 30_000,
        hazards: [hazard],
      })
      const report = await runPlan(plan)
      expect(report.faults, `seed ${seed}`).toEqual([])
      if (loss <= 0.2) expect(report.reasons.get('heartbeat-timeout')).toBeUndefined()
      expect(report.datagrams).toBeGreaterThan(200)
    }
  })
})
