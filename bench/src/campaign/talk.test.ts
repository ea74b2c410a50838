import { bits, type Channel, type Pipe, ProtoFactory } from 'millrace'
import { afterEach, describe, expect, it } from 'vitest'
import { bodyOf, noTalk, Talk, type TalkMessages, talkContract } from './talk.ts'
import { worstNetworks } from './worst-networks.ts'

describe('a side of a campaign', () => {
  const pipes: Pipe<TalkMessages>[] = []
  afterEach(() => {
    for (const pipe of pipes.splice(0)) pipe.destroy()
  })

  /** A channel that says what a test wants, and a side that hears it. */
  async function listening() {
    const factory = new ProtoFactory().add('talk', bits(talkContract))
    const make = () => factory.create('local', 'talk', 'talk') as unknown as Pipe<TalkMessages>
    const [server, client] = [make(), make()]
    pipes.push(server, client)
    const faults: string[] = []
    const counts = noTalk()
    const talks: Talk[] = []
    server.on('accepted', (_pipe, channel) => {
      if (channel !== undefined) talks.push(new Talk(channel, counts, [], (what) => void faults.push(what)))
    })
    await server.bind()
    const channel: Channel<TalkMessages> = await client.open()
    const say = (key: 'order' | 'gift' | 'step' | 'spark', n: number, body = bodyOf(key, n)) =>
      channel.send(key, { n, sentAt: 0, body })
    const settle = async () => {
      for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
    }
    return { channel, say, settle, faults, counts, talks }
  }

  it('has nothing to say against what is as promised', async () => {
    const { channel, say, settle, faults, counts, talks } = await listening()
    for (const n of [0, 1, 2]) say('order', n)
    for (const n of [2, 0, 1]) say('gift', n)
    for (const n of [1, 4]) say('step', n)
    for (const n of [5, 2]) say('spark', n)
    channel.send('total', { order: 3, gift: 3 })
    await settle()
    await talks[0].hasAll
    expect(faults).toEqual([])
    expect(counts).toMatchObject({ heard: 6, lossyHeard: 4 })
  })

  it.each([
    ['lost', 'order', [0, 2], 'order 2 came in place of 1'],
    ['doubled', 'order', [0, 0], 'order 0 came in place of 1'],
    ['misordered', 'order', [1, 0], 'order 1 came in place of 0'],
    ['doubled', 'gift', [3, 0, 3], 'gift 3 came twice'],
    ['doubled after all before it', 'gift', [0, 1, 0], 'gift 0 came twice'],
    ['stale', 'step', [3, 2], 'step 2 came behind 3'],
    ['doubled', 'step', [3, 3], 'step 3 came behind 3'],
    ['doubled', 'spark', [1, 1], 'spark 1 came twice'],
  ] as const)('finds what is %s: %s', async (_what, key, numbers, fault) => {
    const { say, settle, faults } = await listening()
    for (const n of numbers) say(key, n)
    await settle()
    expect(faults).toContain(fault)
  })

  it('finds what was changed, what came too often, and waits for what did not come', async () => {
    const { channel, say, settle, faults, talks } = await listening()
    say('order', 0)
    say('order', 1, bodyOf('order', 1).fill(255))
    say('gift', 0)
    channel.send('total', { order: 3, gift: 1 })
    let hasAll = false
    await settle()
    void talks[0].hasAll.then(() => {
      hasAll = true
    })
    await settle()
    expect([hasAll, faults]).toEqual([false, ['order 1 has another body']])
    say('gift', 1)
    say('order', 2)
    await settle()
    expect(hasAll).toBe(true)
    expect(faults[1]).toMatch(/^2 orders and 2 gifts came of/)
  })
})

describe('the worst networks', () => {
  it('are played plain and encrypted', () => {
    const names = worstNetworks(1).map(({ name }) => name)
    expect(names.length).toBe(6)
    expect(new Set(names).size).toBe(6)
    expect(names.filter((name) => name.endsWith('encrypted')).length).toBe(3)
  })
})
