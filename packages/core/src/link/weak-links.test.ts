import { pair } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { CloseReason } from '../base/close-reason.ts'

const text = 'x'.repeat(900)
/** One message, and what two reads of the platform bring. */
const storedMax = 1000 + 131_072
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
const ways = [
  ['plain', {}],
  ['encrypted', { encryption: { key: new Uint8Array(32).fill(7) } }],
] as const

describe.each(ways)('a link that cannot pause, %s,', (_way, encryption) => {
  /** A reader that takes one message, and leaves the others where they are. */
  async function behind() {
    const both = await pair({
      accepting: { iteratorQueueMax: 1, receiveHighWaterBytes: 1000, messageSizeMax: 4096, ...encryption },
      opening: { highWaterBytes: 1e6, lowWaterBytes: 1e6, ...encryption },
      network: { pausing: 'off', windowBytes: 1e6 },
    })
    const iterator = both.accepted[Symbol.asyncIterator]()
    const told: CloseReason[] = []
    both.accepted.on('close', (reason) => void told.push(reason))
    return { ...both, iterator, told }
  }

  it('ends a channel when its reader is too far behind, and says why', async () => {
    const { rig, accepting, accepted, opened, told } = await behind()
    for (let sent = 0; sent < 200; sent++) opened.send('n', { n: sent, text })
    await rig.loop.advance(100)
    const { reason } = accepted
    expect(reason).toMatchObject({ code: 'receive-overflow' })
    if (reason?.code === 'receive-overflow') expect(reason.storedBytes).toBeGreaterThan(storedMax)
    expect(told).toEqual([reason])
    expect(rig.diary(accepting).closed).toEqual([{ channel: accepted, reason }])
    expect(opened.reason?.code).toBe('closed')
    expect(JSON.stringify(opened.reason)).toContain('overflow')
    await rig.end()
  })

  it('holds what the limits allow, and delivers it later', async () => {
    const { rig, accepted, opened, iterator } = await behind()
    const count = Math.floor(storedMax / 1000)
    for (let sent = 0; sent < count; sent++) opened.send('n', { n: sent, text })
    await rig.loop.advance(100)
    expect(accepted.statistics().storedBytes).toBeGreaterThan(100_000)
    for (let n = 0; n < count; n++) expect((await rig.until(iterator.next())).value.body.n).toBe(n)
    expect(accepted.isOpen).toBe(true)
    await rig.end()
  })
})

describe.each(ways)('a link that only says how much waits, %s,', (_way, encryption) => {
  const limits = { highWaterBytes: 4000, lowWaterBytes: 1000, ...encryption }

  it('tells a full channel when there is room, and loses nothing', async () => {
    const { rig, accepted, opened } = await pair({
      accepting: encryption,
      opening: limits,
      network: { leaving: 'polled', windowBytes: 1000 },
    })
    const heard: number[] = []
    accepted.on('n', ({ n }) => void heard.push(n))
    const [{ accepted: link }] = rig.network.connections
    link.freeze('on')
    let sent = 0
    while (opened.send('n', { n: sent, text }) === 'queued') sent++
    await rig.loop.advance(1000)
    expect(opened.send('n', { n: -1, text })).toBe('full')
    link.freeze('off')
    expect(await rig.until(opened.drained())).toBe('ready')
    while (sent < 100)
      if ((await rig.until(opened.sendWhenReady('n', { n: sent, text }))) === 'queued') sent++
    await rig.loop.advance(1000)
    expect(heard).toEqual(numbers(100))
    expect(opened.statistics().queuedBytes).toBe(0)
    await rig.end()
  })

  it('tells at last, so that nothing is taken for stalled that has left', async () => {
    const { rig, opened } = await pair({
      accepting: encryption,
      opening: { ...limits, stallTimeoutMs: 500 },
      network: { leaving: 'polled' },
    })
    opened.send('n', { n: 0, text })
    await rig.loop.advance(10_000)
    expect(opened.isOpen).toBe(true)
    expect(opened.statistics().queuedBytes).toBe(0)
    expect(rig.loop.timerCount).toBe(0)
    await rig.end()
  })

  it('is asked no more when it is gone with bytes that wait', async () => {
    const { rig, opened } = await pair({
      accepting: encryption,
      opening: limits,
      network: { leaving: 'polled', windowBytes: 100 },
    })
    rig.network.connections[0].accepted.freeze('on')
    opened.send('n', { n: 0, text })
    await rig.loop.advance(100)
    opened.destroy()
    expect(rig.network.connections[0].opened.heldBatches).toBe(1)
    // It finds every timer that is left.
    await rig.end()
  })

  it('ends a peer that takes nothing like any other link', async () => {
    const { rig, opened } = await pair({
      accepting: encryption,
      opening: { ...limits, stallTimeoutMs: 500 },
      network: { leaving: 'polled', windowBytes: 100 },
    })
    rig.network.connections[0].accepted.freeze('on')
    opened.send('n', { n: 0, text })
    await rig.loop.advance(5000)
    expect(opened.reason).toMatchObject({ code: 'slow-reader' })
    await rig.end()
  })
})

describe('the address of a peer', () => {
  it.each(ways)('is what its link says, without and with encryption: %s', async (_way, encryption) => {
    const { rig, accepted, opened } = await pair({ accepting: encryption, opening: encryption })
    const [{ accepted: link }] = rig.network.connections
    link.peerAddress = '192.0.2.7'
    expect(accepted.peerAddress).toBe('192.0.2.7')
    expect(opened.peerAddress).toBeUndefined()
    await rig.until(opened.close())
    await rig.loop.advance(100)
    expect(accepted.peerAddress).toBe('192.0.2.7')
    await rig.end()
  })
})
