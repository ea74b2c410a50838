/** What the types refuse is refused at run time as well: each line has both. */
import {
  type Body,
  bits,
  type Channel,
  contract,
  f32,
  type Key,
  type MessagesOf,
  message,
  type Pipe,
  ProtoFactory,
  type Reply,
  request,
  type Sends,
  type Side,
  Sink,
  text,
  u32,
} from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { portOf } from '../fixtures/tcp-pair.ts'
import { until, within } from '../fixtures/until.ts'

const game = contract({
  move: message({ x: f32 }, { from: 'client' }),
  snapshot: message({ tick: u32 }, { from: 'server' }),
  chat: { line: text(200) },
  buy: request({ item: u32 }, { left: u32 }, { from: 'client' }),
  ask: request({ riddle: text(20) }, { answer: text(20) }, { from: 'server' }),
})
interface Game extends MessagesOf<typeof game> {}

const pipes: Pipe[] = []
afterEach(async () => {
  for (const pipe of pipes.splice(0)) await pipe[Symbol.asyncDispose]()
})

async function meet(where: 'remote' | 'local') {
  const net = new ProtoFactory().add('game', bits(game))
  const accepting = net.create('tcp', '127.0.0.1', 0, 'game')
  const accepted = new Promise<Channel<Game, 'server'>>((resolve) => {
    accepting.on('accepted', (_pipe, channel) => resolve(channel))
  })
  await accepting.bind()
  const opening = net.create('tcp', '127.0.0.1', portOf(accepting), 'game')
  pipes.push(accepting, opening)
  const client: Channel<Game, 'client'> = await within('a channel', opening.open(where))
  return { client, server: await within('the other end', accepted), accepting, opening }
}

describe.each(['remote', 'local'] as const)('on a %s channel', (where) => {
  it('each side sends what is its own, and hears what is the other side’s', async () => {
    const { client, server } = await meet(where)
    const heard: unknown[] = []
    client.on('snapshot', ({ tick }) => heard.push(tick)).on('chat', ({ line }) => heard.push(line))
    server.on('move', ({ x }) => heard.push(x)).on('chat', ({ line }) => heard.push(line))
    server.on('buy', async ({ item }) => ({ left: item - 1 }))
    client.on('ask', ({ riddle }) => ({ answer: riddle.toUpperCase() }))
    expect(client.send('move', { x: 1 })).toBe('queued')
    expect(client.send('chat', { line: 'hello' })).toBe('queued')
    expect(server.send('snapshot', { tick: 2 })).toBe('queued')
    expect(await client.request('buy', { item: 7 })).toEqual({ left: 6 })
    expect(await server.request('ask', { riddle: 'what' })).toEqual({ answer: 'WHAT' })
    await until('all is heard', () => heard.length === 3)
    expect(heard.toSorted()).toEqual([1, 2, 'hello'])
    expect([client.side, server.side]).toEqual(['client', 'server'])
  })

  it('refuses what the other side alone may send, and listening for one’s own', async () => {
    const { client, server } = await meet(where)
    const isOthers = /only the server sends 'snapshot'; this side opened the channel and is the client/
    // @ts-expect-error: the server's
    expect(() => client.send('snapshot', { tick: 1 })).toThrow(isOthers)
    // @ts-expect-error: the client's
    expect(() => server.send('move', { x: 1 })).toThrow(/only the client sends 'move'/)
    // @ts-expect-error: the server's
    await expect(client.request('ask', { riddle: '' })).rejects.toMatchObject({ code: 'argument-invalid' })
    // @ts-expect-error: its own
    expect(() => client.on('move', () => {})).toThrow(/'move' never comes in here/)
    expect(client.statistics().messagesOut).toBe(0)
  })

  it('refuses a request of a message without a reply, and send of a request', async () => {
    const { client } = await meet(where)
    // @ts-expect-error: has no reply
    const asked = client.request('chat', { line: '' })
    await expect(asked).rejects.toThrow(/'chat' is declared without a reply/)
    // @ts-expect-error: has one
    expect(() => client.send('buy', { item: 1 })).toThrow(/'buy' is a request/)
    // @ts-expect-error: there is none of this name
    await expect(client.request('sell', {})).rejects.toMatchObject({ code: 'key-unknown' })
    expect(client.statistics().messagesOut).toBe(0)
    expect(client.isOpen).toBe(true)
  })

  it('broadcasts to those channels on the side that may send it', async () => {
    const { client, accepting, opening } = await meet(where)
    const heard: number[] = []
    client.on('snapshot', ({ tick }) => heard.push(tick))
    expect(accepting.broadcast('snapshot', { tick: 3 })).toBe(1)
    expect(opening.broadcast('snapshot', { tick: 4 })).toBe(0)
    // @ts-expect-error: the client's
    expect(accepting.broadcast('move', { x: 1 })).toBe(0)
    // @ts-expect-error: a request
    expect(() => accepting.broadcast('ask', { riddle: '' })).toThrow(/'ask' is a request/)
    await until('it is heard', () => heard.length === 1)
    expect(heard).toEqual([3])
  })

  it('iterates over what the side hears', async () => {
    const { client, server } = await meet(where)
    const messages = client[Symbol.asyncIterator]()
    server.send('snapshot', { tick: 5 })
    const { value, done } = await within('a message', messages.next())
    if (done === true) throw new Error('the channel ended')
    // @ts-expect-error: never comes in here
    expect(value.key === 'move').toBe(false)
    if (value.key === 'snapshot') expect(value.body.tick).toBe(5)
    await messages.return?.()
  })
})

it('takes misspelt keys, wrong bodies and wrong replies for errors', async () => {
  const { client, server } = await meet('local')
  // @ts-expect-error: misspelt
  expect(() => client.send('mvoe', { x: 1 })).toThrow(/no message 'mvoe'/)
  // @ts-expect-error: misspelt
  expect(() => client.on('snapsot', () => {})).toThrow(/no message 'snapsot'/)
  // @ts-expect-error: a body that is none; a local channel passes objects as they are
  client.send('move', { y: 1 })
  // @ts-expect-error: a reply that is none
  server.on('buy', () => ({ rest: 1 }))
  // @ts-expect-error: no reply
  server.on('buy', () => {})
  // @ts-expect-error: a reply to what asks for none
  server.on('chat', () => ({ line: 'thanks' }))
  // What a short handler happens to return is no reply.
  const lines: string[] = []
  server.on('chat', ({ line }) => lines.push(line)).on('chat', async () => {})
})

it('lets functions take any channel, pipe or sink', async () => {
  const { client, server, accepting } = await meet('local')
  const members = new Set<Channel>()
  const enter = (channel: Channel, pipe: Pipe, sink: Sink): void => {
    members.add(channel)
    sink.attach(channel)
    channel.on('close', () => members.delete(channel))
    expect(pipe.channelCount).toBe(1)
    // @ts-expect-error: nothing is known of its messages
    expect(() => channel.send('nothing', {})).toThrow(/no message 'nothing'/)
  }
  enter(client, accepting, new Sink<Game>(() => {}))
  enter(
    server,
    accepting,
    new Sink<Game, 'server'>((heard, channel) => void channel.send('chat', { line: heard.key })),
  )
  const eithers: Channel<Game>[] = [client, server]
  for (const either of eithers) {
    expect(either.send('chat', { line: 'to both' })).toBe('queued')
    // @ts-expect-error: one of the sides may not send it
    expect(['queued', 'argument-invalid']).toContain(attempt(() => either.send('move', { x: 1 })))
  }
  // @ts-expect-error: another contract
  const other: Channel<{ chat: { line: number } }> = client
  // @ts-expect-error: the other side
  const wrong: Channel<Game, 'server'> = client
  // @ts-expect-error: nothing is known of its messages
  const known: Channel<Game> = client as Channel
  expect([other, wrong, known]).toEqual([client, client, client])
})

it('has names for what functions around channels need', async () => {
  const { client } = await meet('local')
  const send = <Own extends Side, K extends Sends<Game, Own>>(
    channel: Channel<Game, Own>,
    key: K,
    body: Body<Game, K>,
  ) => channel.send(key, body)
  expect(send(client, 'move', { x: 2 })).toBe('queued')
  // @ts-expect-error: the server's
  expect(() => send(client, 'snapshot', { tick: 1 })).toThrow(/only the server/)
  const keys: Key<Game>[] = ['move', 'snapshot', 'chat', 'buy', 'ask']
  const reply: Reply<Game, 'buy'> = { left: 1 }
  expect([keys.length, reply.left]).toEqual([5, 1])
})

function attempt(run: () => string): string {
  try {
    return run()
  } catch (error) {
    return (error as { code: string }).code
  }
}
