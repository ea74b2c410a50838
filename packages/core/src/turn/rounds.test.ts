import { Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'

/** A bound pipe, and the ends of as many channels to it as asked for: those that open, and in the same order those that it accepted. */
async function channels(count: number, drive: 'auto' | 'manual' = 'auto', pausing: 'on' | 'off' = 'on') {
  const rig = new Rig({ network: { pausing } })
  const server = rig.pipe('server', { drive, highWaterBytes: 2 ** 24 })
  await rig.until(server.bind())
  const opened = []
  for (let index = 0; index < count; index++) {
    const opening = rig.pipe('server', { highWaterBytes: 2 ** 24 }).open()
    if (drive === 'manual') for (let turn = 0; turn < 5; turn++) await giveTurn(rig, server)
    opened.push(await rig.until(opening))
  }
  return { rig, server, opened, accepted: rig.diary(server).accepted }
}

async function giveTurn(rig: Rig, server: { process(): void }): Promise<void> {
  await rig.loop.settle()
  server.process()
  await rig.loop.settle()
}

describe('a channel with much to do', () => {
  it('takes two milliseconds, however few frames those are', async () => {
    const { rig, opened, accepted } = await channels(2)
    let flood = 0
    let floodBefore = -1
    accepted[0].on('n', () => {
      flood++
      rig.loop.block(0.5)
    })
    accepted[1].on('n', () => {
      floodBefore = flood
    })
    for (let n = 0; n < 2000; n++) opened[0].send('n', 1)
    opened[1].send('n', 1)
    await rig.until(
      new Promise<void>((resolve) => accepted[0].on('last', () => resolve()) && opened[0].send('last', 0)),
    )
    expect(flood).toBe(2000)
    // What stands between two looks at the clock may come on top.
    expect(floodBefore).toBeLessThanOrEqual(100)
    await rig.end()
  })

  it('shares a round with others of its kind, however many they are, and a quiet one is served soon', async () => {
    const { rig, opened, accepted } = await channels(33)
    const [quiet, ...busy] = accepted
    let flood = 0
    let leastAtHalf = 0
    const counts = busy.map(() => 0)
    busy.forEach((channel, index) => {
      channel.on('n', () => {
        counts[index]++
        if (++flood === 16 * 300) leastAtHalf = Math.min(...counts)
        rig.loop.block(0.25)
      })
    })
    const latencies: number[] = []
    quiet.on('asked', (at) => void latencies.push(rig.loop.now() - (at as number)))
    for (let n = 0; n < 300; n++) for (const channel of opened.slice(1)) channel.send('n', n)
    const start = rig.loop.now()
    for (let count = 0; count < 400; count++)
      rig.loop.eventAt(start + 5 * count, () => void opened[0].send('asked', rig.loop.now()))
    await rig.loop.advance(3000)
    expect(flood).toBe(32 * 300)
    expect(leastAtHalf).toBeGreaterThan(100)
    expect(latencies.length).toBe(400)
    // The first ones come while every flood begins.
    latencies.sort((one, other) => one - other)
    expect(latencies[395]).toBeLessThanOrEqual(20)
    await rig.end()
  })

  it('begins nothing in a round that would not end in time, by what the round had to do so far', async () => {
    const { rig, opened, accepted } = await channels(9)
    const [quiet, ...busy] = accepted
    for (const channel of busy) channel.on('n', () => rig.loop.block(7))
    const latencies: number[] = []
    quiet.on('asked', (at) => void latencies.push(rig.loop.now() - (at as number)))
    for (let n = 0; n < 20; n++) for (const channel of opened.slice(1)) channel.send('n', 'a'.repeat(5000))
    const start = rig.loop.now()
    for (let count = 0; count < 100; count++)
      rig.loop.eventAt(start + 100 + 5 * count, () => void opened[0].send('asked', rig.loop.now()))
    await rig.loop.advance(2000)
    expect(latencies.length).toBe(100)
    // The frame that has its turn when it is asked, and one more.
    expect(Math.max(...latencies)).toBeLessThanOrEqual(14)
    await rig.end()
  })

  it('goes on in its turn for two milliseconds while no other waits', async () => {
    for (const [frameMs, roundsMost] of [
      [0.0001, 1],
      [0.02, 120],
    ] as const) {
      const { rig, opened, accepted } = await channels(2)
      let heard = 0
      let rounds = 0
      let longest = 0
      let since = -1
      accepted[0].on('n', () => {
        heard++
        if (since < 0) {
          rounds++
          since = rig.loop.now()
          rig.loop.nextTurn(() => {
            longest = Math.max(longest, rig.loop.now() - since)
            since = -1
          })
        }
        rig.loop.block(frameMs)
      })
      for (let n = 0; n < 10_000; n++) opened[0].send('n', 1)
      await rig.until(
        new Promise<void>((resolve) => accepted[0].on('last', () => resolve()) && opened[0].send('last', 0)),
      )
      expect(heard).toBe(10_000)
      await rig.loop.settle()
      expect(rounds).toBeLessThanOrEqual(roundsMost)
      // What stands between two looks at the clock may come on top.
      expect(longest).toBeLessThanOrEqual(8 + 2 + 136 * frameMs)
      await rig.end()
    }
  })

  it('is read to its end before the end of its link counts', async () => {
    const { rig, opened, accepted } = await channels(1)
    let heard = 0
    accepted[0].on('n', () => void heard++)
    for (let n = 0; n < 20_000; n++) opened[0].send('n', 1)
    void opened[0].close('all said')
    const reason = await rig.until(accepted[0].closed)
    expect([heard, reason]).toMatchObject([20_000, { code: 'closed', by: 'remote', text: 'all said' }])
    await rig.end()
  })

  it('is read to its end before the bare end of its link counts', async () => {
    const { rig, opened, accepted } = await channels(1, 'auto', 'off')
    let heard = 0
    accepted[0].on('n', () => {
      heard++
      rig.loop.block(0.01)
    })
    for (let n = 0; n < 10_000; n++) opened[0].send('n', 1)
    rig.loop.endOfTurn(() => rig.network.connections[0].opened.end())
    expect(await rig.until(accepted[0].closed)).toMatchObject({ code: 'link-ended' })
    expect(heard).toBe(10_000)
    await rig.end()
  })

  it('can be closed and destroyed while it waits for its turn', async () => {
    for (const end of ['close', 'destroy'] as const) {
      const { rig, opened, accepted } = await channels(1)
      let heard = 0
      accepted[0].on('n', () => {
        if (++heard === 1000) rig.loop.endOfTurn(() => void accepted[0][end]())
      })
      for (let n = 0; n < 20_000; n++) opened[0].send('n', 1)
      expect(await rig.until(accepted[0].closed)).toMatchObject({
        code: end === 'close' ? 'closed' : 'destroyed',
      })
      expect(heard).toBeLessThan(20_000)
      await rig.until(opened[0].closed)
      await rig.end()
    }
  })

  it('takes a thousand frames, then others have their turn; to its end in one call of the program that drives, if that takes no time', async () => {
    const { rig, server, opened, accepted } = await channels(2, 'manual')
    const heard: string[] = []
    accepted[0].on('n', () => void heard.push('much'))
    accepted[1].on('n', () => void heard.push('little'))
    for (let n = 0; n < 5000; n++) opened[0].send('n', 1)
    opened[1].send('n', 1)
    await rig.loop.settle()
    server.process()
    expect(heard.length).toBe(5001)
    expect(heard.indexOf('little')).toBeLessThanOrEqual(1100)
    await rig.end()
  })
})
