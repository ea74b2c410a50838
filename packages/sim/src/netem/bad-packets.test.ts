import { randomBytes } from 'node:crypto'
import type { PacketNetwork, PacketOwner, PacketSocket } from '@millrace/core'
import { transportSuite } from '@millrace/testkit'
import { NodePackets } from '@millrace/transports/node-packets'
import { nodeLoop } from '@millrace/transports/node-platform'
import { udp } from '@millrace/transports/udp'
import { describe, expect, it } from 'vitest'
import { VirtualLoop } from '../time/virtual-loop.ts'
import { closeTimeoutMs, netemPackets, peersMax } from './bad-packets.ts'

const services = { loop: nodeLoop, random: (size: number) => randomBytes(size) }

// Without losses: a link that is destroyed says so in one packet.
transportSuite(
  'udp on packets that are made bad',
  () =>
    udp({
      network: netemPackets(new NodePackets(), {
        delayMs: [0, 2],
        duplication: 0.02,
        reorder: 0.02,
        reorderMs: [1, 5],
      }),
    }),
  () => ({ host: '127.0.0.1', port: 0 }),
  services,
)

/** A network that keeps what is sent, with sockets that can be given packets. */
class PacketDiary implements PacketNetwork {
  readonly sent: { readonly number: number; readonly port: number }[] = []
  owner: PacketOwner | undefined
  closeCount = 0

  open(where: { host: string; port: number }, owner: PacketOwner): Promise<PacketSocket> {
    this.owner = owner
    return Promise.resolve({
      host: where.host,
      port: 7777,
      send: (bytes: Uint8Array, from: number, _to: number, port: number) =>
        void this.sent.push({ number: new DataView(bytes.buffer).getUint32(from), port }),
      close: async () => void this.closeCount++,
    })
  }

  resolve(host: string): Promise<string> {
    return Promise.resolve(host)
  }
}

function numbered(number: number): Uint8Array {
  const bytes = new Uint8Array(100)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

describe('packets that are made bad', () => {
  async function opened(net: Parameters<typeof netemPackets>[1], seed = 7) {
    const loop = new VirtualLoop()
    const diary = new PacketDiary()
    const network = netemPackets(diary, net, { seed, loop })
    const received: { readonly number: number; readonly port: number }[] = []
    const failures: unknown[] = []
    const socket = await network.open(
      { host: '127.0.0.1', port: 0 },
      {
        received: (bytes, _host, port) =>
          void received.push({ number: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), port }),
        failed: (error) => void failures.push(error),
      },
    )
    const send = (number: number, port = 1000) => socket.send(numbered(number), 0, 100, port, '10.0.0.9')
    const give = (number: number, port = 1000) => diary.owner?.received(numbered(number), '10.0.0.9', port)
    return { loop, diary, network, received, failures, socket, send, give }
  }

  it.each([1, 2, 3])(
    'are lost, doubled and late in both directions, and counted so: seed %i',
    async (seed) => {
      const { loop, diary, network, received, send, give } = await opened(
        { delayMs: [20, 60], loss: 0.1, duplication: 0.05, reorder: 0.05 },
        seed,
      )
      for (let number = 0; number < 2000; number++) {
        send(number)
        give(number)
        await loop.advance(1)
      }
      await loop.advance(1000)
      const { outgoing, incoming } = network.statistics()
      for (const [counts, came] of [
        [outgoing, diary.sent],
        [incoming, received],
      ] as const) {
        expect(counts).toMatchObject({
          sent: 2000,
          sentBytes: 2000 * 128,
          arrived: came.length,
          underWayBytes: 0,
        })
        expect(came.length).toBe(2000 - counts.lost + counts.duplicated)
        const first = new Set(came.map(({ number }) => number))
        expect(first.size).toBe(2000 - counts.lost)
        expect(counts.lost).toBeGreaterThan(130)
        expect(counts.duplicated).toBeGreaterThan(50)
        const isEarly = came.filter(({ number }, index) => index > 0 && number < came[index - 1].number)
        expect(isEarly.length).toBeGreaterThan(30)
      }
      expect(diary.sent.map(({ number }) => number)).not.toEqual(received.map(({ number }) => number))
    },
  )

  it('fare the same for the same seed, whatever the address of their peer', async () => {
    const run = async (port: number, seed: number) => {
      const { loop, diary, send } = await opened({ loss: 0.3 }, seed)
      for (let number = 0; number < 100; number++) send(number, port)
      await loop.advance(1)
      return diary.sent.map(({ number }) => number)
    }
    expect(await run(1000, 5)).toEqual(await run(2000, 5))
    expect(await run(1000, 5)).not.toEqual(await run(1000, 6))
  })

  it('have a queue for each peer', async () => {
    const { loop, diary, network, send } = await opened({ bytesPerSecond: 12_800, queueBytes: 1280 })
    for (let number = 0; number < 30; number++) send(number, 1000)
    for (let number = 0; number < 5; number++) send(number, 2000)
    await loop.advance(10_000)
    expect(diary.sent.filter(({ port }) => port === 1000).length).toBe(10)
    expect(diary.sent.filter(({ port }) => port === 2000).length).toBe(5)
    expect(network.statistics().outgoing.overflowed).toBe(20)
  })

  it('take memory up to a limit', async () => {
    const { loop, diary, network, socket } = await opened({ delayMs: 1000 })
    const bytes = new Uint8Array(65_000)
    for (let count = 0; count < 1100; count++) socket.send(bytes, 0, bytes.length, 1000, '10.0.0.9')
    const { sent, overflowed, underWayBytes } = network.statistics().outgoing
    expect(sent).toBe(1100)
    expect(overflowed).toBe(1100 - Math.floor((64 * 1024 * 1024) / 65_028))
    expect(underWayBytes).toBeLessThanOrEqual(64 * 1024 * 1024)
    await loop.advance(1000)
    expect(diary.sent.length).toBe(1100 - overflowed)
  })

  it('change when they are told to', async () => {
    const { loop, diary, network, send } = await opened('none')
    send(1)
    network.setNet({ loss: 1 })
    send(2)
    send(3, 2000)
    network.setNet('lan')
    send(4)
    await loop.advance(10)
    expect(diary.sent.map(({ number }) => number)).toEqual([1, 4])
    expect(() => network.setNet({ loss: 2 })).toThrow(/loss is a share from 0 to 1; got 2/)
  })

  it('are still sent when their socket is closed, and not told any more', async () => {
    const { loop, diary, received, socket, send, give } = await opened({ delayMs: 100 })
    send(1)
    give(1)
    const closed = socket.close()
    send(2)
    give(2)
    await loop.advance(99)
    expect(diary.closeCount).toBe(0)
    await loop.advance(1)
    await closed
    expect(diary.sent.map(({ number }) => number)).toEqual([1])
    expect(diary.closeCount).toBe(1)
    expect(received).toEqual([])
  })

  it('do not keep a socket open for longer than a while', async () => {
    const { loop, diary, socket, send } = await opened({ delayMs: 60_000 })
    send(1)
    const closed = socket.close()
    await loop.advance(closeTimeoutMs)
    await closed
    await loop.advance(60_000)
    expect(diary.sent).toEqual([])
  })

  it('forget the peer that was silent the longest', async () => {
    // The path to each peer holds one packet: a second one is too much, unless the path is a new one.
    const { network, send } = await opened({ bytesPerSecond: 1, queueBytes: 128 })
    const overflowed = () => network.statistics().outgoing.overflowed
    for (let port = 1; port <= peersMax; port++) send(0, port)
    expect(overflowed()).toBe(0)
    send(0, 1)
    expect(overflowed()).toBe(1)
    send(0, peersMax + 1)
    send(0, 2)
    expect(overflowed()).toBe(1)
    send(0, 1)
    expect(overflowed()).toBe(2)
  })

  it('come with the failures of the network below', async () => {
    const { diary, failures, socket } = await opened('none')
    diary.owner?.failed('ENOBUFS')
    await socket.close()
    diary.owner?.failed('late')
    expect(failures).toEqual(['ENOBUFS'])
  })

  it('refuse what is no network or no seed', () => {
    expect(() => netemPackets(new PacketDiary(), 'wlan' as 'wifi')).toThrow(
      /'wlan' is no network; there are none, lan/,
    )
    expect(() => netemPackets(new PacketDiary(), 'lan', { seed: 0.5 })).toThrow(
      /seed is a whole number; got 0.5/,
    )
  })
})
