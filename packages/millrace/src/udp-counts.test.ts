import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import {
  bits,
  type Channel,
  contract,
  type PacketStatistics,
  type PipeOptions,
  ProtoFactory,
  text,
} from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { portOf } from '../fixtures/tcp-pair.ts'
import { until } from '../fixtures/until.ts'

const game = contract({ say: { line: text(2000) } })
const net = new ProtoFactory().add('game', bits(game))

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A server with one player, whose packets go through a socket that sees all of them, and can send what it likes. */
async function tapped(options: PipeOptions = {}) {
  const server = net.create('udp', '127.0.0.1', 0, 'game', options)
  const accepted: Channel[] = []
  server
    .on('accepted', (_pipe, channel) => void accepted.push(channel as unknown as Channel))
    .on('error', () => {})
  await server.bind()
  const to = portOf(server)
  const [front, back] = [createSocket('udp4'), createSocket('udp4')]
  for (const socket of [front, back]) socket.bind(0, '127.0.0.1')
  await Promise.all([once(front, 'listening'), once(back, 'listening')])
  const seen: Buffer[] = []
  let player = 0
  front.on('message', (packet, { port }) => {
    player = port
    seen.push(packet)
    back.send(packet, to, '127.0.0.1')
  })
  back.on('message', (packet) => front.send(packet, player, '127.0.0.1'))
  const client = net.create('udp', '127.0.0.1', front.address().port, 'game', options)
  ends.push(
    () => front.close(),
    () => back.close(),
    () => server.destroy(),
    () => client.destroy(),
  )
  const channel = await client.open()
  const packets = (): PacketStatistics => server.statistics().packets!
  /** Sends a packet as the player, and waits until this has been counted. */
  const counts = async (cause: keyof PacketStatistics, packet: Uint8Array, from: Socket = back) => {
    const before = packets()[cause]
    from.send(packet, to, '127.0.0.1')
    await until(`it is counted as ${cause}`, () => packets()[cause] > before)
    // The player's own packets are late, too.
    if (cause !== 'late') expect(packets()[cause]).toBe(before + 1)
  }
  const send = (packet: Uint8Array) => back.send(packet, to, '127.0.0.1')
  /** The player's latest packet that begins with one of these. */
  const last = (...kinds: number[]) => Buffer.from(seen.findLast(([kind]) => kinds.includes(kind))!)
  return { server, client, channel, accepted, packets, counts, send, last, seen }
}

describe('what comes to the socket of a bound udp pipe', () => {
  it('is counted by cause, in clear', async () => {
    const { channel, accepted, packets, counts, last } = await tapped()
    await counts('strange', Buffer.from('hello?'))
    await counts('strange', Buffer.concat([Buffer.of(0x10, 1), randomBytes(500)]))
    await counts('unknown', Buffer.concat([Buffer.of(0x22), randomBytes(60)]))
    await counts('unknown', Buffer.concat([Buffer.of(0x12, 1), randomBytes(16)]))
    const plain = last(0x22)
    const otherKey = Buffer.from(plain)
    otherKey[5] ^= 1
    await counts('wrongKey', otherKey)
    await counts('strange', plain.subarray(0, 12))
    await counts('forged', Buffer.concat([Buffer.of(0x20), plain.subarray(1, 5), randomBytes(40)]))
    await counts('repeated', plain)
    const request = last(0x10)
    request[20] ^= 1
    request[3] ^= 1
    const before = packets()
    await counts('cookiesRefused', request)
    const after = packets()
    expect(after.unprovenBytesIn - before.unprovenBytesIn).toBe(1200)
    expect(after.unprovenPacketsOut - before.unprovenPacketsOut).toBe(1)
    expect(after.unprovenBytesOut - before.unprovenBytesOut).toBe(30)
    expect(after.packetsIn).toBeGreaterThan(8)
    expect(after.bytesIn).toBeGreaterThan(1200)
    expect([channel.reason, accepted[0].reason]).toEqual([undefined, undefined])
  })

  it('has no room for what would make too many gaps, and is not acknowledged then', async () => {
    const { accepted, counts, last, send } = await tapped()
    const head = last(0x22).subarray(0, 9)
    const piece = (number: number, offset: number) => {
      const packet = Buffer.alloc(48)
      head.copy(packet)
      packet.writeUIntLE(number, 9, 6)
      packet[15] = 0x15
      packet.writeUIntLE(offset, 16, 6)
      packet[22] = 1
      packet[23] = 7
      return packet
    }
    for (let gap = 0; gap < 64; gap++) send(piece(1000 + gap, 10 + gap * 2))
    await counts('untaken', piece(2000, 900))
    expect(accepted[0].reason).toBeUndefined()
  })

  it('ends a channel whose peer breaks the rules, and is late for it afterwards', async () => {
    const { accepted, counts, last } = await tapped()
    const unheardOf = last(0x22)
    unheardOf.writeUIntLE(500, 9, 6)
    unheardOf.fill(0xee, 15)
    await counts('violations', unheardOf)
    await until('the channel ends', () => accepted[0].reason !== undefined)
    unheardOf.writeUIntLE(501, 9, 6)
    await counts('late', unheardOf)
  })

  it('is counted by cause, sealed', async () => {
    const { channel, accepted, counts, last, seen } = await tapped({ encryption: { key: randomBytes(32) } })
    channel.send('say', { line: 'x' })
    await until('a sealed packet came by', () => seen.some(([kind]) => kind === 0x20))
    const sealed = last(0x20)
    await counts('repeated', sealed)
    const forged = Buffer.from(sealed)
    forged[forged.length - 1] ^= 1
    forged.writeUInt32LE(5000, 5)
    await counts('forged', forged)
    const plain = last(0x22)
    plain.writeUIntLE(99, 9, 6)
    await counts('inClear', plain)
    expect(accepted[0].reason).toBeUndefined()
  })

  it('waits for its turn when a crowd asks from one address, and that is counted', async () => {
    const { server, packets, seen } = await tapped({ maxHandshakes: 8 })
    const to = portOf(server)
    const ask = async () => {
      const socket = createSocket('udp4')
      ends.push(() => socket.close())
      const request = Buffer.alloc(1200)
      request.set([0x10, 1])
      randomBytes(8).copy(request, 2)
      const answered = once(socket, 'message')
      socket.send(request, to, '127.0.0.1')
      const [retry] = (await answered) as [Buffer]
      retry.copy(request, 10, 10, 30)
      return () => void socket.send(request, to, '127.0.0.1')
    }
    // Two that come with a good cookie at once: an eighth of eight may begin.
    const [first, second] = [await ask(), await ask()]
    first()
    await until('one may begin', () => server.statistics().handshakes === 1)
    second()
    await until('the other one waits', () => packets().requestsDeferred === 1)
    expect(server.statistics().handshakes).toBe(1)
    expect(seen.length).toBeGreaterThan(0)
  })

  it('is not counted for a pipe that is not bound, or not over packets', async () => {
    const { client, server } = await tapped()
    expect(client.statistics().packets).toBeUndefined()
    expect(net.create('tcp', '127.0.0.1', 0, 'game').statistics().packets).toBeUndefined()
    await server.close()
    expect(server.statistics().packets).toBeUndefined()
  })
})
