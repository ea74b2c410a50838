import { readFileSync } from 'node:fs'
import {
  bits,
  type CloseReason,
  MillraceError,
  msgpack,
  nodeLoop,
  Pipe,
  ProtoFactory,
  protoFactory,
  Sink,
  Tcp,
  Timer,
  VirtualClock,
  withSource,
} from 'millrace'
import { tcp } from 'millrace/extend'
import { afterEach, describe, expect, it } from 'vitest'
import { Diary } from '../fixtures/diary.ts'
import {
  type GameChannel,
  type GameMessages,
  type GamePipe,
  game,
  gameFactory,
  gamePipe,
  portOf,
  TcpPair,
} from '../fixtures/tcp-pair.ts'
import { rejection, turns, until, within } from '../fixtures/until.ts'

const pipes: { destroy(): void }[] = []

function kept<P extends { destroy(): void }>(pipe: P): P {
  pipes.push(pipe)
  return pipe
}

afterEach(() => {
  for (const pipe of pipes.splice(0)) pipe.destroy()
})

/** A bound server of the game and its port. */
async function served(factory = gameFactory(), options = {}) {
  const server = kept(gamePipe(factory, 0, options))
  await server.bind()
  return { server, port: portOf(server) }
}

/** Turns of a manual pipe, so many milliseconds long by the time it is told, while its peer can't get a word in. */
function passSilently(pipe: GamePipe, start: number, ms: number): void {
  for (let passedMs = 0; passedMs <= ms; passedMs += 250) pipe.process(start + passedMs)
}

describe('goals of seed 001', () => {
  it('asio or whatever', async () => {
    const factory = new ProtoFactory().add('whatever', tcp()).add('game', bits(game))
    const server = await kept(factory.create('whatever', '127.0.0.1', 0, 'game')).bind()
    const channel = await kept(factory.create('whatever', '127.0.0.1', portOf(server), 'game')).open()
    expect(server.address?.text).toMatch(/^whatever:\/\/127\.0\.0\.1:\d+$/)
    expect(channel.isOpen).toBe(true)
  })

  it('fastest buffering / sending', async () => {
    await using pair = await TcpPair.open()
    let heard = 0
    pair.far.on('move', () => void heard++)
    const before = pair.near.statistics()
    for (let id = 0; id < 1000; id++) pair.near.send('move', { id, x: 1, y: 2 })
    const after = pair.near.statistics()
    expect(after.bytesOut).toBe(before.bytesOut)
    expect(after.queuedBytes).toBe(1000 * 13)
    await until('all have arrived', () => heard === 1000)
  })

  it('simplest protocol handling / dispatching', async () => {
    const factory = new ProtoFactory()
    const server = kept(factory.create('tcp', '127.0.0.1', 0, 'msgpack'))
    server.on('accepted', (_pipe, channel) => channel.on('ping', (body) => void channel.send('pong', body)))
    await server.bind()
    const channel = await kept(factory.create('tcp', '127.0.0.1', portOf(server), 'msgpack')).open()
    const answer = new Promise((resolve) => channel.on('pong', (body) => resolve(body)))
    channel.send('ping', { at: 1 })
    expect(await within('the pong', answer)).toEqual({ at: 1 })
  })

  it('more like 0mq', async () => {
    await using pair = await TcpPair.open()
    const lines: string[] = []
    pair.far.on('chat', ({ line }) => void lines.push(line))
    for (const line of ['', 'one', 'x'.repeat(200)]) pair.near.send('chat', { from: 1, line })
    await until('three whole messages are there', () => lines.length === 3)
    expect(lines).toEqual(['', 'one', 'x'.repeat(200)])
  })

  it('channel. local or remote.', async () => {
    const factory = gameFactory()
    const { server, port } = await served(factory)
    const heard: number[] = []
    server.on('accepted', (_pipe, channel) => channel.on('move', ({ id }) => void heard.push(id)))
    const client = kept(gamePipe(factory, port))
    for (const where of ['remote', 'local'] as const) {
      const channel = await client.open(where)
      channel.send('move', { id: where.length, x: 0, y: 0 })
      await channel.close()
    }
    expect(heard).toEqual(['remote'.length, 'local'.length])
  })
})

describe('proto factory and pipe of seed 001', () => {
  it("proto_factory::inst().add( 'msgpack', proto::ptr );", () => {
    expect(protoFactory).toBeInstanceOf(ProtoFactory)
    expect(protoFactory.add('seed-msgpack', msgpack()).has('seed-msgpack')).toBe(true)
    const again = () => protoFactory.add('seed-msgpack', msgpack({ maps: 'map' }))
    expect(again).toThrow(expect.objectContaining({ code: 'name-taken' }))
    protoFactory.remove('seed-msgpack')
  })

  it("proto_factory::inst().remvoe( 'msgpack');", () => {
    const factory = new ProtoFactory()
    expect(factory.remove('msgpack')).toBe(true)
    expect(factory.remove('msgpack')).toBe(false)
    const make = () => factory.create('tcp', '127.0.0.1', 0, 'msgpack')
    expect(make).toThrow(expect.objectContaining({ code: 'protocol-unknown' }))
  })

  it("pipe = proto_factory::inst()->create( 'tcp', ip, port )", async () => {
    const pipe = kept(protoFactory.create('tcp', '127.0.0.1', 0))
    expect(pipe).toBeInstanceOf(Pipe)
    await pipe.bind()
    expect(portOf(pipe)).toBeGreaterThan(0)
    const heard = new Promise((resolve) => pipe.on('accepted', (_, channel) => channel.on('any', resolve)))
    const channel = await kept(protoFactory.create('tcp', '127.0.0.1', portOf(pipe), 'msgpack')).open()
    channel.send('any', { thing: [1, 'two'] })
    expect(await within('the message', heard)).toEqual({ thing: [1, 'two'] })
  })

  it('pipe->destroy();', async () => {
    const { server, port } = await served()
    const diary = new Diary(server)
    const channel = await kept(gamePipe(gameFactory(), port)).open()
    server.destroy()
    expect(await within('the end', channel.closed)).not.toBeUndefined()
    await until('the server is destroyed', () => diary.destroyed === 1)
    expect(diary.reasons).toEqual([{ code: 'destroyed' }])
    const error = await rejection(kept(gamePipe(gameFactory(), port)).open())
    expect(error.code).toBe('connect-failed')
  })

  it('pipe->set_max_open_channels();', async () => {
    const factory = gameFactory()
    const { server, port } = await served(factory)
    server.setMaxOpenChannels(10)
    const client = kept(gamePipe(factory, port))
    for (let count = 0; count < 10; count++) await client.open()
    const error = await rejection(client.open())
    expect(error).toMatchObject({ code: 'channel-limit' })
    expect(server.channelCount).toBe(10)
  })

  it("->on( 'accepted', func(pipe, channel, error) )", async () => {
    const factory = gameFactory()
    const { server, port } = await served(factory)
    const calls: unknown[][] = []
    server.on('accepted', (...values) => void calls.push(values))
    await kept(gamePipe(factory, port)).open()
    await until('the server has accepted', () => calls.length === 1)
    expect(calls[0][0]).toBe(server)
    expect((calls[0][1] as GameChannel).isOpen).toBe(true)
    expect(calls[0][2]).toBeUndefined()
  })

  it("->on( 'connected', func(pipe, channel, error) )", async () => {
    const factory = gameFactory()
    const { server, port } = await served(factory)
    const client = kept(gamePipe(factory, port))
    const calls: unknown[][] = []
    client.on('connected', (...values) => void calls.push(values))
    const channel = await client.open()
    await until('the client knows', () => calls.length === 1)
    expect(calls[0]).toEqual([client, channel, undefined])
    server.destroy()
    await channel.closed
    await until('no channel is left', () => server.channelCount === 0)
    await turns()
    await rejection(client.open())
    await until('the client knows of the failure', () => calls.length === 2)
    expect(calls[1][1]).toBeUndefined()
    expect(calls[1][2]).toBeInstanceOf(MillraceError)
  })

  it("pipe ->on( 'close', func )", async () => {
    await using pair = await TcpPair.open()
    const calls: unknown[][] = []
    pair.server.on('close', (...values) => void calls.push(values))
    await pair.near.close('enough')
    await until('the server knows', () => calls.length > 0)
    await turns()
    expect(calls).toEqual([
      [pair.server, pair.far, { code: 'closed', by: 'remote', why: 'closed', appCode: 0, text: 'enough' }],
    ])
  })

  it("->on( 'destroy', func )", async () => {
    const pair = await TcpPair.open()
    const events: string[] = []
    pair.server.on('close', () => void events.push('close')).on('destroy', () => void events.push('destroy'))
    await pair[Symbol.asyncDispose]()
    await turns()
    expect(events).toEqual(['close', 'destroy'])
  })

  it('pipe->get_proto().as<tcp>().set_no_delay();', async () => {
    const factory = gameFactory()
    const server = kept(gamePipe(factory))
    expect(server.getProto().as(Tcp).setNoDelay()).toBeInstanceOf(Tcp)
    server.getProto().as(Tcp).setNoDelay(false)
    await server.bind()
    expect((await kept(gamePipe(factory, portOf(server))).open()).isOpen).toBe(true)
    const wrong = () => server.getProto().as(Sink)
    expect(wrong).toThrow(expect.objectContaining({ code: 'proto-mismatch' }))
  })

  it("pipe->create('name');", () => {
    const pipe = kept(protoFactory.create('lobby'))
    expect(pipe.describe()).toContain("'lobby'")
    expect(() => pipe.getProto()).toThrow(expect.objectContaining({ code: 'not-bound' }))
  })

  it("pipe->bind( 'tcp', ip, port, 'msgpack' );", async () => {
    const server = kept(protoFactory.create('lobby'))
    await server.bind('tcp', '127.0.0.1', 0, 'msgpack')
    const client = kept(protoFactory.create('tcp', '127.0.0.1', portOf(server), 'msgpack'))
    expect((await client.open()).isOpen).toBe(true)
    expect(server.describe()).toMatch(/^pipe 'lobby' tcp:\/\/127\.0\.0\.1:\d+ 'msgpack' bound, 1 channels$/)
  })

  it('pipe->open( remote / local );', async () => {
    const factory = gameFactory()
    const { server, port } = await served(factory)
    const client = kept(gamePipe(factory, port))
    const remote = await client.open('remote')
    const local = await client.open('local')
    remote.send('move', { id: 1, x: 0, y: 0 })
    local.send('move', { id: 1, x: 0, y: 0 })
    await until('both have said something', () => server.statistics().messagesIn === 2)
    expect(remote.statistics().bytesOut).toBeGreaterThan(0)
    expect(local.statistics().bytesOut).toBe(0)
  })

  it('pipe->process(); // hearbeat, protocol handling, book keeping', async () => {
    await using pair = await TcpPair.open()
    const manual = kept(gamePipe(gameFactory(), portOf(pair.server), { drive: 'manual' }))
    const opening = manual.open()
    let isOpen = false
    void opening.then(() => {
      isOpen = true
    })
    await until('the channel is open', () => {
      manual.process()
      return isOpen
    })
    const channel = await opening
    let heard = 0
    channel.on('move', () => void heard++)
    expect(pair.server.broadcast('move', { id: 1, x: 0, y: 0 })).toBe(2)
    await until('the message lies there', () => manual.statistics().storedBytes > 0)
    await turns()
    expect(heard).toBe(0)
    manual.process()
    expect(heard).toBe(1)
    // Heartbeat: by the time that the program hands in, nothing is heard for too long.
    channel.setHeartbeat(1000, 3000)
    passSilently(manual, nodeLoop.now(), 3500)
    expect(channel.reason?.code).toBe('heartbeat-timeout')
    // Book keeping: the channel is gone from the pipe's book.
    expect(manual.channelCount).toBe(0)
  })
})

describe('channel of seed 001', () => {
  it('channel->set_heartbeat(interval, timeout, fail cb);', async () => {
    await using pair = await TcpPair.open()
    const watching = kept(gamePipe(gameFactory(), portOf(pair.server), { drive: 'manual' }))
    let channel: GameChannel | undefined
    void watching.open().then((opened) => {
      channel = opened
    })
    await until('the channel is open', () => {
      watching.process()
      return channel !== undefined
    })
    const failed: GameChannel[] = []
    channel?.setHeartbeat(2000, 6000, (late) => {
      failed.push(late)
      void late.close()
    })
    const start = nodeLoop.now()
    passSilently(watching, start, 5750)
    expect(failed).toEqual([])
    passSilently(watching, start + 6000, 1000)
    expect(failed).toEqual([channel])
    await until('the channel has ended', () => {
      watching.process()
      return channel?.reason !== undefined
    })
    expect(channel?.reason?.code).toBe('heartbeat-timeout')
  })

  it('channel->send( msg );', async () => {
    await using pair = await TcpPair.open()
    const heard: object[] = []
    pair.far.on('move', (move) => void heard.push(move))
    expect(pair.near.send('move', { id: 7, x: 0.5, y: -2 })).toBe('queued')
    await until('it has arrived', () => heard.length === 1)
    expect(heard).toEqual([{ id: 7, x: 0.5, y: -2 }])
    await pair.near.close()
    expect(pair.near.send('move', { id: 8, x: 0, y: 0 })).toBe('closed')
  })

  it("channel->on( 'key', func );", async () => {
    await using pair = await TcpPair.open()
    const heard: string[] = []
    pair.far.on('move', ({ id }) => void heard.push(`move ${id}`))
    pair.far.on('chat', ({ line }, channel) => void heard.push(`${line} ${channel === pair.far}`))
    pair.near.send('move', { id: 1, x: 0, y: 0 })
    pair.near.send('chat', { from: 1, line: 'hi' })
    await until('both have arrived', () => heard.length === 2)
    expect(heard).toEqual(['move 1', 'hi true'])
  })

  it("channel->on( 'key', key_func, func );", async () => {
    await using pair = await TcpPair.open()
    const heard: string[] = []
    const line = (name: string) => (chat: { line: string }) => void heard.push(`${name} ${chat.line}`)
    const byId = new Map([[7, line('seven')]])
    pair.far.on('chat', ({ from }) => from, byId)
    pair.far.on(
      'chat',
      ({ from }) => (from > 7 ? 'late' : undefined),
      (_chat, _channel, key) => void heard.push(key),
    )
    for (const from of [6, 7, 8]) pair.near.send('chat', { from, line: `of ${from}` })
    await until('all have arrived', () => pair.far.statistics().messagesIn === 3)
    expect(heard).toEqual(['seven of 7', 'late'])
  })

  it("channel->on( 'close', func );", async () => {
    await using pair = await TcpPair.open()
    const reasons: CloseReason[] = []
    pair.far.on('close', (reason) => void reasons.push(reason))
    await pair.near.close('done')
    await until('the other end knows', () => reasons.length > 0)
    pair.far.on('close', (reason) => void reasons.push(reason))
    const told = { code: 'closed', by: 'remote', why: 'closed', appCode: 0, text: 'done' }
    expect(reasons).toEqual([told, told])
  })

  it('channel->close();', async () => {
    await using pair = await TcpPair.open()
    let heard = 0
    pair.far.on('move', () => void heard++)
    for (let id = 0; id < 5000; id++) pair.near.send('move', { id, x: 0, y: 0 })
    expect(await pair.near.close('bye')).toMatchObject({ code: 'closed', by: 'local', text: 'bye' })
    expect(heard).toBe(5000)
    expect(pair.near.isOpen).toBe(false)
  })
})

describe('rules of seed 001', () => {
  it('communication completed separated from processing.', async () => {
    const factory = gameFactory()
    const { server, port } = await served(factory, { drive: 'manual' })
    const heard: string[] = []
    server.on('accepted', (_pipe, channel) => {
      heard.push('accepted')
      channel.on('chat', ({ line }) => void heard.push(line))
    })
    const opening = kept(gamePipe(factory, port)).open()
    // The hello lies in the server; without a turn of the program no handler is called.
    await until('bytes have come in', () => server.statistics().handshakes === 1)
    await turns()
    expect(heard).toEqual([])
    let isSent = false
    void opening.then((channel) => {
      channel.send('chat', { from: 1, line: 'processed' })
      isSent = true
    })
    await until('the message is sent', () => {
      if (!isSent) server.process()
      return isSent
    })
    await until('it lies in the server', () => server.statistics().storedBytes > 0)
    await turns()
    expect(heard).toEqual(['accepted'])
    server.process()
    expect(heard).toEqual(['accepted', 'processed'])
  })

  it('no id based access. only through a pointer', async () => {
    await using pair = await TcpPair.open()
    expect([...pair.server.channels()]).toEqual([pair.far])
    const names = [Pipe, pair.far.constructor as { prototype: object }].flatMap(({ prototype }) =>
      Object.getOwnPropertyNames(prototype),
    )
    expect(names.filter((name) => /id$|byId|find|acquire/i.test(name))).toEqual([])
    expect(Object.keys(pair.far).filter((name) => /id$/i.test(name))).toEqual([])
  })

  it('timeout 처리 등은 상위 프로토콜이 처리할 문제', async () => {
    await using pair = await TcpPair.open()
    pair.far.on('buy', () => new Promise<{ left: number }>(() => {}))
    const error = await rejection(pair.near.request('buy', { item: 1 }, { timeoutMs: 5 }))
    expect(error.code).toBe('request-timeout')
    // The message's own deadline passed; the channel below knows nothing of it.
    expect(pair.near.isOpen).toBe(true)
  })
})

describe('timer of seed 001', () => {
  it("timer->set( 'key', cb, delay, interval, forever )", () => {
    const clock = new VirtualClock()
    const runs: number[] = []
    const timer = new Timer(clock).set('key', (_key, now) => void runs.push(now), 100, 50, true)
    clock.advance(220)
    expect(runs).toEqual([100, 150, 200])
    timer.set('key', (_key, now) => void runs.push(now), 10, 50, false)
    clock.advance(1000)
    expect(runs).toEqual([100, 150, 200, 230])
  })

  it("timer->once( 'key', cb, interval );", () => {
    const clock = new VirtualClock()
    const runs: number[] = []
    new Timer(clock).once('key', (_key, now) => void runs.push(now), 70)
    clock.advance(1000)
    expect(runs).toEqual([70])
  })
})

describe('sink of seed 001', () => {
  it('sink->attach( channel, [filter function] );', async () => {
    await using pair = await TcpPair.open()
    const heard: string[] = []
    const sink = new Sink<GameMessages>(({ key }) => void heard.push(key))
    expect(sink.attach(pair.far)).toBe(sink)
    expect(sink.attach(pair.far, ({ key }) => key === 'chat')).toBe(sink)
    pair.near.send('move', { id: 1, x: 0, y: 0 })
    pair.near.send('chat', { from: 1, line: 'hi' })
    await until('both have come', () => pair.far.statistics().messagesIn === 2)
    expect(heard).toEqual(['chat'])
    expect(sink.statistics()).toEqual({ channels: 1, received: 1, filtered: 1 })
  })

  it('sink->detach( channel );', async () => {
    await using pair = await TcpPair.open()
    let heard = 0
    const sink = new Sink<GameMessages>(() => void heard++)
    sink.attach(pair.far).detach(pair.far)
    pair.near.send('move', { id: 1, x: 0, y: 0 })
    await until('it has come', () => pair.far.statistics().messagesIn === 1)
    expect(heard).toBe(0)
  })

  it('forward all messages from channel to sink using a filter function if exists.', async () => {
    await using pair = await TcpPair.open()
    const events: string[] = []
    pair.far.on('move', ({ id }) => void events.push(`handler ${id}`))
    const sink = new Sink<GameMessages>(({ body }) => void events.push(`sink ${Object.values(body)[0]}`))
    sink.attach(pair.far, ({ body }) => 'id' in body && body.id === 2)
    for (const id of [1, 2, 3]) pair.near.send('move', { id, x: 0, y: 0 })
    await until('all have come', () => pair.far.statistics().messagesIn === 3)
    expect(events.filter((event) => event.startsWith('handler'))).toEqual([
      'handler 1',
      'handler 2',
      'handler 3',
    ])
    expect(events.filter((event) => event.startsWith('sink'))).toEqual(['sink 2'])
  })

  it('default filter is to foward all messages to the sink.', async () => {
    await using pair = await TcpPair.open()
    const heard: string[] = []
    new Sink<GameMessages>(({ key }) => void heard.push(key)).attach(pair.far)
    pair.near.send('move', { id: 1, x: 0, y: 0 })
    pair.near.send('chat', { from: 1, line: 'hi' })
    await until('both have come', () => heard.length === 2)
    expect(heard).toEqual(['move', 'chat'])
  })
})

describe('debug of seed 001', () => {
  it('const char* get_desc() const for timer, pipe, channel, sink, and runnable.', async () => {
    await using pair = await TcpPair.open()
    expect(new Timer(new VirtualClock()).describe()).toBe('timer: 0 of 10000 keys')
    expect(pair.server.describe()).toMatch(/^pipe tcp:.* 'game' bound, 1 channels$/)
    expect(pair.near.describe()).toMatch(/^channel .*127\.0\.0\.1:\d+ open/)
    expect(new Sink(() => {}, { name: 'spy' }).describe()).toBe("sink 'spy' of 0 channels")
  })

  it('log() functions for each base class with get_desc() and line/function information.', async () => {
    const lines: string[] = []
    const note = (line: string) => void lines.push(line)
    const log = withSource({ debug: note, info: note, warn: note, error: note })
    await using pair = await TcpPair.open({ log })
    lines.length = 0
    const sink = new Sink(() => {}, { log })
    const timer = new Timer(new VirtualClock(), { log })
    function speak() {
      pair.server.log('info', 'one')
      pair.near.log('warn', 'two')
      sink.log('debug', 'three')
      timer.log('error', 'four')
    }
    speak()
    expect(lines).toHaveLength(4)
    const speakers = [pair.server, pair.near, sink, timer]
    for (const [index, line] of lines.entries()) {
      expect(line).toContain(`${speakers[index].describe()}: ${['one', 'two', 'three', 'four'][index]}`)
    }
    for (const line of lines) expect(line).toMatch(/\(speak .*seed-map\.test\.ts:\d+:\d+\)+$/)
  })
})

describe('seed 002', () => {
  it('msgpack : protocol', async () => {
    const factory = new ProtoFactory()
    const server = kept(factory.create('tcp', '127.0.0.1', 0, 'msgpack'))
    server.on('accepted', (_pipe, channel) => channel.on('echo', (body) => body))
    await server.bind()
    const channel = await kept(factory.create('tcp', '127.0.0.1', portOf(server), 'msgpack')).open()
    const body = { id: 7, name: '맥스', path: [1.5, -2, null], bytes: new Uint8Array([1, 2]) }
    expect(await channel.request('echo', body)).toEqual(body)
  })

  it('bits_message, bits_factory, bits_protocol', async () => {
    await using pair = await TcpPair.open()
    pair.far.on('buy', ({ item }) => ({ left: item * 2 }))
    expect(await pair.near.request('buy', { item: 21 })).toEqual({ left: 42 })
    const misfit = () => pair.near.send('move', { id: -1, x: 0, y: 0 })
    expect(misfit).toThrow(/move\.id/)
  })

  it('acceptor / connector integration', async () => {
    const factory = gameFactory()
    const { server, port } = await served(factory)
    const other = kept(gamePipe(factory))
    await other.bind()
    const diary = new Diary(other)
    await kept(gamePipe(factory, portOf(other))).open()
    await until('it accepts', () => diary.accepted.length === 1)
    const both = kept(gamePipe(factory, port))
    await both.open()
    expect([server.channelCount, other.channelCount, both.channelCount]).toEqual([1, 1, 1])
  })

  it('send: ref, no direct access to session', async () => {
    await using pair = await TcpPair.open()
    const { far } = pair
    let heard = 0
    pair.near.on('move', () => void heard++)
    far.send('move', { id: 1, x: 0, y: 0 })
    await until('it has come', () => heard === 1)
    await pair.near.close()
    await far.closed
    expect(far.send('move', { id: 1, x: 0, y: 0 })).toBe('closed')
  })

  it('logging: enable / disable for network (global option)', async () => {
    const lines: string[] = []
    const note = (line: string) => void lines.push(line)
    const log = { debug: note, info: note, warn: note, error: note }
    for (const options of [{ log }, {}]) {
      await using pair = await TcpPair.open({}, gameFactory(options))
      lines.length = 0
      pair.far.on('move', () => {
        throw new Error('planted')
      })
      pair.server.on('error', () => {})
      pair.near.send('move', { id: 1, x: 0, y: 0 })
      await until('the handler has failed', () => pair.server.statistics().errors === 1)
      expect(lines.length).toBe('log' in options ? 1 : 0)
    }
  })

  it('close / destroy', async () => {
    for (const how of ['close', 'destroy'] as const) {
      await using pair = await TcpPair.open()
      let heard = 0
      pair.far.on('move', () => void heard++)
      pair.near.send('move', { id: 1, x: 0, y: 0 })
      void pair.near[how]()
      const [near, far] = [await pair.near.closed, await pair.far.closed]
      expect(near.code).toBe(how === 'close' ? 'closed' : 'destroyed')
      expect(far.code).toBe(how === 'close' ? 'closed' : 'link-ended')
      if (how === 'close') expect(heard).toBe(1)
    }
  })

  it('ref: notify what is registered for the close of a session', async () => {
    await using pair = await TcpPair.open()
    const told: string[] = []
    for (const who of ['world', 'party', 'trade']) pair.far.on('close', () => void told.push(who))
    await pair.near.close()
    await pair.far.closed
    expect(told).toEqual(['world', 'party', 'trade'])
  })

  it('interface: sub new_session, accept, connect, sref.send, sref.close', async () => {
    const factory = gameFactory()
    const { server, port } = await served(factory)
    server.on('accepted', (_pipe, channel) => {
      channel.send('chat', { from: 0, line: 'welcome' })
      void channel.close('full house')
    })
    const channel = await kept(gamePipe(factory, port)).open()
    const lines: string[] = []
    channel.on('chat', ({ line }) => void lines.push(line))
    expect(await channel.closed).toMatchObject({ code: 'closed', by: 'remote', text: 'full house' })
    expect(lines).toEqual(['welcome'])
  })

  it('디버깅, 상태 보기, 구성 가능', async () => {
    await using pair = await TcpPair.open({ messageSizeMax: 4096, name: 'arena' })
    expect(pair.server.describe()).toContain("'arena'")
    expect(pair.server.statistics()).toMatchObject({ openChannels: 1, accepted: 1, errors: 0 })
    const large = () => pair.near.send('chat', { from: 1, line: 'x'.repeat(5000) })
    expect(large).toThrow(expect.objectContaining({ code: 'message-too-large' }))
  })

  it('heartbeat 같은 건? 구성만 하도록 함', async () => {
    await using pair = await TcpPair.open()
    pair.near.setHeartbeat(20, 10_000)
    await until('the peer has answered', () => pair.near.statistics().roundTripMs >= 0)
    expect(pair.near.isOpen).toBe(true)
  })
})

describe('docs/SEED-MAP.md', () => {
  const file = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
  const rows = file('docs/SEED-MAP.md')
    .split('\n')
    .filter((line) => /^\|(?! ?-)/.test(line) && !line.startsWith('| seed'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, seed, here, proof]) => ({ seed, here, proof }))
  const proofs = rows.map(({ proof }) => proof)
  const own = 'packages/millrace/src/seed-map.test.ts'

  const named = (proof: string) =>
    [...proof.matchAll(/\]\(\.\.\/([^)]+\.test\.ts)\) "([^"]+)"/g)].map(([, path, name]) => ({ path, name }))

  it('has a proof in every row: a test, a measurement, or what is to come', () => {
    expect(rows.length).toBeGreaterThan(60)
    const isTold = (proof: string) => /^(not yet: \*\w|measured: `|a goal$)/.test(proof)
    const bare = rows.filter(({ proof }) => named(proof).length === 0 && !isTold(proof))
    expect(bare).toEqual([])
  })

  it('names only tests that exist in the named files', () => {
    const missing = proofs.flatMap(named).filter(({ path, name }) => {
      const quoted = name.replaceAll('\\', '')
      return ![`it('${quoted}'`, `it("${quoted}"`, `it(\`${quoted}\``, `)('${quoted}'`].some((text) =>
        file(path).includes(text),
      )
    })
    expect(missing).toEqual([])
  })

  it('names every test of this file but those about itself', () => {
    const [tests] = file(own).split("describe('docs/SEED-MAP.md'")
    const names = [...tests.matchAll(/^ {2}it\((['"])(.*)\1, /gm)].map((match) => match[2])
    const told = proofs.flatMap(named).flatMap(({ path, name }) => (path === own ? [name] : []))
    expect(names.length).toBeGreaterThan(40)
    expect(names.filter((name) => !told.includes(name))).toEqual([])
    expect([...new Set(told)].filter((name) => !names.includes(name))).toEqual([])
  })
})
