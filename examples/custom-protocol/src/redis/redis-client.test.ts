import { type Pipe, ProtoFactory } from 'millrace'
import { createClient, RESP_TYPES } from 'redis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RespMessages, resp } from '../resp/resp.ts'
import { RawClient } from '../testing/raw-client.ts'
import { Server, storeLimits } from './server.ts'

/** How the client is made here; RESP 3 unless it says otherwise. */
function makeClient(port: number, version: 2 | 3) {
  return createClient({
    url: `redis://127.0.0.1:${port}`,
    RESP: version,
    socket: { reconnectStrategy: false },
    // Its own limit of 5 s is of a machine with nothing else to do.
    commandOptions: { timeout: 60_000 },
  })
}

function portOf(pipe: Pipe<RespMessages>): number {
  return Number(pipe.address?.text.split(':').at(-1))
}

type RedisClient = ReturnType<typeof makeClient>

describe.each([2, 3] as const)('the redis client from npm, RESP %i', (version) => {
  let pipe: Pipe<RespMessages>
  let errors: unknown[]
  let clients: RedisClient[]

  async function connect(): Promise<RedisClient> {
    const client = makeClient(portOf(pipe), version)
    client.on('error', (error) => errors.push(error))
    clients.push(client)
    await client.connect()
    return client
  }

  beforeEach(async () => {
    errors = []
    clients = []
    const net = new ProtoFactory().add('resp', resp())
    pipe = net.create('tcp', '127.0.0.1', 0, 'resp', storeLimits)
    pipe.on('error', (_, error) => errors.push(error))
    new Server().serve(pipe)
    await pipe.bind()
  })

  afterEach(async () => {
    for (const client of clients) if (client.isOpen) client.destroy()
    pipe.destroy()
    expect(errors).toEqual([])
  })

  it('sets, reads, counts and deletes', async () => {
    const client = await connect()
    expect(await client.ping()).toBe('PONG')
    expect(await client.echo('hello')).toBe('hello')
    expect(await client.set('key', 'välue ✓')).toBe('OK')
    expect(await client.get('key')).toBe('välue ✓')
    expect(await client.get('none')).toBeNull()
    expect(await client.incr('count')).toBe(1)
    expect(await client.incrBy('count', 41)).toBe(42)
    expect(await client.decr('count')).toBe(41)
    expect(await client.exists(['key', 'count', 'none'])).toBe(2)
    expect(await client.del(['key', 'none'])).toBe(1)
    expect(await client.get('key')).toBeNull()
  })

  it('keeps conditions and times of keys', async () => {
    const client = await connect()
    expect(await client.set('a', '1', { condition: 'XX' })).toBeNull()
    expect(await client.set('a', '1', { condition: 'NX' })).toBe('OK')
    expect(await client.set('a', '2', { condition: 'NX' })).toBeNull()
    expect(await client.set('a', '3', { expiration: { type: 'EX', value: 100 } })).toBe('OK')
    expect(await client.ttl('a')).toBe(100)
    expect(await client.expire('a', 50)).toBe(1)
    expect(await client.ttl('a')).toBe(50)
    expect(await client.ttl('none')).toBe(-2)
    await client.set('b', '1')
    expect(await client.ttl('b')).toBe(-1)
    await client.set('c', '1', { expiration: { type: 'PX', value: 1 } })
    await expect.poll(() => client.get('c')).toBeNull()
  })

  it('keeps hashes and lists', async () => {
    const client = await connect()
    expect(await client.hSet('hero', { name: 'Ada', level: '7' })).toBe(2)
    expect(await client.hGet('hero', 'name')).toBe('Ada')
    expect({ ...(await client.hGetAll('hero')) }).toEqual({ name: 'Ada', level: '7' })
    expect(await client.lPush('list', ['a', 'b', 'c'])).toBe(3)
    expect(await client.lRange('list', 0, -1)).toEqual(['c', 'b', 'a'])
    expect(await client.lRange('list', -2, 1)).toEqual(['b'])
    await expect(client.get('list')).rejects.toThrow('WRONGTYPE')
  })

  it('reads many keys, lists them and scans them', async () => {
    const client = await connect()
    await client.mSet({ 'user:1': 'a', 'user:2': 'b', other: 'c' })
    expect(await client.mGet(['user:1', 'none', 'other'])).toEqual(['a', null, 'c'])
    expect((await client.keys('user:*')).sort()).toEqual(['user:1', 'user:2'])
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`many:${index}`, `${index}`]))
    await client.mSet(many)
    const found: string[] = []
    for await (const keys of client.scanIterator({ MATCH: 'many:*', COUNT: 7 })) found.push(...keys)
    expect(found.sort()).toEqual(Object.keys(many).sort())
    expect(await client.dbSize()).toBe(203)
    await client.select(1)
    expect(await client.dbSize()).toBe(0)
    expect(await client.flushAll()).toBe('OK')
    await client.select(0)
    expect(await client.dbSize()).toBe(0)
  })

  it('runs transactions', async () => {
    const client = await connect()
    const mixed = client.multi().set('a', '1').hSet('a', 'x', 'y').get('a')
    const errors = await mixed.exec().catch((error: { replies: unknown[] }) => error.replies.map(String))
    expect(errors).toEqual(['OK', expect.stringContaining('WRONGTYPE'), '1'])
    const outcome = client.multi().set('b', '1').incr('b').get('b').exec()
    expect(await outcome).toEqual(['OK', 2, '2'])
    await expect(client.multi().addCommand(['NONSENSE']).set('c', '1').exec()).rejects.toThrow()
    expect(await client.get('c')).toBeNull()
  })

  it('brings 10,000 pipelined replies in their order', async () => {
    const client = await connect()
    const replies = await Promise.all(Array.from({ length: 10_000 }, () => client.incr('count')))
    expect(replies).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1))
  })

  it('takes and gives binary values of 1 MB, many at once', async () => {
    const client = await connect()
    const value = Buffer.alloc(1_000_000)
    for (let index = 0; index < value.length; index++) value[index] = (index * 31 + (index >> 8)) & 255
    await client.set('big', value)
    const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    const replies = await Promise.all(Array.from({ length: 20 }, () => binary.get('big')))
    for (const reply of replies) expect(value.equals(reply as unknown as Buffer)).toBe(true)
    const key = Buffer.from([0, 13, 10, 255, 42])
    await client.set(key, value.subarray(0, 256))
    expect(Buffer.from((await binary.get(key)) as unknown as Buffer)).toEqual(value.subarray(0, 256))
  })

  it('serves several clients at once', async () => {
    const many = await Promise.all(Array.from({ length: 8 }, connect))
    await Promise.all(many.flatMap((client) => Array.from({ length: 100 }, () => client.incr('shared'))))
    expect(await many[0].get('shared')).toBe('800')
    expect(await many[0].info()).toContain('connected_clients:8')
  })

  it('brings published messages to subscribers', async () => {
    const publisher = await connect()
    const subscriber = await connect()
    const heard: string[] = []
    await subscriber.subscribe(['news', 'weather'], (message, channel) =>
      heard.push(`${channel}: ${message}`),
    )
    expect(await publisher.publish('news', 'it works')).toBe(1)
    expect(await publisher.publish('weather', 'sunny')).toBe(1)
    expect(await publisher.publish('nobody', 'listens')).toBe(0)
    await expect.poll(() => heard).toEqual(['news: it works', 'weather: sunny'])
    await subscriber.unsubscribe('news')
    expect(await publisher.publish('news', 'gone')).toBe(0)
    await subscriber.unsubscribe()
    // In version 2 the client hands out bytes after it has listened, from any server.
    expect(String(await subscriber.ping())).toBe('PONG')
  })

  it('cuts a subscriber that does not read, and no other', async () => {
    const publisher = await connect()
    const subscriber = await RawClient.open({ host: '127.0.0.1', port: portOf(pipe) })
    subscriber.write('SUBSCRIBE news\r\n')
    await subscriber.until(':1\r\n')
    subscriber.pause()
    const message = Buffer.alloc(1_000_000)
    let receivers = 1
    for (let count = 0; receivers > 0 && count < 100; count++)
      receivers = await publisher.publish('news', message)
    expect(receivers).toBe(0)
    expect(pipe.channelCount).toBe(1)
    subscriber.destroy()
  })

  it('answers errors as errors and goes on', async () => {
    const client = await connect()
    await expect(client.sendCommand(['NONSENSE'])).rejects.toThrow("ERR unknown command 'NONSENSE'")
    await expect(client.sendCommand(['GET'])).rejects.toThrow('wrong number of arguments')
    await expect(client.auth({ password: 'secret' })).rejects.toThrow('without any password')
    await client.set('text', 'abc')
    await expect(client.incr('text')).rejects.toThrow('not an integer')
    expect(await client.ping()).toBe('PONG')
  })

  it('ends a client in order', async () => {
    const client = await connect()
    const reasons: string[] = []
    pipe.on('close', (_, channel, reason) => reasons.push(`${reason.code} ${channel.isOpen}`))
    await client.close()
    await expect.poll(() => reasons).toEqual(['closed false'])
    expect(pipe.channelCount).toBe(0)
  })
})
