import {
  accepting as acceptingCode,
  type PipeOptions,
  ProtoFactory,
  type ProtoFactoryOptions,
} from '@millrace/core'
import { type NetworkProfile, plain, Random, RawPeer, Rig, VirtualLoop } from '@millrace/testkit'
import { frameCode } from '@millrace/wire'
import { describe, expect, it } from 'vitest'
import { LoopWheel } from '../turn/loop-wheel.ts'
import { Turns } from '../turn/turns.ts'
import { ByteAccount, type ByteHolder } from './byte-account.ts'

const bytesMax = 400_000
/** What may be held beyond: one channel's turn, a step of the account, and a message of each. */
const beyond = 4 * 65_536 + bytesMax / 64
const kilobyte = 'x'.repeat(1000)
const encryption = { key: new Uint8Array(32).fill(7) }

interface Setup {
  readonly accepting?: PipeOptions
  readonly opening?: PipeOptions
  readonly network?: Partial<NetworkProfile>
}

/** A server of a factory that has room for 400,000 bytes, and pauses no channel for more than a second; and channels to it. */
async function serve(count: number, { accepting, opening, network = {} }: Setup = {}) {
  const rig = new Rig({ network, options: { bytesMax, stallTimeoutMs: 1000 } })
  const server = rig.pipe('server', accepting)
  // The clients are of another process, as it were: what they hold is no matter of the server's.
  const elsewhere = new ProtoFactory({ platform: rig.network.platform, pool: rig.pool, heartbeat: false })
    .add('net', rig.network.streams())
    .add('test', plain())
  const client = rig.watch(elsewhere.create('net', 'server', 'test', opening))
  await rig.until(server.bind())
  const opened = []
  for (let index = 0; index < count; index++) {
    const opening = client.open()
    // A server that is driven by hand accepts in its turns.
    for (let turn = 0; turn < 3; turn++) {
      await rig.loop.advance(25)
      server.process()
    }
    opened.push(await rig.until(opening))
  }
  const { accepted } = rig.diary(server)
  const codes = () => accepted.map(({ reason }) => reason?.code)
  return { rig, server, client, opened, accepted, codes }
}

/** Handlers that are done when they are told. */
function slowHandlers() {
  const waiting: (() => void)[] = []
  let begun = 0
  const handler = () => {
    begun++
    return new Promise<void>((resolve) => waiting.push(resolve))
  }
  const finish = () => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  return { handler, finish, begun: () => begun }
}

const ways = [
  ['in clear', {}],
  ['encrypted', { encryption }],
] as const

describe.each(ways)('channels that hold more together than they may, %s,', (_way, options) => {
  it('are paused, though each is within its own limits, and go on when there is room; nothing is lost', async () => {
    const { rig, server, opened, accepted, codes } = await serve(20, { accepting: options, opening: options })
    const { handler, finish, begun } = slowHandlers()
    for (const channel of accepted) channel.on('n', handler)
    for (let round = 0; round < 60; round++) {
      for (const channel of opened) channel.send('n', kilobyte)
      await rig.loop.advance(1)
      expect(rig.factory.heldBytes).toBeLessThan(2 * bytesMax)
      expect(server.statistics().heldBytes).toBeLessThan(bytesMax + beyond)
    }
    const { pausedChannels, decodedBytes } = server.statistics()
    expect(pausedChannels).toBeGreaterThan(0)
    expect(decodedBytes).toBeGreaterThan(bytesMax / 2)
    expect(accepted.some((channel) => channel.describe().endsWith('open, paused'))).toBe(true)
    while (begun() < 20 * 60) {
      finish()
      await rig.loop.advance(1)
    }
    finish()
    await rig.loop.settle()
    expect(rig.factory.heldBytes).toBe(0)
    expect(server.statistics()).toMatchObject({ heldBytes: 0, decodedBytes: 0, pausedChannels: 0 })
    expect(codes().every((code) => code === undefined)).toBe(true)
    await rig.end()
  })

  it('end when that does not help, the largest first, and tell the peer; one that holds little never waits', async () => {
    const { rig, opened, accepted, codes } = await serve(6, { accepting: options, opening: options })
    const [small, ...large] = accepted
    for (const channel of large) channel.on('n', () => new Promise(() => {}))
    small.on('n', async (body) => body)
    // The last one has twice as much to say as the others.
    for (let round = 0; round < 60; round++) {
      for (const channel of opened.slice(1)) channel.send('n', kilobyte)
      opened[5].send('n', kilobyte)
      await rig.loop.advance(1)
      const replied = await rig.until(opened[0].request('n', round))
      expect([replied, small.describe().endsWith('open')]).toEqual([round, true])
    }
    await rig.loop.advance(800)
    expect(codes()).toEqual(Array(6).fill(undefined))
    await rig.loop.advance(400)
    expect(codes()[0]).toBeUndefined()
    expect(codes()[5]).toBe('total-overflow')
    expect(codes().filter((code) => code === undefined).length).toBeGreaterThan(2)
    const { reason } = accepted[5]
    if (reason?.code !== 'total-overflow') throw new Error('it ended for another reason')
    expect(reason.heldBytes).toBeGreaterThan(bytesMax / 5)
    expect(reason.totalBytes).toBeGreaterThan(bytesMax)
    expect(opened[5].reason).toMatchObject({ code: 'closed', by: 'remote', why: 'overflow' })
    expect(await rig.until(opened[0].request('n', 'still'))).toBe('still')
    await rig.end()
  })

  it('end at once when they can not pause, and bring more', async () => {
    const { rig, opened, accepted, codes } = await serve(5, {
      accepting: options,
      opening: options,
      network: { pausing: 'off' },
    })
    for (const channel of accepted.slice(1)) channel.on('n', () => new Promise(() => {}))
    accepted[0].on('n', (body) => body)
    for (let round = 0; round < 60; round++) {
      for (const channel of opened.slice(1)) channel.send('n', kilobyte)
      await rig.loop.advance(1)
      expect(await rig.until(opened[0].request('n', round))).toBe(round)
    }
    expect(codes()[0]).toBeUndefined()
    expect(codes()).toContain('total-overflow')
    expect(new Set(codes())).toEqual(new Set([undefined, 'total-overflow']))
    await rig.end()
  })
})

describe('the account of bytes', () => {
  it('has replies that a peer does not take: no more requests of it are answered', async () => {
    const { rig, opened, accepted, codes } = await serve(4, {
      network: { windowBytes: 30_000, delayMs: [10, 10] },
    })
    const reply = 'x'.repeat(10_000)
    let answered = 0
    for (const channel of accepted) {
      channel.on('get', () => {
        answered++
        return reply
      })
    }
    const links = rig.network.connections.slice(1)
    for (const { opened: link } of links) link.freeze('on')
    for (let round = 0; round < 3; round++) {
      for (const channel of opened.slice(1)) {
        for (let count = 0; count < 25; count++)
          channel.request('get', count, { timeoutMs: 600_000 }).catch(() => {})
      }
      await rig.loop.advance(50)
    }
    // Those of two channels came together, each in one turn. The third one had its share.
    expect(answered).toBe(25 + 25 + 15)
    expect(await rig.until(opened[0].request('get', 0))).toBe(reply)
    // A peer that takes a little now and then has not stalled.
    for (let round = 0; round < 3; round++) {
      await rig.loop.advance(260)
      for (const { opened: link } of links) link.freeze('off')
      await rig.loop.advance(15)
      for (const { opened: link } of links) link.freeze('on')
    }
    // The third one came down to it, and had some more.
    expect(answered).toBeLessThan(70)
    await rig.loop.advance(200)
    expect(codes().filter((code) => code === 'total-overflow').length).toBe(1)
    expect(codes().filter((code) => code === undefined).length).toBe(3)
    expect(codes()[0]).toBeUndefined()
    await rig.end()
  })

  it('has frames that have begun and not ended', async () => {
    const { rig, server } = await serve(0)
    const raw: RawPeer[] = []
    for (let index = 0; index < 9; index++) {
      const peer = await RawPeer.connect(rig.network, 'net://server')
      peer.sendHello({ nonce: new Uint8Array(8).fill(index) })
      await rig.loop.settle()
      raw.push(peer)
    }
    const { accepted } = rig.diary(server)
    const heard: number[] = []
    for (const channel of accepted) channel.on('n', (body) => void heard.push((body as string).length))
    const frame = (size: number) =>
      Buffer.concat([Buffer.of(1), Buffer.from('n'), Buffer.from(`"${'x'.repeat(size)}"`)])
    const part = (peer: RawPeer, size: number) =>
      peer.sendFrame(frameCode.namedMessage, frame(size).subarray(0, size / 2), size + 4)
    part(raw[0], 10_000)
    for (const peer of raw.slice(1)) part(peer, 120_000)
    await rig.loop.advance(100)
    expect(rig.factory.heldBytes).toBeGreaterThan(bytesMax)
    raw[0].send(frame(10_000).subarray(5000))
    await rig.loop.advance(500)
    expect(heard).toEqual([10_000])
    await rig.loop.advance(700)
    const ended = accepted.filter(({ reason }) => reason?.code === 'total-overflow')
    expect(ended.length).toBeGreaterThan(0)
    expect(ended).not.toContain(accepted[0])
    expect(raw[accepted.indexOf(ended[0])].goodbye?.code).toBe('overflow')
    // The others have room now, and end their frames.
    for (const [index, peer] of raw.entries()) {
      if (index > 0 && accepted[index].isOpen) peer.send(frame(120_000).subarray(60_000))
    }
    await rig.loop.advance(100)
    expect(heard.length).toBe(1 + 8 - ended.length)
    await rig.end()
  })

  it('has records that have begun and not ended', async () => {
    const { rig, opened, accepted, codes } = await serve(11, {
      accepting: { encryption },
      opening: { encryption },
      network: { windowBytes: 20_000, delayMs: [10, 10] },
    })
    for (const channel of opened) channel.send('n', 'x'.repeat(60_000))
    while (accepted[3].statistics().heldBytes < 40_000) await rig.loop.advance(1)
    for (const { accepted: link } of rig.network.connections) link.freeze('on')
    await rig.loop.advance(25)
    expect(accepted[3].statistics()).toMatchObject({ heldBytes: 40_000, storedBytes: 0 })
    await rig.loop.advance(1100)
    expect(codes()).toContain('total-overflow')
    expect(rig.factory.heldBytes).toBeLessThanOrEqual(bytesMax)
    await rig.end()
  })

  it('has messages that the program sends, and lets those wait that are for a paused channel', async () => {
    const { rig, opened, accepted } = await serve(4, { network: { windowBytes: 1000 } })
    for (const { opened: link } of rig.network.connections.slice(1)) link.freeze('on')
    for (let round = 0; round < 500; round++) {
      for (const channel of accepted.slice(1)) channel.send('n', kilobyte)
      if (round % 50 === 0) await rig.loop.settle()
    }
    await rig.loop.settle()
    expect(rig.factory.heldBytes).toBeLessThan(bytesMax + 3 * 50 * 1100)
    expect(accepted.map((channel) => channel.send('n', 0))).toEqual(['queued', 'full', 'full', 'full'])
    const drained = accepted[1].drained()
    for (const { opened: link } of rig.network.connections) link.freeze('off')
    expect(await rig.until(drained)).toBe('ready')
    await rig.loop.settle()
    expect(accepted.map((channel) => channel.send('n', 0))).toEqual(Array(4).fill('queued'))
    await rig.loop.settle()
    expect(opened.map(({ isOpen }) => isOpen)).toEqual(Array(4).fill(true))
    expect(rig.factory.heldBytes).toBe(0)
    await rig.end()
  })

  it.each(['drop-oldest', 'latest-by-key'] as const)(
    'keeps what a paused channel queues by `%s` small',
    async (overflow) => {
      const { rig, accepted } = await serve(3, {
        accepting: { overflow, lowWaterBytes: 10_000 },
        network: { windowBytes: 1000 },
      })
      for (const { opened: link } of rig.network.connections) link.freeze('on')
      for (let round = 0; round < 1000; round++) {
        for (const channel of accepted)
          channel.send(`key ${overflow === 'latest-by-key' ? round : 0}`, kilobyte)
        if (round % 20 === 0) await rig.loop.settle()
      }
      await rig.loop.settle()
      expect(rig.factory.heldBytes).toBeLessThan(bytesMax + 3 * 20 * 1100)
      await rig.end()
    },
  )

  it('has what waits for the reader of an iterator, and goes on with it', async () => {
    const { rig, opened, accepted } = await serve(5)
    const iterators = accepted.map((channel) => channel[Symbol.asyncIterator]())
    for (let round = 0; round < 60; round++) {
      for (const channel of opened) channel.send('n', { round, kilobyte })
      await rig.loop.advance(1)
    }
    expect(rig.factory.heldBytes).toBeGreaterThan(bytesMax)
    expect(rig.factory.heldBytes).toBeLessThan(bytesMax + beyond)
    for (let round = 0; round < 60; round++) {
      for (const iterator of iterators)
        expect((await rig.until(iterator.next())).value.body.round).toBe(round)
    }
    await rig.loop.settle()
    expect(rig.factory.heldBytes).toBe(0)
    await rig.end()
  })

  it('is not passed by what handlers were done with between two turns', async () => {
    const { rig, server, opened, accepted, codes } = await serve(10)
    const { handler, finish } = slowHandlers()
    for (const channel of accepted) channel.on('n', handler)
    for (const channel of opened) {
      for (let count = 0; count < 60; count++) channel.send('n', kilobyte)
      await rig.loop.settle()
      finish()
      await rig.loop.settle()
      expect(server.statistics().pausedChannels).toBe(0)
    }
    await rig.loop.advance(2000)
    expect(codes()).toEqual(Array(10).fill(undefined))
    await rig.end()
  })

  it('counts no time in which this process stood still', async () => {
    const { rig, opened, accepted, codes } = await serve(10)
    const { handler, finish } = slowHandlers()
    for (const channel of accepted) channel.on('n', handler)
    for (let round = 0; round < 30; round++) {
      for (const channel of opened) channel.send('n', kilobyte)
      await rig.loop.advance(1)
    }
    for (let count = 0; count < 3; count++) await rig.loop.stall(5000)
    finish()
    await rig.loop.advance(1)
    finish()
    await rig.loop.advance(2000)
    expect(codes()).toEqual(Array(10).fill(undefined))
    await rig.end()
  })

  it('has what a program that gives the turns has not taken; it ends nothing before that has had one', async () => {
    const { rig, server, opened, accepted, codes } = await serve(6, { accepting: { drive: 'manual' } })
    let taken = 0
    for (const channel of accepted) channel.on('n', () => void taken++)
    for (let count = 0; count < 200; count++) for (const channel of opened) channel.send('n', kilobyte)
    await rig.loop.advance(5000)
    expect(taken).toBe(0)
    expect(rig.factory.heldBytes).toBeGreaterThan(bytesMax)
    expect(rig.factory.heldBytes).toBeLessThan(bytesMax + 6 * 65_536)
    expect(codes()).toEqual(Array(6).fill(undefined))
    for (let turn = 0; turn < 100; turn++) {
      server.process()
      await rig.loop.advance(33)
    }
    expect(taken).toBe(1200)
    expect(codes()).toEqual(Array(6).fill(undefined))
    await rig.end()
  })

  it('ends channels in the turns that the program gives', async () => {
    const { rig, server, opened, accepted, codes } = await serve(6, { accepting: { drive: 'manual' } })
    for (const channel of accepted.slice(1)) channel.on('n', () => new Promise(() => {}))
    for (let round = 0; round < 40; round++) {
      for (const channel of opened.slice(1)) channel.send('n', kilobyte)
      server.process()
      await rig.loop.advance(10)
    }
    await rig.loop.advance(5000)
    expect(codes()).toEqual(Array(6).fill(undefined))
    server.process()
    expect(codes()).toContain('total-overflow')
    expect(codes()[0]).toBeUndefined()
    await rig.end()
  })

  it('has local channels, and lets their senders wait', async () => {
    const rig = new Rig({ options: { bytesMax: 64 * 100, stallTimeoutMs: 1000 } })
    const server = rig.local('lobby')
    const client = rig.local('lobby')
    await rig.until(server.bind())
    const opened = [await rig.until(client.open('local')), await rig.until(client.open('local'))]
    const { accepted } = rig.diary(server)
    accepted[0].on('n', () => new Promise(() => {}))
    accepted[1].on('n', (body) => body)
    let queued = 0
    for (let round = 0; round < 1000; round++) {
      if (opened[0].send('n', round) === 'queued') queued++
      if (round % 10 === 0) await rig.loop.settle()
    }
    await rig.loop.settle()
    expect(queued).toBeLessThan(150)
    expect(opened[0].send('n', 0)).toBe('full')
    expect(await rig.until(opened[1].request('n', 7))).toBe(7)
    await rig.loop.advance(1100)
    expect(accepted.map(({ reason }) => reason?.code)).toEqual(['total-overflow', undefined])
    expect(opened[0].reason).toMatchObject({ code: 'closed', by: 'remote', why: 'overflow' })
    await rig.end()
  })

  it('goes on with a local channel that was paused, and loses nothing', async () => {
    const rig = new Rig({ options: { bytesMax: 64 * 100 } })
    const server = rig.local('lobby')
    const client = rig.local('lobby')
    await rig.until(server.bind())
    const opened = await rig.until(client.open('local'))
    const [accepted] = rig.diary(server).accepted
    const { handler, finish, begun } = slowHandlers()
    accepted.on('n', handler)
    const sent = (async () => {
      for (let count = 0; count < 500; count++) await opened.sendWhenReady('n', count)
    })()
    await rig.loop.advance(10)
    expect(begun()).toBeLessThan(150)
    for (let turn = 0; turn < 1000 && begun() < 500; turn++) {
      finish()
      await rig.loop.advance(1)
    }
    await rig.until(sent)
    expect(begun()).toBe(500)
    await rig.end()
  })

  it('has a limit that is a positive number, any number, or 1 GiB; and a platform that accepts channels', () => {
    const { platform } = new Rig().network
    const make = (options: Partial<ProtoFactoryOptions>) => new ProtoFactory({ platform, ...options })
    for (const bad of [0, -1, Number.NaN, '1' as unknown as number]) {
      expect(() => make({ bytesMax: bad })).toThrowError(
        expect.objectContaining({ code: 'argument-invalid', message: expect.stringContaining('bytesMax') }),
      )
    }
    expect(make({ bytesMax: Number.POSITIVE_INFINITY }).heldBytes).toBe(0)
    const { accepting: _accepting, ...opens } = platform
    expect(acceptingCode).toBeDefined()
    for (const limit of [{ bytesMax: 1 }, { incompleteBytesMax: 1 }]) {
      expect(() => new ProtoFactory({ platform: opens, ...limit })).toThrowError(
        expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('accepting') }),
      )
    }
    expect(new ProtoFactory({ platform: opens }).heldBytes).toBe(0)
  })
})

describe('shares', () => {
  it.each([1, 2, 3, 4, 5])(
    'are never less than what equal parts would be, by chance (seed %d)',
    async (seed) => {
      const random = new Random(seed)
      const loop = new VirtualLoop()
      const turns = new Turns(new LoopWheel(loop), 'auto', {
        runnable: { process() {}, nextDeadline: () => 0 },
        driverFailed() {},
      })
      const account = new ByteAccount(1000)
      const held = new Map<ByteHolder, number>()
      const ends: ByteHolder[] = []
      const holders = Array.from({ length: 20 }, () => {
        const holder: ByteHolder = {
          turns,
          limits: { stallTimeoutMs: 100 },
          isOpen: true,
          heldBytes: 0,
          countHeld: () => held.get(holder) ?? 0,
          dispatch: { markChanged() {} },
          carrier: {
            pauseChanged() {},
            fail() {
              ends.push(holder)
              held.set(holder, 0)
              account.ended(holder)
            },
          },
        }
        return holder
      })
      let paused = 0
      for (let step = 0; step < 3000; step++) {
        const holder = random.pick(holders)
        const before = held.get(holder) ?? 0
        const isFree = !account.isPaused(holder)
        const bytes =
          isFree && random.integer(0, 2) > 0 ? before + random.integer(0, 60) : random.integer(0, before)
        held.set(holder, bytes)
        // What is freed may be told later.
        if (bytes > before || random.integer(0, 3) > 0) {
          if (bytes !== holder.heldBytes) account.changed(holder, bytes)
        }
        const sum = [...held.values()].reduce((total, size) => total + size, 0)
        expect(account.bytes).toBe(sum)
        for (const [other, size] of held) {
          if (!account.isPaused(other)) continue
          paused++
          // It may have freed some since, and not told.
          if (size === other.heldBytes) expect(size).toBeGreaterThan(750 / 20)
        }
        if (random.integer(0, 9) === 0) await loop.advance(random.integer(0, 40))
      }
      expect(paused).toBeGreaterThan(0)
      for (const holder of holders) account.ended(holder)
      await loop.advance(1000)
      expect(loop.timerCount).toBe(0)
    },
  )
})
