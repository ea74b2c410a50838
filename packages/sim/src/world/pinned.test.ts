import { describe, expect, it } from 'vitest'
import { exchange } from '../../fixtures/exchange.ts'
import type { Preset } from '../net/presets.ts'
import { World } from './world.ts'

describe('the trace', () => {
  // The same on every machine and under every version of Node. What changes the network or TCP changes it; the bytes of channels are not in it.
  it.each<[seed: number, net: Preset, hash: string]>([
    [1, 'lan', '4fa0021e47ca7700'],
    [2, 'lte', 'c0385484f5902d4c'],
    [3, 'bad-wifi', 'f80d1f3d722ee532'],
    [4, 'geo-satellite', '2cab2528c6e5dcc6'],
  ])('of seed %i on %s is known', async (seed, net, hash) => {
    const world = new World({ seed, net })
    const { sent, received, datagrams } = await exchange(world)
    expect(received).toEqual(sent)
    expect(datagrams).toBeGreaterThan(0)
    expect(world.traceHash).toBe(hash)
  })
})
