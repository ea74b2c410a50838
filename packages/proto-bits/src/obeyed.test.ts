/** What a contract says of a message is kept against peers that speak the same contract and do otherwise. */
import { type AnyMessages, framed, type Pipe, type PipeOptions } from '@millrace/core'
import { pair, Rig } from '@millrace/testkit'
import { u8, u32 } from 'bitsery-ts'
import { describe, expect, it } from 'vitest'
import { BitsCodec, bits } from './bits.ts'
import { contract, message, request } from './contract.ts'

const game = contract({
  move: message({ n: u32 }, { from: 'client', rate: 10, burst: 5 }),
  snapshot: message({ tick: u32 }, { from: 'server' }),
  buy: request({ item: u8 }, { left: u8 }, { from: 'client', rate: 1, burst: 2 }),
  ask: request({ item: u8 }, { left: u8 }, { from: 'server' }),
  chat: { line: u8 },
})

/** The same bytes, but a peer that knows nothing of traits, nor which messages are requests. */
function lax() {
  const other = contract({
    move: { n: u32 },
    snapshot: { tick: u32 },
    buy: { item: u8 },
    ask: { item: u8 },
    chat: { line: u8 },
  })
  const strict = new BitsCodec(game)
  const codec = new BitsCodec(other)
  const lied = Object.assign(codec, {
    contract: strict.contract,
    replyNumber: (number: number) => strict.replyNumber(number),
  })
  return framed(lied)
}

function laxPipe(rig: Pick<Rig, 'pipeOf'>): Pipe<AnyMessages> {
  return rig.pipeOf(lax() as never)
}

async function meet() {
  const rig = new Rig({ protocol: bits(game) })
  const accepting = rig.pipe()
  await rig.until(accepting.bind())
  return { rig, accepting }
}

describe('a peer that breaks the contract', () => {
  it.each([
    ['snapshot', { tick: 1 }, "a message 'snapshot' of the client, which the server alone may send"],
    ['buy', { item: 1 }, "a message 'buy', which the contract declares as a request"],
    ['ask', { item: 1 }, "a message 'ask', which the contract declares as a request"],
  ])('by sending %s ends its channel', async (key, body, what) => {
    const { rig, accepting } = await meet()
    const stranger = await rig.until(laxPipe(rig).open())
    const [accepted] = rig.diary(accepting).accepted
    const heard: unknown[] = []
    accepted.onMessage('chat', (chat) => heard.push(chat))
    stranger.send('chat', { line: 1 })
    stranger.send(key, body)
    stranger.send('chat', { line: 2 })
    expect(await rig.until(accepted.closed)).toEqual({ code: 'protocol-violation', what })
    expect(heard).toEqual([{ line: 1 }])
    await rig.end()
  })

  it('as a server ends its channel, too', async () => {
    const rig = new Rig({ protocol: bits(game) })
    const accepting = laxPipe(rig)
    await rig.until(accepting.bind())
    const opened = await rig.until(rig.pipe().open())
    const [stranger] = accepting.channels()
    stranger.send('move', { n: 1 })
    const what = "a message 'move' of the server, which the client alone may send"
    expect(await rig.until(opened.closed)).toEqual({ code: 'protocol-violation', what })
    await rig.end()
  })
})

/** Both ways to a pipe that keeps the contract, and what a client sends to it. */
async function meetBy(where: 'remote' | 'local') {
  const rig = new Rig({ protocol: bits(game), options: { iteratorQueueMax: 1 } })
  const accepting = rig.pipe()
  await rig.until(accepting.bind())
  const client = await rig.until(rig.pipe().open(where))
  const [accepted] = rig.diary(accepting).accepted
  return { rig, accepting, accepted, client }
}

describe.each(['remote', 'local'] as const)('a message with a rate, %s', (where) => {
  it('takes as many as the rate allows, and counts the rest', async () => {
    const { rig, accepting, accepted, client } = await meetBy(where)
    const heard: number[] = []
    accepted.on('move', ({ n }) => heard.push(n))
    accepted.on('chat', ({ line }) => heard.push(-line))
    for (let n = 0; n < 8; n++) expect(client.send('move', { n })).toBe('queued')
    client.send('chat', { line: 1 })
    await rig.loop.advance(50)
    expect(heard).toEqual([0, 1, 2, 3, 4, -1])
    expect(accepted.statistics()).toMatchObject({ limited: 3, messagesIn: 6 })
    await rig.loop.advance(200)
    for (let n = 10; n < 14; n++) client.send('move', { n })
    await rig.loop.advance(50)
    expect(heard.slice(6)).toEqual([10, 11])
    expect(accepted.statistics().limited).toBe(5)
    expect(accepting.statistics().limited).toBe(5)
    expect([accepted.isOpen, client.statistics()]).toEqual([
      true,
      expect.objectContaining({ limited: 0, messagesOut: 13 }),
    ])
    await rig.end()
  })

  it('counts it when it comes, not when its reader has caught up', async () => {
    const { rig, accepted, client } = await meetBy(where)
    const messages = accepted[Symbol.asyncIterator]()
    for (let n = 0; n < 30; n++) {
      client.send('move', { n })
      await rig.loop.advance(100)
    }
    for (let n = 30; n < 50; n++) client.send('move', { n })
    await rig.loop.advance(100)
    expect(accepted.statistics().limited).toBe(15)
    for (let n = 0; n < 35; n++) {
      expect(await rig.until(messages.next())).toMatchObject({ value: { body: { n } } })
    }
    expect(accepted.statistics().limited).toBe(15)
    await rig.end()
  })

  it('has its requests answered by an error when more come, also behind a reader that is behind', async () => {
    const { rig, accepted, client } = await meetBy(where)
    accepted.on('buy', ({ item }) => ({ left: item - 1 }))
    const ask = (item: number) => client.request('buy', { item }).catch((error: Error) => error.message)
    const refused = "the peer could not reply to 'buy': more came than the rate allows"
    expect(await rig.until(Promise.all([1, 2, 3].map(ask)))).toEqual([{ left: 0 }, { left: 1 }, refused])
    expect(accepted.statistics().limited).toBe(1)
    await rig.loop.advance(2000)
    const messages = accepted[Symbol.asyncIterator]()
    for (let line = 0; line < 3; line++) client.send('chat', { line })
    await rig.loop.settle()
    const [one, two, three] = [4, 5, 6].map(ask)
    expect(await rig.until(three)).toBe(refused)
    for (let line = 0; line < 3; line++) await rig.until(messages.next())
    for (let count = 0; count < 2; count++) await rig.until(messages.next())
    expect(await rig.until(Promise.all([one, two]))).toEqual([{ left: 3 }, { left: 4 }])
    await rig.end()
  })
})

describe.each(['remote', 'local'] as const)('a message without a rate, %s', (where) => {
  const other = contract({
    move: message({ n: u32 }, { rate: 10, burst: 5 }),
    free: message({ n: u32 }, { rate: Number.POSITIVE_INFINITY }),
    chat: { n: u32 },
    buy: request({ n: u32 }, { n: u32 }),
  })

  async function meetOther(options: PipeOptions) {
    const rig = new Rig({ protocol: bits(other) })
    const accepting = rig.pipe('server', options)
    await rig.until(accepting.bind())
    const opened = await rig.until(rig.pipe().open(where))
    return { rig, accepted: rig.diary(accepting).accepted[0], opened }
  }

  it('has that of the pipe, each for itself; the contract comes first', async () => {
    const { rig, accepted, opened } = await meetOther({ messageRate: 1, messageBurst: 2 })
    const heard = { move: 0, free: 0, chat: 0 }
    const keys = ['move', 'free', 'chat'] as const
    for (const key of keys) accepted.on(key, () => void heard[key]++)
    accepted.on('buy', ({ n }) => ({ n }))
    const answers = [1, 2, 3].map((n) => opened.request('buy', { n }).catch(() => 'refused'))
    for (let n = 0; n < 20; n++) for (const key of keys) opened.send(key, { n })
    await rig.loop.advance(50)
    expect(heard).toEqual({ move: 5, free: 20, chat: 2 })
    expect(await rig.until(Promise.all(answers))).toEqual([{ n: 1 }, { n: 2 }, 'refused'])
    expect(accepted.statistics().limited).toBe(15 + 18 + 1)
    await rig.end()
  })

  it.each([
    ['move', 6, { key: 'move', rate: 10, burst: 5 }],
    ['chat', 3, { key: 'chat', rate: 1, burst: 2 }],
  ] as const)("ends the channel by 'close', as '%s' with a rate does", async (key, count, said) => {
    const { rig, accepted, opened } = await meetOther({ messageRate: 1, messageBurst: 2, overRate: 'close' })
    for (let n = 0; n < count; n++) opened.send(key, { n })
    expect(await rig.until(accepted.closed)).toEqual({ code: 'message-rate', ...said })
    const text = `more of '${key}' came than the rate allows: ${said.rate} a second, ${said.burst} at once`
    expect(await rig.until(opened.closed)).toMatchObject({ code: 'closed', why: 'message-rate', text })
    await rig.end()
  })
})

describe('a message with a rate', () => {
  it('is not even decoded when more come', async () => {
    const { rig, accepting } = await meet()
    const stranger = await rig.until(laxPipe(rig).open())
    const [accepted] = rig.diary(accepting).accepted
    for (let n = 0; n < 100; n++) stranger.send('move', { n })
    await rig.loop.advance(50)
    expect(accepted.statistics()).toMatchObject({ limited: 95, messagesIn: 5 })
    await rig.end()
  })
})

describe('a peer that asks more often than the rate allows, and takes no answer', () => {
  it('is owed so many faults at most; the others wait until it does, in their order', async () => {
    const { rig, accepted, opened } = await pair({
      protocol: bits(game),
      accepting: {
        highWaterBytes: 20_000,
        receiveHighWaterBytes: 20_000,
        messageSizeMax: 4096,
        stallTimeoutMs: 60_000,
      },
      opening: { maxRequests: 100_000, highWaterBytes: 1 << 24 },
      network: { windowBytes: 1000 },
    })
    accepted.on('buy', ({ item }) => ({ left: item }))
    const [{ opened: link }] = rig.network.connections
    link.freeze('on')
    const answers: Promise<string>[] = []
    for (let count = 0; count < 500; count++) {
      for (let item = 0; item < 50; item++) {
        const answer = opened.request('buy', { item }, { timeoutMs: 600_000 })
        answers.push(
          answer.then(
            ({ left }) => `left ${left}`,
            ({ message }: Error) => message,
          ),
        )
      }
      await rig.loop.advance(1)
    }
    const { queuedBytes, storedBytes } = accepted.statistics()
    expect(queuedBytes).toBeLessThan(90_000)
    // One message of the largest size, and two reads, always fit.
    expect(storedBytes).toBeLessThan(200_000)
    link.freeze('off')
    const said = await rig.until(Promise.all(answers), 600_000)
    const refused = "the peer could not reply to 'buy': more came than the rate allows"
    expect(said.slice(0, 3)).toEqual(['left 0', 'left 1', refused])
    expect(said.slice(2)).toEqual(said.slice(2).fill(refused))
    expect(accepted.statistics().limited).toBe(24_998)
    await rig.end()
  })
})
