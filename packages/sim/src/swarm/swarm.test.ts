import { describe, expect, it } from 'vitest'
import { World } from '../world/world.ts'
import type { Hazard } from './hazard.ts'
import { drawPlan } from './plan.ts'
import { shrink } from './shrink.ts'
import { swarm } from './swarm.ts'

describe('a swarm', () => {
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
      'tail',
      'narrow',
      'blackout',
    ]
    expect([...met].sort()).toEqual(
      [...kinds, 'tcp', 'udp', 'none', 'key', 'XX', 'IK', 'mild', 'wild', 'light', 'heavy'].sort(),
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
