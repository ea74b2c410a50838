import { type PairOptions, pair } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { OverflowPolicy } from '../base/options.ts'

const text = 'x'.repeat(90)

/** A channel to a peer that reads nothing until `thaw` is called. */
async function stuck(overflow: OverflowPolicy, options: PairOptions<Record<string, never>>['opening'] = {}) {
  const limits = { highWaterBytes: 2000, lowWaterBytes: 500, overflow, ...options }
  const both = await pair({ opening: limits, network: { windowBytes: 100 } })
  const heard: number[] = []
  both.accepted.on('n', ({ n }) => void heard.push(n))
  const [{ accepted: link }] = both.rig.network.connections
  link.freeze('on')
  return { ...both, heard, thaw: () => link.freeze('off') }
}

const numbers = (count: number, start = 0) => Array.from({ length: count }, (_, index) => start + index)

describe('overflow', () => {
  it('wait: refuses with full, loses nothing, and says when there is room', async () => {
    const { rig, opened, heard, thaw } = await stuck('wait')
    let sent = 0
    while (opened.send('n', { n: sent, text }) === 'queued') sent++
    expect(opened.send('n', { n: -1, text })).toBe('full')
    expect(opened.statistics()).toMatchObject({
      refused: 2,
      droppedNewest: 0,
      droppedOldest: 0,
      messagesOut: sent,
    })
    expect(opened.statistics().queuedBytes).toBeGreaterThanOrEqual(2000)
    expect(opened.statistics().queuedBytes).toBeLessThan(2000 + 150)
    let isReady = false
    const drained = opened.drained().then((result) => {
      isReady = true
      return result
    })
    await rig.loop.settle()
    expect(isReady).toBe(false)
    thaw()
    expect(await rig.until(drained)).toBe('ready')
    expect(opened.statistics().queuedBytes).toBeLessThanOrEqual(500)
    expect(await rig.until(opened.drained())).toBe('ready')
    await rig.loop.settle()
    expect(heard).toEqual(numbers(sent))
    await rig.end()
  })

  it('wait: sendWhenReady sends everything in order', async () => {
    const { rig, opened, heard, thaw } = await stuck('wait')
    const all = (async () => {
      for (const n of numbers(200)) expect(await opened.sendWhenReady('n', { n, text })).toBe('queued')
    })()
    await rig.loop.settle()
    thaw()
    await rig.until(all)
    await rig.loop.settle()
    expect(heard).toEqual(numbers(200))
    await rig.end()
  })

  it('wait: those who wait are told when the channel ends', async () => {
    const { rig, opened, thaw } = await stuck('wait')
    while (opened.send('n', { n: 0, text }) === 'queued');
    const [drained, sending] = [opened.drained(), opened.sendWhenReady('n', { n: 1, text })]
    opened.destroy()
    expect(await rig.until(drained)).toBe('closed')
    expect(await rig.until(sending)).toBe('closed')
    thaw()
    await rig.end()
  })

  it('drop-newest: drops what comes, and counts it', async () => {
    const { rig, opened, heard, thaw } = await stuck('drop-newest')
    const results = numbers(100).map((n) => opened.send('n', { n, text }))
    const taken = results.filter((result) => result === 'queued').length
    expect(results.slice(taken).every((result) => result === 'full')).toBe(true)
    expect(opened.statistics()).toMatchObject({ droppedNewest: 100 - taken, refused: 0, messagesOut: taken })
    thaw()
    await rig.loop.settle()
    expect(heard).toEqual(numbers(taken))
    expect(opened.send('n', { n: 100 })).toBe('queued')
    await rig.end()
  })

  it('drop-oldest: keeps the newest, in order, within the mark, and counts the rest', async () => {
    const { rig, opened, heard, thaw } = await stuck('drop-oldest')
    for (const n of numbers(100)) expect(opened.send('n', { n, text })).toBe('queued')
    const { droppedOldest, queuedBytes } = opened.statistics()
    expect(droppedOldest).toBeGreaterThan(50)
    expect(queuedBytes).toBeLessThan(2000 + 150)
    thaw()
    await rig.loop.settle()
    expect(heard.length).toBe(100 - droppedOldest)
    expect(heard).toEqual([...heard].sort((a, b) => a - b))
    expect(heard.at(-1)).toBe(99)
    // The first ones had left for the link already; behind them the newest follow without a gap.
    const gap = heard.findIndex((n, index) => n !== index)
    expect(heard.slice(gap)).toEqual(numbers(100 - heard[gap], heard[gap]))
    await rig.end()
  })

  it('latest-by-key: keeps the newest of each key, and counts what it replaced', async () => {
    const { rig, opened, accepted, thaw } = await stuck('latest-by-key')
    const heard: unknown[] = []
    for (const key of ['a', 'b', 'c']) accepted.on(key, ({ n }) => void heard.push([key, n]))
    for (let n = 0; n < 10; n++) opened.send('filler', { text })
    for (let n = 0; n < 50; n++)
      for (const key of ['a', 'b', 'c']) expect(opened.send(key, { n })).toBe('queued')
    expect(opened.statistics().superseded).toBeGreaterThanOrEqual(3 * 49)
    expect(opened.statistics().droppedOldest).toBe(0)
    thaw()
    await rig.loop.settle()
    expect(heard).toEqual([
      ['a', 49],
      ['b', 49],
      ['c', 49],
    ])
    await rig.end()
  })

  it('latest-by-key: replaces by what topicOf finds', async () => {
    const { rig, opened, accepted, thaw } = await stuck('wait')
    const heard: unknown[] = []
    accepted.on('move', ({ id, n }) => void heard.push([id, n]))
    opened.setOverflow('latest-by-key', { topicOf: (key, body) => `${key} ${(body as { id: number }).id}` })
    for (let n = 0; n < 10; n++) opened.send('filler', { id: -n, text })
    for (let n = 0; n < 20; n++) for (const id of [1, 2]) opened.send('move', { id, n })
    thaw()
    await rig.loop.settle()
    expect(heard).toEqual([
      [1, 19],
      [2, 19],
    ])
    await rig.end()
  })

  it('takes topicOf for latest-by-key alone', async () => {
    const { rig, opened } = await stuck('wait')
    const topicOf = () => 'one'
    for (const policy of ['wait', 'drop-newest', 'drop-oldest', 'close'] as const) {
      expect(() => opened.setOverflow(policy, { topicOf })).toThrow("topicOf is for 'latest-by-key' alone")
    }
    expect(() => opened.setOverflow('latest-by-key', { topicOf: 'id' as never })).toThrow(
      'topicOf wants a function',
    )
    opened.setOverflow('latest-by-key', { topicOf }).setOverflow('wait', { topicOf: undefined })
    await rig.end()
  })

  it('close: ends the channel, and tells the peer', async () => {
    const { rig, opened, accepted, thaw } = await stuck('close')
    let sent = 0
    let result = opened.send('n', { n: 0, text })
    for (; result === 'queued'; sent++) result = opened.send('n', { n: sent, text })
    expect(result).toBe('closed')
    expect(opened.reason).toMatchObject({ code: 'overflow' })
    thaw()
    await rig.loop.settle()
    expect(accepted.reason).toMatchObject({
      code: 'closed',
      by: 'remote',
      why: 'overflow',
      text: expect.stringContaining('high-water mark'),
    })
    await rig.end()
  })

  it('lets the policy change: what waits is not lost', async () => {
    const { rig, opened, heard, thaw } = await stuck('drop-oldest', {
      highWaterBytes: 100_000,
      lowWaterBytes: 500,
    })
    for (const n of numbers(100)) opened.send('n', { n, text })
    const { droppedOldest } = opened.statistics()
    expect(droppedOldest).toBe(0)
    opened.setOverflow('wait')
    for (const n of numbers(10, 100)) expect(opened.send('n', { n, text })).toBe('queued')
    thaw()
    await rig.loop.settle()
    expect(heard).toEqual(numbers(110))
    await rig.end()
  })

  it('keeps its counters when the policy changes, and when the channel ends', async () => {
    const { rig, opening, opened, thaw } = await stuck('drop-oldest')
    for (const n of numbers(100)) opened.send('n', { n, text })
    const { droppedOldest } = opened.statistics()
    expect(droppedOldest).toBeGreaterThan(0)
    opened.setOverflow('drop-newest')
    for (const n of numbers(100)) opened.send('n', { n, text })
    expect(opened.statistics().droppedOldest).toBe(droppedOldest)
    const { droppedNewest } = opened.statistics()
    expect(droppedNewest).toBeGreaterThan(0)
    opened.destroy()
    expect(opening.statistics()).toMatchObject({ droppedOldest, droppedNewest })
    thaw()
    await rig.end()
  })

  it('sends what waits before a goodbye', async () => {
    const { rig, opened, heard, thaw } = await stuck('drop-oldest', {
      highWaterBytes: 100_000,
      lowWaterBytes: 500,
    })
    for (const n of numbers(100)) opened.send('n', { n, text })
    const closing = opened.close()
    thaw()
    expect((await rig.until(closing)).code).toBe('closed')
    expect(heard).toEqual(numbers(100))
    await rig.end()
  })

  it('takes no policy that is none', async () => {
    const { rig, opened } = await pair()
    expect(() => opened.setOverflow('forget' as never)).toThrowError(
      expect.objectContaining({
        code: 'argument-invalid',
        message: expect.stringContaining('latest-by-key'),
      }),
    )
    expect(() => rig.pipe('x', { overflow: 'forget' as never })).toThrowError(/overflow policy/)
    expect(() => rig.pipe('x', { highWaterBytes: -1 })).toThrowError(/highWaterBytes/)
    expect(() => rig.pipe('x', { highWaterBytes: 10, lowWaterBytes: 11 })).toThrowError(/lowWaterBytes/)
    await rig.end()
  })
})
