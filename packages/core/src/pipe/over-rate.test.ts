import { pair, Random, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { PipeOptions } from './pipe-options.ts'

/** Both ways to a pipe with these options; its messages have keys and no contract. */
async function meet(where: 'remote' | 'local', options: PipeOptions, openingOptions: PipeOptions = {}) {
  const rig = new Rig()
  const accepting = rig.pipe('server', options)
  await rig.until(accepting.bind())
  const client = rig.pipe('server', openingOptions)
  const opening = client.open(where)
  for (let count = 0; count < 10; count++) {
    accepting.process()
    await rig.loop.advance(1)
  }
  const opened = await rig.until(opening)
  const [accepted] = rig.diary(accepting).accepted
  const heard: unknown[] = []
  accepted.onMessage('n', (n) => heard.push(n))
  const burst = (count: number, first = 0) => {
    for (let n = first; n < first + count; n++) opened.send('n', n)
  }
  const { errors, closed } = rig.diary(accepting)
  return { rig, accepting, accepted, opened, client, heard, burst, errors, closed }
}

const overText = 'more came than the rate allows'
const atRate5 = { code: 'message-rate', key: '', rate: 5, burst: 5 }

describe.each(['remote', 'local'] as const)('messages without a contract, %s', (where) => {
  it('have one rate for all keys of a channel, by default none', async () => {
    const { rig, accepted, opened, heard, burst } = await meet(where, { messageRate: 10, messageBurst: 4 })
    accepted.on('other', () => heard.push('other'))
    burst(3)
    opened.send('other', 1)
    burst(3, 3)
    await rig.loop.advance(50)
    expect(heard).toEqual([0, 1, 2, 'other'])
    await rig.loop.advance(200)
    burst(5, 10)
    await rig.loop.advance(50)
    expect(heard.slice(4)).toEqual([10, 11])
    expect(accepted.statistics()).toMatchObject({ limited: 6, messagesIn: 6 })
    for (let n = 0; n < 100; n++) accepted.send('n', n)
    await rig.loop.advance(50)
    expect(opened.statistics()).toMatchObject({ limited: 0, messagesIn: 100 })
    await rig.end()
  })

  it('may be as many at once as come in a second unless a burst is named', async () => {
    const { rig, heard, burst } = await meet(where, { messageRate: 7.5 })
    burst(20)
    await rig.loop.settle()
    expect(heard.length).toBe(8)
    await rig.end()
  })

  it('count together with requests, which get an error; replies do not count', async () => {
    const { rig, accepted, opened, burst } = await meet(where, { messageRate: 1, messageBurst: 3 })
    accepted.on('ask', async (n: number) => {
      await accepted.request('back', n)
      return n
    })
    opened.on('back', (n: number) => n)
    const ask = (n: number) => opened.request('ask', n).catch((error: Error) => error.message)
    burst(1)
    const refused = `the peer could not reply to 'ask': ${overText}`
    expect(await rig.until(Promise.all([1, 2, 3].map(ask)))).toEqual([1, 2, refused])
    expect(accepted.statistics().limited).toBe(1)
    await rig.end()
  })

  it('count when they come, not when their reader has caught up', async () => {
    const { rig, accepted, burst } = await meet(where, {
      messageRate: 10,
      messageBurst: 2,
      iteratorQueueMax: 1,
    })
    const messages = accepted[Symbol.asyncIterator]()
    for (let n = 0; n < 30; n++) {
      burst(1, n)
      await rig.loop.advance(100)
    }
    burst(5, 30)
    await rig.loop.advance(100)
    expect(accepted.statistics().limited).toBe(3)
    for (let n = 0; n < 32; n++) expect((await rig.until(messages.next())).value.body).toBe(n)
    expect(accepted.statistics().limited).toBe(3)
    await rig.end()
  })

  it('of any pace are as many as the rate allows, and the rest is counted', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed)
      const [messageRate, messageBurst] = [random.integer(1, 50), random.integer(1, 20)]
      const { rig, accepted, heard, burst } = await meet(where, { messageRate, messageBurst })
      const begin = rig.loop.now()
      let sent = 0
      for (let step = 0; step < 50; step++) {
        const count = random.integer(0, 8)
        burst(count, sent)
        sent += count
        await rig.loop.advance(random.integer(0, 200))
        const most = messageBurst + ((rig.loop.now() - begin) * messageRate) / 1000
        expect(heard.length, `seed ${seed}`).toBeLessThanOrEqual(most)
      }
      await rig.loop.settle()
      expect(heard.length + accepted.statistics().limited, `seed ${seed}`).toBe(sent)
      await rig.end()
    }
  })
})

describe.each(['remote', 'local'] as const)('overRate, %s', (where) => {
  it('drop: tells nothing, and the channel lives', async () => {
    const { rig, accepted, burst, errors } = await meet(where, { messageRate: 5 })
    burst(1000)
    await rig.loop.advance(50)
    expect([errors, accepted.isOpen, accepted.statistics().limited]).toEqual([[], true, 995])
    await rig.end()
  })

  it('warn: tells once a channel, until it has kept to its rate for a second', async () => {
    const { rig, accepting, accepted, burst, errors } = await meet(where, {
      messageRate: 5,
      overRate: 'warn',
    })
    const told: unknown[] = []
    accepting.on('error', (_pipe, _error, channel) => void told.push(channel))
    for (let count = 0; count < 100; count++) {
      burst(20)
      await rig.loop.advance(900)
    }
    expect(errors.map(({ code }) => code)).toEqual(['message-rate'])
    expect(errors[0].message).toContain(`${overText}: 5 a second, 5 at once; what is more is dropped`)
    expect(told).toEqual([accepted])
    await rig.loop.advance(1100)
    burst(5)
    await rig.loop.advance(1000)
    expect(errors.length).toBe(1)
    burst(6)
    await rig.loop.advance(1)
    expect([errors.length, accepted.isOpen]).toEqual([2, true])
    await rig.end()
  })

  it('warn: tells once a second a pipe; channels that go on are told of later', async () => {
    const { rig, accepting, client, errors } = await meet(where, { messageRate: 5, overRate: 'warn' })
    const channels = await rig.until(Promise.all(Array.from({ length: 4 }, () => client.open(where))))
    expect(accepting.channelCount).toBe(5)
    const counts: number[] = []
    for (let count = 0; count < 60; count++) {
      for (const channel of channels) for (let n = 0; n < 10; n++) channel.send('n', n)
      await rig.loop.advance(100)
      counts.push(errors.length)
    }
    expect(counts.filter((_, index) => index % 10 === 5)).toEqual([1, 2, 3, 4, 4, 4])
    expect(new Set(errors.map(({ message }) => message)).size).toBe(where === 'local' ? 1 : 4)
    await rig.end()
  })

  it('close: ends the channel with a reason, behind what came before, and tells the peer', async () => {
    const { rig, accepted, opened, heard, burst, errors } = await meet(where, {
      messageRate: 5,
      overRate: 'close',
    })
    accepted.on('ask', () => new Promise(() => {}))
    const asked = opened.request('ask', 1).catch((error: Error) => error.message)
    burst(9)
    opened.send('other', 1)
    expect(await rig.until(accepted.closed)).toEqual(atRate5)
    expect(await rig.until(opened.closed)).toEqual({
      code: 'closed',
      by: 'remote',
      why: 'message-rate',
      appCode: 0,
      text: `${overText}: 5 a second, 5 at once`,
    })
    expect(await rig.until(asked)).toContain('message-rate')
    expect([heard, errors, accepted.statistics().unhandled]).toEqual([[0, 1, 2, 3], [], 0])
    await rig.end()
  })

  it('close: answers no request that comes too often, but the end', async () => {
    const { rig, accepted, opened } = await meet(where, { messageRate: 1, overRate: 'close' })
    accepted.on('ask', (n: number) => n)
    const ask = (n: number) => opened.request('ask', n).catch((error: Error) => error.message)
    const [first, second] = [ask(1), ask(2)]
    expect(await rig.until(accepted.closed)).toMatchObject({ code: 'message-rate' })
    expect(await rig.until(second)).toContain('message-rate')
    expect(await rig.until(first)).toBe(1)
    await rig.end()
  })

  it.each(['warn', 'close'] as const)(
    '%s: comes at once, also when the reader is behind',
    async (overRate) => {
      const { rig, accepted, opened, burst, errors } = await meet(where, {
        messageRate: 5,
        overRate,
        iteratorQueueMax: 1,
      })
      const messages = accepted[Symbol.asyncIterator]()
      burst(4)
      await rig.loop.advance(50)
      expect(accepted.isOpen).toBe(true)
      burst(3, 4)
      await rig.loop.advance(50)
      if (overRate === 'close') expect([accepted.reason, opened.isOpen]).toEqual([atRate5, false])
      else expect([errors.length, accepted.isOpen]).toEqual([1, true])
      expect((await rig.until(messages.next())).value).toMatchObject({ body: 0 })
      await rig.end()
    },
  )

  it.each(['warn', 'close'] as const)(
    '%s: waits for the turn of a program that gives its own',
    async (overRate) => {
      const options = { messageRate: 5, overRate, drive: 'manual' } as const
      const { rig, accepting, accepted, heard, burst, errors, closed } = await meet(where, options)
      burst(8)
      await rig.loop.advance(100)
      expect([heard, errors, closed]).toEqual([[], [], []])
      accepting.process()
      expect(heard).toEqual([0, 1, 2, 3, 4])
      if (overRate === 'warn') expect([errors.length, accepted.isOpen]).toEqual([1, true])
      else expect(closed.map(({ reason }) => reason)).toEqual([atRate5])
      expect(accepted.statistics().limited).toBe(where === 'local' || overRate === 'warn' ? 3 : 1)
      await rig.end()
    },
  )

  it('warn: calls no handler inside of the call that sends', async () => {
    const { rig, accepting, burst } = await meet(where, { messageRate: 5, overRate: 'warn' })
    let isSending = false
    let told = 0
    accepting.on('error', () => {
      expect(isSending).toBe(false)
      told++
    })
    isSending = true
    burst(20)
    isSending = false
    await rig.loop.settle()
    expect(told).toBe(1)
    await rig.end()
  })

  it('close: changes nothing about a channel that is closing', async () => {
    const { rig, accepted, opened, burst } = await meet(where, { messageRate: 5, overRate: 'close' })
    void accepted.close('enough')
    burst(20)
    expect(await rig.until(accepted.closed)).toMatchObject({ code: 'closed', by: 'local', text: 'enough' })
    expect(await rig.until(opened.closed)).toMatchObject({ code: 'closed', by: 'remote', text: 'enough' })
    await rig.end()
  })

  it('holds for the side that opens as well', async () => {
    const { rig, accepted, opened } = await meet(where, {}, { messageRate: 5, overRate: 'close' })
    for (let n = 0; n < 6; n++) accepted.send('n', n)
    expect(await rig.until(opened.closed)).toEqual(atRate5)
    expect(await rig.until(accepted.closed)).toMatchObject({ code: 'closed', why: 'message-rate' })
    await rig.end()
  })
})

describe('overRate', () => {
  it.each(['drop', 'warn', 'close'] as const)(
    '%s: is the same where channels are encrypted',
    async (overRate) => {
      const encryption = { key: new Uint8Array(32).fill(7) }
      const { rig, accepting, accepted, opened } = await pair({
        accepting: { encryption, messageRate: 5, overRate },
        opening: { encryption },
      })
      const heard: unknown[] = []
      accepted.on('n', (n) => void heard.push(n))
      for (let n = 0; n < 20; n++) opened.send('n', n)
      await rig.loop.advance(100)
      expect(heard).toEqual([0, 1, 2, 3, 4])
      expect(rig.diary(accepting).errors.map(({ code }) => code)).toEqual(
        overRate === 'warn' ? ['message-rate'] : [],
      )
      if (overRate === 'close') {
        expect(await rig.until(opened.closed)).toMatchObject({ code: 'closed', why: 'message-rate' })
        expect(accepted.reason).toEqual(atRate5)
      } else {
        expect([accepted.isOpen, accepted.statistics().limited]).toEqual([true, 15])
      }
      await rig.end()
    },
  )

  it('and the rates are checked when a pipe is made', async () => {
    const rig = new Rig()
    const refused: [PipeOptions, string][] = [
      [{ messageRate: 0 }, 'messageRate is a positive number; got 0'],
      [{ messageRate: Number.NaN }, 'messageRate is a positive number; got NaN'],
      [{ messageRate: '5' as never }, 'messageRate is a positive number; got 5'],
      [
        { messageBurst: 5 },
        'messageBurst is a number of messages, at least 1, and goes with messageRate; got 5',
      ],
      [
        { messageRate: 5, messageBurst: 0.5 },
        'messageBurst is a number of messages, at least 1, and goes with messageRate; got 0.5',
      ],
      [{ overRate: 'ban' as never }, 'overRate is one of drop, warn, close; got ban'],
    ]
    for (const [options, text] of refused) {
      expect(() => rig.factory.create('net', 'server', 'test', options), text).toThrow(
        expect.objectContaining({ code: 'argument-invalid', message: text }),
      )
    }
    const none = { messageRate: undefined, messageBurst: undefined, overRate: undefined }
    rig.pipe('server', none)
    rig.pipe('server', { messageRate: Number.POSITIVE_INFINITY, messageBurst: 5 })
    rig.pipe('server', { messageRate: 0.1, messageBurst: Number.POSITIVE_INFINITY })
    await rig.end()
  })

  it('that is more than drop needs the code of pipes that accept', async () => {
    const { network } = new Rig()
    const { accepting: _, ...platform } = network.platform
    const rig = new Rig({ options: { platform } as never })
    expect(() => rig.pipe('server', { overRate: 'warn' })).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: 'overRate works where the platform has `accepting` of @millrace/core',
      }),
    )
    rig.pipe('server', { overRate: 'drop', messageRate: 5 })
    await rig.end()
  })
})
