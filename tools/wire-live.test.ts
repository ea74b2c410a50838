import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { noblePrimitives, startHandshake } from '@millrace/cipher'
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
import { type Descriptor, readBits, readMsgpack } from './wire-bodies.ts'
import { WireClient } from './wire-client.ts'
import { describedContract, vectorContract } from './wire-contract.ts'
import {
  close,
  codes,
  contractTable,
  type FixedSizes,
  type Frame,
  fault,
  fixedMessage,
  frame,
  type Hello,
  hello,
  ping,
  pong,
  readCall,
  readClose,
  readContract,
  readFault,
  readHello,
  shortText,
  u16,
  u32,
  varint,
} from './wire-peer.ts'
import { root } from './workspace.ts'

const page = readFileSync(join(root, 'docs/WIRE.md'), 'utf8')
const factory = new ProtoFactory().add('game', bits(vectorContract))
const mine = describedContract()
const messageSizeMax = 1 << 20

/** Section 6.2: move, buy and sell. */
const fixedSizes: FixedSizes = { 0: 12, 1: 3, 3: 2 }

const peerRandom = '0102030405060708'

const hellos = {
  game: { codec: 'bits', contractVersion: mine.version, fingerprint: mine.fingerprint },
  msgpack: { codec: 'msgpack', contractVersion: 0, fingerprint: '0000000000000000' },
} as const

const goodbye = { closed: 0, limit: 1, codec: 2, contract: 3, violation: 4, notAdmitted: 9 } as const

const plainHello = { wireVersion: 2, role: 1, random: peerRandom, messageSizeMax, data: '' } as const

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
    const client = await WireClient.connect(Number(this.pipe.address?.text.split(':').at(-1)), fixedSizes)
    clients.push(client)
    return client
  }

  hello(other: Partial<Hello> = {}): Buffer {
    return hello({ ...plainHello, ...hellos[this.name], ...other })
  }

  /** A client that has said hello, and heard it. */
  async open(other: Partial<Hello> = {}): Promise<WireClient> {
    const client = await this.connect()
    client.send(this.hello(other))
    const answer = readHello((await client.next())!)
    expect(answer).toEqual({ ...plainHello, ...hellos[this.name], role: 0, random: answer.random })
    expect(answer.random).toMatch(/^[0-9a-f]{16}$/)
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

const move = fixedMessage(0, u32(7), [0, 0, 0x80, 0x3f], [0, 0, 0x20, 0xc0])
const buy = frame(codes.request, varint(9), varint(1), u16(513), [3])

const byKey = frame(codes.messageByKey, shortText('chat'), [0xc0])
const requestByKey = frame(codes.requestByKey, varint(1), shortText('buy'), [0xc0])

function descriptorOf(key: string, part: 'body' | 'reply'): Descriptor {
  const message = mine.messages.find((one) => one.key === key)
  return (part === 'body' ? message?.descriptor : message?.reply?.descriptor) as Descriptor
}

function isPong({ code }: Frame): boolean {
  return code === codes.pong
}

function isClose({ code }: Frame): boolean {
  return code === codes.close
}

/** The code of the goodbye that a stream ends with; undefined for a stream that goes on, or ends without one. */
async function goodbyeOf(client: WireClient): Promise<number | undefined> {
  const last = (await client.rest(isPong)).at(-1)
  return last !== undefined && isClose(last) ? readClose(last).why : undefined
}

describe('a peer that knows docs/WIRE.md only speaks with a server: bits', () => {
  it('hello, message, request and reply, ping and pong, close', async () => {
    const server = serve('game')
    const client = await server.open()
    client.send(move, buy, ping(77))
    const reply = (await client.next())!
    expect(reply.code).toBe(codes.reply)
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
    expect(chat.code).toBe(2)
    expect(readBits(descriptorOf('chat', 'body'), chat.body)).toEqual({
      from: 7,
      line: 'grüß dich',
      color: 'green',
    })
    const asked = readCall((await client.next())!)
    expect(readBits(descriptorOf('sell', 'body'), asked.body)).toEqual({ item: 513 })
    const other = readCall((await client.next())!)
    expect([asked.number, other.number]).toEqual([3, 3])
    client.send(fault(other.id!, 'sold out'))
    client.send(frame(codes.reply, varint(asked.id!), [0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 1]))
    expect(await reply).toEqual({ gold: 0.5, isLast: true })
    expect(await faulted).toMatch(/sold out/)
    const reason = channel.close({ code: 4001, text: 'server rests' })
    const last = (await client.next())!
    expect(readClose(last)).toEqual({ why: goodbye.closed, appCode: 4001, text: 'server rests' })
    expect(await client.next()).toBeUndefined()
    client.end()
    expect(((await reason) as CloseReason).code).toBe('closed')
  })

  it('answers the pings of a server that watches it', async () => {
    const server = serve('game')
    const client = await server.open()
    server.channels[0].setHeartbeat(10, 60_000)
    for (let count = 0; count < 3; count++) {
      const asked = (await client.next())!
      expect([asked.code, asked.body.length]).toEqual([codes.ping, 4])
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
    const keys = mine.messages.map(({ key }) => key)
    const entries = keys
      .filter((key) => key !== 'map')
      .map((key) => ({ key, fingerprint: '00000000000000aa', fieldCount: 1 }))
    client.send(contractTable({ version: 2, entries }))
    const table = readContract((await client.next())!)
    expect([table.version, table.entries.map(({ key }) => key)]).toEqual([3, keys])
    expect(await goodbyeOf(client)).toBe(goodbye.contract)
    expect(server.ends[0]).toMatch(/only this side has 'map'; the peer is older \(version 3 here, 2 there\)/)
  })
})

describe('a peer that knows docs/WIRE.md only speaks with a server: msgpack', () => {
  const chat = Buffer.from([0x81, 0xa4, ...Buffer.from('line'), 0xa2, ...Buffer.from('hi')])

  it('hello, message, request and reply, ping and pong, close', async () => {
    const server = serve('msgpack')
    const client = await server.open()
    client.send(frame(codes.messageByKey, shortText('chat'), chat))
    client.send(frame(codes.requestByKey, varint(9), shortText('buy'), [0xc0]), ping(77))
    const reply = (await client.next())!
    expect(reply.code).toBe(codes.reply)
    const { id, body } = readCall(reply)
    expect([id, readMsgpack(body)]).toEqual([9, { left: 70_000 }])
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
    client.send(frame(codes.messageByKey, shortText('nobody knows'), [0xc0]))
    client.send(frame(codes.requestByKey, varint(3), shortText('nobody knows'), [0xc0]))
    const answer = (await client.next())!
    expect([answer.code, readFault(answer)]).toEqual([
      codes.fault,
      { id: 3, text: "no handler for request 'nobody knows'" },
    ])
    expect(server.channels[0].statistics().unhandled).toBe(2)
  })
})

describe('what is legal when: the table of docs/WIRE.md', () => {
  const frames: Readonly<Record<string, Buffer>> = {
    hello: serveHello(),
    contract: contractTable({ version: 1, entries: [] }),
    close: close(0, ''),
    ping: ping(1),
    pong: frame(codes.pong, u32(1)),
    cipher: frame(codes.cipher, [1], Buffer.alloc(48)),
    fault: fault(1, 'no'),
    message: move,
    'message by code 90': frame(codes.message, varint(0), move.subarray(1)),
    'message by key': byKey,
    'request by number': buy,
    'request by key': requestByKey,
    reply: frame(codes.reply, varint(1), u32(70_000)),
    'code 87': frame(0x87),
    'code 95': frame(0x95),
  }
  const columns = ['hello', 'contract', 'open'] as const
  const rows = [...page.matchAll(/^\| ([a-z 0-9]+) \| (take|refuse) \| (take|refuse) \| (take|refuse) \|$/gm)]
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
    expect(heard.filter(isClose).map((read) => readClose(read).why)).toEqual(
      state === 'hello' ? [] : [goodbye.violation],
    )
  })

  async function stateOf(server: Server, state: (typeof columns)[number]): Promise<WireClient> {
    if (state === 'open') return server.open()
    const client = await server.connect()
    if (state === 'hello') return client
    client.send(server.hello({ fingerprint: '00000000000000aa' }))
    await client.next()
    return client
  }
})

function serveHello(): Buffer {
  return hello({ ...plainHello, ...hellos.game })
}

describe('by number or by key: the table of docs/WIRE.md', () => {
  const frames: Readonly<Record<Name, Readonly<Record<string, Buffer>>>> = {
    game: {
      message: move,
      'message by code 90': frame(codes.message, varint(0), move.subarray(1)),
      'request by number': buy,
      'message by key': byKey,
      'request by key': requestByKey,
    },
    msgpack: {
      message: frame(0, [0xc0]),
      'message by code 90': frame(codes.message, varint(128), [0xc0]),
      'request by number': frame(codes.request, varint(1), varint(1), [0xc0]),
      'message by key': byKey,
      'request by key': requestByKey,
    },
  }
  const rows = [...page.matchAll(/^\| ([a-z0-9 ,]+) \| (take|refuse) \| (take|refuse) \|$/gm)]
  const cells = rows.flatMap(([, names, ...verdicts]) =>
    names
      .split(', ')
      .flatMap((name) =>
        (['game', 'msgpack'] as const).map((codec, index) => ({ name, codec, verdict: verdicts[index] })),
      ),
  )

  it('names every frame', () => {
    expect([...new Set(cells.map(({ name }) => name))]).toEqual(Object.keys(frames.game))
  })

  it.each(cells)('$name to $codec: $verdict', async ({ name, codec, verdict }) => {
    const client = await serve(codec).open()
    client.send(frames[codec][name], ping(99))
    expect((await goodbyeOf(client)) === goodbye.violation ? 'refuse' : 'take').toBe(verdict)
  })
})

describe('a channel that begins to encrypt (section 5.5)', () => {
  const key = new Uint8Array(32).fill(7)

  /** Opens, says one message, and sends step 1 with what `claim` says of the bytes in clear. */
  async function begin(claim: (sent: number) => Buffer) {
    const server = serve('game')
    const ours = server.hello({ data: '7469636b6574' })
    const client = await server.connect()
    client.send(ours)
    const theirs = (await client.next())!
    client.send(move, ping(1))
    const answer = (await client.next())!
    const done = server.channels[0].setEncryption(key).then(
      () => 'sealed',
      (error: Error) => error.message,
    )
    const handshake = startHandshake({
      suite: 'Noise_NNpsk0_25519_ChaChaPoly_SHA256',
      role: 'initiator',
      primitives: noblePrimitives,
      random: (size) => new Uint8Array(randomBytes(size)),
      prologue: Buffer.from('millrace/1 channel'),
      psks: [key],
    })
    const sent = ours.length + move.length + ping(1).length
    client.send(frame(codes.cipher, [1], Buffer.from(handshake.write(claim(sent)))))
    return { server, client, handshake, done, heard: theirs.size + answer.size }
  }

  const agreed = Buffer.concat([
    u32(messageSizeMax),
    shortText('bits'),
    shortText(mine.fingerprint),
    Buffer.from('ticket'),
  ])
  const claimOf = (count: number, rest = agreed) => Buffer.concat([u32(count), u32(0), rest])

  it('seals when both say the same of the bytes in clear', async () => {
    const { server, client, handshake, done, heard: before } = await begin((sent) => claimOf(sent))
    const frames = await client.rest((each) => each.code === codes.cipher)
    const second = frames.pop()!
    expect(second.body[0]).toBe(2)
    // Signs of life pass in clear, and count.
    expect(frames.every(isPong)).toBe(true)
    const heard = frames.reduce((sum, { size }) => sum + size, before)
    expect(Buffer.from(handshake.read(new Uint8Array(second.body.subarray(1))))).toEqual(claimOf(heard))
    client.send(frame(codes.cipher, [3]))
    expect(await done).toBe('sealed')
    expect(server.heard).toHaveLength(1)
  })

  it.each([
    ['another count', (sent: number) => claimOf(sent + 1), 'what went in clear was changed on the way'],
    [
      'another size',
      (sent: number) => claimOf(sent, Buffer.concat([u32(4096), agreed.subarray(4)])),
      'the hellos were changed',
    ],
    ['other open data', (sent: number) => claimOf(sent, agreed.subarray(0, -1)), 'the hellos were changed'],
    [
      'more open data',
      (sent: number) => claimOf(sent, Buffer.concat([agreed, u32(0)])),
      'the hellos were changed',
    ],
    ['nothing', () => Buffer.alloc(0), 'the peer does not say what it sent in clear'],
  ] as const)('ends when the peer says %s', async (_, claim, text) => {
    const { server, client, done } = await begin(claim)
    expect((await client.rest()).map(({ code }) => code).at(-1)).toBe(codes.close)
    expect(await done).toContain(text)
    expect(server.ends).toEqual([expect.stringContaining(text)])
  })

  it.each([
    ['a message', move],
    ['a request', buy],
    ['a reply', frame(codes.reply, varint(9), [1])],
    ['a fault', fault(9, 'no')],
  ])('ends when %s comes in clear between steps 1 and 3', async (_, said) => {
    const { server, client } = await begin((sent) => claimOf(sent))
    await client.rest((each) => each.code === codes.cipher)
    client.send(ping(2), said)
    // What comes now is sealed: no frames.
    await client.rest().catch(() => [])
    expect(server.ends).toEqual([expect.stringContaining('said in clear behind the first step')])
    expect(server.heard).toHaveLength(1)
  })
})

describe('what must be refused', () => {
  const bitsFrames = {
    'a message of a number that the contract does not have': frame(5, [0]),
    'the same by code 90': frame(codes.message, varint(130), [0]),
    'code 90 without a number': frame(codes.message),
    'code 90 with half a number': frame(codes.message, [0x80]),
    'a request of a number that the contract does not have': frame(codes.request, varint(1), varint(5)),
    'a request of a message without a reply': frame(codes.request, varint(1), varint(0), move.subarray(1)),
    'a request without an id': frame(codes.request),
    'a request with half an id': frame(codes.request, [0xc0, 1]),
    'a request without a number': frame(codes.request, varint(1)),
    'a reply without an id': frame(codes.reply),
    'a body that is too short': frame(codes.request, varint(1), varint(1), [1, 2]),
    'a body that is too long': frame(codes.request, varint(1), varint(1), [1, 2, 3, 4]),
    'a body of a variable size that is too short': frame(2, [7, 0, 0, 0, 0]),
    'a ping of three bytes': frame(codes.ping, [1, 2, 3]),
    'a cipher step without a step': frame(codes.cipher),
    'a fault without a text': frame(codes.fault, varint(1)),
    'a fault without an id': frame(codes.fault),
    'a close without a text': frame(codes.close, [0, 0, 0]),
    'a text that is no UTF-8': frame(codes.close, [0, 0, 0, 1, 0xff]),
    'a frame over the size of the hello': Buffer.concat([Buffer.from([4]), varint(messageSizeMax + 1)]),
    'a control frame over it': Buffer.concat([Buffer.from([codes.close]), varint(messageSizeMax + 1)]),
  }

  it.each(Object.entries(bitsFrames))('bits: %s', async (_name, bytes) => {
    const server = serve('game')
    const client = await server.open()
    client.send(bytes, ping(99))
    expect(await goodbyeOf(client)).toBe(goodbye.violation)
    expect(server.ends).toHaveLength(1)
  })

  it.each([2, 3, 4])('step %i of a cipher that was not begun', async (step) => {
    const server = serve('game')
    const client = await server.open()
    client.send(frame(codes.cipher, [step], Buffer.alloc(48)), ping(99))
    expect((await client.rest()).map(({ code }) => code)).toEqual([codes.close])
    expect(server.ends).toEqual([expect.stringContaining(`step ${step} of the encryption came out of turn`)])
  })

  it('a reply that cannot be read, to a request that waits', async () => {
    const server = serve('game')
    const client = await server.open()
    client.send(ping(1))
    await client.next()
    const reply = server.channels[0].request('sell', { item: 1 }).catch((error: unknown) => String(error))
    const { id } = readCall((await client.next())!)
    client.send(frame(codes.reply, varint(id!), [1]), ping(99))
    expect(await goodbyeOf(client)).toBe(goodbye.violation)
    expect(await reply).toMatch(/channel ended before the reply came/)
  })

  const msgpackFrames = {
    'an empty key': frame(codes.messageByKey, shortText(''), [0xc0]),
    'a key that is cut': frame(codes.messageByKey, [9, 0x61]),
    'a request without a key': frame(codes.requestByKey, varint(1)),
    'two values': frame(codes.messageByKey, shortText('chat'), [0xc0, 0xc0]),
    'a key of a map that comes twice': frame(
      codes.messageByKey,
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
    client.send(hello({ ...plainHello, ...hellos.msgpack }))
    expect(await goodbyeOf(client)).toBe(goodbye.codec)
  })

  it.each([
    ['another wire version', { wireVersion: 3 }, /another wire version/],
    ['the role of an accepting side', { role: 0 }, /both sides accepted/],
    ['a role that there is not', { role: 2 }, /malformed hello/],
    ['more data than a hello holds', { data: '00'.repeat(1025) }, /malformed hello/],
    ['a message size below the least', { messageSizeMax: 4095 }, /less than 4096 bytes/],
  ] as const)('a hello with %s', async (_what, fields, text) => {
    const server = serve('game')
    const client = await server.connect()
    client.send(server.hello(fields))
    expect(await goodbyeOf(client)).toBe(goodbye.violation)
    expect(server.ends).toEqual([expect.stringMatching(text)])
  })

  it.each([
    ['cut before its data', (body: Buffer) => body.subarray(0, -2)],
    [
      'with a ticket of 65 bytes',
      (body: Buffer) => Buffer.concat([body.subarray(0, 36), Buffer.alloc(70, 65)]),
    ],
  ])('a hello %s', async (_what, spoil) => {
    const server = serve('game')
    const client = await server.connect()
    client.send(frame(codes.hello, spoil(server.hello().subarray(2))))
    expect(await goodbyeOf(client)).toBe(goodbye.violation)
    expect(server.ends).toEqual([expect.stringContaining('malformed hello')])
  })

  it("a peer's own hello that comes back", async () => {
    const echo = createServer((socket) => void socket.pipe(socket)).listen(0, '127.0.0.1')
    await once(echo, 'listening')
    const { port } = echo.address() as AddressInfo
    for (const name of ['game', 'msgpack'] as const) {
      const opener = factory.create('tcp', '127.0.0.1', port, name as 'msgpack')
      const failure = await opener.open().catch((error: unknown) => error)
      expect(failure).toMatchObject({
        code: 'handshake-failed',
        message: expect.stringContaining("this side's own hello came back"),
      })
      opener.destroy()
    }
    echo.close()
  })

  it('one channel too many', async () => {
    const server = serve('game')
    server.pipe.setMaxOpenChannels(1)
    await server.open()
    const client = await server.connect()
    client.send(server.hello())
    expect(await goodbyeOf(client)).toBe(goodbye.limit)
  })

  it('a channel that the program does not admit, by its data', async () => {
    const server = serve('game', {
      admit: (data) => Buffer.from(data).toString() === 'Neo' || { code: 17, text: 'not on the list' },
    })
    const client = await server.connect()
    client.send(server.hello({ data: Buffer.from('Smith').toString('hex') }))
    expect(readClose((await client.next())!)).toEqual({
      why: goodbye.notAdmitted,
      appCode: 17,
      text: 'not on the list',
    })
    expect(await client.next()).toBeUndefined()
    await server.open({ data: Buffer.from('Neo').toString('hex') })
    expect(server.channels.map(({ openData }) => Buffer.from(openData).toString())).toEqual(['Neo'])
  })

  it.each([
    ['a stranger', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['another magic', frame(codes.hello, Buffer.alloc(39))],
    ['a hello of more than 4,096 bytes', Buffer.from([codes.hello, 0x90, 1])],
    ['a peer of version 1', Buffer.from('1a0001c04d4c52430100001000', 'hex')],
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
    client.send(frame(codes.hello, plain.subarray(2), [1, 2, 3]))
    expect((await client.next())!.code).toBe(codes.hello)
    client.send(frame(codes.close, [200], u16(0), shortText('moved'), [1, 2, 3]))
    expect(await client.next()).toBeUndefined()
    expect(server.ends).toEqual(['closed by the remote side: moved'])
  })

  it('a longer form of a varint, and bytes one by one', async () => {
    const server = serve('game')
    const client = await server.connect()
    const quiet = [
      Buffer.from([2, 0xc0, 0, 6, 0, 7, 0, 0, 0, 0, 0]),
      Buffer.from([2, 0x80, 6, 7, 0, 0, 0, 0, 0]),
    ]
    for (const byte of Buffer.concat([server.hello(), ...quiet, move, ping(3)]))
      client.send(Buffer.from([byte]))
    await client.rest(isPong)
    expect(server.heard.map(([key]) => key)).toEqual(['chat', 'chat', 'move'])
  })

  it('replies and faults that are not awaited, and what follows a goodbye', async () => {
    const server = serve('game')
    const client = await server.open()
    client.send(frame(codes.reply, varint(1), u32(1)), frame(codes.reply, varint(70_000)))
    client.send(frame(codes.fault, varint(1), shortText('no'), [1]), frame(codes.pong, u32(0)))
    client.send(ping(1))
    expect(isPong((await client.next())!)).toBe(true)
    client.send(close(0, ''), move, frame(0x87))
    expect(await client.next()).toBeUndefined()
    expect(server.ends).toEqual(['closed by the remote side'])
    expect(server.heard).toEqual([])
  })

  it('control frames of any legal size, at the least message size', async () => {
    const server = serve('msgpack', { messageSizeMax: 4096 })
    const client = await server.connect()
    client.send(server.hello())
    expect(readHello((await client.next())!).messageSizeMax).toBe(4096)
    client.send(close(0, 'x'.repeat(200)))
    expect(await client.next()).toBeUndefined()
    expect(server.ends).toEqual([`closed by the remote side: ${'x'.repeat(200)}`])
  })

  it('the message size of the hello is kept by the sender', async () => {
    const server = serve('msgpack')
    const client = await server.open({ messageSizeMax: 4096 })
    client.send(ping(1))
    await client.next()
    expect(server.channels[0].send('chat', 'x'.repeat(4096))).toBe('too-large')
    expect(server.channels[0].send('chat', 'x'.repeat(4000))).toBe('queued')
    expect((await client.next())!.body.length).toBeLessThanOrEqual(4096)
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
