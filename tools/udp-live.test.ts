import { randomBytes } from 'node:crypto'
import { DatagramRecords, noblePrimitives, startHandshake } from '@millrace/cipher'
import {
  type AnyMessages,
  bits,
  type Channel,
  describeReason,
  type PipeOptions,
  ProtoFactory,
} from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { UdpClient } from './udp-client.ts'
import { type Part, readParts, writePart } from './udp-peer.ts'
import { describedContract, vectorContract } from './wire-contract.ts'
import {
  close,
  codes,
  fixedMessage,
  frame,
  hello,
  ping,
  readCall,
  readClose,
  readHello,
  u16,
  u32,
  varint,
} from './wire-peer.ts'

const factory = new ProtoFactory().add('game', bits(vectorContract))
const mine = describedContract()
const fixedSizes = { 0: 12, 1: 3, 3: 2 }
const move = fixedMessage(0, u32(7), [0, 0, 0x80, 0x3f], [0, 0, 0x20, 0xc0])
const buy = frame(codes.request, varint(9), varint(1), u16(513), [3])
const ours = hello({
  wireVersion: 2,
  role: 1,
  random: '0102030405060708',
  messageSizeMax: 1 << 20,
  contractVersion: mine.version,
  fingerprint: mine.fingerprint,
  codec: 'bits',
  data: '',
})

/** A server of this repository, and all that it tells of its peers. */
class Server {
  readonly ends: string[] = []
  readonly moves: unknown[] = []
  readonly channels: Channel<AnyMessages>[] = []
  readonly pipe
  #wake: () => void = () => {}

  constructor(options: PipeOptions) {
    this.pipe = factory.create('udp', '127.0.0.1', 0, 'game' as 'msgpack', options)
    this.pipe.on('close', (_pipe, _channel, reason) =>
      this.#tell(() => this.ends.push(describeReason(reason))),
    )
    this.pipe.on('error', (_pipe, error) => this.#tell(() => this.ends.push(error.message)))
    this.pipe.on('accepted', (_pipe, channel) => {
      this.channels.push(channel)
      channel.on('move', (body: unknown) => this.#tell(() => this.moves.push(body)))
      channel.on('buy', () => ({ left: 70_000 }))
    })
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #tell(note: () => void): void {
    note()
    this.#wake()
  }
}

const servers: Server[] = []
const clients: UdpClient[] = []

afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  for (const { pipe } of servers.splice(0)) pipe.destroy()
})

async function serve(options: PipeOptions = {}): Promise<{ server: Server; client: UdpClient }> {
  const server = new Server(options)
  servers.push(server)
  await server.pipe.bind()
  const own = { id: randomBytes(4).toString('hex'), key: randomBytes(4).toString('hex') }
  const client = await UdpClient.on(server.pipe.address?.port ?? 0, own, fixedSizes)
  clients.push(client)
  return { server, client }
}

/** A client with a channel. */
async function open(options: PipeOptions = {}) {
  const both = await serve(options)
  await both.client.open()
  both.client.stream(0, ours)
  expect(readHello(await both.client.frame())).toMatchObject({ role: 0, codec: 'bits' })
  return both
}

describe('a server of this repository, by the rules of docs/UDP.md', () => {
  it('grants a connection, and carries messages, requests and the end', async () => {
    const { server, client } = await open()
    client.stream(0, move, buy)
    const reply = await client.frame()
    expect([reply.code, readCall(reply).id]).toEqual([codes.reply, 9])
    expect(server.moves).toEqual([{ id: 7, x: 1, y: -2.5 }])
    client.say({ type: 'message', sequence: 0, frame: ping(5).toString('hex') })
    expect(await client.frame()).toMatchObject({ code: codes.pong, body: u32(5) })
    client.stream(0, close(0, 'good night'))
    await client.part('ack')
    client.say({ type: 'end' })
    await client.part('end')
    await server.until(() => server.ends.length > 0)
    expect(server.ends).toEqual([expect.stringMatching(/good night/)])
  })

  it('says goodbye last, and its end behind that', async () => {
    const { server, client } = await open()
    const [channel] = server.channels
    channel.send('chat', { from: 1, line: 'last words' })
    void channel.close('closing time')
    expect((await client.frame()).code).toBe(2)
    expect(readClose(await client.frame()).text).toBe('closing time')
    client.say({ type: 'end' })
    await client.part('end')
    await server.until(() => server.ends.length > 0)
  })

  it('tells another version which one it speaks', async () => {
    const { client } = await serve()
    client.ask('00'.repeat(20), 9)
    expect(await client.answer()).toEqual({ kind: 'refuse', version: 1, asking: client.own, rest: '01' })
  })

  it('answers a cookie that it did not make with one that it did, and the same request with the same connection', async () => {
    const { client } = await serve()
    client.ask('11'.repeat(20))
    const retry = await client.answer()
    expect(retry).toMatchObject({ kind: 'retry', version: 1, asking: client.own })
    client.ask(retry.rest)
    const accept = await client.answer()
    client.ask(retry.rest)
    expect(await client.answer()).toEqual(accept)
    expect(accept).toMatchObject({ kind: 'accept', version: 1, asking: client.own })
  })

  it('takes frames of any delivery, once each', async () => {
    const { server, client } = await open()
    const hex = move.toString('hex')
    for (let count = 0; count < 2; count++) {
      client.say({ type: 'message', sequence: 0, frame: hex })
      client.say({ type: 'sequenced', sequence: 7, frame: hex })
      client.say({ type: 'newest', sequence: 7, frame: hex })
      client.say({ type: 'stream', lane: 9, offset: 0, bytes: hex })
    }
    client.say({ type: 'sequenced', sequence: 6, frame: hex }, { type: 'newest', sequence: 6, frame: hex })
    client.say({ type: 'unreliable', frame: hex })
    client.stream(0, buy)
    await client.frame()
    expect(server.moves).toHaveLength(5)
  })

  it('puts pieces together, in any order, overlapping', async () => {
    const { server, client } = await open()
    const piece = (from: number, to: number) => ({
      total: move.length,
      offset: from,
      bytes: move.toString('hex', from, to),
    })
    client.say({ type: 'message-piece', sequence: 0, piece: piece(6, 13) })
    client.say({ type: 'message-piece', sequence: 0, piece: piece(0, 8) })
    client.say({ type: 'piece', of: 0x24, number: 0, sequence: 0, piece: piece(9, 13) })
    client.say({ type: 'piece', of: 0x24, number: 0, sequence: 0, piece: piece(0, 9) })
    client.say({ type: 'piece', of: 0x22, sequence: 0, piece: piece(0, 5) })
    client.say({ type: 'piece', of: 0x22, sequence: 0, piece: piece(5, 13) })
    await server.until(() => server.moves.length === 3)
    client.stream(0, buy)
    await client.frame()
    expect(server.moves).toHaveLength(3)
  })

  it.each<[string, Part]>([
    ['in the middle of a frame', { type: 'stream', lane: 5, offset: 0, bytes: '00' }],
    ['behind a gap', { type: 'stream', lane: 5, offset: 1, bytes: move.toString('hex') }],
    ['in a piece', { type: 'message-piece', sequence: 3, piece: { total: 13, offset: 0, bytes: '00' } }],
    [
      'in a piece of a newest value',
      { type: 'piece', of: 0x24, number: 0, sequence: 0, piece: { total: 13, offset: 0, bytes: '00' } },
    ],
  ])(
    'ends a channel on which a frame has begun %s, and nothing of it comes while others come',
    async (_where, part) => {
      const { server, client } = await open({ frameTimeoutMs: 200 })
      client.say(part)
      const others = setInterval(() => client.say({ type: 'unreliable', frame: move.toString('hex') }), 20)
      await server.until(() => server.ends.length > 0)
      clearInterval(others)
      expect(server.ends).toEqual([expect.stringMatching(/nothing of a frame has come for 200 ms/)])
      expect(server.moves.length).toBeGreaterThan(1)
    },
  )

  it('sends again, in a new packet, what was not acknowledged', async () => {
    const { server, client } = await open()
    client.isAcknowledging = false
    server.channels[0].send('chat', { from: 1, line: 'once' })
    expect((await client.frame()).code).toBe(2)
    client.sizes.length = 0
    await client.until(() => client.sizes.length > 1)
    client.isAcknowledging = true
    client.stream(0, buy)
    expect((await client.frame()).code).toBe(codes.reply)
  })

  it('follows a peer to another address, once it has proven that it receives there', async () => {
    const { server, client } = await open()
    await client.move()
    client.sizes.length = 0
    client.say({ type: 'ping' }, { type: 'padding', size: 60 })
    const { bytes } = await client.part('challenge')
    expect(client.sizes).toContain(48)
    client.say({ type: 'response', bytes })
    client.stream(0, move)
    await server.until(() => server.moves.length === 1)
    server.channels[0].send('chat', { from: 1, line: 'found you' })
    expect((await client.frame()).code).toBe(2)
  })

  it('answers a challenge', async () => {
    const { client } = await open()
    client.say({ type: 'challenge', bytes: '0102030405060708' })
    expect(await client.part('response')).toEqual({ type: 'response', bytes: '0102030405060708' })
  })

  it('ends a connection when its peer breaks the rules, and says so by close', async () => {
    const { server, client } = await open()
    client.say({ type: 'stream', lane: 0, offset: 2 ** 40, bytes: '00' })
    expect(await client.part('close')).toEqual({ type: 'close', code: 1 })
    await server.until(() => server.ends.length > 0)
    expect(server.ends[0]).toMatch(/rules of packets/)
  })

  it('gives each lane, and unordered messages, a window of 1,310,720 bytes', async () => {
    for (const [over, part] of [
      [0, { type: 'stream', lane: 5, offset: 1_310_719, bytes: '00' }],
      [1, { type: 'stream', lane: 5, offset: 1_310_720, bytes: '00' }],
    ] as const) {
      const { client } = await open()
      client.say(part)
      client.stream(0, buy)
      if (over === 0) expect((await client.frame()).code).toBe(codes.reply)
      else expect((await client.part('close')).code).toBe(1)
    }
  })

  it('refuses to begin encryption on an open channel', async () => {
    const { server, client } = await open()
    client.stream(0, frame(codes.cipher, [1], [1, 2, 3]))
    expect(readClose(await client.frame()).why).toBe(8)
    client.say({ type: 'end' })
    await server.until(() => server.ends.length > 0)
    expect(server.ends[0]).toMatch(/encryption failed: the peer asked for it/)
  })

  it('drops what names another key, and all that is no packet', async () => {
    const { server, client } = await open()
    const { peer } = client
    client.peer = { id: peer.id, key: '00000000' }
    client.say({ type: 'close', code: 0 })
    client.peer = peer
    for (const first of [0x00, 0x14, 0x1f, 0x23, 0x2f, 0xff]) client.send(Buffer.alloc(100, first))
    client.stream(0, buy)
    expect((await client.frame()).code).toBe(codes.reply)
    expect(server.ends).toEqual([])
  })

  it('begins with a handshake if it encrypts, and seals every packet from then on', async () => {
    const key = new Uint8Array(randomBytes(32))
    const { server, client } = await serve({ encryption: { key } })
    await client.open()
    const handshake = startHandshake({
      suite: 'Noise_NNpsk0_25519_ChaChaPoly_SHA256',
      role: 'initiator',
      primitives: noblePrimitives,
      random: (size) => new Uint8Array(randomBytes(size)),
      prologue: Buffer.from('millrace/1 pipe'),
      psks: [key],
    })
    const sized = (message: Uint8Array) => Buffer.concat([u16(message.length), message]).toString('hex')
    client.say({ type: 'handshake', offset: 0, bytes: sized(handshake.write()) })
    const second = Buffer.from((await client.part('handshake')).bytes, 'hex')
    handshake.read(second.subarray(2))
    const numberOf = (digits: string) => Buffer.from(digits, 'hex').readUInt32LE(0)
    const ids = { ownId: numberOf(client.own.id), peerId: numberOf(client.peer.id) }
    const records = new DatagramRecords(handshake.split(), { role: 'initiator', ...ids }, 0)
    const seal = (...parts: readonly Part[]) => {
      const plain = Buffer.concat([Buffer.alloc(13), ...parts.map(writePart)])
      const packet = Buffer.alloc(plain.length + 16)
      records.seal(plain, 13, plain.length, packet, 0, 0)
      client.send(packet)
    }
    seal({ type: 'stream', lane: 0, offset: 0, bytes: ours.toString('hex') })
    let heard = ''
    while (heard === '') {
      await client.until(() => client.sealed.length > 0)
      const opened = records.open(client.sealed.shift()!, 0)
      expect(opened).toBeInstanceOf(Uint8Array)
      for (const part of readParts(Buffer.from(opened as Uint8Array), 0))
        if (part.type === 'stream') heard += part.bytes
    }
    expect(heard).toMatch(/^80274d4c5243/)
    // Numbers of sealed packets begin at 2^20.
    seal({ type: 'ack', delay: 0, ranges: [[2 ** 20, 2 ** 20]] })
    seal({ type: 'stream', lane: 0, offset: ours.length, bytes: move.toString('hex') })
    await server.until(() => server.moves.length === 1)
    client.say({ type: 'close', code: 0 })
    seal({ type: 'unreliable', frame: move.toString('hex') })
    await server.until(() => server.moves.length === 2)
    expect(server.ends).toEqual([])
  })
})
