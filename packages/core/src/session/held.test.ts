import { type Pair, pair, RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { Channel } from '../channel/channel.ts'
import type { AnyMessages } from '../pipe/target-types.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Windows of a link: one that holds much, as tcp does, and one that holds next to nothing. */
const windows = [262_144, 1000]

/** Answers `get` with so many bytes. */
function serve(channel: Channel<AnyMessages>, size: number): void {
  channel.on('get', (n) => ({ n, data: 'x'.repeat(size) }))
}

/** Asks so many times at once, and gives what came back. */
function ask(channel: Channel<AnyMessages>, count: number): Promise<{ n: number }[]> {
  return Promise.all(numbers(count).map((n) => channel.request('get', n) as Promise<{ n: number }>))
}

async function heldPair(options: Parameters<typeof pair>[0] = {}): Promise<Pair & { heard: unknown[] }> {
  const made = await pair({ ...options, accepting: { iteratorQueueMax: 3, ...options.accepting } })
  return { ...made, heard: [] }
}

describe('two sides that ask each other for much', () => {
  for (const windowBytes of windows) {
    it(`both get all replies over a link that holds ${windowBytes} bytes`, async () => {
      const { rig, accepted, opened } = await pair({ network: { windowBytes, delayMs: [1, 1] } })
      serve(accepted, 65_536)
      serve(opened, 65_536)
      const replies = await rig.until(Promise.all([ask(accepted, 60), ask(opened, 60)]), 600_000)
      for (const side of replies) expect(side.map(({ n }) => n)).toEqual(numbers(60))
      expect([accepted.isOpen, opened.isOpen]).toEqual([true, true])
      await rig.end()
    })
  }

  it('start few answers more than a full link holds, and the rest when there is room', async () => {
    const { rig, accepted, opened } = await pair({ network: { windowBytes: 1000 } })
    let started = 0
    accepted.on('get', () => {
      started++
      return 'x'.repeat(65_536)
    })
    const [{ opened: link }] = rig.network.connections
    link.freeze('on')
    const replies = ask(opened, 60)
    await rig.loop.advance(100)
    expect(started).toBeGreaterThan(15)
    expect(started).toBeLessThan(20)
    expect(accepted.statistics().storedBytes).toBeGreaterThan(0)
    link.freeze('off')
    await rig.until(replies, 600_000)
    expect(started).toBe(60)
    await rig.end()
  })
})

describe('a reader that is behind', () => {
  it('answers pings, so its peer does not take it for dead', async () => {
    const { rig, accepted, opened } = await heldPair()
    const iterator = accepted[Symbol.asyncIterator]()
    opened.setHeartbeat(100, 300)
    for (const n of numbers(3000)) opened.send('n', n)
    await rig.loop.advance(5000)
    expect(opened.isOpen).toBe(true)
    expect(opened.statistics().roundTripMs).toBe(0)
    expect(accepted.statistics().messagesIn).toBe(3)
    for (const n of numbers(3000)) expect((await rig.until(iterator.next())).value.body).toBe(n)
    await rig.end()
  })

  it('gets the replies to its own requests, with thousands of messages before them', async () => {
    const { rig, accepted, opened } = await heldPair()
    opened.on('ask', (n) => n * 2)
    for (const n of numbers(3000)) opened.send('n', n)
    const answers: unknown[] = []
    const reading = (async () => {
      for await (const { body } of accepted) {
        answers.push(await accepted.request('ask', body))
        if (answers.length === 3000) return
      }
    })()
    await rig.until(reading, 600_000)
    expect(answers).toEqual(numbers(3000).map((n) => n * 2))
    await rig.end()
  })

  it('learns that a request of its own failed', async () => {
    const { rig, accepted, opened } = await heldPair()
    accepted[Symbol.asyncIterator]()
    for (const n of numbers(10)) opened.send('n', n)
    await rig.loop.settle()
    expect(await rig.failureOf(accepted.request('unknown', 1))).toMatchObject({ code: 'request-failed' })
    await rig.end()
  })

  for (const pieces of ['whole', 'bytes', 'random'] as const) {
    it(`gets messages and requests in their order, cut ${pieces}`, async () => {
      const network = { pieces, ownership: 'lent' } as const
      const { rig, accepted, opened, heard } = await heldPair({ network })
      const iterator = accepted[Symbol.asyncIterator]()
      accepted.on('ask', (n) => n)
      opened.on('back', (n) => n)
      const replies: Promise<unknown>[] = []
      for (const n of numbers(40)) {
        if (n % 3 === 0) replies.push(opened.request('ask', n))
        else opened.send('n', n)
      }
      await rig.loop.settle()
      expect(accepted.statistics().messagesIn).toBe(3)
      expect(await rig.until(accepted.request('back', 'passes'))).toBe('passes')
      while (heard.length < 40) heard.push((await rig.until(iterator.next())).value.body)
      expect(heard).toEqual(numbers(40))
      expect(await rig.until(Promise.all(replies))).toEqual(numbers(40).filter((n) => n % 3 === 0))
      expect(accepted.statistics().storedBytes).toBe(0)
      await rig.end()
    })
  }

  it('is bounded by bytes, whatever the size of the messages', async () => {
    const accepting = { receiveHighWaterBytes: 4000, messageSizeMax: 4096 }
    const { rig, accepted, opened } = await heldPair({
      accepting,
      network: { windowBytes: 1000 },
      opening: { highWaterBytes: 4000 },
    })
    accepted[Symbol.asyncIterator]()
    for (let round = 0; round < 3000; round++) {
      while (opened.send('n', 1) === 'queued');
      await rig.loop.settle()
    }
    expect(opened.send('n', 1)).toBe('full')
    expect(accepted.statistics().storedBytes).toBeLessThan(140_000)
    await rig.end()
  })

  it('has until it reads on what was sent before a close, and then the close', async () => {
    const { rig, accepted, opened, heard } = await heldPair()
    opened.on('ask', (n) => n)
    const iterator = accepted[Symbol.asyncIterator]()
    for (const n of numbers(10)) opened.send('n', n)
    await rig.loop.settle()
    const reply = accepted.request('ask', 'still answered')
    await rig.loop.settle()
    expect(await rig.until(reply)).toBe('still answered')
    void opened.close('that was all')
    await rig.loop.settle()
    expect(accepted.isOpen).toBe(true)
    while (heard.length < 10) heard.push((await rig.until(iterator.next())).value.body)
    expect((await rig.until(iterator.next())).done).toBe(true)
    expect(heard).toEqual(numbers(10))
    expect(accepted.reason).toMatchObject({ code: 'closed', by: 'remote', text: 'that was all' })
    await rig.end()
  })

  it('has what was sent before the link was cut', async () => {
    const { rig, accepted, opened, heard } = await heldPair()
    const iterator = accepted[Symbol.asyncIterator]()
    for (const n of numbers(10)) opened.send('n', n)
    await rig.loop.settle()
    opened.destroy()
    await rig.loop.settle()
    while (heard.length < 10) heard.push((await rig.until(iterator.next())).value.body)
    expect((await rig.until(iterator.next())).done).toBe(true)
    expect(heard).toEqual(numbers(10))
    expect(accepted.reason).toEqual({ code: 'link-ended' })
    await rig.end()
  })
})

describe('a raw peer of a reader that is behind', () => {
  const message = (letter: number) => [1, 0x61, letter] as const
  const codes = { message: 0x91, ping: 0x82, pong: 0x83, close: 0x84 }

  async function held() {
    const rig = new Rig()
    const accepting = rig.pipe('server', { iteratorQueueMax: 1 })
    await rig.until(accepting.bind())
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.sendHello()
    await rig.loop.settle()
    const [channel] = rig.diary(accepting).accepted
    const iterator = channel[Symbol.asyncIterator]()
    for (const digit of [0x31, 0x32, 0x33]) peer.sendFrame(codes.message, message(digit))
    await rig.loop.settle()
    return { rig, peer, channel, iterator, closed: rig.diary(accepting).closed }
  }

  it('is heard no further behind its goodbye', async () => {
    const { rig, peer, channel, iterator, closed } = await held()
    peer.sendFrame(codes.close, [0, 0, 0, 0])
    peer.sendFrame(codes.ping, [1, 2, 3, 4])
    peer.sendFrame(codes.message, message(0x34))
    await rig.loop.settle()
    expect(peer.frames.map(({ code }) => code)).not.toContain(codes.pong)
    for (const n of [1, 2, 3]) expect((await rig.until(iterator.next())).value.body).toBe(n)
    expect((await rig.until(iterator.next())).done).toBe(true)
    expect(channel.statistics().messagesIn).toBe(3)
    expect(closed.map(({ reason }) => reason)).toMatchObject([{ code: 'closed', by: 'remote', text: '' }])
    await rig.end()
  })

  it('is cut off at once for what is refused', async () => {
    const { rig, peer, channel, closed } = await held()
    peer.sendFrame(codes.ping, [1, 2, 3])
    await rig.loop.settle()
    expect(closed.map(({ reason }) => reason.code)).toEqual(['protocol-violation'])
    expect(channel.statistics().messagesIn).toBe(1)
    await rig.end()
  })

  it('may say that it lives without being asked', async () => {
    const { rig, peer, channel } = await held()
    channel.setHeartbeat(100, 300)
    for (let count = 0; count < 20; count++) {
      await rig.loop.advance(90)
      peer.sendFrame(codes.pong, [0, 0, 0, 0])
    }
    expect(channel.isOpen).toBe(true)
    expect(channel.statistics().roundTripMs, 'nothing was asked, so nothing was measured').toBeNaN()
    await rig.loop.advance(400)
    expect(channel.reason).toMatchObject({ code: 'heartbeat-timeout' })
    await rig.end()
  })
})
