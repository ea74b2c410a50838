import { randomBytes } from 'node:crypto'
import diagnosticsChannel from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noblePrimitives, TokenIssuer } from '@millrace/cipher'
import {
  array,
  bits,
  bool,
  type Channel,
  contract,
  type Driver,
  describeReason,
  enumeration,
  f32,
  generateKey,
  generateKeyPair,
  Ipc,
  type MessagesOf,
  MillraceError,
  message,
  msgpack,
  nodeLoop,
  optional,
  type Pipe,
  type PipeOptions,
  ProtoFactory,
  parseConnectToken,
  protoFactory,
  RequestError,
  type Runnable,
  request,
  Sink,
  struct,
  Tcp,
  Timer,
  text,
  Udp,
  u8,
  u16,
  u32,
  withSource,
} from 'millrace'
import * as t from 'millrace/schema'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { portOf } from '../fixtures/tcp-pair.ts'
import { until, within } from '../fixtures/until.ts'

// The code blocks of docs/GUIDE.md are the pieces between `// guide` and `// end` of this file, in the same order.

// guide
const item = struct({ kind: enumeration(['sword', 'shield']), level: u8, name: optional(text(30)) })

const game = contract({
  move: { id: u32, x: f32, y: f32 }, // an object of fields is a struct
  chat: { from: u32, line: text(200) },
  loot: { to: u32, items: array(item, 100), rare: bool },
  buy: request({ item: u32, count: u16 }, { left: u32 }), // has a reply
})
type Game = MessagesOf<typeof game> // for signatures: Channel<Game>, Sink<Game>

const net = protoFactory.add('game', bits(game))
// end

// guide
const views = contract({
  positions: t.map(u32, { x: f32, y: f32 }, 100),
  view: t.bits({ yaw: t.range(u16, 0, 359), pitch: t.rangeFloat(f32, -1, 1, { bits: 8 }) }), // 17 bits in 3 bytes
})
// end

// guide
const arena = contract({
  steer: message({ x: f32, y: f32 }, { from: 'client', delivery: 'sequenced', rate: 60 }),
  snapshot: message({ tick: u32, players: array(item, 50) }, { from: 'server' }),
  say: message({ line: text(200) }, { rate: 2, burst: 5, sizeMax: 100 }), // from both sides
  take: request({ item: u32 }, { ok: bool }, { from: 'client', rate: 10 }),
})
interface Arena extends MessagesOf<typeof arena> {} // an interface keeps compiler errors short

const onServer = (player: Channel<Arena, 'server'>) => player.send('snapshot', { tick: 1, players: [] })
const onClient = (channel: Channel<Arena, 'client'>) => channel.send('steer', { x: 1, y: 0 })
const onBoth = (channel: Channel<Arena>) => channel.send('say', { line: channel.side })
const onAny = (channel: Channel) => console.log(channel.describe()) // of any contract
// end

afterAll(() => {
  net.remove('game')
})

const pipes: Pipe<Game>[] = []
afterEach(async () => {
  await Promise.all(pipes.splice(0).map((pipe) => pipe[Symbol.asyncDispose]()))
})

/** A bound server, a channel to it, and the server's end of that. */
async function opened(options: PipeOptions = {}) {
  const server = net.create('tcp', '127.0.0.1', 0, 'game', options)
  const accepted = new Promise<Channel<Game>>((resolve) => {
    server.on('accepted', (_pipe, channel) => resolve(channel))
  })
  await server.bind()
  const client = net.create('tcp', '127.0.0.1', portOf(server), 'game', options)
  pipes.push(client, server)
  const channel = await within('a channel', client.open())
  return { server, client, channel, player: await within('the other end', accepted) }
}

/** Opens a channel to a server that encrypts, and closes all again. */
async function opensEncrypted(server: Pipe<Game>, clientAt: (port: number) => Pipe<Game>): Promise<void> {
  pipes.push(server)
  await server.bind()
  const client = clientAt(portOf(server))
  pipes.push(client)
  const channel = await within('a channel', client.open())
  expect(channel.encryption?.suite).toMatch(/^Noise_(NNpsk0|IK)_25519_ChaChaPoly_SHA256$/)
}

const said: string[] = []
const print = (...words: unknown[]) => void said.push(words.join(' '))
const console = { log: print, debug: print, info: print, warn: print, error: print }
afterEach(() => {
  said.length = 0
})

describe('the code of docs/GUIDE.md', () => {
  it('schemas of the other door', async () => {
    const factory = new ProtoFactory().add('views', bits(views))
    const server = factory.create('local', 'views', 'views')
    pipes.push(server as unknown as Pipe<Game>)
    const heard = new Promise((resolve) => {
      server.on('accepted', (_pipe, channel) => channel.on('view', resolve))
    })
    await server.bind()
    const client = factory.create('local', 'views', 'views')
    pipes.push(client as unknown as Pipe<Game>)
    expect((await client.open()).send('view', { yaw: 90, pitch: 0.5 })).toBe('queued')
    expect(await within('the view', heard)).toEqual({ yaw: 90, pitch: 0.5 })
    const view = views.entries.find(({ key }) => key === 'view')
    expect(view?.schema.encode({ yaw: 90, pitch: 0.5 })).toHaveLength(3)
  })

  it('traits of messages', async () => {
    const factory = new ProtoFactory().add('arena', bits(arena))
    const server = factory.create('local', 'arena', 'arena')
    const client = factory.create('local', 'arena', 'arena')
    const sent: string[] = []
    server.on('accepted', (_pipe, player) => void sent.push(onServer(player), onBoth(player)))
    await server.bind()
    const channel = await client.open()
    onAny(channel)
    sent.push(onClient(channel), onBoth(channel))
    await until('all is sent', () => sent.length === 4)
    expect(sent).toEqual(['queued', 'queued', 'queued', 'queued'])
    expect(said).toEqual([channel.describe()])
    await client[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  it('pipes', async () => {
    // guide
    const server = net.create('tcp', '127.0.0.1', 0, 'game') // port 0: the system chooses
    server
      .on('accepted', (_pipe, player) => player.send('chat', { from: 0, line: 'welcome' }))
      .on('close', (_pipe, _player, reason) => console.log(describeReason(reason)))
      .on('error', (_pipe, error) => console.log(error.code, error.message))
    server.getProto().as(Tcp).setKeepAlive(60_000)
    server.setMaxOpenChannels(500)
    await server.bind()
    console.log(server.describe()) // pipe tcp://127.0.0.1:41337 'game' bound, 0 channels
    // end
    const port = portOf(server)
    pipes.push(server)

    // guide
    const client = net.create('tcp', '127.0.0.1', port, 'game') // server.address?.port
    const channel = await client.open() // rejects with a MillraceError
    channel.on('chat', ({ line }) => console.log(line)) // in time: nothing is delivered before
    // end
    await until('the welcome is there', () => said.includes('welcome'))
    await channel.close('bye')
    await until('the server knows', () => said.some((line) => line.includes('bye')))
    expect(said[0]).toMatch(/^pipe tcp:\/\/127\.0\.0\.1:\d+ 'game' bound, 0 channels$/)
    expect(said).toContain('closed by the remote side: bye')
    await client[Symbol.asyncDispose]()
  })

  it('addresses', async () => {
    const path =
      process.platform === 'win32' ? '\\\\.\\pipe\\guide' : join(tmpdir(), `guide-${process.pid}.sock`)
    // guide
    const overTcp = net.create('tcp', '::1', 7777, 'game')
    const overUdp = net.create('udp', '::1', 7777, 'game') // see Over udp
    const overIpc = net.create('ipc', path, 'game') // unix socket, or named pipe of Windows
    const inProcess = net.create('local', 'lobby', 'game') // no bytes at all
    overIpc.getProto().as(Ipc).setAccess('everyone') // else the same user only

    const byName = net.create({ transport: 'tcp', host: '::1', port: 7777, protocol: 'game' })
    const byUrl = net.create('tcp://[::1]:7777', 'game') // ipc:///tmp/game.sock, local://lobby
    const later = await net.create('lobby').bind('tcp', '127.0.0.1', 0, 'game') // a name for logs first, where to later
    // end
    pipes.push(overTcp, overUdp, overIpc, inProcess, byName, byUrl, later)
    await overIpc.bind()
    await inProcess.bind()
    expect((await overIpc.open()).isOpen).toBe(true)
    expect((await inProcess.open()).isOpen).toBe(true)
    expect([overTcp, byName, byUrl].map((pipe) => pipe.address?.text)).toEqual(
      Array(3).fill('tcp://[::1]:7777'),
    )
    expect(later.describe()).toContain("'lobby' tcp://127.0.0.1")
  })

  it('data of a channel', async () => {
    // guide
    const arena = net.create('tcp', '127.0.0.1', 0, 'game').withData<{ name: string; score: number }>()
    arena.on('accepted', (_pipe, player) => {
      player.data = { name: player.peerAddress ?? 'nearby', score: 0 } // undefined until here
    })
    arena.on('close', (_pipe, player) => console.log(player.data?.name, 'had', player.data?.score))
    // end
    pipes.push(arena)
    await arena.bind()
    const channel = await net.create('tcp', '127.0.0.1', portOf(arena), 'game').open()
    await channel.close()
    await until('the end is told', () => said.includes('127.0.0.1 had 0'))
  })

  it('messages', async () => {
    const { channel, player } = await opened()
    const heard: unknown[] = []
    const world = { move: (move: object) => heard.push(move) }
    // guide
    player.on('move', (move, player) => {
      world.move(move) // move is { id: number; x: number; y: number }
      player.send('chat', { from: 0, line: 'seen' })
    })

    const result = channel.send('move', { id: 7, x: 1.5, y: 2 })
    if (result !== 'queued') console.log('not sent:', result) // 'full', 'closed' or 'too-large'
    // end
    await until('it has arrived', () => heard.length === 1)
    expect(heard).toEqual([{ id: 7, x: 1.5, y: 2 }])
    expect(said).toEqual([])
  })

  it('keyed dispatch', async () => {
    const { channel, player } = await opened()
    // guide
    channel.on(
      'chat',
      (chat) => (chat.from === 0 ? 'system' : undefined), // undefined: not for this handler
      ({ line }, _channel, who) => console.log(who, line),
    )

    type Chat = { from: number; line: string }
    const friends = new Map([[7, (chat: Chat) => console.log('my friend says', chat.line)]])
    channel.on('chat', (chat) => chat.from, friends) // the map may change at any time
    channel.off('chat', friends)
    // end
    channel.on('chat', (chat) => chat.from, friends)
    for (const from of [0, 7, 8]) player.send('chat', { from, line: `I am ${from}` })
    await until('all have arrived', () => channel.statistics().messagesIn === 3)
    expect(said).toEqual(['system I am 0', 'my friend says I am 7'])
  })

  it('requests', async () => {
    const { channel, player } = await opened()
    const shop = { take: async (_item: number, count: number) => 10 - count }
    // guide
    player.on('buy', async ({ item, count }) => {
      if (count > 10) throw new RequestError('only 10 in stock') // the peer is told
      return { left: await shop.take(item, count) } // any other error stays here
    })

    const { left } = await channel.request('buy', { item: 3, count: 2 })
    const controller = new AbortController()
    const second = channel.request(
      'buy',
      { item: 3, count: 1 },
      { timeoutMs: 500, signal: controller.signal },
    )
    // end
    expect(left).toBe(8)
    expect(await second).toEqual({ left: 9 })
    // guide
    try {
      await channel.request('buy', { item: 3, count: 11 })
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      console.log(error.code) // request-failed
    }
    // end
    expect(said).toEqual(['request-failed'])
  })

  it('broadcast', async () => {
    const { server, channel } = await opened()
    channel.on('chat', ({ line }) => console.log(line))
    // guide
    const count = server.broadcast('chat', { from: 0, line: 'round starts' }) // to all open channels
    const team = new Set([...server.channels()].slice(0, 5))
    server.broadcast('chat', { from: 0, line: 'you are red' }, team)
    // end
    await until('both have arrived', () => said.length === 2)
    expect(count).toBe(1)
    expect(said).toEqual(['round starts', 'you are red'])
  })

  it('sinks', async () => {
    const { channel, player } = await opened()
    // guide
    const spy = new Sink<Game>(({ key, body }, player) =>
      console.log(player.isOpen, key, JSON.stringify(body)),
    )
    spy.attach(player, ({ key }) => key !== 'move') // without a filter: everything
    // end
    channel.send('move', { id: 1, x: 0, y: 0 })
    channel.send('chat', { from: 1, line: 'hm' })
    await until('both have arrived', () => player.statistics().messagesIn === 2)
    // guide
    spy.detach(player) // a channel that ends is detached by itself
    console.log(spy.statistics().received)
    // end
    expect(said).toEqual(['true chat {"from":1,"line":"hm"}', '1'])
  })

  it('async iteration', async () => {
    const { channel, player } = await opened()
    player.on('chat', ({ line }) => {
      if (line === 'stop') void player.close('as you wish')
    })
    player.send('move', { id: 4, x: 0, y: 0 })
    setImmediate(() => channel.send('chat', { from: 1, line: 'stop' }))
    // guide
    for await (const message of channel) {
      if (message.key === 'move') console.log('move', message.body.id) // narrowed by the key
    }
    console.log(channel.reason?.code) // the loop ends with the channel
    // end
    expect(said).toEqual(['move 4', 'closed'])
  })

  it('heartbeat', async () => {
    const { channel } = await opened()
    // guide
    channel.setHeartbeat(5_000, 15_000) // pings after 5 s of silence, ends the channel after 15
    channel.setHeartbeat(5_000, 15_000, (late) => void late.close('lost')) // or decide yourself
    console.log(channel.statistics().roundTripMs) // of the last ping; NaN before
    // end
    expect(said).toEqual(['NaN'])
  })

  it('who may come in', async () => {
    const banned = new Set(['192.0.2.1'])
    // guide
    const server = net.create('tcp', '127.0.0.1', 0, 'game', {
      admit: (data, peerAddress) => {
        if (banned.has(peerAddress ?? '')) return { code: 4001, text: 'banned' }
        return Buffer.from(data).toString() === 'ticket 17' || 'no ticket' // true lets in; may be a promise
      },
    })
    server.on('accepted', (_pipe, player) => console.log(Buffer.from(player.openData).toString()))
    await server.bind()

    const client = net.create('tcp', '127.0.0.1', portOf(server), 'game')
    const channel = await client.open('remote', { data: Buffer.from('ticket 17') }) // at most 1,024 bytes
    await client.open().catch((error: MillraceError) => console.log(error.code, error.message))
    // end
    pipes.push(server, client)
    expect(channel.isOpen).toBe(true)
    expect(said).toEqual(['ticket 17', expect.stringMatching(/^not-admitted .*no ticket/)])
  })

  it('encryption by a shared key', async () => {
    // guide
    const key = generateKey() // once; then keyFromText(process.env.GAME_KEY), the same on both sides
    const server = net.create('tcp', '127.0.0.1', 0, 'game', { encryption: { key } })
    const client = (port: number) => net.create('tcp', '127.0.0.1', port, 'game', { encryption: { key } })
    // end
    await opensEncrypted(server, client)
  })

  it('encryption by identities', async () => {
    // guide
    const serverKeys = generateKeyPair() // once; keyToText(serverKeys.secretKey) is for a safe place
    const playerKeys = generateKeyPair()
    const known = new Set([Buffer.from(playerKeys.publicKey).toString('hex')])

    const server = net.create('tcp', '127.0.0.1', 0, 'game', {
      encryption: {
        pattern: 'IK',
        identity: serverKeys,
        authorise: (peerKey) => known.has(Buffer.from(peerKey).toString('hex')), // may be a promise; before 'accepted'
      },
    })
    const player = (port: number) =>
      net.create('tcp', '127.0.0.1', port, 'game', {
        encryption: { pattern: 'IK', identity: playerKeys, peerKey: serverKeys.publicKey },
      })
    // end
    await opensEncrypted(server, player)
  })

  it('encryption of an open channel', async () => {
    const key = generateKey()
    const { channel, player } = await opened()
    const heard = new Promise((resolve) => player.on('chat', ({ line }) => resolve(line)))
    const theirs = player.setEncryption(key, 'aes-256-gcm')
    // guide
    await channel.setEncryption(key, 'aes-256-gcm') // the other side does the same, in its own time
    channel.send('chat', { from: 1, line: 'unreadable on the way' })
    // end
    await theirs
    expect(await within('the line', heard)).toBe('unreadable on the way')
    expect(player.encryption?.handshakeHash).toEqual(channel.encryption?.handshakeHash)
  })

  it('players of a login server', async () => {
    const serverKeys = generateKeyPair()
    const tokenKey = generateKey()
    const applicationId = new Uint8Array(8).fill(7)
    const banned = new Set<string>()
    // guide
    const server = net.create('udp', '127.0.0.1', 0, 'game', {
      encryption: { identity: serverKeys, tokens: { key: tokenKey, applicationId, serverId: 'eu-1' } },
      admit: (_data, _address, encryption) => !banned.has(encryption?.holder?.userId ?? ''), // also on 'accepted'
    })
    server.on('error', (_pipe, { tokenRefusal }) => console.log(tokenRefusal)) // 'used', 'expired', 'forged', …
    // end
    pipes.push(server)
    await server.bind()
    const { publicKey } = serverKeys
    const servers = [
      { id: 'eu-0', address: '127.0.0.1:1', publicKey },
      { id: 'eu-1', address: `127.0.0.1:${portOf(server)}`, publicKey },
    ]
    // guide
    const issuer = new TokenIssuer({ primitives: noblePrimitives, key: tokenKey, applicationId }, randomBytes)
    const login = (userId: string) => issuer.issue({ userId, servers }, Date.now()).text() // good for 45 s
    // end
    // guide
    async function join(text: string) {
      const token = parseConnectToken(text) // undefined for a text that is none
      for (const { id, address } of token?.servers ?? []) {
        const pipe = net.create(`udp://${address}`, 'game', { encryption: { token: text, server: id } })
        try {
          return await pipe.open()
        } catch (error) {
          console.log(id, (error as MillraceError).code) // the next one, as long as the token is good
        }
      }
      throw new Error('log in again')
    }
    // end
    const users: unknown[] = []
    server.on('accepted', (_pipe, player) => void users.push(player.encryption?.holder?.userId))
    const text = login('player:77')
    const channel = await within('a channel', join(text))
    await until('it is accepted', () => users.length === 1)
    expect(channel.isOpen).toBe(true)
    expect(users).toEqual(['player:77'])
    await expect(within('a refusal', join(text))).rejects.toThrow('log in again')
    await expect(join('mrt1.none')).rejects.toThrow('log in again')
    await until('it is told', () => said.includes('used'))
    expect(said.slice(0, 2)).toEqual(['eu-0 connect-failed', 'eu-0 connect-failed'])
    banned.add('player:78')
    await expect(join(login('player:78'))).rejects.toThrow('log in again')
    expect(users).toEqual(['player:77'])
  })

  it('backpressure', async () => {
    const { channel } = await opened({ highWaterBytes: 4096 })
    const snapshots = Array.from({ length: 1000 }, (_, id) => ({ id, x: 0, y: 0 }))
    // guide
    for (const move of snapshots) {
      if (channel.send('move', move) !== 'full') continue
      if ((await channel.drained()) === 'closed') break
      channel.send('move', move)
    }
    await channel.sendWhenReady('chat', { from: 7, line: 'the same in one call' })
    // end
    const statistics = channel.statistics()
    expect(statistics.messagesOut).toBe(1001)
    expect(statistics.refused).toBeGreaterThan(0)
    // guide
    // Of each id the latest position; nothing replaces what has no topic.
    channel.setOverflow('latest-by-key', {
      topicOf: (key, body) => (key === 'move' ? body.id : undefined),
    })
    // end
    expect(channel.send('move', snapshots[0])).toBe('queued')
  })

  it('ends', async () => {
    const { channel, player } = await opened()
    // guide
    player.on('close', (reason) => {
      if (reason.code === 'closed') console.log(reason.by, reason.appCode, reason.text)
      else console.log(describeReason(reason))
    })
    const reason = await channel.close({ code: 4000, text: 'see you' }) // or a text alone; resolves when both sides have ended
    console.log(reason.code, channel.isOpen, channel.send('move', { id: 1, x: 0, y: 0 }))
    // end
    await player.closed
    expect(said).toEqual(expect.arrayContaining(['remote 4000 see you', 'closed false closed']))
    const port = portOf(pipes[1])
    // guide
    {
      await using visit = await net.create('tcp', '127.0.0.1', port, 'game').open()
      visit.send('chat', { from: 9, line: 'just passing by' })
    } // closed here
    // end
  })

  it('a game loop', async () => {
    const world = { join: (_player: Channel<Game>) => {}, step: () => ({ id: 1, x: 2, y: 3 }) }
    // guide
    const server = net.create('tcp', '127.0.0.1', 0, 'game', { drive: 'manual' })
    server.on('accepted', (_pipe, player) => world.join(player))
    await server.bind()

    const ticks = setInterval(() => {
      server.process() // what came in: handlers run here and nowhere else
      server.broadcast('move', world.step())
      server.flush() // what goes out
    }, 1000 / 30)

    process.once('SIGTERM', async () => {
      clearInterval(ticks)
      await server.close('the server restarts') // needs no ticks
    })
    // end
    const client = net.create('tcp', '127.0.0.1', portOf(server), 'game')
    pipes.push(client)
    const channel = await client.open()
    let heard = 0
    channel.on('move', () => void heard++)
    await until('a tick was heard', () => heard > 0)
    // Those of the test runner must not hear it.
    const [terminate] = process.rawListeners('SIGTERM').slice(-1)
    process.off('SIGTERM', terminate as () => void)
    terminate()
    expect(await channel.closed).toMatchObject({ code: 'closed', by: 'remote', text: 'the server restarts' })
    pipes.push(server)
  })

  it('a driver', async () => {
    // guide
    const waiting: Runnable[] = []
    const driver: Driver = { ready: (pipe) => waiting.push(pipe) }
    const lobby = net.create('tcp', '127.0.0.1', 0, 'game', { drive: driver })
    const arena = net.create('tcp', '127.0.0.1', 0, 'game', { drive: driver })

    function tick() {
      for (const pipe of waiting.splice(0, 10)) pipe.process(nodeLoop.now())
    }
    // end
    pipes.push(lobby, arena)
    const ticks = setInterval(tick, 5)
    const heard: string[] = []
    for (const pipe of [lobby, arena]) {
      pipe.on('accepted', (_pipe, channel) => {
        channel.on('chat', ({ line }) => void heard.push(line))
      })
      await pipe.bind()
      const client = net.create('tcp', '127.0.0.1', portOf(pipe), 'game')
      pipes.push(client)
      const channel = await client.open()
      channel.send('chat', { from: 1, line: pipe === lobby ? 'lobby' : 'arena' })
    }
    await until('both were heard', () => heard.length === 2)
    expect(heard.sort()).toEqual(['arena', 'lobby'])
    clearInterval(ticks)
  })

  it('over udp', async () => {
    const key = generateKey()
    let tick = 0
    const world = {
      join: (name: string) => name.length,
      seenBy: (player: Channel) => (player.isOpen ? { tick: ++tick, seen: [1, 2] } : undefined),
      sparks: [{ x: 1, y: 2 }],
    }
    // guide
    const play = contract({
      join: request({ name: text(20) }, { id: u32 }),
      steer: message({ x: f32, y: f32 }, { from: 'client', delivery: 'sequenced' }),
      snapshot: message({ tick: u32, seen: array(u32, 50) }, { from: 'server', delivery: 'latestByKey' }),
      score: message({ of: u32, points: u32 }, { from: 'server', delivery: 'reliableUnordered' }),
      spark: message({ x: f32, y: f32 }, { from: 'server', delivery: 'unreliable' }),
      chat: message({ line: text(200) }, { lane: 1 }),
    })
    const net = new ProtoFactory().add('play', bits(play))
    const server = net.create('udp', '127.0.0.1', 0, 'play') // or 'udp://127.0.0.1:7777'
    const players = new Set<Channel<MessagesOf<typeof play>, 'server'>>()
    server.on('accepted', (_pipe, player) => {
      players.add(player)
      player.on('join', ({ name }) => ({ id: world.join(name) })).on('close', () => players.delete(player))
    })
    await server.bind()
    // end
    const client = net.create('udp', '127.0.0.1', portOf(server), 'play')
    pipes.push(client as unknown as Pipe<Game>, server as unknown as Pipe<Game>)
    const channel = await within('a channel', client.open())
    expect(await channel.request('join', { name: 'Ada' })).toEqual({ id: 3 })
    let sparks = 0
    channel.on('snapshot', ({ seen }) => void said.push(`saw ${seen}`)).on('spark', () => void sparks++)
    {
      // guide
      const tick = setInterval(() => {
        for (const player of players) {
          player.sendLatest('snapshot', () => world.seenBy(player)) // undefined: there is nothing to say
          for (const spark of world.sparks) {
            if (player.budgetBytes < 100) break // so much leaves at once
            player.send('spark', spark)
          }
        }
      }, 50)
      // end
      await until('snapshots and sparks came', () => said.length > 1 && sparks > 1)
      clearInterval(tick)
    }
    expect(said[0]).toBe('saw 1,2')
    said.length = 0
    // guide
    const { roundTripMs, packetsOut, packetsLost, packetSize } = channel.statistics().network!
    console.log(packetsLost <= packetsOut, roundTripMs < 10_000, packetSize >= 1200)
    // end
    expect(said).toEqual(['true true true'])
    said.length = 0
    // guide
    const { packetsIn, strange, wrongKey, forged } = server.statistics().packets!
    console.log(packetsIn >= strange + wrongKey + forged)
    // end
    expect(said).toEqual(['true'])
    // guide
    const secret = net.create('udp', '127.0.0.1', 0, 'play', { encryption: { key } })
    // end
    expect(secret.describe()).toContain('udp://127.0.0.1:0')
    // guide
    const settings = server.getProto().as(Udp)
    settings.setReceiveBufferSize(8 * 1024 * 1024)
    settings.setPacketSizeMax(1200)
    // end
    expect(() => settings.setPacketSizeMax(1199)).toThrow(/from 1200 to 65000/)
  })

  it('local channels', async () => {
    // guide
    const arena = net.create('local', 'arena', 'game', { drive: 'manual' })
    arena.on('accepted', (_pipe, player) => player.on('move', ({ id }) => console.log('moved', id)))
    await arena.bind()
    const bot = net.create('local', 'arena', 'game', { drive: 'manual' })

    const opening = bot.open()
    arena.process() // the test decides who has a turn, and when
    bot.process()
    const channel = await opening
    channel.send('move', { id: 7, x: 0, y: 0 })
    arena.process()
    // end
    pipes.push(bot, arena)
    expect(said).toEqual(['moved 7'])
    const closing = [bot, arena].map((pipe) => pipe.close())
    for (const pipe of [arena, bot, arena, bot]) pipe.process()
    await within('both are closed', Promise.all(closing))
  })

  it('timers', async () => {
    const world = { save: () => void console.log('saved') }
    // guide
    const timer = new Timer(nodeLoop)
    timer.set('autosave', () => world.save(), 10, 30_000) // after 10 ms, then every 30 s
    timer.once('respawn 7', (key) => console.log(key), 20)
    console.log(timer.cancel('respawn 8')) // false: it wasn't set
    // end
    const waiting = setInterval(() => {}, 5)
    await until('both have run', () => said.length === 3)
    clearInterval(waiting)
    timer.close()
    expect(said).toEqual(['false', 'saved', 'respawn 7'])
  })

  it('looking inside', async () => {
    // guide
    const logged = new ProtoFactory({ log: withSource(console) }).add('game', bits(game))
    const server = logged.create('tcp', '127.0.0.1', 0, 'game', { name: 'arena' })
    server.log('info', 'hello') // pipe 'arena' …: hello (main (file:///srv/game.ts:12:8))

    const { openChannels, messagesIn, errors } = server.statistics()
    console.log(openChannels, messagesIn, errors)
    // end
    const path = import.meta.url
    expect(said[0]).toContain("pipe 'arena' tcp://127.0.0.1:0 'game' fresh, 0 channels: hello (")
    expect(said[0].length).toBeGreaterThan(path.length - 20)
    expect(said[1]).toBe('0 0 0')
    // guide
    diagnosticsChannel.subscribe('millrace:channel.close', (message) => {
      const { channel, reason } = message as { channel: Channel; reason: { code: string } }
      console.log(channel.describe(), reason.code)
    })
    // end
    said.length = 0
    const { channel } = await opened()
    await channel.close()
    await until('both ends are told', () => said.length === 2)
  })

  it('msgpack', async () => {
    // guide
    interface Lobby {
      rooms: { name: string; players: number }[]
    }
    const lobby = new ProtoFactory().add('lobby', msgpack<Lobby>()) // types for the compiler only
    const pipe = lobby.create('local', 'lobby', 'lobby')
    // end
    await pipe.bind()
    const channel = await pipe.open()
    expect(channel.send('rooms', [{ name: 'red', players: 3 }])).toBe('queued')
    await pipe.close()
  })
})

describe('docs/GUIDE.md', () => {
  const file = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
  const guide = file('docs/GUIDE.md')
  const rows = (heading: string) => {
    const section = guide.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
    return [...section.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, name, rest]) => [name, rest])
  }

  it('shows the code of this file', () => {
    const pieces = [
      ...file('packages/millrace/src/guide.test.ts').matchAll(/^( *)\/\/ guide\n([\s\S]*?)^ *\/\/ end$/gm),
    ]
    const here = pieces.map(([, indent, code]) => code.replace(new RegExp(`^${indent}`, 'gm'), ''))
    const blocks = [...guide.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    expect(blocks.every(([, language]) => language === 'ts' || language === 'text')).toBe(true)
    const shown = blocks.filter(([, language]) => language === 'ts').map(([, , code]) => code)
    expect(shown.length).toBeGreaterThan(15)
    expect(shown).toEqual(here)
  })

  it('lists exactly the codes of errors', () => {
    const [, union] = file('packages/core/src/base/millrace-error.ts').split('type MillraceErrorCode =')
    const codes = [...union.split('\n\n')[0].matchAll(/'([a-z-]+)'/g)].map(([, code]) => code)
    expect(codes.length).toBeGreaterThan(20)
    expect(rows('Errors').map(([code]) => code)).toEqual(codes)
  })

  it('lists exactly the codes of close reasons', () => {
    const codes = [
      ...file('packages/core/src/base/close-reason.ts').matchAll(/readonly code: '([a-z-]+)'/g),
    ].map(([, code]) => code)
    expect(codes.length).toBeGreaterThan(10)
    expect(rows('The end of a channel').map(([code]) => code)).toEqual(codes)
  })

  it('lists exactly the topics for tracing', () => {
    const topics = [...file('packages/core/src/ports/diagnostics.ts').matchAll(/`(millrace:[a-z.-]+)`/g)].map(
      ([, topic]) => topic,
    )
    expect(topics.length).toBeGreaterThan(3)
    expect(rows('Looking inside').map(([name]) => name)).toEqual(topics)
  })
})
