import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { type AnyMessages, type Channel, MillraceError, ProtoFactory, Udp } from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { portOf } from '../fixtures/tcp-pair.ts'
import { until, within } from '../fixtures/until.ts'

const net = new ProtoFactory()
const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === '::1')
const [major, minor] = process.versions.node.split('.').map(Number)
const hasReusePort = process.platform === 'linux' && (major > 23 || (major === 23 && minor >= 1))

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function pipeAt(host: string, port: number) {
  const pipe = net.create('udp', host, port, 'msgpack')
  const accepted: Channel<AnyMessages>[] = []
  pipe
    .on('accepted', (_pipe, channel) => void accepted.push(channel as unknown as Channel<AnyMessages>))
    .on('error', () => {})
  ends.push(() => pipe.destroy())
  return { pipe, accepted }
}

/** A channel that has carried a message each way. */
async function talk(host: string, port: number, accepted: Channel<AnyMessages>[]) {
  const before = accepted.length
  const channel = await within('a channel', pipeAt(host, port).pipe.open())
  await until('it was accepted', () => accepted.length > before)
  const peer = accepted[before]
  const heard: unknown[] = []
  channel.on('back', (body: unknown) => void heard.push(body))
  peer.on('there', (body: unknown) => void peer.send('back', body))
  channel.send('there', host)
  await until('it came back', () => heard.length === 1)
  expect(heard).toEqual([host])
  return { channel, peer }
}

describe('a socket of udp', () => {
  it('refuses a port that is taken, unless both share it', async () => {
    const one = pipeAt('127.0.0.1', 0)
    await one.pipe.bind()
    const rival = pipeAt('127.0.0.1', portOf(one.pipe))
    await expect(rival.pipe.bind()).rejects.toMatchObject({ code: 'address-in-use' })
    const sharing = pipeAt('127.0.0.1', portOf(one.pipe))
    sharing.pipe.getProto().as(Udp).setReusePort()
    await expect(sharing.pipe.bind()).rejects.toBeInstanceOf(MillraceError)
  })

  it.runIf(hasReusePort)(
    'shares its port with another one, and the system spreads the players over both',
    async () => {
      const [one, other] = [pipeAt('127.0.0.1', 0), pipeAt('127.0.0.1', 0)]
      one.pipe.getProto().as(Udp).setReusePort()
      await one.pipe.bind()
      const second = pipeAt('127.0.0.1', portOf(one.pipe))
      second.pipe.getProto().as(Udp).setReusePort()
      await second.pipe.bind()
      expect(portOf(second.pipe)).toBe(portOf(one.pipe))
      const { pipe: player } = pipeAt('127.0.0.1', portOf(one.pipe))
      // By chance each has one of 32 with a probability of 1 - 2^-31.
      const channels = await Promise.all(Array.from({ length: 32 }, () => within('a channel', player.open())))
      await until('all were accepted', () => one.accepted.length + second.accepted.length === 32)
      expect(Math.min(one.accepted.length, second.accepted.length)).toBeGreaterThan(0)
      const heard: unknown[] = []
      for (const { accepted } of [one, second])
        for (const channel of accepted) channel.on('n', (body: unknown) => void heard.push(body))
      for (const [index, channel] of channels.entries()) channel.send('n', index)
      await until('all are heard', () => heard.length === 32)
      expect(other.accepted).toEqual([])
    },
  )

  it.runIf(!hasReusePort)(
    'says in a typed error that this Node, or this system, shares no ports',
    async () => {
      const { pipe } = pipeAt('127.0.0.1', 0)
      pipe.getProto().as(Udp).setReusePort()
      const outcome = await pipe.bind().catch((error: unknown) => error)
      expect(outcome).toMatchObject({ code: 'unsupported' })
    },
  )

  it.skipIf(!hasIPv6)('listens on ::1 (this machine has IPv6)', async () => {
    const { pipe, accepted } = pipeAt('::1', 0)
    await pipe.bind()
    expect(pipe.address?.text).toBe(`udp://[::1]:${portOf(pipe)}`)
    const { peer } = await talk('::1', portOf(pipe), accepted)
    expect(peer.peerAddress).toBe('::1')
  })

  it.skipIf(!hasIPv6)('listens on :: for both kinds of addresses (this machine has IPv6)', async () => {
    const { pipe, accepted } = pipeAt('::', 0)
    await pipe.bind()
    const port = portOf(pipe)
    expect((await talk('::1', port, accepted)).peer.peerAddress).toBe('::1')
    expect((await talk('127.0.0.1', port, accepted)).peer.peerAddress).toBe('127.0.0.1')
    expect((await talk('::ffff:127.0.0.1', port, accepted)).peer.peerAddress).toBe('127.0.0.1')
  })

  it('is told by ICMP that a port is closed, which ends an opening, and no channel', async () => {
    const free = createSocket('udp4').bind(0, '127.0.0.1')
    await once(free, 'listening')
    const { port } = free.address()
    free.close()
    await once(free, 'close')
    await expect(pipeAt('127.0.0.1', port).pipe.open()).rejects.toMatchObject({
      code: 'connect-failed',
      message: expect.stringContaining('nothing listens there'),
    })

    // A relay stands between, and goes away for a while: to both sides its port is closed.
    const server = pipeAt('127.0.0.1', 0)
    await server.pipe.bind()
    const to = portOf(server.pipe)
    let player = 0
    const relay = async (at: number) => {
      const [front, back] = [createSocket('udp4'), createSocket('udp4')]
      front.bind(at, '127.0.0.1')
      back.bind(0, '127.0.0.1')
      await Promise.all([once(front, 'listening'), once(back, 'listening')])
      front.on('message', (packet, from) => {
        player = from.port
        back.send(packet, to, '127.0.0.1')
      })
      back.on('message', (packet) => front.send(packet, player, '127.0.0.1'))
      const close = async () => {
        front.close()
        back.close()
        await Promise.all([once(front, 'close'), once(back, 'close')])
      }
      return { port: front.address().port, close }
    }
    const first = await relay(0)
    const { channel, peer } = await talk('127.0.0.1', first.port, server.accepted)
    await first.close()
    const heard: unknown[] = []
    peer.on('again', (body: unknown) => void heard.push(body))
    channel.send('again', 1)
    peer.send('back', 2)
    await until('packets found the port closed', () => channel.statistics().network!.packetsOut > 8)
    expect([channel.reason, peer.reason]).toEqual([undefined, undefined])
    const second = await relay(first.port)
    ends.push(second.close)
    await until('what was sent meanwhile is there', () => heard.length === 1)
    expect([channel.reason, peer.reason]).toEqual([undefined, undefined])
  })
})
