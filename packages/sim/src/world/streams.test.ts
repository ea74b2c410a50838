import type { AnyMessages, Channel, Pipe } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import type { Host } from './host.ts'
import { World, type WorldOptions } from './world.ts'

type AnyChannel = Channel<AnyMessages>

/** A server, a player, and a channel between them. Heartbeats would notice what a test wants to see first. */
async function pair(options: WorldOptions, settings: { readonly heartbeat?: false } = { heartbeat: false }) {
  const world = new World(options)
  const [server, player] = [world.host('server'), world.host('player')]
  const accepting = server.factory(settings).create('tcp', 'server', 7777, 'msgpack')
  const accepted: AnyChannel[] = []
  accepting.on('accepted', (_pipe, channel) => void accepted.push(channel))
  await world.until(accepting.bind())
  const opening = player.factory(settings).create('tcp', 'server', 7777, 'msgpack')
  const opened = await world.until(opening.open())
  await world.run(1000)
  const end = async () => {
    accepting.destroy()
    if (!player.isDown) opening.destroy()
    await world.end()
  }
  return { world, server, player, accepting, opening, opened, accepted: accepted[0], end }
}

/** Sends numbers, one each 20 ms, and says when each came. */
async function stream(world: World, from: AnyChannel, to: AnyChannel, count: number) {
  const came: { readonly n: number; readonly tookMs: number }[] = []
  const sentAt: number[] = []
  to.on('n', (n) => void came.push({ n: n as number, tookMs: world.now - sentAt[n as number] }))
  for (let n = 0; n < count; n++) {
    sentAt.push(world.now)
    from.send('n', n)
    await world.run(20)
  }
  await world.run(60_000)
  return came
}

describe('a stream', () => {
  it('comes after the delay of its way', async () => {
    const { world, opened, accepted, end } = await pair({ net: { delayMs: 50 } })
    const came = await stream(world, opened, accepted, 20)
    expect(came.map(({ n }) => n)).toEqual(Array.from({ length: 20 }, (_, n) => n))
    for (const { tookMs } of came) expect(tookMs).toBeCloseTo(50, 6)
    await end()
  })

  it('loses nothing where packets are lost: it waits for them, and all behind them do', async () => {
    const { world, opened, accepted, end } = await pair({ seed: 3, net: { delayMs: 30 } })
    world.between('player', 'server').set({ loss: 0.1 })
    const came = await stream(world, opened, accepted, 300)
    expect(came.map(({ n }) => n)).toEqual(Array.from({ length: 300 }, (_, n) => n))
    const late = came.filter(({ tookMs }) => tookMs > 31)
    expect(world.between('player', 'server').there.statistics().lost).toBeGreaterThan(10)
    expect(late.length).toBeGreaterThan(30)
    // Three later packets, and their acknowledgements, tell that one was lost: no need to wait for 200 ms.
    const firsts = late.filter(({ n }) => !late.some((other) => other.n === n - 1))
    expect(Math.min(...firsts.map(({ tookMs }) => tookMs))).toBeLessThan(200)
    await end()
  })

  it('of single messages is sent again after 200 ms, then 400', async () => {
    const { world, opened, accepted, end } = await pair({ net: { delayMs: 10 } })
    let cameAt = 0
    accepted.on('n', () => void (cameAt = world.now))
    // So that it knows the round trip well.
    for (let n = 0; n < 30; n++) {
      opened.send('n', n)
      await world.run(100)
    }
    const since = world.now
    const way = world.between('player', 'server').there
    way.cut()
    opened.send('n', 0)
    await world.run(250)
    way.heal()
    await world.run(1000)
    expect(cameAt - since).toBeGreaterThan(590)
    expect(cameAt - since).toBeLessThan(650)
    await end()
  })

  it('goes no faster than its way, and fills it', async () => {
    const { world, opened, accepted, end } = await pair({
      net: { delayMs: 20, bytesPerSecond: 100_000, queueBytes: 20_000 },
    })
    let size = 0
    accepted.on('bytes', (bytes) => void (size += (bytes as Uint8Array).length))
    const since = world.now
    for (let count = 0; count < 100; count++) opened.send('bytes', new Uint8Array(5000))
    while (size < 500_000 && world.now - since < 60_000) await world.run(10)
    const perSecond = (size * 1000) / (world.now - since)
    expect(size).toBe(500_000)
    expect(perSecond).toBeLessThan(100_000)
    expect(perSecond).toBeGreaterThan(70_000)
    await end()
  })

  it('halves its window at a loss: it is slower than its way over a long one with losses', async () => {
    const rates: number[] = []
    for (const loss of [0, 0.01]) {
      const { world, opened, accepted, end } = await pair({
        net: { delayMs: 50, loss, bytesPerSecond: 2_000_000 },
      })
      let size = 0
      accepted.on('bytes', (bytes) => void (size += (bytes as Uint8Array).length))
      const since = world.now
      for (let count = 0; count < 60; count++) {
        opened.send('bytes', new Uint8Array(50_000))
        await world.until(opened.drained())
      }
      while (size < 3_000_000 && world.now - since < 200_000) await world.run(10)
      expect(size).toBe(3_000_000)
      rates.push((size * 1000) / (world.now - since))
      await end()
    }
    expect(rates[0]).toBeGreaterThan(1_000_000)
    expect(rates[1]).toBeLessThan(rates[0] / 2)
  })

  it('makes its sender wait for a slow reader', async () => {
    const { world, server, opened, accepted, end } = await pair({ net: 'lan' })
    server.reads(50_000)
    let size = 0
    accepted.on('bytes', (bytes) => void (size += (bytes as Uint8Array).length))
    let sent = 0
    const since = world.now
    while (world.now - since < 20_000) {
      if (opened.send('bytes', new Uint8Array(10_000)) === 'queued') sent += 10_000
      await world.run(10)
    }
    expect(size / 20).toBeGreaterThan(45_000)
    expect(size / 20).toBeLessThan(55_000)
    // Both systems' buffers, and what the channel queues: not all that it would have liked to send.
    expect(sent).toBeGreaterThan(size)
    server.heal()
    await world.run(5000)
    expect(size).toBe(sent)
    await end()
  })

  it('goes on at once when a reader that stood still does', async () => {
    const { world, server, opened, accepted, end } = await pair({ net: { delayMs: 5 } })
    let size = 0
    accepted.on('bytes', (bytes) => void (size += (bytes as Uint8Array).length))
    server.pause()
    for (let count = 0; count < 10; count++) opened.send('bytes', new Uint8Array(100_000))
    await world.run(8000)
    expect(size).toBe(0)
    server.resume()
    // No wait for a probe of the window, which comes after seconds by now.
    await world.run(200)
    expect(size).toBe(1_000_000)
    await end()
  })

  it('comes in pieces of any size, and whole again', async () => {
    for (const pieces of ['random', 'bytes'] as const) {
      const { world, server, opened, accepted, end } = await pair({ net: 'lan' })
      server.readsIn(pieces)
      const came = await stream(world, opened, accepted, 50)
      expect(came.map(({ n }) => n)).toEqual(Array.from({ length: 50 }, (_, n) => n))
      await end()
    }
  })

  it('is not confused by doubled, old and disordered packets', async () => {
    const net = {
      delayMs: [5, 50],
      duplication: 0.3,
      reorder: 0.3,
      replay: 0.3,
      corruption: 0.05,
      loss: 0.05,
    } as const
    for (const seed of [1, 2, 3, 4, 5]) {
      const { world, opened, accepted, end } = await pair({ seed, net })
      const [one, two] = await Promise.all([
        stream(world, opened, accepted, 100),
        stream(world, accepted, opened, 100),
      ])
      for (const came of [one, two])
        expect(
          came.map(({ n }) => n),
          `seed ${seed}`,
        ).toEqual(Array.from({ length: 100 }, (_, n) => n))
      await end()
    }
  })

  it.each([1, 500, 3000])('passes systems that hold %i bytes of it, in parts', async (socketBufferBytes) => {
    const world = new World({ net: { delayMs: 1, loss: 0.05 }, seed: 2 })
    const [server, player] = ['server', 'player'].map((name) => world.host(name, { socketBufferBytes }))
    const settings = { heartbeat: false, handshakeTimeoutMs: 1e6, frameTimeoutMs: 1e6 } as const
    const pipe = server.factory(settings).create('tcp', 'server', 7777, 'msgpack')
    const came: Uint8Array[] = []
    pipe.on('accepted', (_pipe, channel) =>
      channel.on('bytes', (bytes) => void came.push(bytes as Uint8Array)),
    )
    await world.until(pipe.bind())
    const opening = player.factory(settings).create('tcp', 'server', 7777, 'msgpack')
    const channel = await world.until(opening.open(), 1e6)
    const bytes = player.random.bytes(10_000)
    channel.send('bytes', bytes)
    await world.until(channel.drained(), 1e7)
    await world.run(1e6)
    expect(came.map((each) => Buffer.from(each).equals(bytes))).toEqual([true])
    channel.destroy()
    pipe.destroy()
    await world.end()
  })

  it('stands still where whole segments are swallowed', async () => {
    const { world, opened, accepted, end } = await pair({ net: { mtuBytes: 1000 } })
    let size = 0
    accepted.on('bytes', (bytes) => void (size += (bytes as Uint8Array).length))
    opened.send('bytes', new Uint8Array(100))
    opened.send('bytes', new Uint8Array(5000))
    await world.run(20_000)
    expect(size).toBe(0)
    world.between('server', 'player').set({ mtuBytes: 1500 })
    await world.run(60_000)
    expect(size).toBe(5100)
    await end()
  })
})

describe('the end of a connection', () => {
  const ends: readonly [
    name: string,
    act: (world: World, server: Host, player: Host) => void,
    code: string,
  ][] = [
    ['a reset on the way', (world) => world.between('server', 'player').reset(), 'link-failed'],
    ['a partition', (world) => world.partition(['server'], ['player']), 'heartbeat-timeout'],
    ['a partition one way', (world) => world.partition(['player'], ['server'], 'there'), 'heartbeat-timeout'],
    ['a host that is isolated', (world) => world.isolate('player'), 'heartbeat-timeout'],
    ['a crash', (_world, _server, player) => player.crash(), 'heartbeat-timeout'],
    ['a program that stands still', (_world, _server, player) => player.pause(), 'heartbeat-timeout'],
  ]

  it.each(ends)('by %s is told to the server as it would be', async (_name, act, code) => {
    const { world, server, player, accepted, end } = await pair({ net: 'lte' }, {})
    act(world, server, player)
    await world.run(60_000)
    expect(accepted.reason?.code).toBe(code)
    world.heal()
    if (!player.isDown) player.resume()
    await end()
  })

  it('is silence where a machine goes down in the middle of something', async () => {
    const { world, player, opened, end } = await pair({ net: 'lan' })
    const way = world.between('player', 'server').there
    way.cut()
    opened.send('n', 1)
    await world.run(1)
    player.crash()
    way.heal()
    const { sent } = way.statistics()
    await world.run(60_000)
    expect(way.statistics().sent).toBe(sent)
    await end()
  })

  it('in order comes to rest, also where the last words are lost', async () => {
    const world = new World({ seed: 11, net: { delayMs: 10 } })
    const [server, player] = [world.host('server'), world.host('player')]
    const settings = { heartbeat: false, handshakeTimeoutMs: 1e6 } as const
    const pipe = server.factory(settings).create('tcp', 'server', 7777, 'msgpack')
    await world.until(pipe.bind())
    const net = player.factory(settings)
    const opening = Array.from({ length: 30 }, () => net.create('tcp', 'server', 7777, 'msgpack').open())
    const channels = await world.until(Promise.all(opening))
    const route = world.between('player', 'server')
    route.set({ loss: 0.3 })
    for (const channel of channels) void channel.close()
    await world.run(30_000)
    const sent = () => route.there.statistics().sent + route.back.statistics().sent
    const before = sent()
    await world.run(100_000)
    expect(sent()).toBe(before)
    await world.until(pipe.close())
    await world.end()
  })

  it('is told by a machine that came up again and does not know it', async () => {
    const { world, player, accepted, end } = await pair({ net: 'lan' })
    player.crash()
    await world.run(1000)
    player.restart()
    accepted.send('n', 1)
    await world.run(1000)
    expect(accepted.reason).toMatchObject({ code: 'link-failed', cause: { code: 'ECONNRESET' } })
    await end()
  })

  it('is told at once to a player that has another address, when it sends', async () => {
    const { world, player, opened, accepted, end } = await pair({ net: 'lan' })
    const before = player.address
    expect(player.moves()).not.toBe(before)
    await world.run(5000)
    expect(opened.reason).toBeUndefined()
    opened.send('n', 1)
    accepted.send('n', 1)
    await world.run(2_000_000)
    expect(opened.reason).toMatchObject({ code: 'link-failed' })
    expect(accepted.reason).toMatchObject({ code: 'link-failed', cause: { code: 'ETIMEDOUT' } })
    await end()
  })

  it('takes a quarter of an hour where no answer comes, and no heartbeat looks', async () => {
    const { world, opened, end } = await pair({ net: 'lan' })
    world.isolate('server')
    opened.send('n', 1)
    await world.run(600_000)
    expect(opened.reason).toBeUndefined()
    await world.run(1_000_000)
    expect(opened.reason).toMatchObject({ code: 'link-failed', cause: { code: 'ETIMEDOUT' } })
    world.heal()
    await end()
  })
})

describe('opening', () => {
  const failure = async (world: World, pipe: Pipe<AnyMessages>, maxMs?: number) => {
    const outcome = pipe.open().then(
      () => 'open',
      (error: { readonly cause?: { readonly code: string }; readonly code: string }) =>
        error.cause?.code ?? error.code,
    )
    return await world.until(outcome, maxMs)
  }

  it('is refused where no pipe is bound, and fails for hosts that are none', async () => {
    const world = new World({ net: 'lan' })
    world.host('server')
    const player = world.host('player')
    const net = player.factory({ connectTimeoutMs: 1e9, handshakeTimeoutMs: 1e9 } as object)
    expect(await failure(world, net.create('tcp', 'server', 7777, 'msgpack'))).toBe('ECONNREFUSED')
    expect(await failure(world, net.create('tcp', 'nowhere', 7777, 'msgpack'))).toBe('ENOTFOUND')
    expect(await failure(world, net.create('tcp', 'localhost', 7777, 'msgpack'))).toBe('ECONNREFUSED')
    player.fail('connect', 'ENOBUFS')
    expect(await failure(world, net.create('tcp', 'server', 7777, 'msgpack'))).toBe('ENOBUFS')
    await world.end()
  })

  it('works for a host to itself, by any name', async () => {
    const world = new World({ net: { delayMs: 500 } })
    const host = world.host('solo', { address: '192.0.2.1' })
    const net = host.factory()
    const pipe = net.create('tcp', '0.0.0.0', 7777, 'msgpack')
    await world.until(pipe.bind())
    for (const name of ['localhost', '127.0.0.1', 'solo', '192.0.2.1', '::1']) {
      const channel = await world.until(net.create('tcp', name, 7777, 'msgpack').open())
      await world.until(channel.close())
    }
    expect(world.now).toBeLessThan(100)
    await world.until(pipe.close())
    await world.end()
  })

  it('binds what is its own, once', async () => {
    const world = new World({ net: 'none' })
    const [one, other] = [world.host('one'), world.host('other')]
    const bind = (host: Host, name: string, port: number) => {
      const pipe = host.factory().create('tcp', name, port, 'msgpack')
      const done = pipe.bind().then(
        () => pipe,
        (error: { readonly code: string; readonly cause?: { readonly code: string } }) =>
          error.cause?.code ?? error.code,
      )
      return world.until(done)
    }
    const pipe = await bind(one, 'one', 7777)
    expect(await bind(one, '0.0.0.0', 7777)).toMatch(/EADDRINUSE|address-in-use/)
    expect(await bind(one, 'other', 7777)).toBe('EADDRNOTAVAIL')
    one.fail('listen', 'EACCES')
    expect(await bind(one, 'one', 7778)).toBe('EACCES')
    const another = await bind(other, 'other', 7777)
    for (const bound of [pipe, another]) if (typeof bound !== 'string') await world.until(bound.close())
    await world.end()
  })

  it('is tried again while nothing comes through', async () => {
    const world = new World({ net: { delayMs: 10, loss: 0.3 }, seed: 5 })
    const [server, player] = [world.host('server'), world.host('player')]
    const pipe = server
      .factory({ heartbeat: false, handshakeTimeoutMs: 1e6 })
      .create('tcp', 'server', 7777, 'msgpack')
    await world.until(pipe.bind())
    const net = player.factory({ heartbeat: false, handshakeTimeoutMs: 1e6 })
    for (let count = 0; count < 20; count++) {
      const channel = await world.until(net.create('tcp', 'server', 7777, 'msgpack').open(), 1e6)
      channel.destroy()
    }
    pipe.destroy()
    await world.run(300_000)
    await world.end()
  })

  it('of more than a server can hold is refused, and told', async () => {
    const world = new World({ net: 'lan' })
    const server = world.host('server', { socketsMax: 3 })
    const player = world.host('player')
    const pipe = server.factory().create('tcp', 'server', 7777, 'msgpack')
    const errors: string[] = []
    pipe.on('error', (_pipe, error) => void errors.push(error.code))
    await world.until(pipe.bind())
    const net = player.factory()
    const outcomes: string[] = []
    const channels: AnyChannel[] = []
    for (let count = 0; count < 5; count++) {
      const opening = net.create('tcp', 'server', 7777, 'msgpack').open()
      outcomes.push(
        await world.until(
          opening.then(
            (channel) => {
              channels.push(channel)
              return 'open'
            },
            () => 'refused',
          ),
        ),
      )
    }
    expect(outcomes).toEqual(['open', 'open', 'open', 'refused', 'refused'])
    expect(errors).toContain('descriptor-limit')
    for (const channel of channels) channel.destroy()
    pipe.destroy()
    await world.end()
  })

  it('fails without a word where accepting does', async () => {
    const world = new World({ net: 'lan' })
    const [server, player] = [world.host('server'), world.host('player')]
    const pipe = server.factory().create('tcp', 'server', 7777, 'msgpack')
    await world.until(pipe.bind())
    server.fail('accept', 'EMFILE', { times: 2 })
    const net = player.factory()
    for (const wanted of ['refused', 'refused', 'open']) {
      const opening = net.create('tcp', 'server', 7777, 'msgpack').open()
      const outcome = opening.then(
        () => 'open',
        () => 'refused',
      )
      expect(await world.until(outcome)).toBe(wanted)
    }
    player.crash()
    pipe.destroy()
    await world.end()
  })
})

describe('calls that fail', () => {
  it.each(['read', 'write'] as const)('%s ends the link, with the error', async (call) => {
    const { world, player, opened, accepted, end } = await pair({ net: 'lan' })
    player.fail(call, 'ECONNRESET')
    if (call === 'write') opened.send('n', 1)
    else accepted.send('n', 1)
    await world.run(1000)
    expect(opened.reason).toMatchObject({ code: 'link-failed', cause: { code: 'ECONNRESET' } })
    expect(accepted.reason?.code).toBe('link-failed')
    await end()
  })

  it('EAGAIN only takes time', async () => {
    const { world, server, player, opened, accepted, end } = await pair({ net: 'lan' })
    for (const host of [server, player])
      for (const call of ['read', 'write'] as const) host.fail(call, 'EAGAIN', { chance: 0.5 })
    const came = await stream(world, opened, accepted, 100)
    expect(came.map(({ n }) => n)).toEqual(Array.from({ length: 100 }, (_, n) => n))
    expect(came.filter(({ tookMs }) => tookMs > 1).length).toBeGreaterThan(30)
    await end()
  })
})
