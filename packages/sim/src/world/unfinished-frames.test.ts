import { bits, contract, message } from '@millrace/proto-bits'
import { bytes, u32 } from 'bitsery-ts'
import { describe, expect, it } from 'vitest'
import type { Host } from './host.ts'
import { World, type WorldOptions } from './world.ts'

const play = bits(
  contract({
    load: message({ body: bytes(1_000_000) }),
    other: message({ n: u32 }, { delivery: 'unreliable' }),
  }),
)

/** A server over udp without heartbeats, and players whose way to it can be cut. */
async function server(options: WorldOptions, accounts: { incompleteBytesMax?: number } = {}) {
  const world = new World(options)
  const host = world.host('server')
  const silent = { heartbeat: false, stallTimeoutMs: 60_000 } as const
  const pipe = host.factory(accounts).add('play', play).create('udp', 'server', 7777, 'play', silent)
  const heard: number[] = []
  let others = 0
  const ends: { readonly code: string; readonly from: string | undefined }[] = []
  pipe.on('accepted', (_pipe, channel) => {
    channel.on('other', () => void others++)
    channel.on('load', ({ body }) => void heard.push(body.length))
  })
  pipe.on('close', (_pipe, { peerAddress }, { code }) => void ends.push({ code, from: peerAddress }))
  await world.until(pipe.bind())
  const open = async (player: Host) =>
    world.until(player.factory().add('play', play).create('udp', 'server', 7777, 'play', silent).open())
  return { world, host, pipe, heard, ends, open, others: () => others }
}

describe('a frame over datagrams that begins and does not end', () => {
  it('is not late while the peer is not heard at all', async () => {
    const { world, host, pipe, heard, ends, open } = await server({
      net: { delayMs: 20, bytesPerSecond: 100_000 },
    })
    const player = world.host('player')
    const channel = await open(player)
    channel.send('load', { body: new Uint8Array(500_000) })
    await world.run(1000)
    world.partition([player], [host])
    await world.run(14_000)
    world.heal()
    await world.run(20_000)
    expect([heard, ends]).toEqual([[500_000], []])
    await world.until(channel.close())
    await world.until(pipe.close())
    await world.end()
  })

  it('goes on for as long as it takes, while anything of it comes beside others', async () => {
    const { world, pipe, heard, ends, open, others } = await server({
      net: { delayMs: 20, bytesPerSecond: 20_000 },
    })
    const player = world.host('player')
    const channel = await open(player)
    channel.send('load', { body: new Uint8Array(900_000) })
    const timer = player.timer()
    timer.set('n', () => void channel.send('other', { n: 1 }), 200, 200)
    await world.run(40_000)
    expect([heard, ends]).toEqual([[], []])
    expect(others()).toBeGreaterThan(100)
    await world.run(20_000)
    expect([heard, ends]).toEqual([[900_000], []])
    timer.close()
    await world.until(channel.close())
    await world.until(pipe.close())
    await world.end()
  })

  it('counts for the limit of all channels: the one that began first ends', async () => {
    const { world, host, pipe, ends, open } = await server(
      { net: { delayMs: 20, bytesPerSecond: 200_000 } },
      { incompleteBytesMax: 1_000_000 },
    )
    const players = ['a', 'b', 'c'].map((name) => world.host(name))
    // Something of it comes to the end.
    world.between(players[0], host).set({ bytesPerSecond: 20_000 })
    const channels = []
    for (const player of players) {
      const channel = await open(player)
      channels.push(channel)
      channel.send('load', { body: new Uint8Array(900_000) })
      await world.run(2_600)
      if (player !== players[0]) world.partition([player], [host], 'there')
    }
    expect(ends).toEqual([{ code: 'receive-overflow', from: players[0].address }])
    expect(pipe.channelCount).toBe(2)
    for (const channel of channels) channel.destroy()
    await world.until(pipe.close())
    await world.end()
  })
})
