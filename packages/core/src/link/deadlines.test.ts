import { pair, Random, RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../base/options.ts'
import type { PipeOptions } from '../pipe/pipe-options.ts'
import { Deadlines, type DeadlinesDue } from './deadlines.ts'

async function greeted(options: PipeOptions = {}) {
  const rig = new Rig()
  const accepting = rig.pipe('server', options)
  await rig.until(accepting.bind())
  const peer = await RawPeer.connect(rig.network, 'net://server')
  peer.sendHello()
  await rig.loop.settle()
  const { accepted, closed } = rig.diary(accepting)
  return { rig, accepting, peer, channel: accepted[0], codes: () => closed.map(({ reason }) => reason.code) }
}

describe('frameTimeoutMs', () => {
  it('ends a channel when its frame does not end, at the limit and not before', async () => {
    const { rig, peer, channel, codes } = await greeted({ frameTimeoutMs: 400 })
    peer.sendFrame(0x91, [1, 0x61], 50)
    await rig.loop.advance(399)
    expect(codes()).toEqual([])
    await rig.loop.advance(2)
    expect(codes()).toEqual(['protocol-violation'])
    expect(channel.reason).toMatchObject({ what: expect.stringContaining('400 ms') })
    expect(peer.goodbye?.code).toBe('protocol-violation')
    await rig.end()
  })

  it('is not prolonged by single bytes, nor by whole frames before', async () => {
    const { rig, peer, codes } = await greeted({ frameTimeoutMs: 400 })
    peer.sendFrame(0x91, [1, 0x61, 0x31])
    peer.sendFrame(0x91, [1, 0x61], 50)
    for (let count = 0; count < 5 && codes().length === 0; count++) {
      await rig.loop.advance(90)
      if (!peer.isGone) peer.send([0x20])
    }
    expect(codes()).toEqual(['protocol-violation'])
    await rig.end()
  })

  it('lets a frame in that is whole in time, and counts the next one anew', async () => {
    const { rig, accepting, peer, channel } = await greeted({ frameTimeoutMs: 400 })
    const heard: unknown[] = []
    channel.on('a', (body) => void heard.push(body))
    for (let round = 0; round < 5; round++) {
      peer.send([0x91])
      await rig.loop.advance(200)
      peer.send([5, 1, 0x61])
      await rig.loop.advance(190)
      // The end of this frame and the beginning of the next come together.
      peer.send([0x20, 0x31, 0x20])
      await rig.loop.advance(300)
    }
    expect(heard).toEqual([1, 1, 1, 1, 1])
    expect(accepting.channelCount).toBe(1)
    await rig.end()
  })

  it('does not count while the program itself holds the messages back', async () => {
    const { rig, peer, channel, codes } = await greeted({ frameTimeoutMs: 400, iteratorQueueMax: 1 })
    const iterator = channel[Symbol.asyncIterator]()
    for (let count = 0; count < 3; count++) peer.sendFrame(0x91, [1, 0x61, 0x31])
    await rig.loop.advance(5000)
    expect(codes()).toEqual([])
    for (let count = 0; count < 3; count++) expect((await rig.until(iterator.next())).value.body).toBe(1)
    await rig.loop.advance(5000)
    expect(codes()).toEqual([])
    await rig.end()
  })
})

describe('stallTimeoutMs', () => {
  it('counts from what was sent, however long the pipe was quiet before', async () => {
    const network = { windowBytes: 1000, delayMs: [2, 2] as const }
    const { rig, opened } = await pair({ opening: { stallTimeoutMs: 500 }, network })
    const [{ accepted: link }] = rig.network.connections
    await rig.loop.advance(20_000)
    link.freeze('on')
    // More than a block: the first of it goes to the link in the middle of the program, not at the end of a turn.
    opened.send('text', 'x'.repeat(70_000))
    opened.send('text', 'x'.repeat(70_000))
    await rig.loop.advance(480)
    expect(opened.isOpen).toBe(true)
    await rig.loop.advance(40)
    expect(opened.reason).toMatchObject({ code: 'slow-reader' })
    link.freeze('off')
    await rig.end()
  })

  it('counts from the last step that the peer took, however long the pipe had no turn', async () => {
    const network = { windowBytes: 1000, delayMs: [2, 2] as const }
    const { rig, opened } = await pair({ opening: { stallTimeoutMs: 500 }, network })
    const [{ accepted: link }] = rig.network.connections
    link.freeze('on')
    for (let count = 0; count < 20; count++) {
      opened.send('text', 'x'.repeat(300))
      await rig.loop.settle()
    }
    await rig.loop.advance(400)
    const before = opened.statistics().queuedBytes
    link.freeze('off')
    while (opened.statistics().queuedBytes === before) await rig.loop.advance(1)
    link.freeze('on')
    const left = opened.statistics().queuedBytes
    expect(left).toBeGreaterThan(0)
    await rig.loop.advance(480)
    expect(opened.statistics().queuedBytes, 'nothing more has left').toBe(left)
    expect(opened.isOpen, 'it took something less than 500 ms ago').toBe(true)
    await rig.loop.advance(40)
    expect(opened.reason).toMatchObject({ code: 'slow-reader' })
    link.freeze('off')
    await rig.end()
  })

  it('ends the channel of a peer that takes nothing, at the limit and not before', async () => {
    for (const waitMs of [0, 100, 5000]) {
      const { rig, opened } = await pair({ opening: { stallTimeoutMs: 500 }, network: { windowBytes: 100 } })
      const [{ accepted: link }] = rig.network.connections
      await rig.loop.advance(waitMs)
      link.freeze('on')
      opened.send('text', 'x'.repeat(300))
      await rig.loop.advance(499)
      expect(opened.isOpen).toBe(true)
      await rig.loop.advance(2)
      expect(opened.reason, `after ${waitMs} ms`).toMatchObject({ code: 'slow-reader' })
      const reason = opened.reason as { queuedBytes: number; stalledMs: number }
      expect(reason.queuedBytes).toBeGreaterThan(300)
      expect(reason.stalledMs).toBeGreaterThanOrEqual(500)
      expect(reason.stalledMs).toBeLessThan(510)
      link.freeze('off')
      await rig.end()
    }
  })

  it('counts from the hello on: for that a peer has `handshakeTimeoutMs`, and may take nothing meanwhile', () => {
    const deadlines = new Deadlines({ ...defaultLimits, stallTimeoutMs: 500, handshakeTimeoutMs: 3000 }, 0)
    deadlines.flow('waiting', 0)
    expect(deadlines.deadline('handshaking', false)).toBe(3000)
    expect(deadlines.due('handshaking', 2999, false)).toBe('nothing')
    expect(deadlines.due('handshaking', 3000, false)).toBe('no-hello')
    // A program without turns is told, too.
    expect(deadlines.deadline('handshaking', true)).toBe(3000)
    expect(deadlines.due('handshaking', 3000, true)).toBe('stalled')
    deadlines.restart(2900)
    expect(deadlines.due('open', 3399, false)).toBe('nothing')
    expect(deadlines.due('open', 3400, false)).toBe('stalled')
  })

  it('is no shorter than itself where the hello has less time', () => {
    const deadlines = new Deadlines({ ...defaultLimits, stallTimeoutMs: 5000, handshakeTimeoutMs: 300 }, 0)
    deadlines.flow('waiting', 100)
    expect(deadlines.deadline('handshaking', true)).toBe(5100)
    expect(deadlines.deadline('handshaking', false)).toBe(300)
  })

  it('is patient with a peer that takes a little again and again', async () => {
    const { rig, opened } = await pair({ opening: { stallTimeoutMs: 500 }, network: { windowBytes: 100 } })
    const [{ accepted: link }] = rig.network.connections
    link.freeze('on')
    for (let count = 0; count < 20; count++) opened.send('text', 'x'.repeat(80))
    for (let count = 0; count < 10; count++) {
      await rig.loop.advance(400)
      link.freeze('off')
      await rig.loop.settle()
      link.freeze('on')
      opened.send('text', 'x'.repeat(300))
    }
    expect(opened.isOpen).toBe(true)
    link.freeze('off')
    await rig.end()
  })

  it('may be infinite', async () => {
    const { rig, opened } = await pair({
      opening: { stallTimeoutMs: Number.POSITIVE_INFINITY },
      network: { windowBytes: 100 },
    })
    const [{ accepted: link }] = rig.network.connections
    link.freeze('on')
    opened.send('text', 'x'.repeat(300))
    await rig.loop.advance(10_000_000)
    expect(opened.isOpen).toBe(true)
    link.freeze('off')
    await rig.end()
  })

  it('does not count when nothing waits', async () => {
    const { rig, opened } = await pair({ opening: { stallTimeoutMs: 500 } })
    opened.send('n', 1)
    await rig.loop.advance(100_000)
    expect(opened.isOpen).toBe(true)
    await rig.end()
  })
})

describe('limits of a pipe', () => {
  it('maxHandshakes: one of the older half makes room for one more, and the pipe says so', async () => {
    const rig = new Rig()
    const accepting = rig.pipe('server', { maxHandshakes: 2 })
    await rig.until(accepting.bind())
    const peers: RawPeer[] = []
    for (let count = 0; count < 3; count++) peers.push(await RawPeer.connect(rig.network, 'net://server'))
    await rig.loop.settle()
    expect(peers.map((peer) => peer.isGone || peer.hasEnded)).toEqual([true, false, false])
    const { errors, accepted } = rig.diary(accepting)
    expect(errors.map(({ code }) => code)).toEqual(['channel-limit'])
    expect(errors[0].message).toContain('maxHandshakes')
    expect(accepting.statistics().handshakes).toBe(2)
    peers[2].sendHello()
    await rig.loop.settle()
    expect(accepted.length).toBe(1)
    peers.push(await RawPeer.connect(rig.network, 'net://server'))
    await rig.loop.settle()
    expect(errors.length).toBe(1)
    await rig.end()
  })

  it('maxHandshakes: a flood from one address makes room by itself, and pushes no others out', async () => {
    const rig = new Rig()
    const accepting = rig.pipe('server', { maxHandshakes: 10 })
    await rig.until(accepting.bind())
    let from = '2001:db8::1'
    rig.network.connected = ({ accepted }) => {
      accepted.peerAddress = from
    }
    const slow = await RawPeer.connect(rig.network, 'net://server')
    const flood: RawPeer[] = []
    for (let count = 0; count < 50; count++) {
      from = `2001:db8:0:1::${count.toString(16)}`
      flood.push(await RawPeer.connect(rig.network, 'net://server'))
    }
    await rig.loop.settle()
    slow.sendHello()
    await rig.loop.settle()
    expect(rig.diary(accepting).accepted.length).toBe(1)
    const cut = flood.filter(({ isGone, hasEnded }) => isGone || hasEnded)
    expect(cut.length).toBe(41)
    expect(cut).not.toContain(flood.at(-1))
    await rig.end()
  })

  it('setMaxOpenChannels: the 11th of 10 is refused with a typed error; room is made by an end', async () => {
    const rig = new Rig()
    const accepting = rig.pipe().setMaxOpenChannels(10)
    await rig.until(accepting.bind())
    const opening = rig.pipe()
    const channels = []
    for (let count = 0; count < 10; count++) channels.push(await rig.until(opening.open()))
    const error = await rig.failureOf(opening.open())
    expect(error).toMatchObject({ code: 'channel-limit', message: expect.stringContaining('10 channels') })
    expect(accepting.channelCount).toBe(10)
    expect(opening.channelCount).toBe(10)
    expect(rig.diary(accepting).errors.length).toBe(1)
    await rig.until(channels[4].close())
    expect((await rig.until(opening.open())).isOpen).toBe(true)
    expect(await rig.failureOf(opening.open())).toMatchObject({ code: 'channel-limit' })
    await rig.end()
  })

  it('setMaxOpenChannels: all who come at once get exactly as many channels as there are', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const rig = new Rig({ seed, network: { delayMs: [0, 20], pieces: 'random' } })
      const accepting = rig.pipe('server', { maxOpenChannels: 5 })
      await rig.until(accepting.bind())
      const opening = rig.pipe()
      const outcomes = Array.from({ length: 12 }, () =>
        opening.open().then(
          () => 'open',
          (error) => error.code,
        ),
      )
      const told = await rig.until(Promise.all(outcomes))
      expect(told.filter((outcome) => outcome === 'open').length).toBe(5)
      expect(told.filter((outcome) => outcome === 'channel-limit').length).toBe(7)
      expect(rig.diary(accepting).accepted.length).toBe(5)
      await rig.end()
    }
  })

  it('setMaxOpenChannels: holds for the opener too, lets the open ones stay, and takes no nonsense', async () => {
    const { rig, opening, opened } = await pair()
    opening.setMaxOpenChannels(1)
    expect(await rig.failureOf(opening.open())).toMatchObject({ code: 'channel-limit' })
    expect(opened.isOpen).toBe(true)
    for (const count of [0, -1, Number.NaN, 'many']) {
      expect(() => opening.setMaxOpenChannels(count as never)).toThrowError(
        expect.objectContaining({ code: 'argument-invalid' }),
      )
    }
    await rig.end()
  })

  it('messageSizeMax: a larger message ends the channel', async () => {
    const { rig, peer, channel, codes } = await greeted({ messageSizeMax: 5000 })
    peer.sendFrame(0x91, [1, 0x61, ...new Array(4998).fill(0x31)])
    await rig.loop.settle()
    expect(codes()).toEqual([])
    peer.sendFrame(0x91, [1, 0x61, ...new Array(5010).fill(0x31)])
    await rig.loop.settle()
    expect(codes()).toEqual(['protocol-violation'])
    expect(channel.reason).toMatchObject({ what: expect.stringContaining('messageSizeMax') })
    await rig.end()
  })

  it('messageSizeMax: a frame that says it is larger ends the channel before its bytes are there', async () => {
    const { rig, peer, channel, codes } = await greeted({ messageSizeMax: 100_000 })
    peer.sendFrame(0x91, [1, 0x61], 100_300)
    await rig.loop.settle()
    expect(codes()).toEqual(['protocol-violation'])
    expect(channel.reason).toMatchObject({ what: expect.stringContaining('messageSizeMax') })
    await rig.end()
  })

  it('messageSizeMax: bounds requests and replies as well', async () => {
    const { rig, accepting, accepted, opened } = await pair({ options: { messageSizeMax: 5000 } })
    accepted.on('ask', () => 'x'.repeat(6000))
    expect(await rig.failureOf(opened.request('ask', 'x'.repeat(6000)))).toMatchObject({
      code: 'message-too-large',
    })
    expect(await rig.failureOf(opened.request('ask', 1))).toMatchObject({ code: 'request-failed' })
    expect(rig.diary(accepting).errors[0].message).toContain('messageSizeMax')
    expect(accepted.isOpen && opened.isOpen).toBe(true)
    await rig.end()
  })
})

describe('a deadline that has come', () => {
  it.each([1, 2, 3])(
    'has something due, whatever fractions its time has: else it would come again at once (seed %i)',
    (seed) => {
      const random = new Random(seed)
      for (let count = 0; count < 5000; count++) {
        const since = (random.next() + random.next() / 2 ** 32) * 10 ** random.integer(0, 7)
        const limits = { ...defaultLimits, frameTimeoutMs: 7001, stallTimeoutMs: 9000 }
        const begun = (begin: (deadlines: Deadlines) => void): Deadlines => {
          const deadlines = new Deadlines(limits, since)
          begin(deadlines)
          return deadlines
        }
        const cases: [Deadlines, 'handshaking' | 'open' | 'closing', DeadlinesDue][] = [
          [begun(() => {}), 'handshaking', 'no-hello'],
          [begun(() => {}), 'closing', 'no-end'],
          [begun((deadlines) => deadlines.flow('waiting', since)), 'open', 'stalled'],
          [begun((deadlines) => deadlines.frame('cut', since)), 'open', 'frame-late'],
          [
            begun((deadlines) => deadlines.expect({ intervalMs: 5000, timeoutMs: 15_000 }, since)),
            'open',
            'ping',
          ],
        ]
        for (const [deadlines, state, what] of cases)
          expect(
            deadlines.due(state, deadlines.deadline(state, false), false),
            `${what} since ${since}`,
          ).toBe(what)
      }
    },
  )
})
