import { describe, expect, it } from 'vitest'
import type { ConditionOptions } from '../net/conditions.ts'
import { World } from '../world/world.ts'
import type { Hazard } from './hazard.ts'
import { drawPlan } from './plan.ts'
import { shrink } from './shrink.ts'
import { swarm } from './swarm.ts'
import { runPlan } from './swarm-run.ts'

describe('a swarm', () => {
  it.each(Array.from({ length: 20 }, (_, group) => group * 25 + 1))(
    'keeps every promise, seeds %i and the 24 after it',
    async (first) => {
      const failed: string[] = []
      for (let seed = first; seed < first + 25; seed++)
        await swarm(seed).catch((error: Error) => failed.push(error.message))
      expect(failed).toEqual([])
    },
  )

  it('does the same for the same seed', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const [one, two] = [await swarm(seed), await swarm(seed)]
      expect([two.traceHash, two.virtualMs], `seed ${seed}`).toEqual([one.traceHash, one.virtualMs])
    }
  })

  it('meets everything that it draws from', () => {
    const met = new Set<string>()
    for (let seed = 1; seed <= 500; seed++) {
      const plan = drawPlan(seed)
      for (const { kind } of plan.hazards) met.add(kind)
      for (const word of [plan.transport, plan.encryption, plan.weather, plan.load]) met.add(word)
    }
    const kinds: Hazard['kind'][] = [
      'conditions',
      'partition',
      'isolation',
      'clog',
      'move',
      'stall',
      'pause',
      'crash',
      'jump',
      'failing-sends',
      'reset',
      'slow-reader',
      'spoofing',
    ]
    expect([...met].sort()).toEqual(
      [...kinds, 'tcp', 'udp', 'none', 'key', 'XX', 'mild', 'wild', 'light', 'heavy'].sort(),
    )
  })

  it('says how little of a run is enough to fail, and how to do it again', async () => {
    const seed = 3
    const { hazards } = drawPlan(seed, { weather: 'wild' })
    const at = hazards.length
    const moving: Hazard = { kind: 'move', player: 0, atMs: 500 }
    const failure = await swarm(seed, {
      weather: 'wild',
      hazards: [...hazards, moving],
      program: ({ players, fault }) => {
        const before = players[0].address
        return {
          start() {},
          restarted() {},
          healed() {
            if (players[0].address !== before) fault('it has moved')
          },
          unwell: () => [],
          end: async () => {},
        }
      },
    }).catch((error: Error) => error)
    expect(failure).toMatchObject({ code: 'swarm-failed' })
    expect(String(failure)).toContain('it has moved')
    expect(String(failure)).toContain(`--seed ${seed} --hazards ${at}`)
  })

  it('removes from a plan what it fails without', async () => {
    const plan = drawPlan(9, { players: 2, load: 'heavy', encryption: 'XX', weather: 'wild' })
    const hazards: Hazard[] = [
      { kind: 'move', player: 1, atMs: 1 },
      { kind: 'stall', host: 'server', atMs: 2, forMs: 3 },
      { kind: 'move', player: 0, atMs: 4 },
    ]
    const fails = async ({ hazards: left }: typeof plan) => left.some(({ kind }) => kind === 'stall')
    expect(await shrink({ ...plan, hazards }, fails)).toEqual({
      ...plan,
      players: 1,
      load: 'light',
      encryption: 'none',
      hazards: [hazards[1]],
    })
  })

  it('rejects a seed that is none', async () => {
    await expect(swarm(0.5)).rejects.toMatchObject({ code: 'argument-invalid' })
  })
})

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

it('taps see each datagram that a host sends', async () => {
  const world = new World({ net: { delayMs: 1 } })
  const host = world.host('server')
  const seen: string[] = []
  world.taps.push(
    ({ fromHost, toHost, toPort, bytes }) => void seen.push(`${fromHost} ${toHost}:${toPort} ${bytes}`),
  )
  const socket = await world.until(
    host.packets.open({ host: 'server', port: 9 }, { received() {}, failed() {} }),
  )
  socket.send(Uint8Array.of(1, 2), 0, 2, 10, '10.0.0.9')
  expect(seen).toEqual([`${host.address} 10.0.0.9:10 1,2`])
  await world.until(socket.close())
  await world.end()
})
