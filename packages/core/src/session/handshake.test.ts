import { pair, plain, RawPeer, Rig, type RigOptions } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { PipeOptions } from '../pipe/pipe-options.ts'
import type { AnyMessages } from '../pipe/target-types.ts'

const close = 0x84
const hello = 0x80

async function server(options: PipeOptions = {}, setup: RigOptions<AnyMessages> = {}) {
  const rig = new Rig(setup)
  const pipe = rig.pipe('server', options)
  await rig.until(pipe.bind())
  const stranger = await RawPeer.connect(rig.network, 'net://server')
  return { rig, pipe, stranger, diary: rig.diary(pipe) }
}

/** Opens towards a peer that isn't a Millrace pipe. */
async function client(options: PipeOptions = {}, setup: RigOptions<AnyMessages> = {}) {
  const rig = new Rig(setup)
  const peers = await RawPeer.listen(rig.network, 'net://server')
  const pipe = rig.pipe('server', options)
  const failure = rig.failureOf.bind(rig, pipe.open())
  await rig.loop.settle()
  return { rig, pipe, stranger: peers[0], failure, diary: rig.diary(pipe) }
}

describe('a handshake', () => {
  it('opens both ends once, and says so', async () => {
    const { rig, accepting, opening, accepted, opened } = await pair()
    expect(accepted.isOpen && opened.isOpen).toBe(true)
    expect(rig.diary(accepting)).toMatchObject({ accepted: [accepted], connected: [], errors: [] })
    expect(rig.diary(opening)).toMatchObject({ accepted: [], connected: [opened], errors: [] })
    expect(accepting.statistics()).toMatchObject({
      accepted: 1,
      connected: 0,
      openChannels: 1,
      handshakes: 0,
    })
    expect(opening.statistics()).toMatchObject({ accepted: 0, connected: 1, openChannels: 1, handshakes: 0 })
    await rig.end()
  })

  it('lets messages that follow the hello at once reach handlers set after `await open()`', async () => {
    const rig = new Rig()
    const accepting = rig.pipe().on('accepted', (_pipe, channel) => {
      for (let n = 0; n < 5; n++) channel.send('early', n)
    })
    await rig.until(accepting.bind())
    const channel = await rig.until(rig.pipe().open())
    const heard: unknown[] = []
    channel.on('early', (n) => void heard.push(n))
    await rig.loop.settle()
    expect(heard).toEqual([0, 1, 2, 3, 4])
    await rig.end()
  })

  it('says nothing to a stranger who connects', async () => {
    const { rig, stranger } = await server()
    await rig.loop.advance(1000)
    expect(stranger.heard.length).toBe(0)
    await rig.end()
  })

  it('waits for the hello until its deadline, and not a millisecond longer', async () => {
    const { rig, pipe, stranger, diary } = await server({ handshakeTimeoutMs: 500 })
    await rig.loop.advance(499)
    expect(pipe.statistics().handshakes).toBe(1)
    expect(diary.errors).toEqual([])
    await rig.loop.advance(2)
    expect(pipe.statistics().handshakes).toBe(0)
    expect(diary.errors.map(({ code }) => code)).toEqual(['handshake-failed'])
    expect(diary.errors[0].message).toContain('500 ms')
    expect(stranger.heard.length).toBe(0)
    expect(stranger.hasEnded).toBe(true)
    await rig.end()
  })

  it('takes a hello that comes just before the deadline', async () => {
    const { rig, stranger, diary } = await server({ handshakeTimeoutMs: 500 })
    await rig.loop.advance(499)
    stranger.sendHello()
    await rig.loop.advance(5000)
    expect(diary.accepted.length).toBe(1)
    expect(diary.accepted[0].isOpen).toBe(true)
    await rig.end()
  })

  it('is not prolonged by a hello that trickles in', async () => {
    const { rig, stranger, diary } = await server({ handshakeTimeoutMs: 500 })
    const bytes = [0x80, 0x29, 0x4d, 0x4c, 0x52, 0x43]
    for (const byte of bytes) {
      if (!stranger.isGone) stranger.send([byte])
      await rig.loop.advance(100)
    }
    expect(diary.accepted).toEqual([])
    expect(diary.errors.map(({ code }) => code)).toEqual(['handshake-failed'])
    await rig.end()
  })

  it('rejects `open` when the other side never answers', async () => {
    const { rig, failure, diary } = await client({ handshakeTimeoutMs: 500 })
    const error = await failure()
    expect(error).toMatchObject({ code: 'handshake-failed', message: expect.stringContaining('500 ms') })
    expect(rig.loop.now()).toBe(500)
    expect(diary.connected).toEqual([])
    await rig.end()
  })

  it.each([
    ['http', 'GET / HTTP/1.1\r\n\r\n'],
    ['one wrong byte', '\x81\x29MLRC\x02'],
    ['a large first frame', '\x80\xff\xff\xff\xff'],
    ['random bytes', '\x93\x11\x7f\x80\x01\x02\x03'],
  ])('ends with a stranger who speaks %s, on either side', async (_what, text) => {
    const garbage = Buffer.from(text, 'latin1')
    const accepting = await server()
    accepting.stranger.send(garbage)
    await accepting.rig.loop.settle()
    expect(accepting.diary.errors.map(({ code }) => code)).toEqual(['handshake-failed'])
    expect(accepting.diary.errors[0].message).toContain('protocol')
    // Who speaks something else learns nothing, not even what he met.
    expect(accepting.stranger.heard.length).toBe(0)
    expect(accepting.stranger.hasEnded).toBe(true)
    await accepting.rig.end()

    const opening = await client()
    opening.stranger.send(garbage)
    expect(await opening.failure()).toMatchObject({ code: 'handshake-failed' })
    await opening.rig.end()
  })

  it('sees a stranger by his first bytes, though he never sends a whole frame', async () => {
    const { rig, stranger, diary } = await server()
    stranger.send(Buffer.from('GE'))
    await rig.loop.settle()
    expect(diary.errors.length).toBe(1)
    expect(rig.loop.now()).toBe(0)
    await rig.end()
  })

  it('ends with a hello of another wire version, and names it', async () => {
    const { rig, stranger, diary } = await server()
    const body = [0x4d, 0x4c, 0x52, 0x43, 99, ...new Array(17).fill(0)]
    stranger.sendFrame(hello, body)
    await rig.loop.settle()
    expect(diary.errors[0].message).toContain('wire version')
    await rig.end()
  })

  it('ends with a message before the hello, and with a second hello', async () => {
    const early = await server()
    early.stranger.sendFrame(0x91, [1, 0x61, 0x31])
    await early.rig.loop.settle()
    expect(early.diary.errors.map(({ code }) => code)).toEqual(['handshake-failed'])
    await early.rig.end()

    const twice = await server()
    twice.stranger.sendHello()
    twice.stranger.sendHello()
    await twice.rig.loop.settle()
    expect(twice.diary.accepted.length).toBe(1)
    expect(twice.diary.closed.map(({ reason }) => reason)).toEqual([
      { code: 'protocol-violation', what: 'a second hello' },
    ])
    await twice.rig.end()
  })

  it('never opens a channel to a service that echoes', async () => {
    const { rig, stranger, failure } = await client()
    stranger.send(stranger.heard)
    expect(await failure()).toMatchObject({
      code: 'handshake-failed',
      message: expect.stringContaining("this side's own hello came back"),
    })
    await rig.end()
  })

  it('never opens a channel between two sides of one kind', async () => {
    const opening = await client()
    opening.stranger.sendHello({ role: 'opened' })
    expect(await opening.failure()).toMatchObject({
      code: 'handshake-failed',
      message: expect.stringContaining('both sides opened the connection'),
    })
    await opening.rig.end()

    const accepting = await server()
    accepting.stranger.sendHello({ role: 'accepted' })
    await accepting.rig.loop.settle()
    expect(accepting.diary.accepted).toEqual([])
    expect(accepting.diary.errors[0].message).toContain('both sides accepted the connection')
    expect(accepting.stranger.goodbye?.code).toBe('protocol-violation')
    await accepting.rig.end()
  })

  it('knows its own hello by the random bytes, whatever else is changed in it', async () => {
    const { rig, stranger, failure } = await client()
    const [{ body }] = stranger.frames
    stranger.sendHello({ role: 'accepted', nonce: body.slice(6, 14) })
    expect((await failure()).message).toContain("this side's own hello came back")
    await rig.end()
  })

  it('ends with a stream that is over before the hello', async () => {
    const { rig, stranger, pipe, diary } = await server()
    stranger.end()
    await rig.loop.settle()
    expect(pipe.statistics().handshakes).toBe(0)
    expect(diary.errors.map(({ code }) => code)).toEqual(['link-failed'])
    await rig.end()
  })

  it('with another codec tells both sides which, and opens nothing', async () => {
    const { rig, accepting, error } = await mismatched({ name: 'bits' }, { name: 'msgpack' })
    expect(error).toMatchObject({ code: 'protocol-mismatch' })
    expect(error.message).toContain("'bits'")
    expect(error.message).toContain("'msgpack'")
    const [told] = rig.diary(accepting).errors
    expect(told).toMatchObject({ code: 'protocol-mismatch' })
    expect(told.message).toContain("the peer speaks 'msgpack', this side speaks 'bits'")
    expect(rig.diary(accepting).accepted).toEqual([])
    await rig.end()
  })

  it('with another contract tells both sides which message differs and who is older', async () => {
    const { rig, accepting, error } = await mismatched(
      { contract: { messages: { move: 3, chat: 2 } } },
      { contract: { messages: { move: 4, chat: 2, fly: 1 } } },
    )
    expect(error).toMatchObject({ code: 'contract-mismatch' })
    expect(error.message).toContain("message 'move' differs")
    expect(error.message).toContain("only this side has 'fly'")
    expect(error.message).toContain('the peer is older')
    const [told] = rig.diary(accepting).errors
    expect(told).toMatchObject({ code: 'contract-mismatch' })
    expect(told.message).toContain("message 'move' differs")
    expect(told.message).toContain("only the peer has 'fly'")
    expect(told.message).toContain('this side is older')
    expect(rig.diary(accepting).accepted).toEqual([])
    await rig.end()
  })

  it('lets the versions of contracts say who is older', async () => {
    const { rig, accepting, error } = await mismatched(
      { contract: { version: 8, messages: { move: 3 } } },
      { contract: { version: 7, messages: { move: 5 } } },
    )
    expect(error.message).toContain('this side is older (version 7 here, 8 there)')
    expect(rig.diary(accepting).errors[0].message).toContain('the peer is older (version 8 here, 7 there)')
    await rig.end()
  })

  it('says it when the same messages stand in another order', async () => {
    const { rig, error } = await mismatched(
      { contract: { messages: { move: 3, chat: 2 } } },
      { contract: { messages: { chat: 2, move: 3 } } },
    )
    expect(error.message).toContain('another order')
    await rig.end()
  })

  it('survives every cut of the bytes, with a contract that differs and with one that does not', async () => {
    for (const pieces of ['bytes', 'random'] as const) {
      const same = await pair({
        seed: 3,
        network: { pieces, delayMs: [0, 2] },
        protocol: plain({ keys: ['a'] }),
      })
      expect(same.opened.isOpen).toBe(true)
      await same.rig.end()
      const { rig, error } = await mismatched(
        { contract: { messages: { move: 3 } } },
        { contract: { messages: { move: 5 } } },
        { seed: 4, network: { pieces, delayMs: [0, 2] } },
      )
      expect(error).toMatchObject({ code: 'contract-mismatch' })
      await rig.end()
    }
  })

  it('ends with a broken contract table, and with one that was not asked for', async () => {
    const broken = await server({}, { protocol: plain({ contract: { messages: { move: 3 } } }) })
    broken.stranger.sendHello({ fingerprint: '1234567812345678' })
    broken.stranger.sendFrame(0x81, [1, 2])
    await broken.rig.loop.settle()
    expect(broken.diary.errors[0].message).toContain('a broken contract table')
    await broken.rig.end()

    const unasked = await server()
    unasked.stranger.sendHello()
    unasked.stranger.sendFrame(0x81, [0, 0, 0, 0, 0, 0])
    await unasked.rig.loop.settle()
    expect(unasked.diary.closed[0].reason).toMatchObject({ code: 'protocol-violation' })
    await unasked.rig.end()
  })

  it('waits for the table of a differing contract no longer than for the hello', async () => {
    const setup = { protocol: plain({ contract: { messages: { move: 3 } } }) }
    const { rig, stranger, pipe, diary } = await server({ handshakeTimeoutMs: 300 }, setup)
    stranger.sendHello({ fingerprint: '1234567812345678' })
    await rig.loop.advance(299)
    expect(pipe.statistics().handshakes).toBe(1)
    await rig.loop.advance(2)
    expect(pipe.statistics().handshakes).toBe(0)
    expect(diary.errors.map(({ code }) => code)).toEqual(['handshake-failed'])
    await rig.end()
  })

  it('keeps the limit of each side for messages', async () => {
    const { rig, opened, accepted } = await pair({ accepting: { messageSizeMax: 5000 } })
    const heard: unknown[] = []
    accepted.on('text', (text) => void heard.push(text))
    const room = 5000 - 1 - 'text'.length - 2
    expect(opened.send('text', 'x'.repeat(room))).toBe('queued')
    expect(opened.send('text', 'x'.repeat(room + 1))).toBe('too-large')
    expect(() => accepted.send('text', 'x'.repeat(room + 1))).toThrowError(
      expect.objectContaining({
        code: 'message-too-large',
        message: expect.stringContaining("'text' takes 5001 bytes; this side accepts 5000 (messageSizeMax)"),
      }),
    )
    await rig.loop.settle()
    expect(heard).toEqual(['x'.repeat(room)])
    await rig.end()
  })

  it('is given up when its signal is aborted', async () => {
    const rig = new Rig()
    const aborted = new AbortController()
    aborted.abort(new Error('changed my mind'))
    expect((await rig.failureOf(rig.pipe().open('remote', { signal: aborted.signal }))).message).toBe(
      'changed my mind',
    )

    await RawPeer.listen(rig.network, 'net://server')
    const controller = new AbortController()
    const failure = rig.failureOf(rig.pipe().open('remote', { signal: controller.signal }))
    await Promise.resolve()
    controller.abort(new Error('too late'))
    expect((await failure).message).toBe('too late')
    await rig.end()
  })

  it('is given up when its signal is aborted after the link was there', async () => {
    const rig = new Rig()
    const peers = await RawPeer.listen(rig.network, 'net://server')
    const controller = new AbortController()
    const opening = rig.pipe().open('remote', { signal: controller.signal })
    opening.catch(() => {})
    await rig.loop.settle()
    expect(peers[0].frames.map(({ code }) => code)).toEqual([hello])
    controller.abort(new Error('not today'))
    expect((await rig.failureOf(opening)).message).toBe('not today')
    expect(rig.loop.now()).toBe(0)
    await rig.end()
  })

  it('says who refused: nothing listens, or the listener failed', async () => {
    const rig = new Rig()
    expect(await rig.failureOf(rig.pipe('nowhere').open())).toMatchObject({
      code: 'connect-failed',
      message: expect.stringContaining('net://nowhere'),
    })
    const first = rig.pipe('taken')
    await rig.until(first.bind())
    expect(await rig.failureOf(rig.pipe('taken').bind())).toMatchObject({ code: 'address-in-use' })
    await rig.end()
  })

  it('that fails leaves no goodbye unsaid: the refused side hears why', async () => {
    const { rig, stranger } = await server({ maxOpenChannels: 1 })
    await rig.until(rig.pipe().open())
    stranger.sendHello()
    await rig.loop.settle()
    expect(stranger.frames.map(({ code }) => code)).toEqual([close])
    expect(stranger.goodbye).toMatchObject({ code: 'channel-limit' })
    await rig.end()
  })
})

async function mismatched(
  accepts: Parameters<typeof plain>[0],
  opens: Parameters<typeof plain>[0],
  setup: RigOptions<AnyMessages> = {},
) {
  const rig = new Rig({ ...setup, protocol: plain(accepts) })
  const accepting = rig.pipe()
  await rig.until(accepting.bind())
  const opening = rig.pipeOf(plain(opens))
  const error = await rig.failureOf(opening.open())
  await rig.loop.advance(50)
  expect(rig.diary(opening).connected).toEqual([])
  return { rig, accepting, opening, error }
}

describe('the names of a contract', () => {
  const messages = Object.fromEntries(
    Array.from({ length: 400 }, (_, index) => [`a message with a long name ${index}`, 1]),
  )

  async function served() {
    const rig = new Rig({ protocol: plain({ contract: { messages } }) })
    const accepting = rig.pipe()
    await rig.until(accepting.bind())
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.sendHello({ fingerprint: '1234567812345678' })
    await rig.loop.settle()
    return { rig, peer }
  }

  it('are not told for the price of a hello', async () => {
    const { rig, peer } = await served()
    expect(peer.frames.map(({ code }) => code)).toEqual([0x80])
    expect(peer.heard.length).toBeLessThan(60)
    await rig.loop.advance(3000)
    expect(Buffer.from(peer.heard).toString('latin1')).not.toContain('a message with')
    await rig.end()
  })

  it('are told as far as the peer has paid for them, those first that it knows', async () => {
    const { rig, peer } = await served()
    const key = Buffer.from('a message with a long name 399')
    const table = [0, 0, 0, 0, 1, 0, ...new Array(8).fill(1), 1, 0, key.length, ...key]
    peer.sendFrame(0x81, table)
    await rig.loop.settle()
    expect(peer.frames.map(({ code }) => code)).toEqual([0x80, 0x81, 0x84])
    const { body } = peer.frames[1]
    expect(body.length).toBeLessThanOrEqual(4 * table.length)
    const told = Buffer.from(body).toString('latin1')
    expect(told).toContain('name 399')
    expect(told).toContain('name 0')
    expect(told).not.toContain('name 9')
    await rig.end()
  })
})

describe('a hello that takes less than 4,096 bytes', () => {
  it.each([0, 1, 4095])('is refused by the accepting side (%i)', async (messageSizeMax) => {
    const rig = new Rig()
    const accepting = rig.pipe()
    await rig.until(accepting.bind())
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.sendHello({ messageSizeMax })
    await rig.loop.settle()
    expect(peer.goodbye).toMatchObject({
      code: 'protocol-violation',
      text: expect.stringContaining('4096'),
    })
    const { accepted, errors } = rig.diary(accepting)
    expect(accepted).toEqual([])
    expect(errors.map(({ code }) => code)).toEqual(['handshake-failed'])
    await rig.end()
  })

  it('is refused by the opening side, and nothing less can be configured', async () => {
    const rig = new Rig()
    const peers = await RawPeer.listen(rig.network, 'net://server')
    const opening = rig.pipe().open()
    await rig.loop.settle()
    peers[0].sendHello({ role: 'accepted', messageSizeMax: 4095 })
    expect(await rig.failureOf(opening)).toMatchObject({
      code: 'handshake-failed',
      message: expect.stringContaining('4096'),
    })
    expect(() => rig.pipe('server', { messageSizeMax: 4095 })).toThrowError(
      expect.objectContaining({ code: 'argument-invalid', message: expect.stringContaining('4096') }),
    )
    await rig.end()
  })
})
