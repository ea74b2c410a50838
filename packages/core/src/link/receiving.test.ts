import { pair, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'

/** One message always fits, with room for what the platform reads at once, and the overhead of small chunks. */
const storedMax = 1000 + 131_072 + 70_000

const numbers = (count: number, start = 0) => Array.from({ length: count }, (_, index) => start + index)

describe('an async iterator', () => {
  it('gives all messages of all keys in order, and ends with the channel', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    const reading = (async () => {
      for await (const { key, body } of accepted) heard.push([key, body])
      return accepted.reason
    })()
    for (const n of numbers(5)) opened.send(n % 2 === 0 ? 'even' : 'odd', n)
    void opened.close('over')
    expect(await rig.until(reading)).toMatchObject({ code: 'closed', by: 'remote', text: 'over' })
    expect(heard).toEqual([
      ['even', 0],
      ['odd', 1],
      ['even', 2],
      ['odd', 3],
      ['even', 4],
    ])
    await rig.end()
  })

  it('of an ended channel is at its end', async () => {
    const { rig, opened } = await pair()
    await rig.until(opened.close())
    expect(await rig.until(opened[Symbol.asyncIterator]().next())).toEqual({ done: true, value: undefined })
    await rig.end()
  })

  it('is left by break, and the channel lives on', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    const reading = (async () => {
      for await (const { body } of accepted) {
        heard.push(body)
        if (body === 2) break
      }
    })()
    for (const n of numbers(5)) opened.send('n', n)
    await rig.until(reading)
    expect(heard).toEqual([0, 1, 2])
    expect(accepted.isOpen).toBe(true)
    // Nothing is lost uncounted.
    expect(accepted.statistics().unhandled).toBe(2)
    accepted.on('n', (n) => void heard.push(['handler', n]))
    opened.send('n', 9)
    await rig.loop.settle()
    expect(heard.at(-1)).toEqual(['handler', 9])
    await rig.end()
  })

  it('exists once at a time', async () => {
    const { rig, accepted } = await pair()
    const first = accepted[Symbol.asyncIterator]()
    expect(() => accepted[Symbol.asyncIterator]()).toThrowError(
      expect.objectContaining({ code: 'already-open' }),
    )
    await first.return?.()
    expect(() => accepted[Symbol.asyncIterator]()).not.toThrow()
    await rig.end()
  })

  it('that is not read holds back the peer, within bounds, and loses nothing', async () => {
    const text = 'x'.repeat(900)
    const { rig, accepted, opened } = await pair({
      accepting: { iteratorQueueMax: 10, receiveHighWaterBytes: 40_000, messageSizeMax: 4096 },
      opening: { highWaterBytes: 4000 },
      network: { windowBytes: 1000 },
    })
    const iterator = accepted[Symbol.asyncIterator]()
    let sent = 0
    const fill = async () => {
      for (let rounds = 0; rounds < 100; rounds++) {
        while (opened.send('n', { n: sent, text }) === 'queued') sent++
        await rig.loop.settle()
      }
    }
    await fill()
    expect(opened.send('n', { n: -1, text })).toBe('full')
    const { messagesIn, storedBytes } = accepted.statistics()
    expect(messagesIn).toBe(10)
    expect(storedBytes).toBeLessThan(storedMax)
    expect(sent).toBeLessThan(storedMax / 900)
    for (let n = 0; n < sent; n++) {
      const { value } = await rig.until(iterator.next())
      expect(value.body.n).toBe(n)
    }
    expect(opened.send('n', { n: sent, text })).toBe('queued')
    expect((await rig.until(iterator.next())).value.body.n).toBe(sent)
    await rig.end()
  })

  it('that is full still lets the channel end, and then gives what it has', async () => {
    const { rig, accepted, opened } = await pair({ accepting: { iteratorQueueMax: 3 } })
    const iterator = accepted[Symbol.asyncIterator]()
    for (const n of numbers(10)) opened.send('n', n)
    await rig.loop.settle()
    accepted.destroy()
    const heard: unknown[] = []
    for (;;) {
      const { done, value } = await rig.until(iterator.next())
      if (done) break
      heard.push(value.body)
    }
    expect(heard).toEqual([0, 1, 2])
    await rig.end()
  })

  it('that is full gets everything that was sent before a close', async () => {
    const { rig, accepted, opened } = await pair({ accepting: { iteratorQueueMax: 3 } })
    const iterator = accepted[Symbol.asyncIterator]()
    for (const n of numbers(10)) opened.send('n', n)
    void opened.close('read it all')
    await rig.loop.settle()
    const heard: unknown[] = []
    for (;;) {
      const { done, value } = await rig.until(iterator.next())
      if (done) break
      heard.push(value.body)
    }
    expect(heard).toEqual(numbers(10))
    expect(accepted.reason).toMatchObject({ code: 'closed', by: 'remote', text: 'read it all' })
    await rig.end()
  })
})

describe('receiving', () => {
  for (const ownership of ['lent', 'given'] as const) {
    it(`keeps ${ownership} bytes safe while a reader is behind`, async () => {
      const { rig, accepted, opened } = await pair({
        network: { ownership, pieces: 'whole' },
        accepting: { iteratorQueueMax: 2 },
      })
      const iterator = accepted[Symbol.asyncIterator]()
      for (let round = 0; round < 20; round++) {
        for (const n of numbers(5, round * 5)) opened.send('n', { n, text: 'y'.repeat(n) })
        await rig.loop.settle()
      }
      for (const n of numbers(100)) {
        const { value } = await rig.until(iterator.next())
        expect(value.body).toEqual({ n, text: 'y'.repeat(n) })
      }
      await rig.end()
    })
  }

  it('with manual drive delivers and sends only inside process()', async () => {
    const { rig, accepting, accepted, opened } = await manual()
    const heard: unknown[] = []
    accepted.on('n', (n, channel) => {
      heard.push(n)
      channel.send('answer', n)
    })
    opened.on('answer', (n) => void heard.push(['answer', n]))
    opened.send('n', 1)
    opened.send('n', 2)
    await rig.loop.advance(100)
    expect(heard).toEqual([])
    expect(accepted.statistics().storedBytes).toBeGreaterThan(0)
    accepting.process()
    expect(heard).toEqual([1, 2])
    await rig.loop.settle()
    expect(heard).toEqual([1, 2, ['answer', 1], ['answer', 2]])
    accepted.send('answer', 3)
    await rig.loop.advance(100)
    expect(heard.length).toBe(4)
    accepting.process(rig.loop.now())
    await rig.loop.settle()
    expect(heard.at(-1)).toEqual(['answer', 3])
    await rig.end()
  })

  it('with manual drive pauses the peer of a game that does not turn', async () => {
    const { rig, accepting, accepted, opened } = await manual({
      receiveHighWaterBytes: 3000,
      messageSizeMax: 4096,
    })
    const text = 'x'.repeat(900)
    let sent = 0
    for (let round = 0; round < 100; round++) {
      while (opened.send('n', { n: sent, text }) === 'queued') sent++
      await rig.loop.settle()
    }
    expect(accepted.statistics().storedBytes).toBeLessThan(storedMax)
    const heard: number[] = []
    accepted.on('n', ({ n }) => void heard.push(n))
    for (let round = 0; round < 100 && heard.length < sent; round++) {
      accepting.process()
      await rig.loop.settle()
    }
    expect(heard).toEqual(numbers(sent))
    await rig.end()
  })

  it('with manual drive keeps its deadlines in process() too', async () => {
    const { rig, accepting, accepted, opened } = await manual()
    opened.on('never', () => new Promise(() => {}))
    const failure: Promise<unknown> = accepted
      .request('never', 1, { timeoutMs: 50 })
      .catch((error) => error.code)
    await rig.loop.advance(49)
    accepting.process()
    let code: unknown
    void failure.then((value) => {
      code = value
    })
    await rig.loop.settle()
    expect(code).toBeUndefined()
    await rig.loop.advance(2)
    accepting.process()
    await rig.loop.settle()
    expect(code).toBe('request-timeout')
    await rig.end()
  })

  it('inside process() a nested process() does nothing', async () => {
    const { rig, accepting, accepted, opened } = await manual()
    const heard: unknown[] = []
    accepted.on('n', (n) => {
      accepting.process()
      heard.push(n)
    })
    for (const n of numbers(3)) opened.send('n', n)
    await rig.loop.settle()
    accepting.process()
    expect(heard).toEqual([0, 1, 2])
    await rig.end()
  })

  it('counts messages and bytes on channels and pipes, past ones too', async () => {
    const { rig, accepting, opening, accepted, opened } = await pair()
    const before = opened.statistics()
    for (const n of numbers(10)) opened.send('n', n)
    await rig.loop.settle()
    const frame = 2 + 2 + 1
    expect(opened.statistics().bytesOut - before.bytesOut).toBe(10 * frame)
    expect(accepted.statistics()).toMatchObject({
      messagesIn: 10,
      messagesOut: 0,
      queuedBytes: 0,
      storedBytes: 0,
    })
    expect(accepted.statistics().bytesIn).toBe(opened.statistics().bytesOut)
    expect(opened.statistics().bytesIn).toBe(accepted.statistics().bytesOut)
    await rig.until(opened.close())
    await rig.loop.settle()
    expect(opening.statistics()).toMatchObject({ messagesOut: 10, openChannels: 0, connected: 1 })
    expect(accepting.statistics()).toMatchObject({ messagesIn: 10, openChannels: 0, accepted: 1, errors: 0 })
    const next = await rig.until(opening.open())
    next.send('n', 1)
    await rig.loop.settle()
    expect(opening.statistics()).toMatchObject({ messagesOut: 11, connected: 2 })
    expect(accepting.statistics().messagesIn).toBe(11)
    await rig.end()
  })

  it('of a pipe without a target counts nothing, in numbers', async () => {
    const { rig } = await pair()
    const statistics = rig.factory.create('nowhere yet').statistics()
    expect(statistics).toMatchObject({ messagesIn: 0, bytesOut: 0, openChannels: 0 })
    await rig.end()
  })
})

/** A pair with an accepting side that is driven by hand. */
async function manual(limits = {}) {
  const rig = new Rig({ network: { windowBytes: 1000 } })
  const accepting = rig.pipe('server', { drive: 'manual', ...limits })
  const opening = rig.pipe('server', { highWaterBytes: 4000 })
  await rig.until(accepting.bind())
  const promise = opening.open()
  await rig.loop.settle()
  accepting.process()
  const opened = await rig.until(promise)
  return { rig, accepting, opening, opened, accepted: rig.diary(accepting).accepted[0] }
}
