import { PlainCodec, RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { type Channel, conversationOf } from '../channel/channel.ts'
import { framed } from '../session/framed.ts'
import type { PipeOptions } from './pipe-options.ts'
import type { AnyMessages } from './target-types.ts'

async function crowd(count: number, options: PipeOptions = {}) {
  const codec = new PlainCodec()
  const rig = new Rig({ protocol: framed(codec) })
  const accepting = rig.pipe('server', options)
  const opening = rig.pipe()
  await rig.until(accepting.bind())
  const heard: unknown[][] = []
  const channels: Channel[] = []
  for (let index = 0; index < count; index++) {
    const channel = await rig.until(opening.open())
    const list: unknown[] = []
    channel.on('n', (n) => void list.push(n))
    heard.push(list)
    channels.push(channel as Channel)
  }
  await rig.loop.settle()
  return { rig, codec, accepting, opening, channels, heard }
}

describe('broadcast', () => {
  it('encodes once for all channels, and everyone hears the same as by send', async () => {
    for (const body of [1, 'x'.repeat(3000), 'y'.repeat(100_000)]) {
      const { rig, codec, accepting, heard } = await crowd(50)
      const before = codec.encodeCount
      expect(accepting.broadcast('n', body)).toBe(50)
      expect(codec.encodeCount - before).toBe(1)
      await rig.loop.settle()
      expect(heard.every((list) => list.length === 1 && list[0] === body)).toBe(true)
      await rig.end()
    }
  })

  it('stands in order with what is sent before and after', async () => {
    const { rig, accepting, heard } = await crowd(3)
    for (const channel of accepting.channels()) channel.send('n', 'before')
    accepting.broadcast('n', 'all '.repeat(2000))
    for (const channel of accepting.channels()) channel.send('n', 'after')
    accepting.broadcast('n', 'all')
    await rig.loop.settle()
    for (const list of heard) expect(list).toEqual(['before', 'all '.repeat(2000), 'after', 'all'])
    await rig.end()
  })

  it('goes to those given, and to open channels of this pipe only', async () => {
    const { rig, accepting, opening, channels, heard } = await crowd(4)
    const theirs = [...accepting.channels()]
    expect(accepting.broadcast('n', 1, [theirs[0], theirs[2], channels[1] as never])).toBe(2)
    void theirs[3].close()
    expect(accepting.broadcast('n', 2, theirs)).toBe(3)
    await rig.loop.advance(10)
    expect(heard).toEqual([[1, 2], [2], [1, 2], []])
    expect(opening.broadcast('n', 3, [])).toBe(0)
    await rig.end()
  })

  it('counts only those who took it', async () => {
    const { rig, accepting, heard } = await crowd(3, { highWaterBytes: 1000 })
    const [first] = accepting.channels()
    rig.network.connections[0].opened.freeze('on')
    while (first.send('n', 'x'.repeat(100)) === 'queued');
    expect(accepting.broadcast('n', 1)).toBe(2)
    expect(first.statistics().refused).toBe(2)
    await rig.loop.settle()
    expect(heard[1]).toEqual([1])
    expect(heard[2]).toEqual([1])
    rig.network.connections[0].opened.freeze('off')
    await rig.end()
  })

  it('of a body that is none throws before anything is sent', async () => {
    const { rig, accepting, heard } = await crowd(3)
    expect(() => accepting.broadcast('n', () => 1)).toThrowError(
      expect.objectContaining({ code: 'argument-invalid' }),
    )
    await rig.loop.settle()
    expect(heard).toEqual([[], [], []])
    await rig.end()
  })

  it('without any channel takes no one, and a pipe without an address says so', async () => {
    const rig = new Rig()
    const accepting = rig.pipe()
    await rig.until(accepting.bind())
    expect(accepting.broadcast('n', 1)).toBe(0)
    expect(() => rig.factory.create('nameless').broadcast('n', 1)).toThrowError(
      expect.objectContaining({ code: 'not-bound' }),
    )
    await rig.end()
  })
})

/** A peer that takes small messages only, first in the pipe's list, and three that take more. */
async function withSmallPeer(options: PipeOptions = {}) {
  const published: unknown[] = []
  const topic = (name: string) => ({
    hasSubscribers: name === 'millrace:channel.too-large',
    publish: (message: unknown) => void published.push(message),
  })
  const codec = new PlainCodec()
  const rig = new Rig({ protocol: framed(codec), diagnostics: { channel: topic } })
  const accepting = rig.pipe('server', options)
  await rig.until(accepting.bind())
  const peer = await RawPeer.connect(rig.network, 'net://server')
  peer.sendHello({ messageSizeMax: 4096 })
  await rig.loop.settle()
  const opening = rig.pipe()
  const heard: unknown[] = []
  for (let index = 0; index < 3; index++) {
    const channel = await rig.until(opening.open())
    channel.on('n', (n) => void heard.push(n))
  }
  await rig.loop.settle()
  const [small] = accepting.channels() as IterableIterator<Channel<AnyMessages>>
  const { errors } = rig.diary(accepting)
  return { rig, accepting, codec, peer, small, errors, heard, published }
}

const senderOf = (channel: Channel) => conversationOf(channel).carrier.sender

const large = 'x'.repeat(5000)

describe('a peer that takes smaller messages than others', () => {
  it('is left out of a broadcast, counted and told of once; the others get it', async () => {
    const { rig, accepting, codec, peer, small, errors, heard, published } = await withSmallPeer()
    const { length } = peer.heard
    const before = codec.encodeCount
    expect(accepting.broadcast('n', large)).toBe(3)
    expect(accepting.broadcast('n', large)).toBe(3)
    expect(codec.encodeCount - before).toBe(2)
    await rig.loop.settle()
    expect(heard).toEqual(Array.from({ length: 6 }, () => large))
    expect(peer.heard.length).toBe(length)
    expect(small.statistics()).toMatchObject({ tooLarge: 2, messagesOut: 0 })
    expect(accepting.statistics().tooLarge).toBe(2)
    expect(errors.map(({ code, message }) => [code, message])).toEqual([
      ['message-too-large', expect.stringContaining("'n' was not sent")],
    ])
    const told = { pipe: accepting, channel: small, key: 'n', peerSizeMax: 4096 }
    expect(published).toEqual([told, told])
    await rig.end()
  })

  it('makes no loop of sends throw: it answers `too-large`, to the byte', async () => {
    const { rig, accepting, small, heard } = await withSmallPeer()
    const results = [...accepting.channels()].map((channel) => channel.send('n', large))
    expect(results).toEqual(['too-large', 'queued', 'queued', 'queued'])
    // The key with its size, and the quotes of JSON.
    const room = 4096 - 2 - 2
    expect(small.send('n', 'x'.repeat(room))).toBe('queued')
    expect(small.send('n', 'x'.repeat(room + 1))).toBe('too-large')
    expect(await rig.until(small.sendWhenReady('n', large))).toBe('too-large')
    expect(accepting.broadcast('n', 'x'.repeat(room))).toBe(4)
    expect(accepting.broadcast('n', 'x'.repeat(room + 1))).toBe(3)
    expect(small.statistics()).toMatchObject({ tooLarge: 4, messagesOut: 2 })
    await rig.loop.settle()
    expect(heard.length).toBe(9)
    await rig.end()
  })

  it('is refused a message that is too large for itself, or for no one: that throws, and nothing is sent', async () => {
    const { rig, accepting, small, heard } = await withSmallPeer({ messageSizeMax: 8192 })
    const tooLarge = expect.objectContaining({ code: 'message-too-large' })
    expect(() => small.send('n', 'x'.repeat(9000))).toThrowError(tooLarge)
    expect(() => accepting.broadcast('n', 'x'.repeat(9000))).toThrowError(tooLarge)
    await rig.loop.settle()
    expect(heard).toEqual([])
    expect(small.statistics().tooLarge).toBe(0)
    await rig.end()
  })

  it('is not asked what it does not take, and its requests for more get a fault', async () => {
    const { rig, peer, small, errors } = await withSmallPeer()
    expect(await rig.failureOf(small.request('n', large))).toMatchObject({ code: 'message-too-large' })
    small.on('ask', () => large)
    peer.sendFrame(0x93, [1, 3, 0x61, 0x73, 0x6b, 0x31])
    await rig.loop.settle()
    const { code, body } = peer.frames.at(-1)!
    expect([code, Buffer.from(body).toString()]).toEqual([0x86, expect.stringContaining('messageSizeMax')])
    expect(small.statistics().tooLarge).toBe(2)
    expect(errors.map((error) => error.code)).toEqual(['message-too-large'])
    await rig.end()
  })

  it('is left out behind a full channel too, whatever the policy queues', async () => {
    const { rig, accepting, small, heard } = await withSmallPeer({
      overflow: 'latest-by-key',
      highWaterBytes: 10_000,
      lowWaterBytes: 1000,
    })
    rig.network.connections[0].opened.freeze('on')
    for (let count = 0; count < 40; count++) small.send('n', 'x'.repeat(3000))
    expect(small.statistics().superseded).toBeGreaterThan(0)
    expect(small.send('n', large)).toBe('too-large')
    expect(accepting.broadcast('n', large)).toBe(3)
    expect(small.statistics().tooLarge).toBe(2)
    rig.network.connections[0].opened.freeze('off')
    await rig.loop.settle()
    expect(heard).toEqual([large, large, large])
    await rig.end()
  })

  it('is told of once a second at most, however many there are', async () => {
    const { rig, accepting, errors } = await withSmallPeer()
    for (let index = 0; index < 30; index++)
      (await RawPeer.connect(rig.network, 'net://server')).sendHello({ messageSizeMax: 4096 })
    await rig.loop.settle()
    expect(accepting.broadcast('n', large)).toBe(3)
    expect(errors.length).toBe(1)
    await rig.loop.advance(1000)
    ;(await RawPeer.connect(rig.network, 'net://server')).sendHello({ messageSizeMax: 4096 })
    await rig.loop.settle()
    expect(accepting.broadcast('n', large)).toBe(3)
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('channel'),
      expect.stringContaining('30 more channels'),
    ])
    await rig.end()
  })
})

describe('a broadcast in the middle of which something throws', () => {
  it('serves all others, and tells of it once', async () => {
    const { rig, accepting, heard } = await crowd(4)
    const [, second] = accepting.channels()
    Object.assign(senderOf(second as Channel), {
      sendShared: () => {
        throw new Error('it has had enough')
      },
    })
    expect(accepting.broadcast('n', 1)).toBe(3)
    await rig.loop.settle()
    expect(heard).toEqual([[1], [], [1], [1]])
    const { errors } = rig.diary(accepting)
    expect(errors.map(({ code, message }) => [code, message])).toEqual([
      ['handler-failed', expect.stringContaining('it has had enough')],
    ])
    await rig.end()
  })
})
