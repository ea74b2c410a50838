import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { noblePrimitives } from '@millrace/cipher'
import {
  bits,
  type Channel,
  contract,
  type EncryptionOptions,
  type MessagesOf,
  message,
  type Pipe,
  type PipeOptions,
  ProtoFactory,
  request,
  text,
  u32,
} from 'millrace'
import { nodePlatform } from 'millrace/extend'
import { afterEach, describe, expect, it } from 'vitest'
import { portOf } from '../fixtures/tcp-pair.ts'
import { until, within } from '../fixtures/until.ts'

const game = contract({
  say: { line: text(100_000) },
  ask: request(u32, u32),
  shot: message({ n: u32 }, { delivery: 'reliableUnordered' }),
  place: message({ n: u32 }, { delivery: 'sequenced' }),
  health: message({ n: u32 }, { delivery: 'latestByKey' }),
  noise: message({ n: u32 }, { delivery: 'unreliable' }),
  chat: message({ n: u32 }, { lane: 3 }),
})
type Game = MessagesOf<typeof game>

const net = new ProtoFactory().add('game', bits(game))
const identity = () => noblePrimitives.dh.pair(nodePlatform.random(32))
const key = randomBytes(32)

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function sides(serverOptions: PipeOptions = {}, clientOptions: PipeOptions = serverOptions) {
  const server = net.create('udp', '127.0.0.1', 0, 'game', serverOptions) as Pipe<Game>
  const accepted: Channel<Game>[] = []
  const errors: string[] = []
  server.on('accepted', (_pipe, channel) => void accepted.push(channel as Channel<Game>))
  // What the system gives to receive is not this test's matter.
  server.on('error', (_pipe, { message }) => void (message.includes('rmem_max') || errors.push(message)))
  await server.bind()
  const client = net.create('udp', '127.0.0.1', portOf(server), 'game', clientOptions) as Pipe<Game>
  ends.push(
    () => server[Symbol.asyncDispose](),
    () => client[Symbol.asyncDispose](),
  )
  return { server, client, accepted, errors }
}

const encryptions: readonly [name: string, server: EncryptionOptions, client: EncryptionOptions][] = (() => {
  const [one, two] = [identity(), identity()]
  return [
    ['a shared key', { key }, { key }],
    ['AES-256-GCM', { key, algorithm: 'aes-256-gcm' }, { key, algorithm: 'aes-256-gcm' }],
    ['XX', { pattern: 'XX', identity: one }, { pattern: 'XX', identity: two, peerKey: one.publicKey }],
    ['NK', { pattern: 'NK', identity: one }, { pattern: 'NK', peerKey: one.publicKey }],
    [
      'IK with authorise',
      { pattern: 'IK', identity: one, authorise: async (peer) => Buffer.compare(peer, two.publicKey) === 0 },
      { pattern: 'IK', identity: two, peerKey: one.publicKey },
    ],
  ]
})()

describe('a channel over udp', () => {
  it.each([
    ['plain', {}, {}] as const,
    ...encryptions.map(([name, one, two]) => [name, { encryption: one }, { encryption: two }] as const),
  ])('carries messages and requests of all deliveries, %s', async (_name, serverOptions, clientOptions) => {
    const { client, accepted } = await sides(serverOptions, clientOptions)
    const opened = (await within('it', client.open())) as Channel<Game>
    await until('accepted', () => accepted.length === 1)
    const [other] = accepted
    expect(opened.encryption?.suite).toBe(other.encryption?.suite)
    expect(opened.encryption === undefined).toBe(!('encryption' in serverOptions))
    const heard: string[] = []
    other.on('say', ({ line }) => void heard.push(`say ${line.length}`))
    other.on('ask', (n) => n + 1)
    for (const name of ['shot', 'place', 'health', 'noise', 'chat'] as const)
      other.on(name, ({ n }) => void heard.push(`${name} ${n}`))
    for (const name of ['shot', 'place', 'health', 'noise', 'chat'] as const) opened.send(name, { n: 7 })
    opened.send('say', { line: 'x'.repeat(90_000) })
    expect(await within('it', opened.request('ask', 41))).toBe(42)
    await until('all heard', () => heard.length === 6)
    expect(heard.sort()).toEqual(['chat 7', 'health 7', 'noise 7', 'place 7', 'say 90000', 'shot 7'])
    expect(opened.statistics().network).toMatchObject({ packetsLost: expect.any(Number) })
    await until('there is room again', () => opened.budgetBytes > 0)
    expect(opened.peerAddress).toBe('127.0.0.1')
    expect(await within('it', opened.close({ code: 4001, text: 'enough' }))).toMatchObject({
      code: 'closed',
    })
    expect(await within('it', other.closed)).toMatchObject({
      code: 'closed',
      appCode: 4001,
      text: 'enough',
    })
  })

  it('delivers everything that was sent before a close, in all deliveries that promise it', async () => {
    const { client, accepted } = await sides()
    const opened = (await client.open()) as Channel<Game>
    await until('accepted', () => accepted.length === 1)
    const counts = { say: 0, shot: 0, chat: 0 }
    for (const name of ['shot', 'chat'] as const) accepted[0].on(name, () => void counts[name]++)
    accepted[0].on('say', () => void counts.say++)
    for (let n = 0; n < 500; n++) {
      opened.send('say', { line: 'y'.repeat(100) })
      opened.send('shot', { n })
      opened.send('chat', { n })
    }
    await within('it', opened.close())
    await within('it', accepted[0].closed)
    expect(counts).toEqual({ say: 500, shot: 500, chat: 500 })
  })

  it('with another key is refused on both sides', async () => {
    const { client, errors } = await sides({ encryption: { key } }, { encryption: { key: randomBytes(32) } })
    await expect(within('it', client.open())).rejects.toMatchObject({
      code: expect.stringMatching(/encryption-failed|handshake-failed|link-failed/),
    })
    await until('the server has said so', () => errors.length > 0)
  })

  it('that encrypts has nothing to say to one that does not', async () => {
    const limits = { handshakeTimeoutMs: 500 }
    const { client } = await sides({ ...limits, encryption: { key } }, limits)
    await expect(within('it', client.open())).rejects.toBeInstanceOf(Error)
    const other = await sides(limits, { ...limits, encryption: { key } })
    await expect(within('it', other.client.open())).rejects.toBeInstanceOf(Error)
  })

  it('to a peer that is not authorised never opens', async () => {
    const one = identity()
    const { client, accepted } = await sides(
      { encryption: { pattern: 'IK', identity: one, authorise: () => false } },
      { encryption: { pattern: 'IK', identity: identity(), peerKey: one.publicKey } },
    )
    await expect(within('it', client.open())).rejects.toBeInstanceOf(Error)
    expect(accepted).toEqual([])
  })

  const others = new ProtoFactory().add(
    'game',
    bits(contract({ say: { line: u32 } })),
  ) as unknown as typeof net
  it.each<
    [why: string, error: { code: string; appCode?: number }, options: PipeOptions, factory: typeof net]
  >([
    ['is not admitted', { code: 'not-admitted', appCode: 4001 }, { admit: () => ({ code: 4001 }) }, net],
    ['is not admitted, sealed', { code: 'not-admitted' }, { admit: () => false, encryption: { key } }, net],
    ['has another contract', { code: 'contract-mismatch' }, {}, others],
    ['is one too many', { code: 'channel-limit' }, { maxChannelsPerAddress: 1 }, net],
  ])('that %s hears so from the server', async (_why, error, options, factory) => {
    const { server, client } = await sides(options, { encryption: options.encryption })
    if (options.maxChannelsPerAddress === 1) await client.open()
    const other = factory.create('udp', '127.0.0.1', portOf(server), 'game', {
      encryption: options.encryption,
    })
    ends.push(() => other.destroy())
    await expect(within('it', other.open())).rejects.toMatchObject(error)
  })

  it('can not begin to encrypt when it is open', async () => {
    const { client } = await sides()
    const opened = await client.open()
    await expect((async () => opened.setEncryption(key))()).rejects.toMatchObject({ code: 'unsupported' })
    expect(opened.isOpen).toBe(true)
  })

  it('to a port without a listener is refused at once', async () => {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    const { port } = socket.address()
    await new Promise<void>((resolve) => socket.close(() => resolve()))
    const client = net.create('udp', '127.0.0.1', port, 'game')
    ends.push(() => client[Symbol.asyncDispose]())
    await expect(within('it', client.open())).rejects.toMatchObject({ code: 'connect-failed' })
  })

  it('is one of many on one socket', async () => {
    const { client, accepted, server } = await sides()
    const opened = await Promise.all(Array.from({ length: 60 }, () => client.open()))
    await until('all are accepted', () => accepted.length === 60)
    for (const channel of accepted) channel.on('ask', (n) => n * 2)
    const replies = await Promise.all(
      opened.map((channel, n) => (channel as Channel<Game>).request('ask', n)),
    )
    expect(replies).toEqual(Array.from({ length: 60 }, (_, n) => n * 2))
    server.broadcast('noise', { n: 1 })
    expect(server.statistics().openChannels).toBe(60)
  })

  it('gives its port back when it closes', async () => {
    const { client, server } = await sides()
    await client.open()
    const port = portOf(server)
    await within('it', server.close())
    const again = net.create('udp', '127.0.0.1', port, 'game')
    ends.push(() => again[Symbol.asyncDispose]())
    await again.bind()
    await expect(net.create('udp', '127.0.0.1', port, 'game').bind()).rejects.toMatchObject({
      code: 'address-in-use',
    })
  })

  it('leaves other datagrams to a service on the same port, which replies with no more than came', async () => {
    const { server, client } = await sides()
    const heard: string[] = []
    const results: string[] = []
    server.on('datagram', (_pipe, { bytes, reply, host }) => {
      heard.push(`${host} ${Buffer.from(bytes)}`)
      results.push(reply(Buffer.from('1234567')), reply(Buffer.from('89')), reply(Buffer.from('8')))
    })
    const socket = createSocket('udp4')
    ends.push(() => new Promise<void>((resolve) => socket.close(() => resolve())))
    const replies: string[] = []
    socket.on('message', (bytes) => void replies.push(String(bytes)))
    socket.send('\\status\\', portOf(server), '127.0.0.1')
    await until('both replies are there', () => replies.length === 2)
    expect(heard).toEqual(['127.0.0.1 \\status\\'])
    expect(results).toEqual(['sent', 'too-large', 'sent'])
    expect(replies).toEqual(['1234567', '8'])
    // What begins like a packet of ours is none of its business.
    socket.send(Uint8Array.of(0x10, 1, 2), portOf(server), '127.0.0.1')
    socket.send(Uint8Array.of(0x22, 1, 2), portOf(server), '127.0.0.1')
    socket.send('x', portOf(server), '127.0.0.1')
    await until('the last one is heard', () => heard.length > 1)
    expect(heard.slice(1)).toEqual(['127.0.0.1 x'])
    expect(await client.open()).toMatchObject({ isOpen: true })
  })
})
