import type { AnyMessages, Channel, PacketSocket } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { Host } from './host.ts'
import { World } from './world.ts'

/** A small game: players join, move and leave, and the network is as bad as it gets. */
async function game(
  seed: number,
  net: 'lte' | 'bad-wifi' | 'geo-satellite',
  extraHost: 'alone' | 'with-others' = 'alone',
) {
  const world = new World({ seed, net })
  if (extraHost === 'with-others') world.host('bystander')
  const server = world.host('server')
  const said: string[] = []
  const pipe = server.factory({ heartbeat: false }).create('tcp', 'server', 7777, 'msgpack')
  pipe.on('accepted', (_pipe, channel) =>
    channel.on('move', (move) => void said.push(`${Math.round(world.now)} ${JSON.stringify(move)}`)),
  )
  await world.until(pipe.bind())
  const hosts = ['ada', 'bob'].map((name) => world.host(name))
  const channels: Channel<AnyMessages>[] = []
  for (const host of hosts) {
    const net = host.factory({ heartbeat: false, handshakeTimeoutMs: 60_000 })
    channels.push(await world.until(net.create('tcp', 'server', 7777, 'msgpack').open()))
  }
  const datagrams = await world.until(
    hosts[0].packets.open({ host: 'ada', port: 0 }, { received() {}, failed() {} }),
  )
  for (let count = 0; count < 50; count++) {
    for (const [index, channel] of channels.entries())
      channel.send('move', { x: hosts[index].random.integer(0, 9), n: count })
    datagrams.send(Uint8Array.of(count), 0, 1, 1, server.address)
    await world.run(33)
  }
  await world.run(20_000)
  await world.until(datagrams.close())
  for (const channel of channels) channel.destroy()
  pipe.destroy()
  await world.end()
  return { hash: world.traceHash, said }
}

describe('a world', () => {
  it.each([
    [1, 'lte'],
    [2, 'bad-wifi'],
    [3, 'geo-satellite'],
  ] as const)('does the same for seed %i on %s', async (seed, net) => {
    const [one, two] = [await game(seed, net), await game(seed, net)]
    expect(two).toEqual(one)
    expect(one.said.length).toBe(100)
  })

  it('does something else for another seed', async () => {
    const [one, two] = [await game(1, 'lte'), await game(2, 'lte')]
    expect(one.hash).not.toBe(two.hash)
    expect(one.said).not.toEqual(two.said)
  })

  it('is not changed by hosts that do nothing', async () => {
    expect(await game(4, 'bad-wifi', 'with-others')).toEqual(await game(4, 'bad-wifi'))
  })

  it('refuses what it can not be', async () => {
    expect(() => new World({ seed: 0.5 })).toThrow('a seed is a whole number; got 0.5')
    const world = new World()
    const server = world.host('server')
    expect(() => world.host('server')).toThrowError(expect.objectContaining({ code: 'host-exists' }))
    expect(() => world.host('10.0.0.1')).toThrow("a host has a name such as 'server'")
    expect(() => world.host('a', { address: 'b' })).toThrow(
      'a host wants an IPv4 address such as 192.0.2.7; got b',
    )
    expect(() => world.host('a', { address: server.address })).toThrow('is taken by server')
    expect(() => world.host('a', { socketBufferBytes: 0 })).toThrow('socketBufferBytes: a number from 1')
    expect(() => world.between('server', 'nobody')).toThrow(
      'there is no host nobody in this world; there are server',
    )
    const stranger = new World().host('server')
    expect(() => world.isolate(stranger)).toThrowError(expect.objectContaining({ code: 'host-unknown' }))
    await expect(world.run(-1)).rejects.toThrow('time passes by milliseconds from 0')
    expect(() => server.stall(-1)).toThrow('a stall takes a number of milliseconds')
    expect(() => server.jumpClock(-1)).toThrow('only goes forward')
    expect(() => server.reads(0)).toThrow('a reader: a number from 1')
    expect(() => server.restart()).toThrowError(expect.objectContaining({ code: 'host-up' }))
    server.crash()
    expect(() => server.factory()).toThrowError(expect.objectContaining({ code: 'host-down' }))
    expect(() => server.crash()).toThrow('server has crashed: restart() brings it up again')
    expect(server).toBeInstanceOf(Host)
    await world.end()
  })

  it('throws when something is left, and says what', async () => {
    const world = new World({ checks: 'on' })
    const [server, player] = [world.host('server'), world.host('player')]
    const pipe = server.factory().create('tcp', 'server', 7777, 'msgpack')
    await world.until(pipe.bind())
    const channel = await world.until(player.factory().create('tcp', 'server', 7777, 'msgpack').open())
    const timer = player.timer()
    timer.set('tick', () => {}, 100, 100)
    const socket = await world.until(
      player.packets.open({ host: 'player', port: 5 }, { received() {}, failed() {} }),
    )
    const failure = await world.end().catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'left-behind' })
    const { message } = failure as Error
    expect(message).toContain(`server: tcp://${server.address}:7777 is listened at`)
    expect(message).toMatch(/server: a link from 10\.[\d.:]+ to tcp:\/\/10\.[\d.:]+ is open/)
    expect(message).toMatch(/player: a link from/)
    expect(message).toContain(`player: udp://${player.address}:5 is open`)
    expect(message).toContain('player: timers wait: 2')
    await world.until(Promise.all([channel.close(), pipe.close(), socket.close()]))
    await expect(world.end()).rejects.toThrow('player: timers wait: 1')
    timer.close()
    await world.end()
  })

  it('finds memory that was not given back', async () => {
    const world = new World({ checks: 'on' })
    const { BlockPool } = await import('@millrace/buffer')
    const pool = new BlockPool({ checks: 'on' })
    world.host('server').factory({ pool })
    const block = pool.take(10)
    await expect(world.end()).rejects.toThrow(
      /server: blocks of memory are out: 1; the first was taken at\n[\s\S]*world\.test/,
    )
    pool.give(block)
    await world.end()
  })

  it('cuts groups apart, one way or both, and heals', async () => {
    const world = new World({ net: 'lan' })
    const names = ['a', 'b', 'c']
    const got: string[] = []
    const sockets: PacketSocket[] = []
    for (const name of names) {
      const owner = {
        received: (bytes: Uint8Array) => void got.push(`${names[bytes[0]]}${name}`),
        failed() {},
      }
      sockets.push(await world.until(world.host(name).packets.open({ host: name, port: 1 }, owner)))
    }
    const heard = async () => {
      got.length = 0
      for (const [index, socket] of sockets.entries())
        for (const { host } of sockets)
          if (host !== socket.host) socket.send(Uint8Array.of(index), 0, 1, 1, host)
      await world.run(100)
      return got.sort().join(' ')
    }
    expect(await heard()).toBe('ab ac ba bc ca cb')
    world.partition(['a'], ['b', 'c'])
    expect(await heard()).toBe('bc cb')
    world.heal()
    world.partition(['a', 'b'], ['c'], 'there')
    expect(await heard()).toBe('ab ba ca cb')
    world.heal()
    world.isolate('b')
    expect(await heard()).toBe('ac ca')
    world.heal()
    const route = world.between('a', 'c')
    route.cut()
    expect(await heard()).toBe('ab ba bc cb')
    route.heal()
    route.clog(1000)
    expect(await heard()).toBe('ab ba bc cb')
    await world.run(1000)
    expect(got.sort().join(' ')).toBe('ab ac ba bc ca cb')
    expect(await heard()).toBe('ab ac ba bc ca cb')
    await world.until(Promise.all(sockets.map((socket) => socket.close())))
    await world.end()
  })

  it('gives each host its own way, and puts two of them together', async () => {
    const world = new World({ net: { delayMs: 1 } })
    const near = world.host('near')
    const [far, further] = [
      world.host('far', { net: { delayMs: 100 } }),
      world.host('further', { net: { delayMs: 200 } }),
    ]
    const arrivals: number[] = []
    const owner = { received: () => void arrivals.push(world.now), failed() {} }
    const sockets: PacketSocket[] = []
    for (const host of [near, far, further])
      sockets.push(await world.until(host.packets.open({ host: host.name, port: 1 }, owner)))
    for (const [from, to] of [
      [0, 1],
      [1, 0],
      [2, 0],
      [1, 2],
    ])
      sockets[from].send(Uint8Array.of(1), 0, 1, 1, [near, far, further][to].address)
    await world.run(1000)
    expect(arrivals).toEqual([100, 100, 200, 300])
    await world.until(Promise.all(sockets.map((socket) => socket.close())))
    await world.end()
  })
})

describe('a host', () => {
  it('stands still, late timers first, and its system goes on', async () => {
    const world = new World({ net: 'none' })
    const [server, player] = [world.host('server'), world.host('player')]
    const seen: string[] = []
    const timer = server.timer()
    timer.once('tick', () => void seen.push(`tick at ${world.now}`), 100)
    const owner = { received: () => void seen.push(`datagram at ${world.now}`), failed() {} }
    const socket = await world.until(server.packets.open({ host: 'server', port: 1 }, owner))
    const other = await world.until(player.packets.open({ host: 'player', port: 1 }, owner))
    server.stall(300)
    server.stall(200)
    other.send(Uint8Array.of(1), 0, 1, 1, server.address)
    await world.run(1000)
    expect(seen).toEqual(['tick at 500', 'datagram at 500'])
    server.pause()
    other.send(Uint8Array.of(1), 0, 1, 1, server.address)
    server.stall(10)
    await world.run(1000)
    expect(seen.length).toBe(2)
    server.resume()
    await world.run(0)
    expect(seen[2]).toBe('datagram at 2000')
    await world.until(Promise.all([socket.close(), other.close()]))
    timer.close()
    await world.end()
  })

  it('takes its time in the middle of something: its clock goes on, and what it sends leaves later', async () => {
    const world = new World({ net: 'none' })
    const [server, player] = [world.host('server'), world.host('player')]
    const arrivals: number[] = []
    const owner = { received: () => void arrivals.push(world.now), failed() {} }
    const socket = await world.until(server.packets.open({ host: 'server', port: 1 }, owner))
    const other = await world.until(player.packets.open({ host: 'player', port: 1 }, owner))
    const { loop } = server
    const clock: number[] = []
    loop.wakeAt(100, () => {
      clock.push(loop.now())
      server.stall(250)
      clock.push(loop.now())
      socket.send(Uint8Array.of(1), 0, 1, 1, player.address)
    })
    loop.wakeAt(150, () => clock.push(loop.now()))
    await world.run(1000)
    expect(clock).toEqual([100, 350, 350])
    expect(arrivals).toEqual([350])
    await world.until(Promise.all([socket.close(), other.close()]))
    await world.end()
  })

  it('has clocks that jump, and a time of day that is set', async () => {
    const world = new World()
    const host = world.host('server')
    expect(new Date(host.date()).toISOString()).toBe('2026-01-01T00:00:00.000Z')
    const seen: number[] = []
    const { loop } = host
    loop.wakeAt(loop.now() + 3_600_000, () => seen.push(loop.now()))
    await world.run(1000)
    host.jumpClock(3_600_000)
    await world.run(0)
    expect(seen).toEqual([3_601_000])
    expect(new Date(host.date()).toISOString()).toBe('2026-01-01T01:00:01.000Z')
    host.setDate(Date.UTC(2020, 1, 1))
    await world.run(5)
    expect(new Date(host.date()).toISOString()).toBe('2020-02-01T00:00:00.005Z')
    expect(loop.now()).toBe(3_601_005)
    await world.end()
  })

  it('comes up again after a crash with nothing of what was', async () => {
    const world = new World({ net: 'lan' })
    const [server, player] = [world.host('server'), world.host('player')]
    const start = async () => {
      const pipe = server.factory().create('tcp', 'server', 7777, 'msgpack')
      pipe.on('accepted', (_pipe, channel) => channel.on('ping', () => 'pong'))
      await world.until(pipe.bind())
      return pipe
    }
    const old = await start()
    server.timer().set('tick', () => expect.unreachable(), 10_000, 1000)
    server.crash()
    old.destroy()
    void old.open().catch(() => {})
    await world.run(5000)
    server.restart()
    const pipe = await start()
    const opening = player.factory().create('tcp', 'server', 7777, 'msgpack')
    const channel = await world.until(opening.open())
    expect(await world.until(channel.request('ping', {}))).toBe('pong')
    await world.until(channel.close())
    await world.until(pipe.close())
    await world.run(20_000)
    await world.end()
  })

  it('encrypts like the others, and does so again for the same seed', async () => {
    const hashes: string[] = []
    for (let count = 0; count < 2; count++) {
      const world = new World({ seed: 9, net: 'lte' })
      const [server, player] = [world.host('server'), world.host('player')]
      const encryption = { key: new Uint8Array(32).fill(7) }
      const pipe = server.factory().create('tcp', 'server', 7777, 'msgpack', { encryption })
      pipe.on('accepted', (_pipe, channel) => channel.on('ping', () => 'pong'))
      await world.until(pipe.bind())
      const channel = await world.until(
        player.factory().create('tcp', 'server', 7777, 'msgpack', { encryption }).open(),
      )
      expect(await world.until(channel.request('ping', {}))).toBe('pong')
      await world.until(channel.close())
      await world.until(pipe.close())
      await world.end()
      hashes.push(world.traceHash)
    }
    expect(hashes[1]).toBe(hashes[0])
  })

  it('keeps errors that no handler took', async () => {
    const world = new World({ net: 'lan' })
    const [server, player] = [world.host('server'), world.host('player')]
    const pipe = server.factory().create('tcp', 'server', 7777, 'msgpack')
    pipe.on('accepted', (_pipe, channel) =>
      channel.on('ping', () => {
        throw new Error('a mistake')
      }),
    )
    await world.until(pipe.bind())
    const channel = await world.until(player.factory().create('tcp', 'server', 7777, 'msgpack').open())
    channel.send('ping', 1)
    await world.run(100)
    expect(server.warnings.map(({ code }) => code)).toEqual(['handler-failed'])
    await world.until(channel.close())
    await world.until(pipe.close())
    await world.end()
  })
})
