import { pair, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { Channel } from '../channel/channel.ts'
import type { AnyMessages } from '../pipe/target-types.ts'

const text = 'x'.repeat(500)

/** A channel to a peer that takes nothing until `thaw`. */
async function stuck() {
  const both = await pair({ network: { windowBytes: 100 }, opening: { highWaterBytes: 100_000 } })
  const heard: unknown[] = []
  both.accepted.on('snapshot', (body) => void heard.push((body as { n: number }).n))
  const [{ accepted: link }] = both.rig.network.connections
  link.freeze('on')
  for (let count = 0; count < 60; count++) both.opened.send('filler', { text })
  await both.rig.loop.settle()
  return { ...both, heard, thaw: () => link.freeze('off') }
}

describe('sendLatest', () => {
  it('makes and sends the body at once where there is room', async () => {
    const { rig, opened, accepted } = await pair()
    const heard: unknown[] = []
    accepted.on('snapshot', (body) => void heard.push(body))
    let made = 0
    expect(opened.sendLatest('snapshot', () => ({ n: ++made }))).toBe('queued')
    expect(made).toBe(1)
    await rig.loop.settle()
    expect(heard).toEqual([{ n: 1 }])
    await rig.end()
  })

  it('makes nothing while there is no room, and then the newest of each key alone', async () => {
    const { rig, opened, heard, thaw } = await stuck()
    const made: number[] = []
    for (let n = 0; n < 50; n++) {
      opened.sendLatest('snapshot', () => {
        made.push(n)
        return { n }
      })
      await rig.loop.advance(16)
    }
    expect(made).toEqual([])
    thaw()
    await rig.loop.advance(1000)
    expect(made).toEqual([49])
    expect(heard).toEqual([49])
    await rig.end()
  })

  it('sends nothing for undefined', async () => {
    const { rig, opened, heard, thaw } = await stuck()
    opened.sendLatest('snapshot', () => undefined)
    thaw()
    await rig.loop.advance(1000)
    expect(heard).toEqual([])
    expect(opened.statistics().messagesOut).toBe(60)
    await rig.end()
  })

  it('tells to error what the function throws, and what can not be encoded, and goes on', async () => {
    const { rig, opened, opening, heard, thaw } = await stuck()
    const failure = new Error('no snapshot today')
    opened.sendLatest('one', () => {
      throw failure
    })
    opened.sendLatest('two', () => 10n)
    opened.sendLatest('snapshot', () => ({ n: 3 }))
    thaw()
    await rig.loop.advance(1000)
    expect(heard).toEqual([3])
    expect(rig.diary(opening).errors.map(({ cause }) => cause)).toEqual([failure, expect.any(Error)])
    await rig.end()
  })

  it('of an ended channel makes nothing', async () => {
    const { rig, opened } = await pair()
    await rig.until(opened.close())
    expect(opened.sendLatest('snapshot', () => expect.fail('it was made'))).toBe('closed')
    await rig.end()
  })

  it('is called in the turns of the program alone', async () => {
    const { rig } = await pair({ network: { windowBytes: 100 } })
    const manual = rig.pipe('server', { drive: 'manual' })
    let channel: Channel<AnyMessages> | undefined
    void manual.open().then((opened) => {
      channel = opened
    })
    while (channel === undefined) {
      manual.process()
      await rig.loop.advance(1)
    }
    const link = rig.network.connections.at(-1)
    link?.accepted.freeze('on')
    for (let count = 0; count < 60; count++) channel.send('filler', { text })
    manual.process()
    let made = 0
    channel.sendLatest('snapshot', () => ({ n: ++made }))
    link?.accepted.freeze('off')
    await rig.loop.advance(1000)
    expect(made).toBe(0)
    manual.process()
    expect(made).toBe(1)
    await rig.end()
  })

  it('over a local channel waits until the other end has read', async () => {
    const rig = new Rig()
    const accepting = rig.local()
    await rig.until(accepting.bind())
    const opened = await rig.until(rig.local().open())
    const [accepted] = rig.diary(accepting).accepted
    const heard: unknown[] = []
    accepted.on('snapshot', (body) => void heard.push(body))
    accepted.on('filler', () => {})
    opened.send('filler', 1)
    const made: number[] = []
    for (let n = 0; n < 5; n++) {
      opened.sendLatest('snapshot', () => {
        made.push(n)
        return n
      })
    }
    expect(made).toEqual([])
    await rig.loop.settle()
    expect(made).toEqual([4])
    expect(heard).toEqual([4])
    await rig.end()
  })
})

describe('budgetBytes', () => {
  it('is what is not refused, over a link that knows nothing of its path', async () => {
    const { rig, opened, thaw } = await stuck()
    const before = opened.budgetBytes
    expect(before).toBe(100_000 - opened.statistics().queuedBytes)
    opened.send('filler', { text })
    expect(opened.budgetBytes).toBeLessThan(before - 500)
    thaw()
    await rig.loop.advance(1000)
    expect(opened.budgetBytes).toBe(100_000)
    await rig.until(opened.close())
    expect(opened.budgetBytes).toBe(0)
    await rig.end()
  })
})
