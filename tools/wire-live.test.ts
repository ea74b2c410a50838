import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type AnyMessages,
  bits,
  type Channel,
  type CloseReason,
  describeReason,
  type PipeOptions,
  ProtoFactory,
} from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { WireClient } from './wire-client.ts'
import { describedContract, vectorContract } from './wire-contract.ts'
import {
  byName,
  close,
  contractTable,
  controls,
  type Descriptor,
  type Frame,
  frame,
  type Hello,
  hello,
  kinds,
  ping,
  pong,
  readBits,
  readCall,
  readClose,
  readContract,
  readFault,
  readHello,
  readMsgpack,
  shortText,
  u16,
  u32,
} from './wire-peer.ts'
import { root } from './workspace.ts'

const page = readFileSync(join(root, 'docs/WIRE.md'), 'utf8')
const factory = new ProtoFactory().add('game', bits(vectorContract))
const mine = describedContract()
const messageSizeMax = 1 << 20

const hellos = {
  game: { codec: 'bits', contractVersion: mine.version, fingerprint: mine.fingerprint },
  msgpack: { codec: 'msgpack', contractVersion: 0, fingerprint: '0000000000000000' },
} as const

const goodbye = { closed: 0, limit: 1, codec: 2, contract: 3, violation: 4 } as const

type Name = keyof typeof hellos

/** A server of this repository, and all that it tells of its peers' ends. */
class Server {
  readonly ends: string[] = []
  readonly heard: [key: string, body: unknown][] = []
  readonly channels: Channel<AnyMessages>[] = []
  readonly name: Name
  readonly pipe

  constructor(name: Name, options: PipeOptions = {}) {
    this.name = name
    this.pipe = factory.create('tcp', '127.0.0.1', 0, name as 'msgpack', options)
    this.pipe.on('close', (_, _channel, reason) => void this.ends.push(describeReason(reason)))
    this.pipe.on('error', (_, error) => void this.ends.push(error.message))
    this.pipe.on('accepted', (_, channel) => this.#accept(channel))
  }

  async connect(): Promise<WireClient> {
    if (this.pipe.address?.text.endsWith(':0')) await this.pipe.bind()
    const client = await WireClient.connect(Number(this.pipe.address?.text.split(':').at(-1)))
    clients.push(client)
    return client
  }

  hello(other: Partial<Hello> = {}): Buffer {
    return hello({ wireVersion: 1, messageSizeMax, ...hellos[this.name], ...other })
  }

  /** A client that has said hello, and heard it. */
  async open(other: Partial<Hello> = {}): Promise<WireClient> {
    const client = await this.connect()
    client.send(this.hello(other))
    expect(readHello((await client.next())!)).toEqual({
      wireVersion: 1,
      messageSizeMax,
      ...hellos[this.name],
    })
    return client
  }

  #accept(channel: Channel<AnyMessages>): void {
    this.channels.push(channel)
    for (const key of ['move', 'chat', 'map'])
      channel.on(key, (body: unknown) => void this.heard.push([key, body]))
    channel.on('buy', () => ({ left: 70_000 }))
    channel.on('sell', () => ({ gold: 0.5, isLast: true }))
  }
}

const servers: Server[] = []
const clients: WireClient[] = []

function serve(name: Name, options?: PipeOptions): Server {
  const server = new Server(name, options)
  servers.push(server)
  return server
}

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
  for (const { pipe } of servers.splice(0)) pipe.destroy()
})

const move = frame(kinds.message, 0, u32(7), [0, 0, 0x80, 0x3f], [0, 0, 0x20, 0xc0])
const buy = frame(kinds.request, 1, u32(9), u16(513), [3])

function descriptorOf(key: string, part: 'body' | 'reply'): Descriptor {
  const message = mine.messages.find((one) => one.key === key)
  return (part === 'body' ? message?.descriptor : message?.reply?.descriptor) as Descriptor
}

function isPong({ kind, number }: Frame): boolean {
  return kind === kinds.control && number === controls.pong
}

function isClose({ kind, number }: Frame): boolean {
  return kind === kinds.control && number === controls.close
}

/** The code of the goodbye that a stream ends with; undefined for a stream that goes on, or ends without one. */
async function goodbyeOf(client: WireClient): Promise<number | undefined> {
  const last = (await client.rest(isPong)).at(-1)
  return last !== undefined && isClose(last) ? readClose(last).code : undefined
}

describe('a peer that knows docs/WIRE.md only speaks with a server: bits', () => {
  it('hello, message, request and reply, ping and pong, close', async () => {
    const server = serve('game')
    const client = await server.open()
    client.send(move, buy, ping(77))
    const reply = (await client.next())!
    expect([reply.kind, reply.number]).toEqual([kinds.reply, 5])
    const { id, body } = readCall(reply)
    expect([id, readBits(descriptorOf('buy', 'reply'), body)]).toEqual([9, { left: 70_000 }])
    const answer = (await client.next())!
    expect([isPong(answer), answer.body.readUInt32LE(0)]).toEqual([true, 77])
    expect(server.heard).toEqual([['move', { id: 7, x: 1, y: -2.5 }]])
    client.send(close(0, 'good night'))
    expect(await client.next()).toBeUndefined()
    expect(server.ends).toEqual(['closed by the remote side: good night'])
  })

  it('reads what the server sends, answers its request, and sees its close', async () => {
    const server = serve('game')
    const client = await server.open()
    client.send(ping(1))
    await client.next()
    const [channel] = server.channels
    channel.send('chat', { from: 7, line: 'grüß dich', color: 'green' })
    const reply = channel.request('sell', { item: 513 })
    const faulted = channel.request('sell', { item: 514 }).catch((error: unknown) => String(error))
    const chat = (await client.next())!
    expect([chat.kind, chat.number]).toEqual([kinds.message, 2])
    expect(readBits(descriptorOf('chat', 'body'), chat.body)).toEqual({
      from: 7,
      line: 'grüß dich',
      color: 'green',
    })
    const asked = readCall((await client.next())!)
    expect(readBits(descriptorOf('sell', 'body'), asked.body)).toEqual({ item: 513 })
    const other = readCall((await client.next())!)
    client.send(frame(kinds.control, controls.fault, u32(other.id!), shortText('sold out')))
    client.send(frame(kinds.reply, 6, u32(asked.id!), [0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 1]))
    expect(await reply).toEqual({ gold: 0.5, isLast: true })
    expect(await faulted).toMatch(/sold out/)
    const reason = channel.close('server rests')
    const last = (await client.next())!
    expect(readClose(last)).toEqual({ code: goodbye.closed, text: 'server rests' })
    expect(await client.next()).toBeUndefined()
    client.end()
    expect(((await reason) as CloseReason).code).toBe('closed')
  })

  it('answers the pings of a server that watches it', async () => {
    const server = serve('game')
    const client = await server.open()
    server.channels[0].setHeartbeat(5, 60_000)
    for (let count = 0; count < 3; count++) {
      const asked = (await client.next())!
      expect([asked.kind, asked.number, asked.body.length]).toEqual([kinds.control, controls.ping, 4])
      client.send(pong(asked))
    }
    client.send(ping(5))
    await client.rest(isPong)
    expect(server.channels[0].statistics().roundTripMs).toBeGreaterThanOrEqual(0)
    expect(server.ends).toEqual([])
  })

  it('compares contracts', async () => {
    const server = serve('game')
    const client = await server.connect()
    client.send(server.hello({ contractVersion: 2, fingerprint: '00000000000000aa' }))
    expect(readHello((await client.next())!).fingerprint).toBe(mine.fingerprint)
    const table = readContract((await client.next())!)
    expect([table.version, table.entries.map(({ key }) => key)]).toEqual([
      3,
      mine.messages.map(({ key }) => key),
    ])
    const entries = table.entries.filter(({ key }) => key !== 'map')
    client.send(contractTable({ version: 2, entries }))
    expect(await goodbyeOf(client)).toBe(goodbye.contract)
    expect(server.ends[0]).toMatch(/only this side has 'map'; the peer is older \(version 3 here, 2 there\)/)
  })
})

describe('a peer that knows docs/WIRE.md only speaks with a server: msgpack', () => {
  const chat = Buffer.from([0x81, 0xa4, ...Buffer.from('line'), 0xa2, ...Buffer.from('hi')])

  it('hello, message, request and reply, ping and pong, close', async () => {
    const server = serve('msgpack')
    const client = await server.open()
    client.send(frame(kinds.message, byName, shortText('chat'), chat))
    client.send(frame(kinds.request, byName, u32(9), shortText('buy'), [0xc0]), ping(77))
    const reply = (await client.next())!
    expect([reply.kind, reply.number]).toEqual([kinds.reply, byName])
    const { id, key, body } = readCall(reply)
    expect([id, key, readMsgpack(body)]).toEqual([9, 'buy', { left: 70_000 }])
    expect(isPong((await client.next())!)).toBe(true)
    expect(server.heard).toEqual([['chat', { line: 'hi' }]])
    server.channels[0].send('chat', [513, 3])
    const said = readCall((await client.next())!)
    expect([said.key, readMsgpack(said.body)]).toEqual(['chat', [513, 3]])
    client.send(close(0, ''))
    expect(await client.next()).toBeUndefined()
    expect(server.ends).toEqual(['closed by the remote side'])
  })

  it('answers a request of an unknown key with a fault, and counts an unknown message', async () => {
    const server = serve('msgpack')
    const client = await server.open()
    client.send(frame(kinds.message, byName, shortText('nobody knows'), [0xc0]))
    client.send(frame(kinds.request, byName, u32(3), shortText('nobody knows'), [0xc0]))
    const answer = (await client.next())!
    expect([answer.kind, answer.number, readFault(answer).id]).toEqual([kinds.control, controls.fault, 3])
    expect(server.channels[0].statistics().unhandled).toBe(2)
  })
})

describe('what is legal when: the table of docs/WIRE.md', () => {
  const frames: Readonly<Record<string, Buffer>> = {
    hello: serveHello(),
    contract: contractTable({ version: 1, entries: [] }),
    close: close(0, ''),
    ping: ping(1),
    pong: frame(kinds.control, controls.pong, u32(1)),
    fault: frame(kinds.control, controls.fault, u32(1), shortText('no')),
    message: move,
    request: buy,
    reply: frame(kinds.reply, 5, u32(1), u32(70_000)),
    'control 0': frame(kinds.control, 0),
    'control 7': frame(kinds.control, 7),
  }
  const columns = ['hello', 'contract', 'open'] as const
  const rows = [...page.matchAll(/^\| ([a-z 0-7]+) \| (take|refuse) \| (take|refuse) \| (take|refuse) \|$/gm)]
  const cells = rows.flatMap(([, name, ...verdicts]) =>
    columns.map((state, index) => ({ name, state, verdict: verdicts[index] })),
  )

  it('names every frame', () => {
    expect(rows.map(([, name]) => name)).toEqual(Object.keys(frames))
  })

  it.each(cells)('$name in the state $state: $verdict', async ({ name, state, verdict }) => {
    const server = serve('game')
    const client = await stateOf(server, state)
    client.send(frames[name])
    if (state === 'open') client.send(ping(99))
    const isAlive = (read: Frame) => isPong(read) && read.body.readUInt32LE(0) === 99
    const heard = await client.rest((read) => isAlive(read) || (state === 'hello' && verdict === 'take'))
    const isViolation = server.ends.some((end) => end.includes('the peer broke the protocol'))
    expect(isViolation ? 'refuse' : 'take').toBe(verdict)
    if (verdict === 'take') return
    expect(heard.filter(isClose).map((read) => readClose(read).code)).toEqual(
      state === 'hello' ? [] : [goodbye.violation],
    )
  })

  async function stateOf(server: Server, state: (typeof columns)[number]): Promise<WireClient> {
    if (state === 'open') return server.open()
    const client = await server.connect()
    if (state === 'hello') return client
    client.send(server.hello({ fingerprint: '00000000000000aa' }))
    await client.next()
    await client.next()
    return client
  }
})

function serveHello(): Buffer {
  return hello({ wireVersion: 1, messageSizeMax, ...hellos.game })
}

describe('what must be refused', () => {
  const bitsFrames = {
    'a message of a number that nobody has': frame(kinds.message, 7),
    'a message with the number of a reply': frame(kinds.message, 5, u32(1)),
    'a request with the number of a reply': frame(kinds.request, 5, u32(1), u32(1)),
    'a request of a message without a reply': frame(kinds.request, 0, u32(1), Buffer.alloc(12)),
    'a named message where there is a contract': frame(kinds.message, byName, shortText('move')),
    'a request without an id': frame(kinds.request, 1, [1, 2, 3]),
    'a body that is too short': frame(kinds.message, 0, Buffer.alloc(11)),
    'a body that is too long': frame(kinds.message, 0, Buffer.alloc(13)),
    'a reply that nobody waits for and nobody can read': frame(kinds.reply, 5, u32(1), [1]),
    'a ping of three bytes': frame(kinds.control, controls.ping, [1, 2, 3]),
    'a fault without a text': frame(kinds.control, controls.fault, u32(1)),
    'a close without a text': frame(kinds.control, controls.close, [0]),
    'a text that is no UTF-8': frame(kinds.control, controls.close, [0, 1, 0xff]),
    'a frame over the size of the hello': Buffer.concat([u16(0xffff), u16(4), u32(messageSizeMax + 1)]),
  }

  it.each(Object.entries(bitsFrames))('bits: %s', async (_name, bytes) => {
    const server = serve('game')
    const client = await server.open()
    client.send(bytes, ping(99))
    expect(await goodbyeOf(client)).toBe(goodbye.violation)
    expect(server.ends).toEqual([expect.stringContaining('the peer broke the protocol')])
  })

  it.each([
    ['bits: a reply with the number of a message', 'game', frame(kinds.reply, 0, u32(1), Buffer.alloc(12))],
    ['bits: a reply with the number of another reply', 'game', frame(kinds.reply, 5, u32(1), u32(1))],
    [
      'msgpack: a reply with another key',
      'msgpack',
      frame(kinds.reply, byName, u32(1), shortText('buy'), [1]),
    ],
  ] as const)('%s, to a request that waits', async (_name, name, bytes) => {
    const server = serve(name)
    const client = await server.open()
    client.send(ping(1))
    await client.next()
    const reply = server.channels[0].request('sell', { item: 1 }).catch((error: unknown) => String(error))
    expect(readCall((await client.next())!).id).toBe(1)
    client.send(bytes, ping(99))
    expect(await goodbyeOf(client)).toBe(goodbye.violation)
    expect(await reply).toMatch(/channel ended before the reply came/)
  })

  const msgpackFrames = {
    'a message by number': frame(kinds.message, 0, [0xc0]),
    'a request by number': frame(kinds.request, 0, u32(1), [0xc0]),
    'an empty key': frame(kinds.message, byName, shortText(''), [0xc0]),
    'a key that is cut': frame(kinds.message, byName, [9, 0x61]),
    'two values': frame(kinds.message, byName, shortText('chat'), [0xc0, 0xc0]),
    'a key of a map that comes twice': frame(
      kinds.message,
      byName,
      shortText('chat'),
      [0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2],
    ),
  }

  it.each(Object.entries(msgpackFrames))('msgpack: %s', async (_name, bytes) => {
    const server = serve('msgpack')
    const client = await server.open()
    client.send(bytes, ping(99))
    expect(await goodbyeOf(client)).toBe(goodbye.violation)
  })

  it('another codec, with a goodbye instead of a hello', async () => {
    const client = await serve('game').connect()
    client.send(hello({ wireVersion: 1, messageSizeMax, ...hellos.msgpack }))
    expect(await goodbyeOf(client)).toBe(goodbye.codec)
  })

  it('another wire version is told', async () => {
    const server = serve('game')
    const client = await server.connect()
    client.send(server.hello({ wireVersion: 2 }))
    expect(await goodbyeOf(client)).toBe(goodbye.violation)
  })

  it('one channel too many', async () => {
    const server = serve('game')
    server.pipe.setMaxOpenChannels(1)
    await server.open()
    const client = await server.connect()
    client.send(server.hello())
    expect(await goodbyeOf(client)).toBe(goodbye.limit)
  })

  it.each([
    ['a stranger', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['another magic', Buffer.concat([Buffer.from([26, 0, 1, 0xc0]), Buffer.alloc(26)])],
    ['a hello of more than 4,096 bytes', Buffer.from([1, 0x10, 1, 0xc0])],
  ])('%s, who is told nothing', async (_name, bytes) => {
    const server = serve('game')
    const client = await server.connect()
    client.send(bytes)
    expect(await client.rest()).toEqual([])
    expect(server.ends).toHaveLength(1)
  })
})

describe('deadlines', () => {
  it('a frame that has begun and never ends is refused after frameTimeoutMs', async () => {
    const server = serve('game', { frameTimeoutMs: 30 })
    const client = await server.open()
    client.send(move, move.subarray(0, 9))
    expect(await goodbyeOf(client)).toBe(goodbye.violation)
    expect(server.ends).toEqual(['the peer broke the protocol: a frame took longer than 30 ms'])
  })

  it('a peer that never says hello is let go without a word', async () => {
    const server = serve('game', { handshakeTimeoutMs: 30 })
    const client = await server.connect()
    expect(await client.rest()).toEqual([])
    expect(server.ends).toEqual([expect.stringContaining('did not say hello within 30 ms')])
  })
})

describe('what must be ignored or taken', () => {
  it('bytes behind the fields of a hello, a goodbye of a code to come', async () => {
    const server = serve('game')
    const client = await server.connect()
    const plain = server.hello()
    client.send(frame(kinds.control, controls.hello, plain.subarray(4), [1, 2, 3]))
    expect((await client.next())!.number).toBe(controls.hello)
    client.send(frame(kinds.control, controls.close, [200], shortText('moved'), [1, 2, 3]))
    expect(await client.next()).toBeUndefined()
    expect(server.ends).toEqual(['closed by the remote side: moved'])
  })

  it('a long header of a short frame, and bytes one by one', async () => {
    const server = serve('game')
    const client = await server.connect()
    const long = Buffer.concat([u16(0xffff), move.subarray(2, 4), u32(12), move.subarray(4)])
    for (const byte of Buffer.concat([server.hello(), long, ping(3)])) client.send(Buffer.from([byte]))
    await client.rest(isPong)
    expect(server.heard).toHaveLength(1)
  })

  it('replies and faults that nobody waits for, and what follows a goodbye', async () => {
    const server = serve('game')
    const client = await server.open()
    client.send(frame(kinds.reply, 5, u32(1), u32(1)))
    client.send(frame(kinds.control, controls.fault, u32(1), shortText('no'), [1]))
    client.send(ping(1))
    expect(isPong((await client.next())!)).toBe(true)
    client.send(close(0, ''), move, frame(kinds.control, 7))
    expect(await client.next()).toBeUndefined()
    expect(server.ends).toEqual(['closed by the remote side'])
    expect(server.heard).toEqual([])
  })

  it('control frames of any legal size, however small the message size', async () => {
    const server = serve('msgpack', { messageSizeMax: 50 })
    const client = await server.connect()
    client.send(server.hello())
    expect(readHello((await client.next())!).messageSizeMax).toBe(50)
    client.send(close(0, 'x'.repeat(200)))
    expect(await client.next()).toBeUndefined()
    expect(server.ends).toEqual([`closed by the remote side: ${'x'.repeat(200)}`])
  })

  it('the smaller message size of both hellos is kept by the sender', async () => {
    const server = serve('msgpack')
    const client = await server.open({ messageSizeMax: 20 })
    client.send(ping(1))
    await client.next()
    expect(() => server.channels[0].send('chat', 'x'.repeat(20))).toThrow(/20 \(messageSizeMax\)/)
    expect(server.channels[0].send('chat', 'short')).toBe('queued')
    expect((await client.next())!.body.length).toBeLessThanOrEqual(20)
  })

  it('an end without a goodbye is a cut', async () => {
    const server = serve('game')
    const client = await server.open()
    client.send(move, move.subarray(0, 9))
    client.end()
    expect(await client.next()).toBeUndefined()
    expect(server.heard).toHaveLength(1)
    expect(server.ends).toEqual(['the connection ended without a goodbye'])
  })
})
