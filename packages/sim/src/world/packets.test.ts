import type { PacketSocket } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import type { Host } from './host.ts'
import { World, type WorldOptions } from './world.ts'

interface Got {
  readonly text: string
  readonly from: string
  readonly atMs: number
}

const bytesOf = (text: string) => new TextEncoder().encode(text)

async function open(world: World, host: Host, port = 0, at = '0.0.0.0') {
  const got: Got[] = []
  const errors: unknown[] = []
  const socket = await world.until(
    host.packets.open(
      { host: at, port },
      {
        received: (bytes, from, fromPort) =>
          void got.push({
            text: new TextDecoder().decode(bytes),
            from: `${from}:${fromPort}`,
            atMs: world.now,
          }),
        failed: (error) => void errors.push((error as { readonly code: string }).code),
      },
    ),
  )
  const send = (text: string, to: PacketSocket, host: Host) => {
    // A Buffer's `slice` would not copy.
    const bytes = Buffer.from(bytesOf(`<${text}>`))
    socket.send(bytes, 1, bytes.length - 1, to.port, host.address)
    bytes.fill(0)
  }
  return { socket, got, errors, send }
}

async function pair(options: WorldOptions) {
  const world = new World(options)
  const [server, player] = [world.host('server'), world.host('player')]
  const [a, b] = [await open(world, server, 7777), await open(world, player)]
  const end = async () => {
    await world.until(Promise.all([a.socket.close(), b.socket.close()]))
    await world.end()
  }
  return { world, server, player, a, b, end }
}

describe('datagrams', () => {
  it('go both ways, with the address of who sent them', async () => {
    const { server, player, world, a, b, end } = await pair({ net: { delayMs: 20 } })
    expect(a.socket).toMatchObject({ host: '0.0.0.0', port: 7777 })
    b.send('hello', a.socket, server)
    await world.run(100)
    a.send('welcome', b.socket, player)
    await world.run(100)
    expect(a.got).toEqual([{ text: 'hello', from: `${player.address}:${b.socket.port}`, atMs: 20 }])
    expect(b.got).toEqual([{ text: 'welcome', from: `${server.address}:7777`, atMs: 120 }])
    await end()
  })

  it('are lost as the way says, and where no socket is open', async () => {
    const { server, world, a, b, end } = await pair({ net: { loss: 0.5 } })
    for (let count = 0; count < 1000; count++) b.send('x', a.socket, server)
    await world.run(100)
    expect(a.got.length / 1000).toBeCloseTo(0.5, 1)
    expect(a.got.length).toBe(1000 - world.between('player', 'server').there.statistics().lost)
    b.send('x', { ...a.socket, port: 9 } as PacketSocket, server)
    b.socket.send(bytesOf('x'), 0, 1, 7777, '203.0.113.9')
    await world.run(100)
    expect(b.errors).toEqual([])
    await end()
  })

  it('are lent: their memory is overwritten after the call', async () => {
    const world = new World({ net: 'none' })
    const host = world.host('solo')
    let kept = new Uint8Array(0)
    const owner = {
      received: (bytes: Uint8Array) => void (kept = bytes as Uint8Array<ArrayBuffer>),
      failed() {},
    }
    const socket = await world.until(host.packets.open({ host: '127.0.0.1', port: 5 }, owner))
    socket.send(Uint8Array.of(1, 2, 3), 0, 3, 5, '127.0.0.1')
    await world.run(1)
    expect([...kept]).toEqual([0xee, 0xee, 0xee])
    await world.until(socket.close())
    await world.end()
  })

  it('can be spoofed', async () => {
    const { world, server, player, a, b, end } = await pair({ net: { delayMs: 5 } })
    world.spoof(
      { host: 'player', port: b.socket.port },
      { host: 'server', port: 7777 },
      bytesOf('I am the player'),
    )
    world.spoof(
      { host: '198.51.100.1', port: 9 },
      { host: server.address, port: 7777 },
      bytesOf('and I am not'),
    )
    await world.run(100)
    expect(a.got.map(({ text, from }) => [text, from])).toEqual([
      ['I am the player', `${player.address}:${b.socket.port}`],
      ['and I am not', '198.51.100.1:9'],
    ])
    await end()
  })

  it('come from elsewhere when the host has moved, and no more to where it was', async () => {
    const { world, server, player, a, b, end } = await pair({ net: 'lan' })
    const before = player.address
    b.send('one', a.socket, server)
    await world.run(10)
    expect(player.moves('192.0.2.7')).toBe('192.0.2.7')
    b.send('two', a.socket, server)
    await world.run(10)
    expect(a.got.map(({ from }) => from)).toEqual([
      `${before}:${b.socket.port}`,
      `192.0.2.7:${b.socket.port}`,
    ])
    a.socket.send(bytesOf('old'), 0, 3, b.socket.port, before)
    a.send('new', b.socket, player)
    await world.run(10)
    expect(b.got.map(({ text }) => text)).toEqual(['new'])
    await end()
  })

  it('wait for a program that stands still, as many as the system holds', async () => {
    const { world, server, a, b, end } = await pair({ net: 'none' })
    server.stall(1000)
    const since = world.now
    for (let count = 0; count < 30; count++) b.send('x'.repeat(10_000), a.socket, server)
    await world.run(500)
    expect(a.got.length).toBe(0)
    await world.run(1000)
    expect(a.got.length).toBe(21)
    expect(a.got.every(({ atMs }) => atMs === since + 1000)).toBe(true)
    await end()
  })

  it('report what the system does not take, in an event', async () => {
    const { world, server, a, b, end } = await pair({ net: 'none' })
    b.socket.send(new Uint8Array(65_508), 0, 65_508, 7777, server.address)
    b.socket.send(new Uint8Array(1), 0, 1, 7777, 'server')
    expect(b.errors).toEqual([])
    await world.run(1)
    expect(b.errors).toEqual(['EMSGSIZE', 'ENOTFOUND'])
    b.socket.send(new Uint8Array(65_507), 0, 65_507, 7777, server.address)
    await world.run(1)
    expect(a.got.length).toBe(1)
    await end()
  })

  it('fail where the host is told to', async () => {
    const { world, server, player, a, b, end } = await pair({ net: 'none' })
    player.fail('send', 'ENOBUFS', { times: 2 })
    for (const text of ['one', 'two', 'three']) b.send(text, a.socket, server)
    await world.run(1)
    expect(b.errors).toEqual(['ENOBUFS', 'ENOBUFS'])
    expect(a.got.map(({ text }) => text)).toEqual(['three'])
    player.fail('open', 'EMFILE')
    await expect(open(world, player)).rejects.toMatchObject({ code: 'EMFILE' })
    expect(() => player.fail('send', 'ENOBUFS', { times: 0 })).toThrow('times is a number from 1')
    expect(() => player.fail('send', 'ENOBUFS', { chance: 2 })).toThrow('chance is a probability')
    await end()
  })

  it('need a port that is free, and an address of their own', async () => {
    const { world, server, player, end } = await pair({ net: 'none' })
    await expect(open(world, server, 7777)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(open(world, server, 7777, 'server')).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(open(world, server, 1, 'player')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
    expect(await world.until(server.packets.resolve('player'))).toBe(player.address)
    expect(await world.until(server.packets.resolve('192.0.2.1'))).toBe('192.0.2.1')
    await expect(world.until(server.packets.resolve('nowhere'))).rejects.toMatchObject({ code: 'ENOTFOUND' })
    const one = await open(world, player, 80, '127.0.0.1')
    const other = await open(world, player, 80, 'player')
    one.socket.send(bytesOf('near'), 0, 4, 80, '127.0.0.1')
    other.socket.send(bytesOf('far'), 0, 3, 80, player.address)
    await world.run(1)
    expect([one.got, other.got].map(([{ text, from }]) => `${text} ${from}`)).toEqual([
      'near 127.0.0.1:80',
      `far ${player.address}:80`,
    ])
    await world.until(Promise.all([one.socket.close(), other.socket.close()]))
    await end()
  })

  it('are none after a close', async () => {
    const { world, server, a, b } = await pair({ net: { delayMs: 5 } })
    b.send('late', a.socket, server)
    await world.until(a.socket.close())
    b.send('later', a.socket, server)
    await world.run(100)
    expect(a.got).toEqual([])
    await world.until(b.socket.close())
    b.send('never', a.socket, server)
    await world.end()
  })
})
