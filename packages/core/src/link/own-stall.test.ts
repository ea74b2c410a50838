import { noblePrimitives } from '@millrace/cipher'
import { pair, RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { EncryptionOptions } from '../base/encryption-options.ts'
import type { PipeOptions } from '../pipe/pipe-options.ts'

const key = new Uint8Array(32).fill(7)
const ofServer = noblePrimitives.dh.pair(new Uint8Array(32).fill(1))
const ofClient = noblePrimitives.dh.pair(new Uint8Array(32).fill(2))
const network = { delayMs: [5, 40] as const }
const stallMs = 2200

type Drive = 'auto' | 'manual'

/** Two pipes of a program that stands still again and again: in between the loop turns once, and no time passes. */
async function stalling(
  [accepts, opens]: readonly [Drive, Drive],
  accepting: PipeOptions = {},
  opening: PipeOptions = {},
) {
  const rig = new Rig({ network })
  const server = rig.pipe('server', { ...accepting, drive: accepts })
  const client = rig.pipe('server', { ...opening, drive: opens })
  await rig.until(server.bind())
  let isOver = false
  const tick = () => {
    if (isOver) return
    server.process()
    client.process()
    rig.loop.wakeAt(rig.loop.now() + 33, tick)
  }
  tick()
  const stall = async (times = 8) => {
    for (let count = 0; count < times; count++) await rig.loop.stall(stallMs)
  }
  const open = async (count = 20) => {
    const opened = await rig.until(Promise.all(Array.from({ length: count }, () => client.open())))
    await rig.loop.advance(200)
    return { opened, accepted: rig.diary(server).accepted }
  }
  const errors = () =>
    [...rig.diary(server).errors, ...rig.diary(client).errors].map(({ message }) => message)
  const ends = () =>
    [...rig.diary(server).closed, ...rig.diary(client).closed].map(({ reason }) => reason.code)
  const stop = () => {
    isOver = true
  }
  const end = async () => {
    stop()
    await rig.end()
  }
  return { rig, server, client, stall, open, errors, ends, stop, end }
}

const drives = [
  ['auto', 'auto'],
  ['manual', 'auto'],
  ['auto', 'manual'],
  ['manual', 'manual'],
] as const satisfies readonly (readonly [Drive, Drive])[]

const encryptions: readonly (readonly [
  string,
  EncryptionOptions | undefined,
  EncryptionOptions | undefined,
])[] = [
  ['in clear', undefined, undefined],
  ['by a shared key', { key }, { key }],
  [
    'by identities',
    { pattern: 'XX', identity: ofServer, authorise: async () => true },
    { pattern: 'XX', identity: ofClient, authorise: () => true },
  ],
]

describe.each(drives)('a program that stands still, %s where it accepts and %s where it opens,', (...by) => {
  it.each(encryptions)('opens 20 channels %s', async (_name, mine, theirs) => {
    const { rig, server, client, stall, errors, ends, end } = await stalling(
      by,
      mine === undefined ? {} : { encryption: mine },
      theirs === undefined ? {} : { encryption: theirs },
    )
    const all = Promise.all(Array.from({ length: 20 }, () => client.open()))
    await stall(10)
    await rig.until(all)
    await rig.loop.advance(200)
    expect([server.channelCount, client.channelCount]).toEqual([20, 20])
    expect([errors(), ends()]).toEqual([[], []])
    await end()
  })

  it('admits 20 that its database answers for', async () => {
    const { rig, server, client, stall, errors, end } = await stalling(by, {
      admit: () => new Promise((resolve) => rig.loop.wakeAt(rig.loop.now() + 500, () => resolve(true))),
    })
    const all = Promise.all(Array.from({ length: 20 }, () => client.open()))
    await stall(10)
    await rig.until(all)
    await rig.loop.advance(200)
    expect(server.channelCount).toBe(20)
    expect(errors()).toEqual([])
    await end()
  })

  it('begins to encrypt 20 channels', async () => {
    const { rig, stall, open, ends, end } = await stalling(by)
    const { opened, accepted } = await open()
    const all = Promise.all([...opened, ...accepted].map((channel) => channel.setEncryption(key)))
    await stall()
    await rig.until(all)
    expect(opened.every(({ encryption }) => encryption !== undefined)).toBe(true)
    expect(ends()).toEqual([])
    await end()
  })

  it('gets a reply to each request', async () => {
    const { rig, stall, open, end } = await stalling(by)
    const { opened, accepted } = await open()
    for (const channel of opened) channel.on('ask', (n: number) => n + 1)
    for (const channel of accepted) channel.on('ask', (n: number) => n + 1)
    const asked = [...opened, ...accepted].map((channel) => channel.request('ask', 1, { timeoutMs: 1000 }))
    await stall(6)
    expect(new Set(await rig.until(Promise.all(asked)))).toEqual(new Set([2]))
    await end()
  })

  it('finds no peer silent', async () => {
    const { rig, stall, open, ends, end } = await stalling(by)
    const { opened, accepted } = await open()
    for (const channel of [...opened, ...accepted]) channel.setHeartbeat(300, 1000)
    for (let round = 0; round < 10; round++) {
      await stall(3)
      await rig.loop.advance(100 * round)
    }
    expect(ends()).toEqual([])
    await end()
  })

  it('takes frames and large messages to their end', async () => {
    const limits = { frameTimeoutMs: 1000, stallTimeoutMs: 1000 }
    const { rig, stall, open, ends, end } = await stalling(by, limits, limits)
    const { opened, accepted } = await open(2)
    const sizes: number[] = []
    const hear = (text: string) => void sizes.push(text.length)
    for (const channel of opened) channel.on('text', hear).send('text', 'x'.repeat(200_000))
    for (const channel of accepted) channel.on('text', hear).send('text', 'x'.repeat(200_000))
    for (let round = 0; round < 40 && sizes.length < 4; round++) {
      await stall(1)
      await rig.loop.advance(50)
    }
    expect(sizes).toEqual([200_000, 200_000, 200_000, 200_000])
    expect(ends()).toEqual([])
    await end()
  })

  it('closes in order', async () => {
    const { rig, stall, open, ends, end } = await stalling(by)
    const { opened, accepted } = await open()
    const heard: unknown[] = []
    for (const channel of accepted) channel.on('last', (n: number) => void heard.push(n))
    for (const [n, channel] of opened.entries()) channel.send('last', n)
    const closed = Promise.all(opened.map((channel) => channel.close('bye')))
    await stall(6)
    await rig.until(closed)
    await rig.loop.advance(500)
    expect(heard).toHaveLength(20)
    expect(new Set(ends())).toEqual(new Set(['closed']))
    await end()
  })
})

describe('a program that stands still between two pipes of its own', () => {
  it('opens, asks, encrypts and closes', async () => {
    const rig = new Rig()
    const encryption = { key }
    const server = rig.local('lobby', {
      encryption,
      admit: () => new Promise((resolve) => rig.loop.wakeAt(rig.loop.now() + 100, () => resolve(true))),
    })
    const client = rig.local('lobby', { encryption })
    await rig.until(server.bind())
    const stall = async () => {
      for (let count = 0; count < 6; count++) await rig.loop.stall(stallMs)
    }
    const opening = client.open()
    await stall()
    const opened = await rig.until(opening)
    const [accepted] = rig.diary(server).accepted
    accepted.on(
      'ask',
      (n: number) => new Promise((done) => rig.loop.wakeAt(rig.loop.now() + 100, () => done(n + 1))),
    )
    const both = Promise.all([opened.request('ask', 1, { timeoutMs: 1000 }), opened.setEncryption(key)])
    await stall()
    const sealing = accepted.setEncryption(key)
    expect(await rig.until(both)).toEqual([2, undefined])
    await rig.until(sealing)
    expect(await rig.until(opened.close('bye'))).toMatchObject({ code: 'closed' })
    await rig.end()
  })
})

describe('what lies in the link when a time is over', () => {
  it('is heard first: a reply', async () => {
    const { rig, opened, accepted } = await pair({ network: { delayMs: [10, 10] } })
    accepted.on('ask', (n: number) => n + 1)
    const before = rig.loop.now()
    await rig.until(opened.request('ask', 1))
    const takesMs = rig.loop.now() - before
    // Timers come before what the link brings at the same time.
    expect(await rig.until(opened.request('ask', 1, { timeoutMs: takesMs }))).toBe(2)
    const late = await rig.failureOf(opened.request('ask', 1, { timeoutMs: takesMs - 1 }))
    expect(late.code).toBe('request-timeout')
    await rig.end()
  })

  it('is heard first: a reply that waits for a turn of the program', async () => {
    const { rig, client, open, stop, end } = await stalling(['auto', 'manual'])
    const { opened, accepted } = await open(1)
    stop()
    accepted[0].on('ask', (n: number) => n + 1)
    const ask = async () => {
      const asked = opened[0].request('ask', 1, { timeoutMs: 100 })
      client.flush()
      await rig.loop.advance(5)
      client.process()
      return { asked }
    }
    const { asked } = await ask()
    await rig.loop.advance(190)
    client.process()
    expect(await rig.until(asked)).toBe(2)
    // A program that gives no more turns gets its answer all the same.
    expect((await rig.failureOf((await ask()).asked)).code).toBe('request-timeout')
    await end()
  })

  it('is heard first, but not for ever: a reply behind what the pipe is behind with', async () => {
    for (const [count, outcome] of [
      [500, 'replied'],
      [5000, 'request-timeout'],
    ] as const) {
      const { rig, opened, accepted } = await pair({ options: { highWaterBytes: 2 ** 24 } })
      accepted.on('ask', () => {
        for (let n = 0; n < count; n++) accepted.send('n', n)
        return 'replied'
      })
      // All of it takes longer than the request waits.
      opened.on('n', () => rig.loop.block(0.5))
      const since = rig.loop.now()
      const asked = opened.request('ask', 0, { timeoutMs: 100 })
      expect(await rig.until(asked.catch(({ code }) => code))).toBe(outcome)
      expect(rig.loop.now() - since).toBeLessThan(500)
      await rig.end()
    }
  })

  it('is heard first: a hello', async () => {
    const rig = new Rig({ network: { delayMs: [10, 10] } })
    const server = rig.pipe('server', { handshakeTimeoutMs: 100 })
    await rig.until(server.bind())
    for (const [waitMs, count] of [
      [80, 1],
      [81, 1],
      [79, 2],
    ]) {
      const peer = await RawPeer.connect(rig.network, 'net://server')
      await rig.loop.advance(10 + waitMs)
      peer.sendHello()
      await rig.loop.advance(50)
      expect([waitMs, server.channelCount]).toEqual([waitMs, count])
    }
    await rig.end()
  })
})
