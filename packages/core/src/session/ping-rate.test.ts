import { RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { PipeOptions } from '../pipe/pipe-options.ts'
import { countPing, noPings, pingsMax } from './ping-rate.ts'

/** How many of so many pings are taken at these times. */
function taken(times: readonly number[]): number {
  let accounted = noPings
  for (const [index, now] of times.entries()) {
    const next = countPing(accounted, now)
    if (next === undefined) return index
    accounted = next
  }
  return times.length
}

const all = (count: number, at: (index: number) => number) => Array.from({ length: count }, (_, i) => at(i))

describe('countPing', () => {
  it('takes as many at once as the burst, whatever the time is', () => {
    for (const now of [0, 0.25, 1e6, Number.MAX_SAFE_INTEGER / 1024]) {
      expect(taken(all(pingsMax.burst + 10, () => now))).toBe(pingsMax.burst)
    }
  })

  it('saves up no more than the burst in silence', () => {
    expect(taken([0, ...all(10_000, () => 86_400_000)])).toBe(1 + pingsMax.burst)
  })

  it('takes one each interval of the fastest heartbeat for ever, and behind stalls of a minute', () => {
    const intervalMs = 10
    const seconds = 3600
    expect(taken(all(seconds * 100, (index) => index * intervalMs))).toBe(seconds * 100)
    const behindStalls = all(seconds * 100, (index) => Math.ceil((index * intervalMs) / 60_000) * 60_000)
    expect(taken(behindStalls)).toBe(seconds * 100)
  })

  it('finds out twice as many as that, soon', () => {
    const count = taken(all(1_000_000, (index) => index * 5))
    expect(count).toBeGreaterThan(pingsMax.burst)
    expect(count).toBeLessThan(3 * pingsMax.burst)
  })

  it('blames no peer for a clock that runs backwards', () => {
    const before = all(pingsMax.burst, () => 1e9)
    expect(taken([...before, ...all(100, () => 0)])).toBe(pingsMax.burst + 100)
    expect(taken(all(1000, (index) => 1e9 - index * 1000))).toBe(1000)
  })
})

const ping = [0x82, 4, 1, 2, 3, 4]
const pings = (count: number) => all(count, () => 0).flatMap(() => ping)

async function greeted(options: PipeOptions = {}) {
  const rig = new Rig()
  const pipe = rig.pipe('server', options)
  await rig.until(pipe.bind())
  const peer = await RawPeer.connect(rig.network, 'net://server')
  peer.sendHello()
  await rig.loop.settle()
  const pongs = () => peer.frames.filter(({ code }) => code === 0x83).length
  return { rig, pipe, peer, pongs, channel: rig.diary(pipe).accepted[0] }
}

describe('a peer that pings', () => {
  it('far more often than any heartbeat is told so, and ended', async () => {
    const { rig, peer, channel } = await greeted()
    for (let ms = 0; ms < 200 && channel.isOpen; ms++) {
      peer.send(pings(100))
      await rig.loop.advance(1)
    }
    expect(channel.reason).toEqual({
      code: 'protocol-violation',
      what: 'more than 6000 pings at once, or 125 a second',
    })
    expect(peer.goodbye?.text).toContain('6000 pings')
    await rig.end()
  })

  it('far more often than any heartbeat is ended while messages wait, too', async () => {
    const { rig, peer, channel } = await greeted()
    void channel[Symbol.asyncIterator]()
    for (let count = 0; count <= 1000; count++) peer.sendFrame(0x91, [1, 0x61, 0x31])
    await rig.loop.settle()
    expect(channel.isOpen).toBe(true)
    for (let ms = 0; ms < 200 && channel.isOpen; ms++) {
      peer.send(pings(100))
      await rig.loop.advance(1)
    }
    expect(channel.reason).toMatchObject({ code: 'protocol-violation' })
    await rig.end()
  })

  it('at the shortest interval is answered each time', async () => {
    const { rig, peer, pongs, channel } = await greeted()
    for (let count = 0; count < 10_000; count++) {
      peer.send(ping)
      await rig.loop.advance(10)
    }
    expect(pongs()).toBe(10_000)
    expect(channel.isOpen).toBe(true)
    await rig.end()
  })

  it('lives when this process stood still for hours, and all its pings come at once', async () => {
    const { rig, peer, pongs, channel } = await greeted()
    peer.send(pings(5000))
    await rig.loop.stall(2 * 3_600_000)
    expect(pongs()).toBe(5000)
    expect(channel.isOpen).toBe(true)
    await rig.end()
  })

  it('lives when the program gave no turn for a minute', async () => {
    const { rig, pipe, peer, pongs } = await greeted({ drive: 'manual' })
    pipe.process()
    await rig.loop.settle()
    for (let count = 0; count < 6000; count++) {
      peer.send(ping)
      await rig.loop.advance(10)
    }
    const turns = 10
    for (let count = 0; count < turns; count++) {
      pipe.process()
      await rig.loop.settle()
    }
    expect(pongs()).toBe(6000)
    expect(pipe.channelCount).toBe(1)
    await rig.end()
  })
})
