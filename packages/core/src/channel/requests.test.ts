import { pair, plain, RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { RequestError } from '../base/request-error.ts'

describe('a request', () => {
  it('is answered by what its handler returns, now or later', async () => {
    const { rig, accepted, opened } = await pair({ network: { pieces: 'random', delayMs: [0, 3] } })
    accepted.on('double', (n) => 2 * n)
    accepted.on('slow', async (n) => {
      await Promise.resolve()
      return { n }
    })
    const replies = Promise.all([
      opened.request('double', 21),
      opened.request('slow', 1),
      opened.request('double', 2),
    ])
    expect(await rig.until(replies)).toEqual([42, { n: 1 }, 4])
    expect(await rig.until(accepted.request('none', 0).catch((error) => error.code))).toBe('request-failed')
    await rig.end()
  })

  it('goes both ways, and from inside a handler', async () => {
    const { rig, accepted, opened } = await pair()
    accepted.on('ask', (n, channel) => channel.request('back', n + 1))
    opened.on('back', (n) => n * 10)
    expect(await rig.until(opened.request('ask', 4))).toBe(50)
    await rig.end()
  })

  it('gets each reply to whom it belongs, in whatever order they come', async () => {
    const { rig, accepted, opened } = await pair()
    const open: ((value: number) => void)[] = []
    accepted.on('wait', () => new Promise<number>((resolve) => void open.push(resolve)))
    const asked = [0, 1, 2, 3].map((n) => opened.request('wait', n))
    await rig.loop.settle()
    for (const n of [2, 0, 3, 1]) {
      open[n](n * 100)
      expect(await rig.until(asked[n])).toBe(n * 100)
    }
    await rig.end()
  })

  it('that has several handlers is answered by the first that says something', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: string[] = []
    accepted.on('ask', () => void heard.push('silent'))
    accepted.on('ask', () => 'first')
    accepted.on('ask', () => {
      heard.push('second')
      return 'second'
    })
    expect(await rig.until(opened.request('ask', 0))).toBe('first')
    expect(heard).toEqual(['silent', 'second'])
    await rig.end()
  })

  it('that has no handler fails, and says so on this side', async () => {
    const { rig, accepting, opened } = await pair()
    expect(await rig.failureOf(opened.request('nothing', 1))).toMatchObject({
      code: 'request-failed',
      message: expect.stringContaining("no handler for request 'nothing'"),
    })
    expect(rig.diary(accepting).errors).toEqual([])
    await rig.end()
  })

  it('brings the text of a RequestError to the peer, and of no other error', async () => {
    const { rig, accepting, accepted, opened } = await pair()
    accepted.on('buy', () => {
      throw new RequestError('out of stock')
    })
    accepted.on('crash', async () => {
      throw new Error('the password is 1234')
    })
    const bought = await rig.failureOf(opened.request('buy', 1))
    expect(bought).toMatchObject({ code: 'request-failed', message: expect.stringContaining('out of stock') })
    const crashed = await rig.failureOf(opened.request('crash', 1))
    expect(crashed.code).toBe('request-failed')
    expect(crashed.message).not.toContain('1234')
    expect(rig.diary(accepting).errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('1234'),
    ])
    await rig.end()
  })

  it('cuts the text of a fault at 255 bytes, and lives', async () => {
    const { rig, accepted, opened } = await pair()
    accepted.on('buy', () => {
      throw new RequestError('é'.repeat(300))
    })
    const { message } = await rig.failureOf(opened.request('buy', 1))
    expect(message).toContain('é'.repeat(127))
    expect(message).not.toContain('é'.repeat(128))
    expect(opened.isOpen).toBe(true)
    await rig.end()
  })

  it('fails when its reply can be no message, and the channel lives', async () => {
    const { rig, accepting, accepted, opened } = await pair()
    accepted.on('ask', () => () => 'a function is no JSON')
    const failure = await rig.failureOf(opened.request('ask', 1))
    expect(failure.code).toBe('request-failed')
    expect(rig.diary(accepting).errors.map(({ code }) => code)).toEqual(['handler-failed'])
    accepted.on('next', () => 'fine')
    expect(await rig.until(opened.request('next', 1))).toBe('fine')
    await rig.end()
  })

  it('waits as long as it was told, and not longer', async () => {
    const { rig, accepted, opened } = await pair({ opening: { requestTimeoutMs: 700 } })
    accepted.on('never', () => new Promise(() => {}))
    const start = rig.loop.now()
    const short = await rig.failureOf(opened.request('never', 1, { timeoutMs: 50 }))
    expect(short).toMatchObject({ code: 'request-timeout', message: expect.stringContaining('50 ms') })
    expect(rig.loop.now() - start).toBe(50)
    const usual = await rig.failureOf(opened.request('never', 1))
    expect(usual.code).toBe('request-timeout')
    expect(rig.loop.now() - start).toBe(750)
    expect(await rig.failureOf(opened.request('never', 1, { timeoutMs: 0 }))).toMatchObject({
      code: 'argument-invalid',
    })
    expect(await rig.failureOf(opened.request('never', 1, { timeoutMs: Number.NaN }))).toMatchObject({
      code: 'argument-invalid',
    })
    await rig.end()
  })

  it('is answered at the last moment, and ignores a reply that comes later', async () => {
    const { rig, accepted, opened } = await pair()
    let answer: (value: string) => void = () => {}
    accepted.on('ask', () => new Promise((resolve) => void (answer = resolve)))
    const inTime = opened.request('ask', 1, { timeoutMs: 100 })
    await rig.loop.advance(99)
    answer('just in time')
    expect(await rig.until(inTime)).toBe('just in time')
    const late = opened.request('ask', 1, { timeoutMs: 100 })
    expect((await rig.failureOf(late)).code).toBe('request-timeout')
    answer('too late')
    await rig.loop.settle()
    expect(opened.isOpen).toBe(true)
    await rig.end()
  })

  it('ends with its signal, before, meanwhile and never after', async () => {
    const { rig, accepted, opened } = await pair()
    accepted.on('never', () => new Promise(() => {}))
    accepted.on('now', () => 'here')
    const controller = new AbortController()
    const waiting = opened.request('never', 1, { signal: controller.signal })
    await rig.loop.settle()
    controller.abort(new Error('enough'))
    expect((await rig.failureOf(waiting)).message).toBe('enough')
    const before = opened.statistics().messagesOut
    expect((await rig.failureOf(opened.request('now', 1, { signal: controller.signal }))).message).toBe(
      'enough',
    )
    expect(opened.statistics().messagesOut).toBe(before)
    const second = new AbortController()
    expect(await rig.until(opened.request('now', 1, { signal: second.signal }))).toBe('here')
    second.abort()
    await rig.loop.settle()
    await rig.end()
  })

  it('of 1,024 that wait is the last, unless told otherwise', async () => {
    const { rig, accepted, opened } = await pair({ accepting: { maxRequests: 5000 } })
    accepted.on('never', () => new Promise(() => {}))
    const waiting = Array.from({ length: 1024 }, (_, n) =>
      opened.request('never', n).catch((error) => error.code),
    )
    expect(await rig.failureOf(opened.request('never', 1024))).toMatchObject({
      code: 'request-limit',
      message: expect.stringContaining('1024'),
    })
    await rig.until(opened.close())
    expect(new Set(await rig.until(Promise.all(waiting)))).toEqual(new Set(['channel-closed']))
    await rig.end()
  })

  it('beyond what the peer answers at once fails there', async () => {
    const { rig, accepted, opened } = await pair({ accepting: { maxRequests: 2 } })
    accepted.on('never', () => new Promise(() => {}))
    const codes = [0, 1, 2].map((n) => opened.request('never', n).catch((error) => error.message))
    await rig.loop.settle()
    expect(await rig.until(codes[2])).toContain('maxRequests')
    await rig.until(opened.close())
    await Promise.all(codes)
    await rig.end()
  })

  it.each(['close', 'destroy', 'peer closes', 'peer destroys', 'cut'] as const)(
    'that waits while the channel ends (%s) rejects once',
    async (how) => {
      const { rig, accepted, opened } = await pair()
      accepted.on('never', () => new Promise(() => {}))
      const failure = rig.failureOf(opened.request('never', 1))
      await Promise.resolve()
      rig.loop.nextTurn(() => {
        if (how === 'close') void opened.close()
        else if (how === 'destroy') opened.destroy()
        else if (how === 'peer closes') void accepted.close()
        else if (how === 'peer destroys') accepted.destroy()
        else rig.network.connections[0].cut()
      })
      expect((await failure).code).toMatch(/channel-closed|link-failed/)
      await rig.end()
    },
  )

  it('that cannot be encoded rejects and leaves no trace', async () => {
    const { rig, accepted, opened } = await pair()
    const heard: unknown[] = []
    accepted.on('ask', (body) => void heard.push(body))
    expect(await rig.failureOf(opened.request('ask', () => 1))).toMatchObject({ code: 'argument-invalid' })
    opened.send('ask', 'next')
    await rig.loop.settle()
    expect(heard).toEqual(['next'])
    await rig.end()
  })

  it('rejects on a full channel, and asks for patience', async () => {
    const { rig, accepted, opened } = await pair({
      opening: { highWaterBytes: 500 },
      network: { windowBytes: 10 },
    })
    accepted.on('ask', () => 1)
    rig.network.connections[0].accepted.freeze('on')
    while (opened.send('text', 'x'.repeat(100)) === 'queued');
    expect(await rig.failureOf(opened.request('ask', 1))).toMatchObject({
      code: 'request-limit',
      message: expect.stringContaining('drained'),
    })
    rig.network.connections[0].accepted.freeze('off')
    expect(await rig.until(opened.drained())).toBe('ready')
    expect(await rig.until(opened.request('ask', 1))).toBe(1)
    await rig.end()
  })

  it('of strangers: replies that are not awaited are ignored, broken ones end the channel', async () => {
    for (const [code, body, isFatal] of [
      // Replies and faults of an id that is not awaited, whatever their bodies are.
      [0x94, [9, 0x31], false],
      [0x94, [9], false],
      [0x86, [9, 1, 0x61], false],
      // Without an id, or with one that is cut.
      [0x94, [], true],
      [0x94, [0x80], true],
      [0x93, [], true],
      [0x93, [0xc0, 0, 1], true],
      [0x86, [], true],
      // A fault without a text, or with one that is cut.
      [0x86, [1], true],
      [0x86, [1, 9, 0x61], true],
      // A request without a key, or by number.
      [0x93, [1, 0], true],
      [0x92, [1, 0, 0x31], true],
      [0x82, [1, 2, 3], true],
      [0x8f, [], true],
    ] as const) {
      const rig = new Rig()
      const accepting = rig.pipe()
      await rig.until(accepting.bind())
      const peer = await RawPeer.connect(rig.network, 'net://server')
      peer.sendHello()
      peer.sendFrame(code, body)
      await rig.loop.settle()
      const { accepted, closed } = rig.diary(accepting)
      expect(accepted.length).toBe(1)
      expect(
        closed.map(({ reason }) => reason.code),
        `${code.toString(16)} ${body}`,
      ).toEqual(isFatal ? ['protocol-violation'] : [])
      await rig.end()
    }
  })

  it('works with closed keys as well', async () => {
    const { rig, accepted, opened } = await pair({ protocol: plain({ keys: ['ask', 'tell'] }) })
    accepted.on('ask', (n) => n + 1)
    expect(await rig.until(opened.request('ask', 1))).toBe(2)
    expect(() => opened.send('shout', 1)).toThrowError(expect.objectContaining({ code: 'key-unknown' }))
    await rig.end()
  })
})
