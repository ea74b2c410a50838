import { pair, Random, Rig, wildNetwork } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { CloseReason } from '../base/close-reason.ts'
import type { MillraceError } from '../base/millrace-error.ts'
import type { Channel } from '../channel/channel.ts'

const key = new Uint8Array(32).fill(7)
const other = new Uint8Array(32).fill(8)
const patience = {
  handshakeTimeoutMs: 600_000,
  frameTimeoutMs: 600_000,
  stallTimeoutMs: 600_000,
  closeTimeoutMs: 600_000,
}

/** How a promise is rejected, without letting any time pass. */
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: MillraceError) => error.code,
  )

/** A channel with an accepting side that has the turns that the test gives it, with time for what follows. */
async function drivenPair() {
  const rig = new Rig()
  const accepting = rig.pipe('server', { drive: 'manual' })
  const opening = rig.pipe('server')
  const turn = async (): Promise<void> => {
    await rig.loop.advance(5)
    accepting.process()
    await rig.loop.advance(5)
  }
  await rig.until(accepting.bind())
  const open = opening.open()
  await turn()
  const [accepted] = rig.diary(accepting).accepted
  return { rig, accepting, opening, opened: await open, accepted, turn }
}

describe('encryption that begins on an open channel', () => {
  it('switches both ways at an exact byte, on any network, whichever side asks first, and keeps the order', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const draw = new Random(seed)
      const profile = wildNetwork(new Random(seed))
      const { rig, opened, accepted } = await pair({
        seed,
        network: { ...profile, destruction: 'end' },
        accepting: patience,
        opening: patience,
      })
      const heard: Record<'a' | 'o', unknown[]> = { a: [], o: [] }
      accepted.on('n', (n: unknown) => void heard.a.push(n))
      opened.on('n', (n: unknown) => void heard.o.push(n))
      let sent = 0
      const chat = async (): Promise<void> => {
        const fill = 'x'.repeat(draw.integer(0, profile.pieces === 'bytes' ? 40 : 4000))
        for (let count = draw.integer(0, 5); count > 0; count--) {
          sent++
          await rig.until(
            Promise.all([
              opened.sendWhenReady('n', `${sent} ${fill}`),
              accepted.sendWhenReady('n', `${sent} ${fill}`),
            ]),
            3_600_000,
          )
        }
        await rig.loop.advance(draw.integer(0, 30))
      }
      await chat()
      const first = draw.pick([opened, accepted])
      const second = first === opened ? accepted : opened
      const algorithm = draw.pick(['chacha20-poly1305', 'aes-256-gcm'] as const)
      const one = first.setEncryption(key, algorithm)
      const queued = draw.integer(0, 3)
      for (let i = 0; i < queued; i++) {
        sent++
        opened.send('n', `${sent}`)
        accepted.send('n', `${sent}`)
      }
      await rig.loop.advance(draw.pick([0, 0, 7, 60]))
      const two = second.setEncryption(key, algorithm)
      await chat()
      await rig.until(Promise.all([one, two]), 3_600_000)
      await chat()
      await chat()
      await rig.until(opened.close('done'), 3_600_000)
      await rig.until(accepted.closed, 3_600_000)
      expect(
        heard.a.map((text) => Number.parseInt(String(text), 10)),
        `seed ${seed}`,
      ).toEqual(Array.from({ length: sent }, (_, i) => i + 1))
      expect(accepted.reason, `seed ${seed}`).toMatchObject({
        code: 'closed',
        by: 'remote',
        why: 'closed',
        appCode: 0,
        text: 'done',
      } satisfies CloseReason)
      expect(opened.encryption?.handshakeHash).toEqual(accepted.encryption?.handshakeHash)
      expect(
        heard.o.map((text) => Number.parseInt(String(text), 10)),
        `seed ${seed}`,
      ).toEqual(Array.from({ length: heard.o.length }, (_, i) => i + 1))
      await rig.end()
    }
  })

  it('sends nothing in clear after the call, and only the steps of the handshake in between', async () => {
    const { rig, opened, accepted } = await pair({ network: { delayMs: [10, 10] } })
    const written: Buffer[] = []
    const link = rig.network.connections[0].opened
    const send = link.send.bind(link)
    link.send = (batch, report) => {
      for (const segment of batch.segments) written.push(Buffer.from(segment))
      return send(batch, report)
    }
    opened.send('n', 'in clear')
    const done = opened.setEncryption(key)
    opened.send('n', 'a secret')
    const heard: unknown[] = []
    accepted.on('n', (text: unknown) => void heard.push(text))
    await rig.loop.advance(100)
    expect(heard).toEqual(['in clear'])
    const before = accepted.setEncryption(key)
    await rig.until(Promise.all([done, before]))
    await rig.loop.advance(100)
    expect(heard).toEqual(['in clear', 'a secret'])
    const wire = Buffer.concat(written)
    expect([wire.includes('in clear'), wire.includes('secret')]).toEqual([true, false])
    await rig.end()
  })

  it('ends the channel when the keys or algorithms differ, or the other side never asks', async () => {
    type Asked = Parameters<Channel['setEncryption']> | undefined
    const cases: readonly (readonly [mine: Asked, theirs: Asked])[] = [
      [[key], [other]],
      [[key], [key, 'aes-256-gcm']],
      [[key], undefined],
      [undefined, [key]],
    ]
    for (const [mine, theirs] of cases) {
      const { rig, opened, accepted } = await pair()
      const failures: unknown[] = []
      for (const [channel, options] of [
        [opened, mine],
        [accepted, theirs],
      ] as const) {
        if (options !== undefined)
          channel.setEncryption(...options).catch((error: unknown) => failures.push(error))
      }
      opened.send('n', 'a secret')
      const heard: unknown[] = []
      accepted.on('n', (text: unknown) => void heard.push(text))
      await rig.loop.advance(5000)
      expect([opened.reason?.code, accepted.reason?.code]).toEqual(['encryption-failed', 'encryption-failed'])
      const asked = [mine, theirs].filter((options) => options !== undefined).length
      expect(failures).toEqual(
        Array.from({ length: asked }, () => expect.objectContaining({ code: 'encryption-failed' })),
      )
      if (mine !== undefined) expect(heard).toEqual([])
      await rig.end()
    }
  })

  it('works on local channels as well: keys must fit, and there is a binding', async () => {
    const rig = new Rig()
    const accepting = rig.local()
    const opening = rig.local()
    await rig.until(accepting.bind())
    const channels = async () => {
      const opened = await rig.until(opening.open())
      return { opened, accepted: rig.diary(accepting).accepted.at(-1) as Channel }
    }
    const good = await channels()
    const done = good.accepted.setEncryption(key, 'aes-256-gcm')
    await rig.until(Promise.all([done, good.opened.setEncryption(key, 'aes-256-gcm')]))
    expect(good.opened.encryption?.handshakeHash).toEqual(good.accepted.encryption?.handshakeHash)
    expect(good.opened.encryption?.suite).toBe('Noise_NNpsk0_25519_AESGCM_SHA256')
    const bad = await channels()
    const failure = rig.failureOf(bad.accepted.setEncryption(key))
    await rig.failureOf(bad.opened.setEncryption(other))
    expect((await failure).code).toBe('encryption-failed')
    await rig.loop.settle()
    expect([bad.opened.reason?.code, bad.accepted.reason?.code]).toEqual([
      'encryption-failed',
      'encryption-failed',
    ])
    const alone = await channels()
    expect((await rig.failureOf(alone.opened.setEncryption(key))).message).toContain(
      'the other end did not within 2000 ms',
    )
    await rig.end()
  })

  it('lets the opener of a local channel set handlers first, whatever records come meanwhile', async () => {
    const { rig, accepting, opening, opened: near, accepted: far, turn } = await drivenPair()
    const sealed = [near.setEncryption(key), far.setEncryption(key)]
    await turn()
    await turn()
    await Promise.all(sealed)
    const [{ opened: link }] = rig.network.connections
    link.freeze('on')
    for (const n of [1, 2, 3]) {
      far.send('n', n)
      await turn()
    }
    accepting.on('accepted', (_pipe, channel) => void channel.send('n', 'hello'))
    const heard: unknown[] = []
    const local = opening.open('local').then((channel) => channel.on('n', (n: unknown) => void heard.push(n)))
    accepting.process()
    link.freeze('off')
    await rig.loop.advance(50)
    await local
    expect(heard).toEqual(['hello'])
    await rig.end()
  })

  it('is refused twice, and where it makes no sense', async () => {
    const { rig, opened, accepted } = await pair()
    const both = [opened.setEncryption(key), accepted.setEncryption(key)]
    await expect(opened.setEncryption(key)).rejects.toThrow('was called on this channel before')
    await rig.until(Promise.all(both))
    await expect(opened.setEncryption(key)).rejects.toThrow('was called on this channel before')
    await expect(accepted.setEncryption('secret' as never)).rejects.toThrow('a pass phrase is no key')
    await expect(accepted.setEncryption({ pattern: 'XX' } as never)).rejects.toThrow(
      'key must be a Uint8Array of 32 bytes, not object',
    )
    await expect(accepted.setEncryption(key, 'Noise_XX_25519_AESGCM_SHA256')).rejects.toThrow('Noise_NNpsk0_')
    await rig.end()
  })

  it('is refused at once on a channel that closes or is closed', async () => {
    const { rig, opened } = await pair()
    const closed = opened.close()
    await expect(opened.setEncryption(key)).rejects.toMatchObject({ code: 'channel-closed' })
    await rig.until(closed)
    await expect(opened.setEncryption(key)).rejects.toMatchObject({ code: 'channel-closed' })
    await rig.end()
  })

  it('keeps those who wait for room waiting, not the processor busy', async () => {
    const { rig, opened, accepted } = await pair({ opening: { highWaterBytes: 100 } })
    const heard: unknown[] = []
    accepted.on('n', (n: unknown) => void heard.push(n))
    const sealed = opened.setEncryption(key)
    const sent = Promise.all(
      Array.from({ length: 5 }, (_, n) => opened.sendWhenReady('n', `${n}${'x'.repeat(80)}`)),
    )
    await rig.loop.advance(1000)
    expect(heard).toEqual([])
    await rig.until(Promise.all([accepted.setEncryption(key), sealed, sent]))
    await rig.loop.advance(100)
    expect(heard.map((text) => String(text)[0])).toEqual(['0', '1', '2', '3', '4'])
    await rig.end()
  })

  it('reads the steps of the handshake although answers wait that cannot be sent before', async () => {
    const { rig, opened, accepted } = await pair({ accepting: { highWaterBytes: 300 } })
    accepted.on('ask', (n: unknown) => `${n}${'x'.repeat(100)}`)
    const sealed = accepted.setEncryption(key)
    const asked = Array.from({ length: 5 }, (_, n) => opened.request('ask', n))
    await rig.loop.advance(100)
    await rig.until(Promise.all([sealed, opened.setEncryption(key)]))
    const answers = await rig.until(Promise.all(asked))
    expect(answers.map((text) => String(text)[0])).toEqual(['0', '1', '2', '3', '4'])
    await rig.end()
  })

  it('loses nothing of a channel that closes before it is done, and hears nothing more', async () => {
    for (const closes of ['opened', 'accepted'] as const) {
      const { rig, ...sides } = await pair()
      const [links] = rig.network.connections
      const other = closes === 'opened' ? 'accepted' : 'opened'
      const heard = { opened: [] as unknown[], accepted: [] as unknown[] }
      for (const side of [closes, other] as const)
        sides[side].onMessage('n', (n: unknown) => void heard[side].push(n))
      const done = sides[closes].setEncryption(key)
      links.opened.freeze('on')
      links.accepted.freeze('on')
      for (let n = 0; n < 5; n++) sides[closes].send('n', n)
      const end = sides[closes].close('done')
      expect(sides[closes].send('n', 5)).toBe('closed')
      await rig.loop.advance(100)
      sides[other].send('n', 'too late')
      const granted = sides[other].setEncryption(key)
      links.opened.freeze('off')
      links.accepted.freeze('off')
      await rig.until(granted)
      expect(await rig.until(end)).toMatchObject({ code: 'closed', by: 'local', text: 'done' })
      expect(await rig.until(sides[other].closed)).toMatchObject({
        code: 'closed',
        by: 'remote',
        text: 'done',
      })
      // The accepting side hears nothing after its last words, the last step included.
      expect(await rig.until(codeOf(done))).toBe(closes === 'opened' ? 'resolved' : 'channel-closed')
      expect(heard).toEqual({ [closes]: [], [other]: [0, 1, 2, 3, 4] })
      await rig.end()
    }
  })

  it('reads the steps after a close, whatever it still answers', async () => {
    const { rig, opened, accepted } = await pair({ opening: { highWaterBytes: 100 } })
    const answered: ((text: string) => void)[] = []
    opened.on('ask', () => new Promise<string>((resolve) => void answered.push(resolve)))
    const sealed = opened.setEncryption(key)
    const answers = Array.from({ length: 6 }, (_, n) => accepted.request('ask', n))
    await rig.loop.advance(50)
    const end = opened.close('done')
    for (const resolve of answered) resolve('x'.repeat(100))
    await rig.loop.advance(50)
    await rig.until(Promise.all([sealed, accepted.setEncryption(key)]))
    expect(await rig.until(Promise.all(answers))).toHaveLength(6)
    expect(await rig.until(end)).toMatchObject({ code: 'closed', by: 'local', text: 'done' })
    await rig.end()
  })

  it('says what is lost when the channel closes, and the other side never encrypts it', async () => {
    for (const closes of ['opened', 'accepted'] as const) {
      const { rig, ...sides } = await pair()
      const code = codeOf(sides[closes].setEncryption(key))
      sides[closes].send('n', 1)
      expect(await rig.until(sides[closes].close('done'))).toMatchObject({
        code: 'encryption-failed',
        what: expect.stringContaining('is lost'),
      })
      expect(await code).toMatch(/encryption-failed|channel-closed/)
      await rig.end()
    }
  })

  it('does not wait for the end of a close that the handshake has failed', async () => {
    const { rig, opened } = await pair({ opening: { handshakeTimeoutMs: 500, closeTimeoutMs: 60_000 } })
    const code = codeOf(opened.setEncryption(key))
    opened.send('n', 1)
    const end = opened.close('done')
    const before = rig.loop.now()
    expect(await rig.until(end)).toMatchObject({
      code: 'encryption-failed',
      what: expect.stringContaining('is lost'),
    })
    expect(rig.loop.now() - before).toBeLessThan(1000)
    expect(await rig.until(code)).toBe('encryption-failed')
    await rig.end()
  })

  it('says nothing behind the last words of a channel that closes before it is done', async () => {
    for (const closes of ['opened', 'accepted'] as const) {
      const { rig, ...sides } = await pair()
      const [links] = rig.network.connections
      const far = closes === 'opened' ? links.accepted : links.opened
      far.freeze('on')
      // The accepting side seals as soon as it has answered, though the peer does not hear that.
      if (closes === 'accepted') sides.opened.setEncryption(key).catch(() => {})
      const code = codeOf(sides[closes].setEncryption(key))
      await rig.loop.advance(1500)
      const end = sides[closes].close('done')
      await rig.loop.advance(1000)
      far.freeze('off')
      expect(await rig.until(end)).toMatchObject({ code: 'closed', by: 'local', text: 'done' })
      expect(await code).toMatch(/encryption-failed|channel-closed/)
      await rig.end()
    }
  })

  it('tells that the link is gone when a step is read only then', async () => {
    for (const step of ['first', 'last'] as const) {
      const { rig, opened, accepted, turn } = await drivenPair()
      const codes = [codeOf(accepted.setEncryption(key)), codeOf(opened.setEncryption(key))]
      opened.send('n', 'sealed, behind the last step')
      if (step === 'last') await turn()
      await rig.loop.advance(5)
      rig.network.connections[0].cut(new Error('cut'))
      await turn()
      expect(accepted.reason?.code).toBe('link-failed')
      expect(await Promise.all(codes)).toEqual([
        'channel-closed',
        step === 'last' ? 'resolved' : 'channel-closed',
      ])
      await rig.end()
    }
  })

  it('keeps what a reader has not taken yet, however many records come behind the last step', async () => {
    const { rig, opened, accepted } = await pair({
      accepting: { iteratorQueueMax: 1 },
      network: { delayMs: [10, 10] },
    })
    const link = rig.network.connections[0].accepted
    const reader = accepted[Symbol.asyncIterator]()
    const done = accepted.setEncryption(key)
    await rig.until(opened.setEncryption(key))
    link.freeze('on')
    for (const n of [1, 2, 3, 4]) {
      opened.send('n', n)
      await rig.loop.advance(30)
    }
    link.freeze('off')
    await rig.until(done)
    const heard: unknown[] = []
    while (heard.length < 4) {
      await rig.loop.advance(30)
      heard.push((await rig.until(reader.next())).value?.body)
    }
    expect(heard).toEqual([1, 2, 3, 4])
    await rig.end()
  })
})
