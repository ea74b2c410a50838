import { noblePrimitives } from '@millrace/cipher'
import { pair, RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { Admission, PipeOptions } from './pipe-options.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)

const ways = { 'over a link': 'pipe', 'without a link': 'local' } as const
type Way = (typeof ways)[keyof typeof ways]

/** A pipe that admits by this rule, and another one that opens. */
async function rule(how: Way, admit: NonNullable<PipeOptions['admit']>, options: PipeOptions = {}) {
  const rig = new Rig()
  const accepting = rig[how]('lobby', { ...options, admit })
  const opening = rig[how]('lobby', options)
  await rig.until(accepting.bind())
  return { rig, accepting, opening, diary: rig.diary(accepting) }
}

describe.each(Object.entries(ways))('admit, %s', (_name, how) => {
  it('reads what the opener says before there is a channel; `accepted` has it at hand', async () => {
    const heard: unknown[] = []
    const { rig, accepting, opening, diary } = await rule(how, (data) => {
      heard.push(['admit', [...data], diary.accepted.length])
      return true
    })
    accepting.on('accepted', (_, channel) => void heard.push(['accepted', [...channel.openData]]))
    const data = bytes(1, 2, 3)
    const promise = opening.open('remote', { data })
    data.fill(9)
    const channel = await rig.until(promise)
    expect(heard).toEqual([
      ['admit', [1, 2, 3], 0],
      ['accepted', [1, 2, 3]],
    ])
    expect([...channel.openData]).toEqual([1, 2, 3])
    await rig.end()
  })

  it('is told what is proven of the peer, before there is a channel', async () => {
    const [ours, theirs] = [1, 2].map((fill) => noblePrimitives.dh.pair(new Uint8Array(32).fill(fill)))
    const heard: unknown[] = []
    const admit = (_data: Uint8Array, _address: unknown, encryption?: ChannelEncryption) => {
      heard.push(encryption?.peerKey)
      return true
    }
    for (const encryption of [undefined, { pattern: 'XX', identity: theirs } as const]) {
      const { rig, accepting } = await rule(how, admit, encryption && { encryption })
      const opening = rig[how]('lobby', {
        encryption: encryption && { pattern: 'XX', identity: ours, anyPeer: true },
      })
      await rig.until(opening.open())
      expect(rig.diary(accepting).accepted).toHaveLength(1)
      await rig.end()
    }
    expect(heard).toEqual([undefined, ours.publicKey])
  })

  it('is asked without data as well', async () => {
    const sizes: number[] = []
    const { rig, opening, diary } = await rule(how, (data) => sizes.push(data.length) > 0)
    await rig.until(opening.open())
    expect(sizes).toEqual([0])
    expect(diary.accepted[0].openData).toEqual(new Uint8Array(0))
    await rig.end()
  })

  it.each([
    ['a boolean', false, 0, ''],
    ['a text', 'the server is full', 0, 'the server is full'],
    ['a code and a text', { code: 4001, text: 'banned' }, 4001, 'banned'],
    ['a code alone', { code: 65_535 }, 65_535, ''],
    ['nothing at all', undefined, 0, ''],
  ] as const)('refuses with %s', async (_what, answer, appCode, text) => {
    for (const isLate of [false, true]) {
      const { rig, opening, diary } = await rule(
        how,
        () => (isLate ? Promise.resolve(answer) : answer) as Admission,
      )
      const error = await rig.failureOf(opening.open())
      expect(error).toMatchObject({ code: 'not-admitted', appCode })
      if (text !== '') expect(error.message).toContain(text)
      expect(diary.accepted).toEqual([])
      await rig.end()
    }
  })

  it('may take its time; nothing is lost meanwhile', async () => {
    let admit: (answer: boolean) => void = () => {}
    const answer = new Promise<boolean>((resolve) => {
      admit = resolve
    })
    const { rig, opening, diary } = await rule(how, () => answer)
    const promise = opening.open()
    await rig.loop.advance(500)
    expect(diary.accepted).toEqual([])
    admit(true)
    const channel = await rig.until(promise)
    const heard: unknown[] = []
    diary.accepted[0].on('n', (n) => void heard.push(n))
    channel.send('n', 1)
    await rig.loop.settle()
    expect(heard).toEqual([1])
    await rig.end()
  })

  it('has no longer than the handshake', async () => {
    const { rig, opening, diary } = await rule(how, () => new Promise(() => {}), { handshakeTimeoutMs: 500 })
    const failure = rig.failureOf(opening.open())
    expect(await failure).toMatchObject({ code: 'handshake-failed' })
    expect(rig.loop.now()).toBeLessThan(510)
    expect(diary.accepted).toEqual([])
    await rig.end()
  })

  it('refuses when it throws, rejects, or says what cannot be said, and tells `error`', async () => {
    const broken: NonNullable<PipeOptions['admit']>[] = [
      () => {
        throw new Error('no database')
      },
      () => Promise.reject(new Error('no database')),
      () => ({ code: 70_000 }),
      () => Promise.resolve({ code: -1 }),
    ]
    for (const admit of broken) {
      const { rig, opening, diary } = await rule(how, admit)
      expect(await rig.failureOf(opening.open())).toMatchObject({ code: 'not-admitted', appCode: 0 })
      expect(diary.errors.map(({ code }) => code)).toContain('handler-failed')
      expect(diary.errors.map(({ message }) => message).join()).toMatch(
        /'admit' failed: (no database|a code is)/,
      )
      await rig.end()
    }
  })

  it('is not asked when there is no room', async () => {
    let asked = 0
    const { rig, opening } = await rule(how, () => ++asked > 0, { maxOpenChannels: 1 })
    await rig.until(opening.open())
    const other = rig[how]('lobby')
    expect(await rig.failureOf(other.open())).toMatchObject({ code: 'channel-limit' })
    expect(asked).toBe(1)
    await rig.end()
  })

  it('does not answer an opener that has given up', async () => {
    let admit: (answer: boolean) => void = () => {}
    const answer = new Promise<boolean>((resolve) => {
      admit = resolve
    })
    const { rig, opening, diary } = await rule(how, () => answer)
    const promise = opening.open()
    promise.catch(() => {})
    await rig.loop.settle()
    opening.destroy()
    expect(await rig.failureOf(promise)).toMatchObject({ code: 'channel-closed' })
    await rig.loop.settle()
    admit(true)
    await rig.loop.advance(100)
    expect(diary.accepted).toEqual([])
    await rig.end()
  })

  it('takes 1,024 bytes of data, and not one more', async () => {
    const { rig, opening } = await rule(how, (data) => data.length === 1024)
    await rig.until(opening.open('remote', { data: new Uint8Array(1024) }))
    for (const data of [new Uint8Array(1025), 'text' as unknown as Uint8Array]) {
      expect(await rig.failureOf(opening.open('remote', { data }))).toMatchObject({
        code: 'argument-invalid',
        message: expect.stringContaining('at most 1024 bytes'),
      })
    }
    await rig.end()
  })
})

describe('admit', () => {
  it('is asked once a channel, in the turn of its pipe, for a peer that says hello', async () => {
    const asked: (string | undefined)[] = []
    const { rig, diary } = await rule('pipe', (_data, peerAddress) => asked.push(peerAddress) > 0)
    const peer = await RawPeer.connect(rig.network, 'net://lobby')
    await rig.loop.advance(100)
    expect(asked).toEqual([])
    peer.sendHello()
    await rig.loop.settle()
    expect(asked.length).toBe(1)
    expect(diary.accepted.length).toBe(1)
    await rig.end()
  })

  it('is a function', () => {
    const rig = new Rig()
    expect(() => rig.pipe('lobby', { admit: true as never })).toThrowError(
      expect.objectContaining({ code: 'argument-invalid' }),
    )
  })
})

describe('what is said at a close', () => {
  it.each(Object.entries(ways))('reaches the peer as data, %s', async (_name, how) => {
    const { rig, opening, diary } = await rule(how, () => true)
    const channel = await rig.until(opening.open())
    const mine = await rig.until(channel.close({ code: 4001, text: 'banned' }))
    const words = { why: 'closed', appCode: 4001, text: 'banned' }
    expect(mine).toMatchObject({ code: 'closed', by: 'local', ...words })
    expect(diary.closed.map(({ reason }) => reason)).toEqual([{ code: 'closed', by: 'remote', ...words }])
    await rig.end()
  })

  it('may be said to all channels of a pipe', async () => {
    const { rig, accepting, opened } = await pair()
    await rig.until(accepting.close({ code: 7, text: 'maintenance' }))
    expect(opened.reason).toMatchObject({ code: 'closed', by: 'remote', appCode: 7, text: 'maintenance' })
    await rig.end()
  })

  it('is refused when it is no code or no text, and ends nothing', async () => {
    const { rig, accepting, opened } = await pair()
    for (const words of [
      { code: 65_536 },
      { code: -1 },
      { code: 1.5 },
      { code: '7' },
      { text: 7 },
      7,
    ] as never[]) {
      expect(() => opened.close(words)).toThrowError(expect.objectContaining({ code: 'argument-invalid' }))
      expect(await rig.failureOf(accepting.close(words))).toMatchObject({ code: 'argument-invalid' })
    }
    expect(opened.isOpen).toBe(true)
    await rig.end()
  })

  it('tells the peer why Millrace closes, apart from the text', async () => {
    const { rig, accepted, opened } = await pair({ opening: { highWaterBytes: 1000, overflow: 'close' } })
    while (opened.send('text', 'x'.repeat(300)) === 'queued');
    await rig.loop.settle()
    expect(accepted.reason).toMatchObject({ code: 'closed', by: 'remote', why: 'overflow', appCode: 0 })
    await rig.end()
  })
})
