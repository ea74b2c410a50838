import { pair } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'

const kilobyte = 'x'.repeat(1000)
const limits = {
  highWaterBytes: 5000,
  lowWaterBytes: 1000,
  receiveHighWaterBytes: 500,
  messageSizeMax: 4096,
  iteratorQueueMax: 1,
  stallTimeoutMs: 1000,
}

type Ends = Awaited<ReturnType<typeof full>>

const full = () => pair({ accepting: limits, opening: limits, network: { windowBytes: 1500 } })

async function say(channel: Ends['opened'] | Ends['accepted'], count: number): Promise<void> {
  for (let n = 0; n < count; n++) expect(await channel.sendWhenReady('say', kilobyte)).toBe('queued')
}

/** Reads so many messages of the key `say`. */
async function read(messages: AsyncIterableIterator<{ key: string }>, count: number): Promise<void> {
  for (let left = count; left > 0; ) {
    const { done, value } = await messages.next()
    if (done) throw new Error(`the channel ended with ${left} messages to come`)
    if (value.key === 'say') left--
  }
}

describe('a side that is full of what it has to say itself', () => {
  it('hears its peer, also when the message that filled it was sent in a handler', async () => {
    const { rig, accepted, opened } = await full()
    rig.network.connections[0].opened.freeze('on')
    let heard = 0
    accepted.on('say', () => {
      heard++
      while (accepted.send('extra', kilobyte) === 'queued');
    })
    for (let n = 0; n < 10; n++) {
      opened.send('say', n)
      await rig.loop.advance(10)
    }
    expect(heard).toBe(10)
    await rig.end()
  })

  it('hears its peer, also when it answers, until answers fill it as well', async () => {
    const { rig, accepted, opened } = await full()
    rig.network.connections[0].opened.freeze('on')
    let heard = 0
    accepted.on('say', () => void heard++)
    for (const [key, answer] of [
      ['at once', kilobyte],
      ['later', Promise.resolve(kilobyte)],
    ] as const)
      accepted.on(key, () => {
        heard++
        return answer
      })
    while (accepted.send('extra', kilobyte) === 'queued');
    for (let n = 0; n < 20; n++) {
      opened.request(n % 2 === 0 ? 'at once' : 'later', n).catch(() => {})
      opened.send('say', n)
      await rig.loop.advance(10)
    }
    expect(heard).toBeGreaterThan(8)
    expect(heard).toBeLessThan(14)
    expect(accepted.statistics().queuedBytes).toBeLessThan(2 * 5000 + 2 * 1100)
    await rig.end()
  })

  it('hears its peer, also when it was a request', async () => {
    const { rig, accepted, opened } = await full()
    rig.network.connections[0].opened.freeze('on')
    let heard = 0
    accepted.on('say', () => void heard++)
    for (let n = 0; n < 6; n++) accepted.request('ask', kilobyte).catch(() => {})
    for (let n = 0; n < 10; n++) {
      opened.send('say', n)
      await rig.loop.advance(10)
    }
    expect(heard).toBe(10)
    await rig.end()
  })
})

describe('two peers that are full both ways, with readers that were behind', () => {
  it('hear each other when these go on, though one is full of requests', async () => {
    const { rig, accepted, opened } = await full()
    accepted.on('ask', () => 1)
    const replies: Promise<unknown>[] = []
    const ask = async () => {
      for (let n = 0; n < 300; n++) {
        await opened.drained()
        const reply = opened.request('ask', kilobyte, { timeoutMs: 60_000 })
        reply.catch(() => {})
        replies.push(reply)
      }
    }
    const [mine, theirs] = [opened[Symbol.asyncIterator](), accepted[Symbol.asyncIterator]()]
    const said = Promise.all([say(accepted, 300), ask()])
    await rig.loop.advance(500)
    const asked = (async () => {
      for (;;) if ((await theirs.next()).done) break
    })()
    await rig.until(Promise.all([said, read(mine, 300)]), 60_000)
    await rig.until(Promise.all(replies))
    await rig.end()
    await asked
  })
})
