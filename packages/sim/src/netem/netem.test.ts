import { randomBytes } from 'node:crypto'
import { type Link, local, ProtoFactory } from '@millrace/core'
import { msgpack } from '@millrace/proto-msgpack'
import { transportSuite } from '@millrace/testkit'
import { NodePackets } from '@millrace/transports/node-packets'
import { nodeLoop, nodePlatform } from '@millrace/transports/node-platform'
import { Tcp, tcp } from '@millrace/transports/tcp'
import { udp } from '@millrace/transports/udp'
import { afterEach, describe, expect, it } from 'vitest'
import type { Net } from '../net/presets.ts'
import { netemPackets } from './bad-packets.ts'
import { netem } from './netem.ts'

const services = { loop: nodeLoop, random: (size: number) => randomBytes(size) }

// Both ends are bad, and the suite sends 32 MiB: losses would make a minute of that. They have tests of their own.
transportSuite(
  'tcp that is made bad',
  () => netem(tcp(), { delayMs: [0, 2], duplication: 0.01 }),
  () => ({ host: '127.0.0.1', port: 0 }),
  services,
)

describe('channels on a transport that is made bad', () => {
  const ended: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of ended.splice(0).reverse()) await end()
  })

  /** A pipe on the plain transport, and a channel to it over the bad one. */
  async function talk(kind: 'tcp' | 'udp', net: Net, seed = 1) {
    const bad = kind === 'tcp' ? netem(tcp(), net, { seed }) : netemPackets(new NodePackets(), net, { seed })
    const factory = new ProtoFactory({ platform: nodePlatform })
      .add('good', kind === 'tcp' ? tcp() : udp())
      .add('bad', 'kind' in bad ? bad : udp({ network: bad }))
      .add('msgpack', msgpack())
    const options = { handshakeTimeoutMs: 20_000 }
    const server = factory.create('good', '127.0.0.1', 0, 'msgpack', options)
    const heard: unknown[] = []
    let closed: unknown
    server.on('accepted', (_pipe, channel) =>
      channel.on('count', (body) => {
        heard.push(body)
        channel.send('back', body)
      }),
    )
    server.on('close', (_pipe, _channel, reason) => {
      closed = reason.code
    })
    await server.bind()
    ended.push(() => server.destroy())
    const opener = factory.create('bad', '127.0.0.1', server.address?.port ?? 0, 'msgpack', options)
    ended.push(() => opener.destroy())
    const channel = await opener.open()
    const back: unknown[] = []
    channel.on('back', (body) => void back.push(body))
    return { bad, opener, channel, heard, back, closed: () => closed }
  }

  async function when(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
  }

  it.each([
    ['tcp', 1],
    ['tcp', 2],
    ['udp', 1],
    ['udp', 2],
  ] as const)(
    'bring every message once, in order, with a tenth of all packets lost: %s, seed %i',
    async (kind, seed) => {
      const net = { delayMs: [1, 5], loss: 0.1, duplication: 0.02, reorder: 0.02 } as const
      const { bad, channel, heard, back } = await talk(kind, net, seed)
      const numbers = Array.from({ length: 200 }, (_, number) => number)
      for (const number of numbers) {
        channel.send('count', number)
        // In many packets, not in a few large ones.
        await when(() => back.length > number - 10)
      }
      await when(() => back.length >= numbers.length)
      expect(heard).toEqual(numbers)
      expect(back).toEqual(numbers)
      const { outgoing, incoming } = bad.statistics()
      expect(outgoing.lost + incoming.lost).toBeGreaterThan(0)
      expect(outgoing.arrived).toBeLessThanOrEqual(outgoing.sent + outgoing.duplicated - outgoing.lost)
    },
  )

  it('have the settings of their transport, the address of their peer, and a goodbye', async () => {
    const { opener, channel, closed } = await talk('tcp', 'lan')
    expect(opener.getProto().as(Tcp).setNoDelay(false)).toBeInstanceOf(Tcp)
    expect(channel.describe()).toContain('tcp://127.0.0.1:')
    await channel.close()
    await when(() => closed() !== undefined)
    expect(closed()).toBe('closed')
  })

  it('stand still while nothing gets through, and go on', async () => {
    const { bad, channel, heard } = await talk('tcp', 'none')
    bad.setNet({ loss: 1 })
    channel.send('count', 1)
    await when(() => bad.statistics().outgoing.lost >= 2)
    expect(heard).toEqual([])
    bad.setNet('none')
    await when(() => heard.length === 1)
  })

  it('break off when the network says so', async () => {
    const { bad, channel, closed } = await talk('tcp', 'lan')
    if (!('reset' in bad)) throw new Error('tcp has it')
    bad.reset()
    await when(() => closed() !== undefined && !channel.isOpen)
    expect(channel.reason?.code).toBe('link-failed')
  })

  it('can be given up while they are opened, and leave no socket behind', async () => {
    const bad = netem(tcp(), { delayMs: 60_000 })
    const transport = bad.create(services) as Tcp
    const links: Link[] = []
    const listener = await (tcp().create(services) as Tcp).listen(tcp().parse('tcp', '127.0.0.1:0'), {
      accepted: (link) => void links.push(link),
      failed: (error) => expect(error).toBeUndefined(),
    })
    ended.push(() => listener.close())
    const giveUp = new AbortController()
    const opening = transport.connect(listener.address, giveUp.signal)
    await when(() => links.length === 1)
    let isGone = false
    links[0].start({
      received() {},
      sent() {},
      ended: () => links[0].end(),
      gone: () => {
        isGone = true
      },
    })
    giveUp.abort('enough')
    await expect(opening).rejects.toBe('enough')
    await when(() => isGone)
  })

  it('are not accepted any more when their pipe has closed', async () => {
    const bad = netem(tcp(), { delayMs: 60_000 })
    const transport = bad.create(services) as Tcp
    let acceptedCount = 0
    const listener = await transport.listen(bad.parse('tcp', '127.0.0.1:0'), {
      accepted: () => acceptedCount++,
      failed: (error) => expect(error).toBeUndefined(),
    })
    const link = await (tcp().create(services) as Tcp).connect(listener.address)
    const gone = new Promise<void>((resolve) =>
      link.start({ received() {}, sent() {}, ended: () => link.end(), gone: () => resolve() }),
    )
    await when(() => bad.statistics().incoming.sent > 0)
    await listener.close()
    await gone
    expect(acceptedCount).toBe(0)
  })
})

describe('netem', () => {
  it('refuses what is no transport of streams, and says what is right', async () => {
    expect(() => netem(udp(), 'lan')).toThrow(
      /udp\(\{ network: netemPackets\(new NodePackets\(\), net\) \}\)/,
    )
    const other = netem(udp({ network: new NodePackets() }), 'lan')
    const transport = other.create(services) as Tcp
    const server = udp().create(services) as unknown as Tcp
    const listener = await server.listen(udp().parse('udp', '127.0.0.1:0'), {
      accepted: (link) => link.destroy(),
      failed: () => {},
    })
    await expect(transport.connect(listener.address)).rejects.toMatchObject({ code: 'argument-invalid' })
    await listener.close()
    expect(() => netem(local(), 'lan').create(services)).toThrow(
      /transports of streams bad; got one of messages/,
    )
  })

  it('is another transport than the one below', () => {
    const factory = new ProtoFactory({ platform: nodePlatform }).add('tcp', tcp())
    expect(() => factory.add('tcp', netem(tcp(), 'lan'))).toThrow(/tcp/)
    expect(() => netem(tcp(), { loss: 2 })).toThrow(/loss is a share/)
    expect(() => netem(tcp(), 'lan', { seed: Number.NaN })).toThrow(/seed is a whole number; got NaN/)
  })
})
