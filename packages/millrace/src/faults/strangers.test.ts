import { array, bits, contract, f32, ProtoFactory, request, text, u32 } from 'millrace'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Diary } from '../../fixtures/diary.ts'
import { Random } from '../../fixtures/random.ts'
import {
  codes,
  frameHeader,
  listen,
  portOf,
  RawPeer,
  type Recording,
  record,
  stop,
} from '../../fixtures/raw-peer.ts'
import { strangerWords } from '../../fixtures/stranger-words.ts'
import { rejection, until } from '../../fixtures/until.ts'

const game = contract({ move: { id: u32, x: f32 }, chat: { line: text(200) } }, { version: 1 })
const laterGame = contract({ move: { id: u32, x: f32, y: f32 }, chat: { line: text(200) } }, { version: 2 })
const otherGame = contract({
  move: { id: u32, x: f32 },
  buy: request({ items: array(u32, 9) }, { left: u32 }),
})

const factory = new ProtoFactory()
  .add('game', bits(game))
  .add('later-game', bits(laterGame))
  .add('other-game', bits(otherGame))
const pipes: { destroy(): void }[] = []
const peers: RawPeer[] = []

async function bound(options = {}) {
  const server = factory.create('tcp', '127.0.0.1', 0, 'msgpack', options)
  pipes.push(server)
  const diary = new Diary(server)
  server.on('accepted', (_, channel) => channel.on('ask', (body: unknown) => body))
  await server.bind()
  return { server, diary, port: portOf(server) }
}

function opener<Name extends 'msgpack' | 'game' | 'later-game' | 'other-game'>(
  name: Name,
  port: number,
  options = {},
) {
  const pipe = factory.create('tcp', '127.0.0.1', port, name, options)
  pipes.push(pipe)
  return pipe
}

async function stranger(port: number): Promise<RawPeer> {
  const peer = await RawPeer.connect(port)
  peers.push(peer)
  return peer
}

/** The server still takes channels. Its deadlines may be so short that a busy machine needs a second try. */
async function expectLife(port: number): Promise<void> {
  const client = opener('msgpack', port)
  const channel = await client
    .open()
    .catch(() => client.open())
    .catch(() => client.open())
  expect(await channel.request('ask', 'still there?')).toBe('still there?')
}

afterEach(() => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
  for (const peer of peers.splice(0)) peer.destroy()
})

let recording: Recording

beforeAll(async () => {
  const { port } = await bound()
  recording = await record(
    port,
    (proxyPort) => opener('msgpack', proxyPort),
    async (channel) => void (await channel.request('ask', 1)),
  )
})

afterAll(() => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
})

describe('strangers who connect', () => {
  it.each(Object.entries(strangerWords))('cuts a peer that speaks %s, and says why', async (_, words) => {
    const { diary, port } = await bound({ handshakeTimeoutMs: 600_000 })
    const peer = await stranger(port)
    peer.say(words)
    await until('the peer is cut', () => peer.isClosed)
    await until('the error is told', () => diary.errors.length > 0)
    expect(diary.codes).toEqual(['handshake-failed'])
    expect(diary.errors[0].message).toMatch(/Millrace hello|before the hello/)
    expect(diary.accepted).toEqual([])
    await expectLife(port)
  })

  it('survives 200 peers that speak garbage (seed 7)', async () => {
    const random = new Random(7)
    const { server, diary, port } = await bound({ handshakeTimeoutMs: 500 })
    const all = Array.from({ length: 200 }, () => {
      const peer = RawPeer.begin(port)
      peers.push(peer)
      return peer.say(random.bytes(1 + random.below(600)))
    })
    await until('all are cut', () => all.every(({ isClosed }) => isClosed))
    await until('all are counted', () => server.statistics().errors === 200)
    expect(diary.codes).toEqual(['handshake-failed'])
    expect(diary.accepted).toEqual([])
    await expectLife(port)
  })

  it('survives garbage that follows a valid hello (seed 8)', async () => {
    const random = new Random(8)
    const { server, diary, port } = await bound({ frameTimeoutMs: 500 })
    const all = Array.from({ length: 100 }, () => {
      const peer = RawPeer.begin(port)
      peers.push(peer)
      return peer.say(recording.hello).say(random.bytes(20 + random.below(600)))
    })
    await until('all are cut', () => all.every(({ isClosed }) => isClosed))
    await until('all channels have ended', () => server.channelCount === 0 && diary.isEven)
    for (const { code } of diary.reasons)
      expect(['protocol-violation', 'closed', 'link-ended']).toContain(code)
    await expectLife(port)
  })

  it('cuts a peer that says nothing at its deadline', async () => {
    const { diary, port } = await bound({ handshakeTimeoutMs: 100 })
    const peer = await stranger(port)
    await until('the peer is cut', () => peer.isClosed)
    expect(diary.codes).toEqual(['handshake-failed'])
    expect(diary.errors[0].message).toContain('did not say hello within 100 ms')
    await expectLife(port)
  })

  it('cuts a peer that begins a hello and never ends it', async () => {
    const { diary, port } = await bound({ handshakeTimeoutMs: 100 })
    const peer = await stranger(port)
    peer.say(recording.hello.subarray(0, -1))
    await until('the peer is cut', () => peer.isClosed)
    expect(diary.codes).toEqual(['handshake-failed'])
    expect(diary.errors[0].message).toContain('100 ms')
  })

  it('cuts a peer that says hello in another wire version', async () => {
    const { diary, port } = await bound()
    const hello = Buffer.from(recording.hello)
    // Code, a size of one byte, the magic.
    hello[6]++
    const peer = (await stranger(port)).say(hello)
    await until('the peer is cut', () => peer.isClosed)
    await until('the error is told', () => diary.errors.length > 0)
    expect(diary.errors[0].message).toContain('another wire version')
  })

  it('cuts a peer that says hello twice', async () => {
    const { server, diary, port } = await bound()
    const peer = (await stranger(port)).say(recording.hello).say(recording.hello)
    await until('the peer is cut', () => peer.isClosed)
    await until('the channel has ended', () => diary.reasons.length > 0)
    expect(diary.reasons).toEqual([{ code: 'protocol-violation', what: 'a second hello' }])
    expect(server.channelCount).toBe(0)
  })

  it('cuts a frame over the limit at its header, without making room for it', async () => {
    const { server, diary, port } = await bound({ messageSizeMax: 10_000 })
    const peer = await (await stranger(port)).greet(recording.hello)
    peer.say(frameHeader(0x3fffffff, codes.namedMessage)).say(Buffer.alloc(1000))
    await until('the peer is cut', () => peer.isClosed)
    await until('the channel has ended', () => diary.reasons.length > 0)
    expect(diary.reasons).toEqual([
      { code: 'protocol-violation', what: expect.stringMatching(/10000 bytes.*messageSizeMax/) },
    ])
    expect(server.statistics().storedBytes).toBe(0)
    await expectLife(port)
  })

  it('cuts a frame over the limit by one byte, and takes one of exactly the limit', async () => {
    const { diary, port } = await bound({ messageSizeMax: 10_000 })
    const peer = await (await stranger(port)).greet(recording.hello)
    const body = Buffer.concat([Buffer.from([3]), Buffer.from('ask'), Buffer.from([0xc5, 0x27, 0x09])])
    const whole = Buffer.concat([
      frameHeader(10_000, codes.namedMessage),
      body,
      Buffer.alloc(10_000 - body.length),
    ])
    peer.say(whole)
    await until('the message is taken', () => (diary.accepted[0]?.statistics().messagesIn ?? 0) === 1)
    expect(diary.accepted[0].isOpen).toBe(true)
    peer.say(frameHeader(10_001, codes.namedMessage))
    await until('the peer is cut', () => peer.isClosed)
    expect(diary.reasons).toMatchObject([{ code: 'protocol-violation' }])
  })

  it('cuts a huge frame that comes before the hello', async () => {
    const { diary, port } = await bound({ handshakeTimeoutMs: 600_000 })
    for (const header of [frameHeader(0x3fffffff, codes.hello), frameHeader(4097, codes.hello)]) {
      const before = diary.errors.length
      const peer = (await stranger(port)).say(header)
      await until('the peer is cut', () => peer.isClosed)
      await until('the error is told', () => diary.errors.length > before)
    }
    expect(diary.codes).toEqual(['handshake-failed'])
    expect(diary.accepted).toEqual([])
    await expectLife(port)
  })
})

describe('Millrace peers that differ', () => {
  it('tells both sides that they speak different codecs', async () => {
    const { diary, port } = await bound()
    const error = await rejection(opener('game', port).open())
    expect(error.code).toBe('protocol-mismatch')
    expect(error.message).toMatch(/bits.*msgpack|msgpack.*bits/)
    await until('the server is told', () => diary.errors.length > 0)
    expect(diary.codes).toEqual(['protocol-mismatch'])
    expect(diary.errors[0].message).toMatch(/the peer speaks 'bits', this side speaks 'msgpack'/)
    await expectLife(port)
  })

  it.each([
    ['game', 'later-game', 'this side is older', 'the peer is older'],
    ['later-game', 'game', 'the peer is older', 'this side is older'],
  ] as const)(
    'tells both sides which message differs and who is older: %s opens %s',
    async (mine, theirs, here, there) => {
      const server = factory.create('tcp', '127.0.0.1', 0, theirs)
      pipes.push(server)
      const diary = new Diary(server)
      await server.bind()
      const error = await rejection(opener(mine, portOf(server)).open())
      expect(error.code).toBe('contract-mismatch')
      expect(error.message).toContain("'move'")
      expect(error.message).not.toContain("'chat'")
      expect(error.message).toContain(here)
      await until('the server is told', () => diary.errors.length > 0)
      expect(diary.codes).toEqual(['contract-mismatch'])
      expect(diary.errors[0].message).toContain("'move'")
      expect(diary.errors[0].message).toContain(there)
      expect(diary.accepted).toEqual([])
    },
  )

  it('names the messages that only one side has', async () => {
    const server = factory.create('tcp', '127.0.0.1', 0, 'game')
    pipes.push(server)
    const diary = new Diary(server)
    await server.bind()
    const error = await rejection(opener('other-game', portOf(server)).open())
    expect(error.code).toBe('contract-mismatch')
    expect(error.message).toMatch(/'buy'.*'chat'|'chat'.*'buy'/)
    await until('the server is told', () => diary.errors.length > 0)
    expect(diary.errors[0].message).toContain("'chat'")
  })
})

describe('strangers who are connected to', () => {
  it.each(Object.entries(strangerWords))('rejects when the server speaks %s', async (_, words) => {
    const server = await listen((socket) => {
      socket.write(words)
      socket.resume()
    })
    const client = opener('msgpack', portOf(server), { handshakeTimeoutMs: 600_000, closeTimeoutMs: 50 })
    const diary = new Diary(client)
    const error = await rejection(client.open())
    expect(error.code).toBe('handshake-failed')
    expect(error.message).toMatch(/Millrace hello|before the hello/)
    expect(diary.connected).toEqual([undefined])
    await client.close()
    await stop(server)
  })

  it('rejects when the server says nothing', async () => {
    const server = await listen((socket) => {
      socket.on('end', () => socket.end())
      socket.resume()
    })
    const client = opener('msgpack', portOf(server), { handshakeTimeoutMs: 100 })
    const error = await rejection(client.open())
    expect(error.code).toBe('handshake-failed')
    expect(error.message).toContain('did not say hello within 100 ms')
    await stop(server)
  })

  it('rejects when the server hangs up, by an end or by a reset', async () => {
    let count = 0
    const server = await listen((socket) => {
      if (count++ % 2 === 0) socket.end()
      else socket.resetAndDestroy()
    })
    const client = opener('msgpack', portOf(server))
    for (let round = 0; round < 10; round++) {
      // A reset may come before the connection is noticed.
      const codes = round % 2 === 0 ? ['link-failed'] : ['link-failed', 'connect-failed']
      expect(codes).toContain((await rejection(client.open())).code)
    }
    await stop(server)
  })

  it('rejects whatever nonsense the server says (seed 9)', async () => {
    const random = new Random(9)
    const server = await listen((socket) => {
      socket.resume()
      if (random.below(2) === 0) socket.write(recording.hello.subarray(0, 5 + random.below(20)))
      socket.end(random.bytes(1 + random.below(300)))
    })
    const client = opener('msgpack', portOf(server), { handshakeTimeoutMs: 300, closeTimeoutMs: 50 })
    for (let round = 0; round < 100; round++) {
      expect(['handshake-failed', 'link-failed', 'protocol-mismatch']).toContain(
        (await rejection(client.open())).code,
      )
    }
    await client.close()
    await stop(server)
  })
})
