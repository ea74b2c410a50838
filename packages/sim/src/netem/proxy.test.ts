import { createHash } from 'node:crypto'
import { createSocket, type Socket as PacketSocket } from 'node:dgram'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { ProtoFactory } from '@millrace/core'
import { msgpack } from '@millrace/proto-msgpack'
import { nodePlatform } from '@millrace/transports/node-platform'
import { tcp } from '@millrace/transports/tcp'
import { udp } from '@millrace/transports/udp'
import { afterEach, describe, expect, it } from 'vitest'
import { Random } from '../base/random.ts'
import { openProxy } from './proxy.ts'
import type { NetemProxy, ProxyOptions } from './proxy-options.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function proxy(options: ProxyOptions): Promise<NetemProxy> {
  const opened = await openProxy(options)
  closing.push(() => opened.close())
  return opened
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

/** Resolves when a condition holds, which is looked at in each round of the loop. */
async function when(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

const udpHeaders = 28

describe('a proxy for datagrams of any program', () => {
  async function packets(received: (bytes: Buffer, port: number, socket: PacketSocket) => void) {
    const socket = createSocket('udp4', (bytes, { port }) => received(bytes, port, socket))
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    closing.push(() => new Promise<void>((resolve) => socket.close(() => resolve())))
    return { socket, port: socket.address().port }
  }

  async function echo() {
    let received = 0
    const { port } = await packets((bytes, from, socket) => {
      received++
      socket.send(bytes, from, '127.0.0.1')
    })
    return { to: `udp://127.0.0.1:${port}`, received: () => received }
  }

  it.each([1, 2, 3])('loses and doubles as it says, in both directions: seed %i', async (seed) => {
    const server = await echo()
    const { address, statistics } = await handled({
      listen: 'udp://127.0.0.1:0',
      to: server.to,
      net: {
        delayMs: [1, 5],
        loss: 0.1,
        duplication: 0.05,
        corruption: 0.02,
        reorder: 0.02,
        reorderMs: [1, 3],
      },
      seed,
    })
    const got: Buffer[] = []
    const client = await packets((bytes) => void got.push(bytes))
    const count = 2000
    // Few at a time, so that the system has room for them.
    for (let number = 0; number < count; number += 50) {
      for (let each = number; each < number + 50; each++)
        client.socket.send(Buffer.alloc(100, each % 251), portOf(address), '127.0.0.1')
      await when(() => {
        const { toServer, toClients } = statistics()
        const isSent = toServer.sent === number + 50 && toClients.sent === toServer.arrived
        return (
          isSent && toServer.underWayBytes + toClients.underWayBytes === 0 && got.length === toClients.arrived
        )
      })
    }
    const { toServer, toClients, clients, clientsSeen, refused, unreachable } = statistics()
    expect({ clients, clientsSeen, refused, unreachable }).toEqual({
      clients: 1,
      clientsSeen: 1,
      refused: 0,
      unreachable: 0,
    })
    expect(toServer).toMatchObject({ sent: count, sentBytes: count * (100 + udpHeaders) })
    expect(toServer.arrived).toBe(count - toServer.lost + toServer.duplicated)
    expect(server.received()).toBe(toServer.arrived)
    expect(toClients.arrived).toBe(toClients.sent - toClients.lost + toClients.duplicated)
    expect(toServer.lost).toBeGreaterThan(140)
    expect(toServer.duplicated).toBeGreaterThan(50)
    const broken = new Set(got.filter((bytes) => bytes.some((byte) => byte !== bytes[0])))
    expect(broken.size).toBeGreaterThan(20)
    expect(broken.size).toBeLessThanOrEqual(2 * (toServer.corrupted + toClients.corrupted))
  })

  it('draws the same for the same seed', async () => {
    const run = async (seed: number) => {
      const server = await echo()
      const options = { listen: 'udp://127.0.0.1:0', to: server.to, net: { loss: 0.3 }, seed }
      const { address, statistics } = await handled(options)
      const got: number[] = []
      const client = await packets((bytes) => void got.push(bytes[0]))
      for (let number = 0; number < 100; number++) {
        client.socket.send(Uint8Array.of(number), portOf(address), '127.0.0.1')
        await when(
          () => statistics().toServer.sent === number + 1 && statistics().toServer.underWayBytes === 0,
        )
        await when(() => {
          const { toServer, toClients } = statistics()
          return toClients.sent === toServer.arrived && toClients.underWayBytes === 0
        })
      }
      await when(() => got.length === statistics().toClients.arrived)
      return got
    }
    const first = await run(7)
    expect(first.length).toBeLessThan(70)
    expect(await run(7)).toEqual(first)
    expect(await run(8)).not.toEqual(first)
  })

  it('has a socket for each client, and refuses those above its limit', async () => {
    const ports = new Set<number>()
    const server = await packets((bytes, from, socket) => {
      ports.add(from)
      socket.send(bytes, from, '127.0.0.1')
    })
    const to = `udp://127.0.0.1:${server.port}`
    const { address, statistics } = await handled({
      listen: 'udp://127.0.0.1:0',
      to,
      net: 'none',
      clientsMax: 3,
    })
    const got = [0, 0, 0, 0]
    for (const index of got.keys()) {
      const client = await packets(([which]) => {
        expect(which).toBe(index)
        got[index]++
      })
      for (let count = 0; count < 5; count++)
        client.socket.send(Uint8Array.of(index), portOf(address), '127.0.0.1')
      await when(() => got[index] === 5 || statistics().refused === 5)
    }
    expect(got).toEqual([5, 5, 5, 0])
    expect(ports.size).toBe(3)
    expect(statistics()).toMatchObject({ clients: 3, clientsSeen: 3, refused: 5 })
  })

  it('forgets clients of which nothing is heard', async () => {
    const server = await echo()
    const { address, statistics } = await handled({
      listen: 'udp://127.0.0.1:0',
      to: server.to,
      net: 'none',
      idleMs: 20,
    })
    let got = 0
    const client = await packets(() => void got++)
    const ask = () => client.socket.send(Uint8Array.of(1), portOf(address), '127.0.0.1')
    ask()
    await when(() => got === 1)
    await when(() => statistics().clients === 0)
    ask()
    await when(() => got === 2)
    expect(statistics().clientsSeen).toBe(2)
  })

  it('goes on when nothing listens at the server, and tells', async () => {
    const { socket, port } = await packets(() => {})
    await new Promise<void>((resolve) => socket.close(resolve))
    closing.pop()
    const failures: unknown[] = []
    const { address } = await handled({
      listen: 'udp://127.0.0.1:0',
      to: `udp://127.0.0.1:${port}`,
      net: 'none',
      onFailure: (error) => void failures.push(error),
    })
    const client = await packets(() => {})
    client.socket.send(Uint8Array.of(1), portOf(address), '127.0.0.1')
    await when(() => failures.length > 0)
    expect(failures[0]).toMatchObject({ code: 'ECONNREFUSED' })
  })
})

/** The proxy with its statistics as a function of their own. */
async function handled(options: ProxyOptions) {
  const opened = await proxy(options)
  return { address: opened.address, statistics: () => opened.statistics(), opened }
}

describe('a proxy for tcp of any program', () => {
  async function serve(accepted: (socket: Socket) => void): Promise<string> {
    const server: Server = createServer({ allowHalfOpen: true }, accepted)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => server.close())
    return `tcp://127.0.0.1:${(server.address() as { port: number }).port}`
  }

  /** Sends all, ends, and returns all that comes back. */
  function exchange(address: string, bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const got: Buffer[] = []
      const socket = connect({ port: portOf(address), host: '127.0.0.1', allowHalfOpen: true })
      socket.on('data', (chunk) => void got.push(chunk))
      socket.on('error', reject)
      socket.on('end', () => resolve(Buffer.concat(got)))
      socket.end(bytes)
    })
  }

  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

  it.each([1, 2, 3])('brings all bytes in order, both ways, whatever was lost: seed %i', async (seed) => {
    const to = await serve((socket) => socket.pipe(socket))
    const net = { delayMs: [1, 5] as const, loss: 0.05, duplication: 0.02, reorder: 0.02, corruption: 0.01 }
    const { address, statistics } = await handled({ listen: 'tcp://127.0.0.1:0', to, net, seed })
    const bytes = new Random(seed).bytes(60_000)
    const back = await Promise.all([exchange(address, bytes), exchange(address, bytes.subarray(0, 20_000))])
    expect(back.map(digest)).toEqual([digest(bytes), digest(bytes.subarray(0, 20_000))])
    const { clientsSeen, toServer, toClients } = statistics()
    expect(clientsSeen).toBe(2)
    expect(toServer.lost + toServer.corrupted).toBeGreaterThan(0)
    expect(toClients.lost + toClients.corrupted).toBeGreaterThan(0)
    // What was lost was sent again.
    expect(toServer.sentBytes).toBeGreaterThan(80_000)
  })

  it('refuses clients above its limit, and ends those that it has when it is closed', async () => {
    let accepted = 0
    const ended: Socket[] = []
    const to = await serve((socket) => {
      accepted++
      socket.on('error', () => {})
      socket.on('close', () => void ended.push(socket))
      socket.resume()
    })
    const { opened, address, statistics } = await handled({
      listen: 'tcp://127.0.0.1:0',
      to,
      net: 'none',
      clientsMax: 2,
    })
    const closed: number[] = []
    for (const index of [0, 1, 2]) {
      const socket = connect(portOf(address), '127.0.0.1')
      socket.on('error', () => {})
      socket.on('close', () => void closed.push(index))
      socket.resume()
      await when(() => accepted === index + 1 || closed.length > 0)
    }
    expect(closed).toEqual([2])
    expect(statistics()).toMatchObject({ clients: 2, clientsSeen: 2, refused: 1 })
    await opened.close()
    await when(() => closed.length === 3)
    expect(statistics().clients).toBe(0)
  })

  it('ends a client when the server can not be reached, and tells', async () => {
    const to = await serve(() => {})
    await closing.pop()?.()
    const failures: unknown[] = []
    const { address, statistics } = await handled({
      listen: 'tcp://127.0.0.1:0',
      to,
      net: 'none',
      onFailure: (error) => void failures.push(error),
    })
    const socket = connect(portOf(address), '127.0.0.1').resume()
    await new Promise((resolve) => socket.on('close', resolve))
    expect(failures[0]).toMatchObject({ code: 'ECONNREFUSED' })
    expect(statistics()).toMatchObject({ clients: 0, unreachable: 1 })
  })

  it('can be closed while nothing gets through', async () => {
    const to = await serve((socket) => socket.resume().on('error', () => {}))
    const { opened, address, statistics } = await handled({ listen: 'tcp://127.0.0.1:0', to, net: 'none' })
    const socket = connect(portOf(address), '127.0.0.1')
    socket.on('error', () => {})
    await when(() => statistics().clients === 1)
    opened.setNet({ loss: 1 })
    socket.write('lost')
    await when(() => statistics().toServer.lost > 0)
    await opened.close()
    await new Promise((resolve) => socket.resume().on('close', resolve))
    expect(statistics().clients).toBe(0)
  })
})

describe('channels through a proxy at 10 % loss', () => {
  it.each([
    ['udp', 1],
    ['udp', 2],
    ['tcp', 1],
  ] as const)('bring every message once, in order, both ways: %s, seed %i', async (kind, seed) => {
    const factory = new ProtoFactory({ platform: nodePlatform })
      .add('tcp', tcp())
      .add('udp', udp())
      .add('msgpack', msgpack())
    // A lost opening of tcp is tried again after a second, then after two.
    const options = { handshakeTimeoutMs: 20_000 }
    const pipe = factory.create(kind, '127.0.0.1', 0, 'msgpack', options)
    closing.push(() => pipe.destroy())
    const heard: unknown[] = []
    pipe.on('accepted', (_pipe, channel) =>
      channel.on('count', (body) => {
        heard.push(body)
        channel.send('back', body)
      }),
    )
    await pipe.bind()
    const { address, statistics } = await handled({
      listen: `${kind}://127.0.0.1:0`,
      to: pipe.address!.text,
      net: { delayMs: [1, 10], loss: 0.1, duplication: 0.02, reorder: 0.02 },
      seed,
    })
    const opener = factory.create(kind, '127.0.0.1', portOf(address), 'msgpack', options)
    closing.push(() => opener.destroy())
    const channel = await opener.open()
    const back: unknown[] = []
    channel.on('back', (body) => void back.push(body))
    const count = 300
    const numbers = Array.from({ length: count }, (_, number) => number)
    for (const number of numbers) {
      channel.send('count', number)
      // In many packets, not in a few large ones.
      await when(() => back.length > number - 15)
    }
    await when(() => back.length >= count)
    expect(heard).toEqual(numbers)
    expect(back).toEqual(numbers)
    const { toServer, toClients } = statistics()
    expect(toServer.lost + toClients.lost).toBeGreaterThan(0)
    expect(channel.isOpen).toBe(true)
  })
})

describe('a proxy', () => {
  it('says what is wrong with what it was told', async () => {
    const right = { listen: 'udp://127.0.0.1:0', to: 'udp://127.0.0.1:7777', net: 'none' } as const
    const cases: [Partial<ProxyOptions>, string, RegExp][] = [
      [{ listen: 'ws://127.0.0.1:0' }, 'argument-invalid', /listen is an address such as udp:/],
      [{ to: 'tcp://127.0.0.1:7777' }, 'argument-invalid', /listens for what it hands on/],
      [{ to: 'udp://127.0.0.1:0' }, 'argument-invalid', /with a port from 1 to 65535/],
      [{ to: 'udp://127.0.0.1' }, 'address-invalid', /udp wants host and port/],
      [{ net: { loss: 3 } }, 'argument-invalid', /loss is a share from 0 to 1; got 3/],
      [{ clientsMax: 0 }, 'argument-invalid', /clientsMax is a whole number from 1; got 0/],
      [{ idleMs: 0 }, 'argument-invalid', /idleMs is a number above 0; got 0/],
      [{ seed: 1.5 }, 'argument-invalid', /seed is a whole number; got 1.5/],
    ]
    for (const [wrong, code, message] of cases) {
      const error = await openProxy({ ...right, ...wrong }).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    }
  })

  it('says when its address is taken', async () => {
    for (const kind of ['tcp', 'udp']) {
      const to = `${kind}://127.0.0.1:7777`
      const { address } = await proxy({ listen: `${kind}://127.0.0.1:0`, to, net: 'none' })
      const error = await openProxy({ listen: address, to, net: 'none' }).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'EADDRINUSE' })
    }
  })
})
