import { PlainCodec, plain, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { Channel } from '../channel/channel.ts'
import type { PipeOptions } from '../pipe/pipe-options.ts'
import { ProtoFactory } from '../pipe/proto-factory.ts'
import type { AnyMessages } from '../pipe/target-types.ts'
import { framed } from '../session/framed.ts'
import { local as localTransport } from './local.ts'

/** Both ways in which two pipes of one process meet without a link. */
const ways = ["open('local')", 'the transport'] as const

async function local(way: (typeof ways)[number], accept: PipeOptions = {}, open: PipeOptions = {}) {
  const codec = new PlainCodec()
  const rig = new Rig({ protocol: framed(codec) })
  const accepting = way === 'the transport' ? rig.local('lobby', accept) : rig.pipe('server', accept)
  const opening = way === 'the transport' ? rig.local('lobby', open) : rig.pipe('server', open)
  await rig.until(accepting.bind())
  const another = () => rig.until(opening.open(way === 'the transport' ? 'remote' : 'local'))
  const opened = await another()
  const [accepted] = rig.diary(accepting).accepted
  return { rig, codec, accepting, opening, accepted, opened, another }
}

describe.each(ways)('a local channel by %s', (way) => {
  it('passes the very objects, in order, without encoding and without a link', async () => {
    const { rig, codec, accepted, opened } = await local(way)
    const heard: unknown[] = []
    accepted.on('n', (body) => void heard.push(body))
    const bodies = [{ run: () => 1 }, new Map(), undefined, 5n, 'text', Symbol('s')]
    for (const body of bodies) expect(opened.send('n', body)).toBe('queued')
    expect(heard).toEqual([])
    await rig.loop.settle()
    expect(heard.length).toBe(bodies.length)
    for (const [index, body] of bodies.entries()) expect(heard[index]).toBe(body)
    expect(codec.encodeCount + codec.decodeCount).toBe(0)
    expect(rig.network.connections).toEqual([])
    await rig.end()
  })

  it('opens both ends once', async () => {
    const { rig, accepting, opening, accepted, opened } = await local(way)
    expect(rig.diary(accepting)).toMatchObject({ accepted: [accepted], connected: [], errors: [] })
    expect(rig.diary(opening)).toMatchObject({ accepted: [], connected: [opened], errors: [] })
    expect(accepted.isOpen && opened.isOpen).toBe(true)
    await rig.end()
  })

  it('answers requests, both ways, with all their ends', async () => {
    const { rig, accepted, opened } = await local(way)
    accepted.on('ask', (n, channel) => channel.request('back', n + 1))
    opened.on('back', (n) => n * 10)
    accepted.on('fail', () => {
      throw new Error('inner')
    })
    accepted.on('never', () => new Promise(() => {}))
    expect(await rig.until(opened.request('ask', 4))).toBe(50)
    expect(await rig.failureOf(opened.request('fail', 1))).toMatchObject({ code: 'request-failed' })
    expect(await rig.failureOf(opened.request('none', 1))).toMatchObject({ code: 'request-failed' })
    expect(await rig.failureOf(opened.request('never', 1, { timeoutMs: 20 }))).toMatchObject({
      code: 'request-timeout',
    })
    const waiting = opened.request('never', 1).catch((error) => error.code)
    await rig.until(accepted.close())
    expect(await rig.until(waiting)).toBe('channel-closed')
    await rig.end()
  })

  it('closes in order: what was sent before arrives', async () => {
    const { rig, accepted, opened } = await local(way)
    const heard: unknown[] = []
    accepted.on('n', (n) => void heard.push(n))
    for (let n = 0; n < 10; n++) opened.send('n', n)
    expect(await rig.until(opened.close('bye'))).toMatchObject({ code: 'closed', by: 'local', text: 'bye' })
    expect(accepted.reason).toMatchObject({ code: 'closed', by: 'remote', text: 'bye' })
    expect(heard.length).toBe(10)
    expect(opened.send('n', 11)).toBe('closed')
    expect(accepted.send('n', 11)).toBe('closed')
    await rig.end()
  })

  it('closes from both sides at once, each with its own reason', async () => {
    const { rig, accepted, opened } = await local(way)
    const both = Promise.all([opened.close('mine'), accepted.close('theirs')])
    expect((await rig.until(both)).map((reason) => reason.code)).toEqual(['closed', 'closed'])
    await rig.end()
  })

  it('is destroyed at once, and the other end hears of a link that ended', async () => {
    const { rig, accepted, opened } = await local(way)
    opened.destroy()
    expect(opened.reason).toEqual({ code: 'destroyed' })
    await rig.loop.settle()
    expect(accepted.reason).toEqual({ code: 'link-ended' })
    await rig.end()
  })

  it('lets no message through after a close or destroy in a handler', async () => {
    for (const end of ['close', 'destroy'] as const) {
      const { rig, accepted, opened } = await local(way)
      const heard: unknown[] = []
      accepted.on('n', (n, channel) => {
        heard.push(n)
        if (n === 1) void channel[end]()
      })
      for (let n = 0; n < 5; n++) opened.send('n', n)
      await rig.loop.settle()
      expect(heard).toEqual([0, 1])
      await rig.end()
    }
  })

  it('closes when the program ends in the middle, with a reader behind', async () => {
    const { rig, accepted, opened } = await local(way, { iteratorQueueMax: 2 })
    const iterator = accepted[Symbol.asyncIterator]()
    for (let n = 0; n < 10; n++) opened.send('n', n)
    void opened.close()
    await rig.loop.settle()
    const heard: unknown[] = []
    for (;;) {
      const { done, value } = await rig.until(iterator.next())
      if (done) break
      heard.push(value.body)
    }
    expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    await rig.end()
  })

  it('is bounded by localQueueMax, with every policy', async () => {
    const full = async (overflow: NonNullable<PipeOptions['overflow']>) => {
      const both = await local(way, { iteratorQueueMax: 1 }, { localQueueMax: 8, overflow })
      const heard: unknown[] = []
      for (let n = 0; n < 20; n++) both.opened.send(n % 2 === 0 ? 'even' : 'odd', n)
      const statistics = both.opened.statistics()
      for (const key of ['even', 'odd']) both.accepted.on(key, (n) => void heard.push(n))
      await both.rig.loop.settle()
      await both.rig.end()
      return { heard, statistics, reason: both.opened.reason }
    }
    const first = [0, 1, 2, 3, 4, 5, 6, 7]
    const wait = await full('wait')
    expect(wait.heard).toEqual(first)
    expect(wait.statistics).toMatchObject({ refused: 12, queuedMessages: 8, messagesOut: 8 })
    const newest = await full('drop-newest')
    expect(newest.heard).toEqual(first)
    expect(newest.statistics).toMatchObject({ droppedNewest: 12 })
    const oldest = await full('drop-oldest')
    expect(oldest.heard).toEqual([12, 13, 14, 15, 16, 17, 18, 19])
    expect(oldest.statistics).toMatchObject({ droppedOldest: 12 })
    const latest = await full('latest-by-key')
    expect(latest.heard.slice(-2)).toEqual([18, 19])
    expect(latest.heard.length).toBe(8)
    expect(latest.statistics).toMatchObject({ superseded: 12 })
    expect((await full('close')).reason).toMatchObject({ code: 'overflow' })
  })

  it('says when there is room again', async () => {
    const { rig, accepted, opened } = await local(way, {}, { localQueueMax: 8 })
    const heard: unknown[] = []
    accepted.on('n', (n) => void heard.push(n))
    const all = (async () => {
      for (let n = 0; n < 100; n++) expect(await opened.sendWhenReady('n', n)).toBe('queued')
    })()
    await rig.until(all)
    await rig.loop.settle()
    expect(heard.length).toBe(100)
    expect(heard).toEqual(Array.from({ length: 100 }, (_, n) => n))
    await rig.end()
  })

  it('has room when it is down to a quarter of its own localQueueMax, whatever that of the other end is', async () => {
    const { rig, accepted, opened } = await local(way, { iteratorQueueMax: 1 }, { localQueueMax: 4 })
    const iterator = accepted[Symbol.asyncIterator]()
    for (let n = 0; n < 4; n++) opened.send('n', n)
    let isReady = false
    const drained = opened.drained().then(() => (isReady = true))
    for (const left of [3, 2, 1]) {
      await rig.loop.settle()
      expect([accepted.statistics().storedMessages, isReady]).toEqual([left, left === 1])
      await iterator.next()
    }
    await rig.until(drained)
    await rig.end()
  })

  it('takes what is sent to an end that closes, so that a reader which waits for room learns of it', async () => {
    const { rig, accepted, opened } = await local(
      way,
      { closeTimeoutMs: 60_000 },
      { localQueueMax: 4, iteratorQueueMax: 1 },
    )
    accepted.on('n', () => {})
    const heard: unknown[] = []
    const reading = (async () => {
      for await (const { body } of opened) {
        for (let n = 0; n < 20; n++) await opened.sendWhenReady('n', n)
        heard.push(body)
      }
    })()
    for (const n of [1, 2, 3]) accepted.send('n', n)
    const closed = accepted.close('over')
    await rig.until(reading, 1000)
    expect(heard).toEqual([1, 2, 3])
    expect(await rig.until(closed)).toMatchObject({ code: 'closed', by: 'local', text: 'over' })
    expect(opened.reason).toMatchObject({ code: 'closed', by: 'remote', text: 'over' })
    await rig.end()
  })

  it('tells an end that waits for room when the other one has waited long enough', async () => {
    const { rig, accepted, opened } = await local(
      way,
      { closeTimeoutMs: 300 },
      { localQueueMax: 4, iteratorQueueMax: 1 },
    )
    let done = () => {}
    const reading = (async () => {
      for await (const { body } of opened)
        if (body === 1) await new Promise<void>((resolve) => (done = resolve))
    })()
    for (const n of [1, 2, 3]) accepted.send('n', n)
    await rig.loop.settle()
    void accepted.close('over')
    await rig.loop.advance(301)
    expect(accepted.reason).toMatchObject({ code: 'closed', by: 'local' })
    expect(opened.send('n', 1)).toBe('closed')
    expect(await rig.until(opened.drained())).toBe('closed')
    done()
    await rig.until(reading)
    expect(opened.reason).toMatchObject({ code: 'closed', by: 'remote', text: 'over' })
    await rig.end()
  })

  it('brings replies of async handlers past messages that wait for a reader who asks', async () => {
    const { rig, accepted, opened } = await local(
      way,
      { iteratorQueueMax: 1, localQueueMax: 100 },
      { localQueueMax: 4 },
    )
    opened.on('ask', async (n) => n)
    const filled = (async () => {
      for (let n = 0; n < 20; n++) await opened.sendWhenReady('n', n)
    })()
    const heard: unknown[] = []
    const reading = (async () => {
      for await (const { body } of accepted) {
        heard.push(await accepted.request('ask', body, { timeoutMs: 1000 }))
        if (heard.length === 20) break
      }
    })()
    await rig.until(Promise.all([filled, reading]))
    expect(heard).toEqual(Array.from({ length: 20 }, (_, n) => n))
    await rig.end()
  })

  it('brings a reply past messages of the same turn that fill the queue of a reader who asks', async () => {
    const { rig, accepted, opened } = await local(way, {}, { iteratorQueueMax: 1 })
    accepted.on('ask', (n) => {
      for (let m = 0; m < 3; m++) accepted.send('more', m)
      return n
    })
    const heard: unknown[] = []
    const reading = (async () => {
      for await (const { key } of opened) {
        if (key === 'first') heard.push(await opened.request('ask', 7, { timeoutMs: 1000 }))
        else if (heard.push(key) === 4) break
      }
    })()
    accepted.send('first', 0)
    await rig.until(reading)
    expect(heard).toEqual([7, 'more', 'more', 'more'])
    await rig.end()
  })

  it('is the 11th of 10: refused on this side, and counted by neither', async () => {
    const { rig, accepting, another } = await local(way, { maxOpenChannels: 10 })
    for (let count = 1; count < 10; count++) await another()
    const error = await another().catch((reason) => reason)
    expect(error).toMatchObject({ code: 'channel-limit' })
    expect(accepting.channelCount).toBe(10)
    await rig.until(rig.diary(accepting).accepted[3].close())
    expect((await another()).isOpen).toBe(true)
    await rig.end()
  })

  it('lets two ends that answer each other for ever leave room for others', async () => {
    const { rig, accepting, accepted, opened, another } = await local(way)
    let count = 0
    const bounce = (n: number, channel: Channel<AnyMessages>) => {
      if (++count < 5000) channel.send('bounce', n + 1)
    }
    accepted.on('bounce', bounce as never)
    opened.on('bounce', bounce as never)
    opened.send('bounce', 0)
    const second = await another()
    let heardAt = Number.POSITIVE_INFINITY
    rig.diary(accepting).accepted[1].on('n', () => {
      heardAt = count
    })
    second.send('n', 1)
    await rig.loop.settle()
    expect(count).toBe(5000)
    expect(heardAt).toBeLessThan(100)
    await rig.end()
  })

  it('says a broadcast to everyone', async () => {
    const { rig, accepting, opened, another } = await local(way)
    const second = await another()
    const heard: unknown[] = []
    for (const channel of [opened, second]) channel.on('n', (n) => void heard.push(n))
    const body = { same: true }
    expect(accepting.broadcast('n', body)).toBe(2)
    await rig.loop.settle()
    expect(heard.length).toBe(2)
    expect(heard.every((each) => each === body)).toBe(true)
    await rig.end()
  })
})

describe('meeting locally', () => {
  it('needs a bound pipe, of the same factory, of the same protocol', async () => {
    const rig = new Rig()
    expect(await rig.failureOf(rig.pipe('nobody').open('local'))).toMatchObject({
      code: 'connect-failed',
      message: expect.stringContaining('net://nobody'),
    })
    const accepting = rig.pipe()
    await rig.until(accepting.bind())
    expect(await rig.failureOf(rig.pipeOf(framed(new PlainCodec())).open('local'))).toMatchObject({
      code: 'protocol-mismatch',
    })
    const stranger = new Rig()
    expect(await stranger.failureOf(stranger.pipe().open('local'))).toMatchObject({ code: 'connect-failed' })
    await rig.until(accepting.close())
    expect(await rig.failureOf(rig.pipe().open('local'))).toMatchObject({ code: 'connect-failed' })
    await rig.end()
    await stranger.end()
  })

  it('needs a factory that has the transport, also when it was removed since', async () => {
    const rig = new Rig()
    const { platform } = rig.network
    const factory = new ProtoFactory({ platform }).add('net', rig.network.streams()).add('test', plain())
    const accepting = factory.create('net', 'server', 'test')
    await rig.until(accepting.bind())
    const opening = factory.create('net', 'server', 'test')
    expect(await rig.failureOf(opening.open('local'))).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining("add('local', local())"),
    })
    factory.add('here', localTransport()).remove('here')
    expect(await rig.until(opening.open('local'))).toMatchObject({ isOpen: true })
    for (const pipe of [accepting, opening]) await rig.until(pipe.close())
    await rig.end()
  })

  it('takes one pipe per name', async () => {
    const rig = new Rig()
    await rig.until(rig.local('lobby').bind())
    expect(await rig.failureOf(rig.local('lobby').bind())).toMatchObject({ code: 'address-in-use' })
    await rig.until(rig.local('other').bind())
    await rig.end()
  })

  it('goes beside links: one pipe has channels of both kinds', async () => {
    const rig = new Rig()
    const accepting = rig.pipe()
    await rig.until(accepting.bind())
    const opening = rig.pipe()
    const near = await rig.until(opening.open('local'))
    const far = await rig.until(opening.open())
    const heard: unknown[] = []
    for (const channel of rig.diary(accepting).accepted) channel.on('n', (n) => void heard.push(n))
    near.send('n', 'near')
    far.send('n', 'far')
    await rig.loop.settle()
    expect(heard.sort()).toEqual(['far', 'near'])
    expect(rig.network.connections.length).toBe(1)
    await rig.end()
  })

  it('delivers nothing before code behind await open() could set its handlers', async () => {
    const rig = new Rig()
    const accepting = rig.local()
    const opening = rig.local('lobby', { drive: 'manual' })
    await rig.until(accepting.bind())
    const promise = opening.open()
    await rig.loop.settle()
    for (const n of [1, 2, 3]) rig.diary(accepting).accepted[0].send('n', n)
    opening.process()
    const channel = await rig.until(promise)
    const heard: unknown[] = []
    channel.on('n', (n) => void heard.push(n))
    for (let count = 0; count < 3; count++) {
      opening.process()
      await rig.loop.settle()
    }
    expect(heard).toEqual([1, 2, 3])
    expect(channel.statistics().unhandled).toBe(0)
    await rig.end()
  })

  it('waits for an end that gets no turns no longer than closeTimeoutMs', async () => {
    const rig = new Rig()
    const accepting = rig.local('lobby', { drive: 'manual' })
    await rig.until(accepting.bind())
    const promise = rig.local('lobby', { closeTimeoutMs: 300 }).open()
    accepting.process()
    const channel = await rig.until(promise)
    const closed = channel.close('bye')
    await rig.loop.advance(299)
    expect(channel.reason).toBeUndefined()
    await rig.loop.advance(2)
    expect(await rig.until(closed)).toMatchObject({ code: 'closed', by: 'local', text: 'bye' })
    const [accepted] = rig.diary(accepting).accepted
    expect(accepted.reason).toBeUndefined()
    accepting.process()
    expect(accepted.reason).toMatchObject({ code: 'closed', by: 'remote', text: 'bye' })
    await rig.end()
  })

  it('works with pipes that are driven by hand', async () => {
    const rig = new Rig()
    const accepting = rig.local('lobby', { drive: 'manual' })
    const opening = rig.local('lobby', { drive: 'manual' })
    await rig.until(accepting.bind())
    const promise = opening.open()
    const tick = async () => {
      await rig.loop.advance(10)
      accepting.process()
      opening.process()
    }
    for (let count = 0; count < 3; count++) await tick()
    const channel = await rig.until(promise)
    const heard: unknown[] = []
    rig.diary(accepting).accepted[0].on('n', (n) => void heard.push(n))
    channel.send('n', 1)
    await rig.loop.advance(100)
    expect(heard).toEqual([])
    await tick()
    expect(heard).toEqual([1])
    await rig.end()
  })
})
