import { noblePrimitives } from '@millrace/cipher'
import { Random, RawPeer, Rig } from '@millrace/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MillraceError } from '../base/millrace-error.ts'
import type { Channel } from '../channel/channel.ts'
import type { Pipe } from '../pipe/pipe.ts'
import type { PipeOptions } from '../pipe/pipe-options.ts'
import type { AnyMessages } from '../pipe/target-types.ts'

const manual: PipeOptions = { drive: 'manual' }
const key = new Uint8Array(32).fill(7)

let rig: Rig
beforeEach(() => {
  rig = new Rig()
})
afterEach(() => rig.end())

/** What a promise came to, and when: the program gives no turn meanwhile. */
async function outcome(promise: Promise<unknown>): Promise<{ value: unknown; ms: number }> {
  const start = rig.loop.now()
  const value = await rig.until(promise.then(undefined, (error: MillraceError) => error.code))
  return { value, ms: rig.loop.now() - start }
}

/** All that the program is called for, in order. */
function calls(pipe: Pipe, ...channels: Channel<AnyMessages>[]): string[] {
  const heard: string[] = []
  pipe
    .on('accepted', () => void heard.push('accepted'))
    .on('connected', (_pipe, _channel, error) => void heard.push(`connected ${error?.code ?? 'well'}`))
    .on('close', (_pipe, _channel, reason) => void heard.push(`close ${reason.code}`))
    .on('error', (_pipe, error) => void heard.push(`error ${error.code}`))
    .on('destroy', () => void heard.push('destroy'))
  for (const channel of channels) {
    channel.on('close', (reason) => void heard.push(`channel close ${reason.code}`))
    channel.on('n', (n) => void heard.push(`n ${n}`))
  }
  return heard
}

/** A peer without a pipe, and its channel at a server that is driven by hand. */
async function rawPeer() {
  const server = rig.pipe('server', manual)
  await rig.until(server.bind())
  const peer = await RawPeer.connect(rig.network, 'net://server')
  peer.sendHello()
  await rig.loop.advance(10)
  server.process()
  const [channel] = rig.diary(server).accepted
  return { server, peer, channel }
}

/** A channel with an accepting side that is driven by hand, on a link or within the process. */
async function channelOf(where: 'link' | 'local' | 'sealed', limits: PipeOptions = {}) {
  const make = (options: PipeOptions) =>
    where === 'local' ? rig.local('lobby', options) : rig.pipe('server', options)
  const encryption: PipeOptions = where === 'sealed' ? { encryption: { key } } : {}
  const server = make({ ...manual, ...encryption, ...limits })
  const client = make(encryption)
  await rig.until(server.bind())
  const opening = client.open()
  for (let turn = 0; turn < 10; turn++) {
    server.process()
    await rig.loop.advance(5)
  }
  const opened = await rig.until(opening)
  const [accepted] = rig.diary(server).accepted
  return { server, client, opened, accepted, heard: calls(server, accepted) }
}

describe.each(['link', 'local', 'sealed'] as const)('without turns, on a %s channel', (where) => {
  it('close() of a pipe ends in order and promptly, and is told in the next turn', async () => {
    const { server, opened, heard } = await channelOf(where)
    opened.send('n', 1)
    await rig.loop.advance(5)
    const { ms } = await outcome(server.close('bye'))
    expect(ms).toBeLessThan(50)
    expect(await rig.until(opened.closed)).toMatchObject({ code: 'closed', by: 'remote', text: 'bye' })
    expect(heard).toEqual([])
    server.process()
    expect(heard).toEqual(['channel close closed', 'close closed'])
  })

  it('close() of a channel ends in order and promptly, with what was sent before', async () => {
    const { server, accepted, opened, heard } = await channelOf(where)
    const got: unknown[] = []
    opened.on('n', (n) => void got.push(n))
    for (const n of [1, 2, 3]) accepted.send('n', n)
    const { value, ms } = await outcome(accepted.close('bye'))
    expect(value).toMatchObject({ code: 'closed', by: 'local', text: 'bye' })
    expect(ms).toBeLessThan(50)
    expect(got).toEqual([1, 2, 3])
    expect(accepted.reason).toEqual(value)
    expect(heard).toEqual([])
    server.process()
    expect(heard).toEqual(['channel close closed', 'close closed'])
  })

  it('destroy() tells in the next turn, too', async () => {
    const { server, accepted, heard } = await channelOf(where)
    accepted.destroy()
    expect((await outcome(accepted.closed)).value).toEqual({ code: 'destroyed' })
    server.destroy()
    await rig.loop.advance(100)
    expect(heard).toEqual([])
    server.process()
    expect(heard).toEqual(['channel close destroyed', 'close destroyed', 'destroy'])
  })

  it('request() rejects at its deadline', async () => {
    const { accepted, opened, heard } = await channelOf(where)
    opened.on('ask', () => new Promise(() => {}))
    const { value, ms } = await outcome(accepted.request('ask', 1, { timeoutMs: 300 }))
    expect([value, ms]).toEqual(['request-timeout', 300])
    expect(heard).toEqual([])
  })

  it('setEncryption() rejects at its deadline, and the channel is over', async () => {
    const { server, accepted, heard } = await channelOf(where, { handshakeTimeoutMs: 400 })
    const { value, ms } = await outcome(accepted.setEncryption(key))
    expect([value, ms]).toEqual(['encryption-failed', 400])
    expect((await outcome(accepted.closed)).value).toMatchObject({ code: 'encryption-failed' })
    expect(heard).toEqual([])
    server.process()
    expect(heard).toEqual(['channel close encryption-failed', 'close encryption-failed'])
  })

  it('delivers nothing, and keeps the order of messages and the end', async () => {
    const { server, opened, heard } = await channelOf(where)
    for (const n of [1, 2]) opened.send('n', n)
    void opened.close('bye')
    await rig.loop.advance(1000)
    expect(heard).toEqual([])
    server.process()
    server.process()
    expect(heard).toEqual(['n 1', 'n 2', 'channel close closed', 'close closed'])
  })
})

describe('without turns', () => {
  it.each(['link', 'local', 'sealed'] as const)(
    'open() of a %s channel rejects at its deadline',
    async (where) => {
      const encryption: PipeOptions = where === 'sealed' ? { encryption: { key } } : {}
      const make = (options: PipeOptions) =>
        where === 'local' ? rig.local('lobby', options) : rig.pipe('server', options)
      const server = make(encryption)
      await rig.until(server.bind())
      const client = make({ ...manual, ...encryption, handshakeTimeoutMs: 700 })
      const heard = calls(client)
      const opening = client.open()
      const error = await rig.failureOf(opening)
      expect(rig.loop.now()).toBe(700)
      expect(error.code).toBe('handshake-failed')
      expect(error.message).toContain('got no turn within 700 ms (handshakeTimeoutMs)')
      expect(heard).toEqual([])
      client.process()
      expect(heard).toEqual(['connected handshake-failed'])
      expect(client.statistics()).toMatchObject({ openChannels: 0, handshakes: 0 })
    },
  )

  it('open() of a local channel rejects when the pipe that is bound there gets none', async () => {
    const server = rig.local('lobby', manual)
    await rig.until(server.bind())
    const client = rig.local('lobby', { handshakeTimeoutMs: 700 })
    expect(await outcome(client.open())).toEqual({ value: 'connect-failed', ms: 700 })
    server.process()
    await rig.loop.advance(100)
    expect(rig.diary(server).accepted).toEqual([])
  })

  it('drained() resolves when the link has taken enough', async () => {
    rig = new Rig({ network: { windowBytes: 1000 } })
    const { server, accepted, opened, heard } = await channelOf('link', { highWaterBytes: 4000 })
    opened.on('text', () => {})
    while (accepted.send('text', 'x'.repeat(500)) === 'queued');
    server.flush()
    expect((await outcome(accepted.drained())).value).toBe('ready')
    expect(heard).toEqual([])
  })

  it('drained() resolves at stallTimeoutMs when the peer takes nothing', async () => {
    rig = new Rig({ network: { windowBytes: 1000 } })
    const { server, accepted, heard } = await channelOf('link', { highWaterBytes: 4000, stallTimeoutMs: 900 })
    const [{ opened: link }] = rig.network.connections
    rig.network.connections[0].opened.freeze('on')
    while (accepted.send('text', 'x'.repeat(500)) === 'queued');
    server.flush()
    const { value, ms } = await outcome(accepted.drained())
    expect([value, ms]).toEqual(['closed', 900])
    expect(heard).toEqual([])
    link.freeze('off')
    server.process()
    expect(heard).toEqual(['channel close slow-reader', 'close slow-reader'])
  })

  it('close() of a pipe waits no longer than closeTimeoutMs for a peer that does not end', async () => {
    const server = rig.pipe('server', { ...manual, closeTimeoutMs: 600 })
    await rig.until(server.bind())
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.sendHello()
    await rig.loop.advance(10)
    server.process()
    const { ms } = await outcome(server.close())
    expect(ms).toBe(600)
    peer.end()
  })

  it('a heartbeat neither pings nor judges, and what is open sends nothing', async () => {
    const { server, accepted, opened, heard } = await channelOf('link')
    accepted.setHeartbeat(100, 300)
    server.process()
    await rig.loop.advance(50)
    const before = opened.statistics().bytesIn
    accepted.send('n', 1)
    await rig.loop.advance(10_000)
    expect(opened.statistics().bytesIn).toBe(before)
    expect(accepted.isOpen).toBe(true)
    server.process()
    await rig.loop.advance(50)
    expect(opened.statistics().bytesIn).toBeGreaterThan(before)
    expect(accepted.isOpen).toBe(true)
    expect(heard).toEqual([])
  })

  it('what became due behind one is not judged before the loop has looked again', async () => {
    const { server, peer, channel } = await rawPeer()
    channel.setHeartbeat(200, 300)
    server.process()
    await rig.loop.advance(220)
    // Put off is the ping. The timeout is over a moment later, while the peer's word lies in the system.
    peer.sendFrame(0x91, [1, 0x61, 0x31])
    rig.loop.block(150)
    server.process()
    expect(channel.isOpen).toBe(true)
    await rig.loop.advance(10)
    server.process()
    expect(channel.isOpen).toBe(true)
    peer.end()
  })

  it('a dead peer is found out, also by a program that gives few', async () => {
    const { server, peer, channel } = await rawPeer()
    channel.setHeartbeat(100, 300)
    const turns = async (everyMs: number) => {
      let count = 0
      for (; channel.isOpen && count < 100; count++) {
        await rig.loop.advance(everyMs)
        server.process()
      }
      return count
    }
    const pings = () => peer.frames.filter(({ code }) => code === 0x82).length
    expect(await turns(2000)).toBeLessThanOrEqual(4)
    expect(pings()).toBeGreaterThanOrEqual(1)
    expect(channel.reason?.code).toBe('heartbeat-timeout')
    peer.end()
  })

  it('a frame that came whole in time is not late, whenever it is read', async () => {
    const server = rig.pipe('server', { ...manual, frameTimeoutMs: 400 })
    await rig.until(server.bind())
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.sendHello()
    peer.send([0x91, 5])
    await rig.loop.advance(10)
    server.process()
    const [channel] = rig.diary(server).accepted
    const heard = calls(server, channel)
    channel.on('a', (body) => void heard.push(`a ${body}`))
    peer.send([1, 0x61, 0x20, 0x31, 0x20])
    await rig.loop.advance(5000)
    server.process()
    expect(heard).toEqual(['a 1'])
    peer.end()
  })

  it('authorise is not asked until the next one', async () => {
    const random = new Random(20_261_126)
    const [ours, theirs] = [1, 2].map(() => noblePrimitives.dh.pair(random.bytes(32)))
    const asked: Uint8Array[] = []
    const authorise = (peerKey: Uint8Array) => asked.push(peerKey) > 0
    for (const where of ['link', 'local'] as const) {
      const make = (options: PipeOptions) =>
        where === 'local' ? rig.local('lobby', options) : rig.pipe('server', options)
      const server = make({ ...manual, encryption: { pattern: 'XX', identity: ours, authorise } })
      await rig.until(server.bind())
      const client = make({ encryption: { pattern: 'XX', identity: theirs, authorise: () => true } })
      const opening = client.open()
      await rig.loop.advance(500)
      if (where === 'local') server.process()
      await rig.loop.advance(500)
      expect(asked).toEqual([])
      for (let turn = 0; turn < 5; turn++) {
        server.process()
        await rig.loop.advance(5)
      }
      expect(asked.splice(0)).toEqual([theirs.publicKey])
      expect((await rig.until(opening)).isOpen).toBe(true)
    }
  })

  it('authorise is not asked about a channel that ended before the next one', async () => {
    const random = new Random(20_261_208)
    const [ours, theirs] = [1, 2].map(() => noblePrimitives.dh.pair(random.bytes(32)))
    for (const where of ['link', 'local'] as const) {
      let count = 0
      const authorise = () => ++count > 0
      const make = (options: PipeOptions) =>
        where === 'local' ? rig.local('hall', options) : rig.pipe('hall', options)
      const server = make({ ...manual, encryption: { pattern: 'XX', identity: ours, authorise } })
      await rig.until(server.bind())
      const client = make({ encryption: { pattern: 'XX', identity: theirs, anyPeer: true } })
      const opening = client.open().catch(() => {})
      await rig.loop.advance(50)
      if (where === 'local') server.process()
      await rig.loop.advance(50)
      if (where === 'local') client.destroy()
      else rig.network.connections[0].cut()
      await rig.until(opening)
      await rig.loop.advance(50)
      server.process()
      expect(count).toBe(0)
    }
  })

  it('a flood of strangers leaves no more than a few reports behind', async () => {
    const server = rig.pipe('server', { ...manual, maxHandshakes: 1 })
    await rig.until(server.bind())
    const heard = calls(server)
    for (let second = 0; second < 15; second++) {
      for (let count = 0; count < 100; count++) await RawPeer.connect(rig.network, 'net://server')
      await rig.loop.advance(1000)
    }
    expect(heard).toEqual([])
    server.process()
    expect(heard.length).toBe(1000)
    expect(server.statistics().errors).toBeGreaterThan(1400)
  })
})
