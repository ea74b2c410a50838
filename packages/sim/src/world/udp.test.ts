import { describe, expect, it } from 'vitest'
import { World, type WorldOptions } from './world.ts'

async function connect(options: WorldOptions) {
  const world = new World(options)
  const [server, player] = [world.host('server'), world.host('player')]
  const pipe = server.factory().create('udp', 'server', 7777, 'msgpack')
  const heard: unknown[] = []
  const ends: string[] = []
  pipe.on('accepted', (_pipe, channel) => channel.on('n', (n) => void heard.push(n)))
  pipe.on('close', (_pipe, _channel, { code }) => void ends.push(code))
  await world.until(pipe.bind())
  const channel = await world.until(player.factory().create('udp', 'server', 7777, 'msgpack').open())
  let sent = 0
  const timer = player.timer()
  timer.set('n', () => void channel.send('n', sent++), 50, 50)
  const end = async () => {
    timer.close()
    await world.until(channel.close())
    await world.until(pipe.close())
    await world.end()
  }
  return { world, server, player, channel, heard, ends, end, sent: () => sent }
}

const counted = (count: number) => Array.from({ length: count }, (_, index) => index)

describe('udp between hosts', () => {
  it('carries channels, and does the same again for the same seed', async () => {
    const run = async () => {
      const { world, end, heard, sent } = await connect({ seed: 3, net: 'bad-wifi' })
      await world.run(20_000)
      await end()
      expect(heard).toEqual(counted(sent()))
      return world.traceHash
    }
    expect(await run()).toBe(await run())
  })

  it('takes no standstill of its own program for the path', async () => {
    const { world, player, channel, end } = await connect({ net: 'lan' })
    await world.run(1000)
    const before = channel.statistics().network!
    // On their way while the program stands still are acknowledgements of what it has just sent.
    for (let count = 0; count < 3; count++) channel.send('other', count)
    await world.run(0.1)
    player.stall(2000)
    await world.run(2040)
    const { roundTripMs, roundTripVarianceMs } = channel.statistics().network!
    expect(roundTripMs).toBeLessThan(2 * before.roundTripMs)
    expect(roundTripVarianceMs).toBeLessThan(2 * before.roundTripVarianceMs)
    await end()
  })

  it('goes on when the address of a player changes', async () => {
    const { world, player, channel, heard, end, sent, ends } = await connect({ net: 'lte' })
    await world.run(2000)
    for (let moves = 0; moves < 5; moves++) {
      player.moves()
      await world.run(2000)
    }
    expect(channel.reason).toBeUndefined()
    expect(heard.length).toBeGreaterThan(sent() - 10)
    await end()
    expect(heard).toEqual(counted(sent()))
    expect(ends).toEqual(['closed'])
  })

  it('goes on behind a partition that is shorter than the heartbeat', async () => {
    const { world, server, player, heard, end, sent } = await connect({ net: 'lte' })
    world.partition([server], [player], 'there')
    await world.run(4000)
    world.heal()
    world.partition([player], [server])
    await world.run(4000)
    world.heal()
    await world.run(5000)
    await end()
    expect(heard).toEqual(counted(sent()))
  })

  it('finds its way behind a black hole', async () => {
    const { world, server, player, channel, heard, end } = await connect({ net: 'lte' })
    channel.send('n', 'x'.repeat(5000))
    await world.run(5000)
    expect(channel.statistics().network?.packetSize).toBe(1472)
    world.between(server, player).set({ mtuBytes: 1300 })
    channel.send('n', 'x'.repeat(100_000))
    await world.run(20_000)
    expect(heard).toContain('x'.repeat(100_000))
    expect(channel.statistics().network?.packetSize).toBeLessThanOrEqual(1272)
    await end()
  })

  it('is refused where nothing listens, by the name of a host', async () => {
    const world = new World({ net: 'lte' })
    const player = world.host('player')
    world.host('server')
    const pipe = player.factory().create('udp', 'server', 7777, 'msgpack')
    const refused = pipe.open().catch((error: Error) => error)
    expect(await world.until(refused, 1000)).toMatchObject({
      code: 'connect-failed',
      cause: { code: 'ECONNREFUSED' },
    })
    const unknown = player.factory().create('udp', 'nowhere', 7777, 'msgpack').open()
    expect(await world.until(unknown.catch((error: Error) => error))).toMatchObject({
      code: 'connect-failed',
      cause: { code: 'ENOTFOUND' },
    })
    await world.end()
  })

  it('leaves nothing behind of a handshake that a partition cut off', async () => {
    const world = new World({ net: { delayMs: 60 } })
    const [server, player] = [world.host('server'), world.host('player')]
    const encryption = { key: new Uint8Array(32).fill(7) }
    const pipe = server.factory().create('udp', 'server', 7777, 'msgpack', { encryption })
    await world.until(pipe.bind())
    const opener = player.factory().create('udp', 'server', 7777, 'msgpack', { encryption })
    const opening = opener.open().catch((error: Error) => error)
    await world.run(200)
    world.partition([server], [player])
    expect(await world.until(opening)).toMatchObject({ code: 'handshake-failed' })
    await world.run(10_000)
    await world.until(Promise.all([pipe.close(), opener.close()]))
    await world.end()
  })

  it('leaves no socket behind when it is given up', async () => {
    const world = new World({ net: 'lte' })
    const player = world.host('player')
    const server = world.host('server')
    const listening = server.factory().create('udp', 'server', 7777, 'msgpack')
    await world.until(listening.bind())
    for (const ms of [0, 1, 30, 80, 150]) {
      const pipe = player.factory().create('udp', 'server', 7777, 'msgpack')
      const opening = pipe.open().catch(() => undefined)
      await world.run(ms)
      pipe.destroy()
      await world.until(opening)
    }
    await world.until(listening.close())
    await world.end()
  })
})
