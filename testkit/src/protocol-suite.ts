import type { AnyMessages, Channel, Protocol } from '@millrace/core'
import { Random } from '@millrace/sim'
import { describe, expect, it } from 'vitest'
import type { Sample } from './codec-suite.ts'
import { patientLimits, wildNetwork } from './network-profile.ts'
import { type Pair, pair } from './pair.ts'

/** What a protocol can't do, if it is one that owns its bytes. */
export interface ProtocolTraits {
  /** How many seeds are tried. Default 25. */
  readonly seeds?: number
  /** Whether an end is told in words. Default `told`. */
  readonly goodbye?: 'told' | 'none'
}

/** What every protocol with channels must do, over any network. Samples with equal keys come in their order. */
export function protocolSuite<Messages extends object>(
  name: string,
  makeProtocol: () => Protocol<Messages>,
  given: readonly Sample[],
  { seeds = 25, goodbye = 'told' }: ProtocolTraits = {},
): void {
  describe(`protocol ${name}`, () => {
    // What is declared as a request cannot be sent without waiting for its reply.
    const { keys: table } = makeProtocol()
    const samples = given.filter(({ key }) => table.traits(table.find(key)).kind !== 'request')
    const wanted = samples.map((sample) => [sample.key, 'arrives' in sample ? sample.arrives : sample.body])
    const keys = [...new Set(samples.map(({ key }) => key))]
    const all = Array.from({ length: seeds }, (_, index) => index + 1)

    async function open(seed: number, network = wildNetwork(new Random(seed))): Promise<Pair> {
      return (await pair({
        seed,
        network,
        protocol: makeProtocol(),
        options: patientLimits,
      })) as unknown as Pair
    }

    function listen(channel: Channel<AnyMessages>): unknown[] {
      const heard: unknown[] = []
      for (const key of keys) channel.onMessage(key, (body) => void heard.push([key, body]))
      return heard
    }

    async function sendAll(channel: Channel<AnyMessages>): Promise<void> {
      for (const { key, body } of samples) expect(await channel.sendWhenReady(key, body)).toBe('queued')
    }

    it.each(all)('brings every sample, equal and in order, both ways, over network %i', async (seed) => {
      const { rig, accepted, opened } = await open(seed)
      const [here, there] = [listen(opened as never), listen(accepted as never)]
      await rig.until(Promise.all([sendAll(opened as never), sendAll(accepted as never)]), 36_000_000)
      expect(await rig.until(Promise.all([opened.drained(), accepted.drained()]))).toEqual(['ready', 'ready'])
      await arrived(rig, () => here.length === samples.length && there.length === samples.length)
      expect(here).toEqual(wanted)
      expect(there).toEqual(wanted)
      await rig.end()
    })

    it('tells one reason to each side at a close, and everything before it', async () => {
      for (const seed of all.slice(0, 20)) {
        const { rig, accepting, accepted, opened } = await open(seed, {
          ...wildNetwork(new Random(seed)),
          windowBytes: 65_536,
        })
        const there = listen(accepted as never)
        await rig.until(sendAll(opened as never), 36_000_000)
        await rig.until(opened.close('done'), 36_000_000)
        await arrived(rig, () => accepted.reason !== undefined)
        expect(opened.reason, `seed ${seed}`).toMatchObject({ code: 'closed', by: 'local' })
        if (goodbye === 'told') expect(accepted.reason).toMatchObject({ code: 'closed', by: 'remote' })
        expect(rig.diary(accepting).closed.length).toBe(1)
        expect(there, `seed ${seed}`).toEqual(wanted)
        await rig.end()
      }
    })

    it('tells one reason to each side at a cut, at any byte', async () => {
      for (const seed of all) {
        const { rig, accepting, opening, accepted, opened } = await open(seed)
        const [here, there] = [listen(opened as never), listen(accepted as never)]
        for (const { key, body } of samples) {
          opened.send(key, body)
          accepted.send(key, body)
        }
        await rig.loop.advance(new Random(seed).integer(0, 300))
        rig.network.connections[0].cut(seed % 2 === 0 ? new Error('cut') : undefined)
        await rig.loop.advance(1000)
        expect(rig.diary(accepting).closed.length, `seed ${seed}`).toBe(1)
        expect(rig.diary(opening).closed.length, `seed ${seed}`).toBe(1)
        expect(here).toEqual(wanted.slice(0, here.length))
        expect(there).toEqual(wanted.slice(0, there.length))
        await rig.end()
      }
    })

    it('broadcasts the same as it sends', async () => {
      const { rig, accepting, opened } = await open(1, {
        ...wildNetwork(new Random(1)),
        windowBytes: 1 << 22,
      })
      const here = listen(opened as never)
      for (const { key, body } of samples) expect(accepting.broadcast(key, body)).toBe(1)
      await arrived(rig, () => here.length === samples.length)
      expect(here).toEqual(wanted)
      await rig.end()
    })
  })
}

async function arrived(rig: Pair['rig'], isThere: () => boolean): Promise<void> {
  for (let tries = 0; tries < 20_000 && !isThere(); tries++) await rig.loop.advance(1000)
  expect(isThere()).toBe(true)
}
