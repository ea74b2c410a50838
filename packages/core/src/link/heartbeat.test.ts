import { pair, plain, RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { Channel } from '../channel/channel.ts'
import { ProtoFactory } from '../pipe/proto-factory.ts'

const frozen = (both: Awaited<ReturnType<typeof pair>>, mode: 'on' | 'off') => {
  const [{ opened, accepted }] = both.rig.network.connections
  opened.freeze(mode)
  accepted.freeze(mode)
}

describe('setHeartbeat', () => {
  it('keeps a quiet channel alive for hours', async () => {
    const { rig, opened, accepted } = await pair({ network: { delayMs: [0, 40] } })
    opened.setHeartbeat(5000, 15_000)
    await rig.loop.advance(3_600_000)
    expect(opened.isOpen && accepted.isOpen).toBe(true)
    expect(opened.statistics().roundTripMs).toBeGreaterThanOrEqual(0)
    expect(opened.statistics().roundTripMs).toBeLessThan(200)
    expect(Number.isNaN(accepted.statistics().roundTripMs)).toBe(true)
    await rig.end()
  })

  it('sends no ping while the peer speaks', async () => {
    const rig = new Rig()
    const accepting = rig.pipe().on('accepted', (_pipe, channel) => channel.setHeartbeat(100, 300))
    await rig.until(accepting.bind())
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.sendHello()
    await rig.loop.settle()
    const pings = () => peer.frames.filter(({ code }) => code === 0x82).length
    for (let count = 0; count < 50; count++) {
      peer.sendFrame(0x91, [1, 0x61, 0x31])
      await rig.loop.advance(90)
    }
    expect(pings()).toBe(0)
    await rig.loop.advance(200)
    expect(pings()).toBe(2)
    expect(accepting.channelCount).toBe(1)
    await rig.loop.advance(15)
    expect(accepting.channelCount).toBe(0)
    await rig.end()
  })

  it('without a function ends the channel of a silent peer, at the timeout and not before', async () => {
    const both = await pair()
    const { rig, opened } = both
    opened.setHeartbeat(100, 300)
    frozen(both, 'on')
    await rig.loop.advance(299)
    expect(opened.isOpen).toBe(true)
    await rig.loop.advance(5)
    expect(opened.reason).toMatchObject({ code: 'heartbeat-timeout' })
    expect((opened.reason as { silentMs: number }).silentMs).toBeLessThan(305)
    frozen(both, 'off')
    await rig.end()
  })

  it('asks the function, and ends for the same reason when it closes', async () => {
    for (const how of ['close', 'destroy'] as const) {
      const both = await pair()
      const { rig, opened } = both
      const asked: Channel[] = []
      opened.setHeartbeat(100, 300, (channel) => {
        asked.push(channel)
        void channel[how]()
      })
      frozen(both, 'on')
      await rig.loop.advance(1000)
      expect(asked).toEqual([opened])
      expect(opened.reason?.code).toBe(how === 'close' ? 'heartbeat-timeout' : 'destroyed')
      frozen(both, 'off')
      await rig.end()
    }
  })

  it('asks the function again after each further timeout, if it lets the channel live', async () => {
    const both = await pair({ opening: { stallTimeoutMs: Number.POSITIVE_INFINITY } })
    const { rig, opened, accepted } = both
    const asked: number[] = []
    opened.setHeartbeat(100, 300, () => void asked.push(rig.loop.now()))
    frozen(both, 'on')
    await rig.loop.advance(1000)
    expect(asked.length).toBe(3)
    frozen(both, 'off')
    await rig.loop.advance(10_000)
    expect(asked.length).toBe(3)
    const closing = opened.close('later')
    expect(await rig.until(closing)).toMatchObject({ code: 'closed', by: 'local', text: 'later' })
    expect(accepted.reason).toMatchObject({ by: 'remote' })
    await rig.end()
  })

  it('reports a function that throws, and lets the channel live', async () => {
    const both = await pair()
    const { rig, opening, opened } = both
    opened.setHeartbeat(100, 300, () => {
      throw new Error('cannot decide')
    })
    frozen(both, 'on')
    await rig.loop.advance(350)
    expect(opened.isOpen).toBe(true)
    expect(rig.diary(opening).errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('cannot decide'),
    ])
    frozen(both, 'off')
    await rig.end()
  })

  it('kills no channel because this process stood still', async () => {
    for (const drive of ['auto', 'manual'] as const) {
      const { rig, accepting, opened, accepted } = await driven(drive)
      opened.setHeartbeat(100, 300)
      accepted.setHeartbeat(100, 300)
      for (let count = 0; count < 20; count++) {
        await rig.loop.stall(5000)
        for (let tick = 0; tick < 10; tick++) {
          accepting.process()
          await rig.loop.advance(20)
        }
        expect(opened.isOpen && accepted.isOpen, `${drive} after stall ${count}`).toBe(true)
      }
      await rig.end()
    }
  })

  it('counts from the call, however long the channel was quiet before', async () => {
    const { rig, opened } = await pair()
    await rig.loop.advance(1_000_000)
    opened.setHeartbeat(100, 300)
    await rig.loop.advance(5000)
    expect(opened.isOpen).toBe(true)
    await rig.end()
  })

  it('can be changed, and takes no nonsense', async () => {
    const both = await pair()
    const { rig, opened } = both
    opened.setHeartbeat(100, 300).setHeartbeat(1000, 3000)
    frozen(both, 'on')
    await rig.loop.advance(2990)
    expect(opened.isOpen).toBe(true)
    await rig.loop.advance(20)
    expect(opened.reason?.code).toBe('heartbeat-timeout')
    for (const [interval, timeout] of [
      [0, 1],
      [-1, 5],
      [9.9, 50],
      [50, 50],
      [100, 50],
      [Number.NaN, 50],
      [50, Number.NaN],
    ]) {
      expect(() => opened.setHeartbeat(interval, timeout)).toThrowError(
        expect.objectContaining({ code: 'argument-invalid' }),
      )
    }
    frozen(both, 'off')
    await rig.end()
  })

  it('does nothing on a local channel, and on one that has ended', async () => {
    const rig = new Rig()
    await rig.until(rig.local().bind())
    const channel = await rig.until(rig.local().open())
    channel.setHeartbeat(10, 20)
    await rig.loop.advance(1000)
    expect(channel.isOpen).toBe(true)
    await rig.until(channel.close())
    channel.setHeartbeat(10, 20)
    await rig.loop.advance(1000)
    await rig.end()
    const { rig: second, opened } = await pair()
    await second.until(opened.close())
    opened.setHeartbeat(10, 20)
    await second.loop.advance(1000)
    await second.end()
  })

  it('detects a death within timeout and one interval, whatever the network', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const both = await pair({ seed, network: { delayMs: [0, 50], pieces: 'random' } })
      const { rig, opened } = both
      opened.setHeartbeat(200, 800)
      await rig.loop.advance(seed * 77)
      frozen(both, 'on')
      await rig.loop.advance(800 + 200 + 50)
      expect(opened.reason?.code, `seed ${seed}`).toBe('heartbeat-timeout')
      frozen(both, 'off')
      await rig.end()
    }
  })
})

async function driven(drive: 'auto' | 'manual') {
  const rig = new Rig()
  const accepting = rig.pipe('server', { drive })
  await rig.until(accepting.bind())
  const promise = rig.pipe().open()
  await rig.loop.settle()
  accepting.process()
  const opened = await rig.until(promise)
  return { rig, accepting, opened, accepted: rig.diary(accepting).accepted[0] }
}

describe('the heartbeat of a pipe', () => {
  it('is there by default: after 5 seconds a ping, after 15 the end', async () => {
    const rig = new Rig()
    const factory = new ProtoFactory({ platform: rig.network.platform, pool: rig.pool })
      .add('net', rig.network.streams())
      .add('test', plain())
    const accepting = rig.watch(factory.create('net', 'server', 'test'))
    await rig.until(accepting.bind())
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.sendHello()
    await rig.loop.settle()
    const pings = () => peer.frames.filter(({ code }) => code === 0x82).length
    await rig.loop.advance(4990)
    expect(pings()).toBe(0)
    await rig.loop.advance(20)
    expect(pings()).toBe(1)
    await rig.loop.advance(9900)
    expect(accepting.channelCount).toBe(1)
    await rig.loop.advance(100)
    expect(rig.diary(accepting).closed[0].reason).toMatchObject({ code: 'heartbeat-timeout' })
    await rig.end()
  })

  it('has times of its own, on both sides, and may be turned off', async () => {
    for (const [heartbeat, livesMs] of [
      [{ intervalMs: 100, timeoutMs: 300 }, 300],
      [{ timeoutMs: 6000 }, 6000],
      [false, 1e6],
    ] as const) {
      const both = await pair({ options: { heartbeat } })
      frozen(both, 'on')
      await both.rig.loop.advance(livesMs - 10)
      expect([both.opened.isOpen, both.accepted.isOpen]).toEqual([true, true])
      await both.rig.loop.advance(20)
      const isDead = heartbeat !== false
      expect([both.opened.isOpen, both.accepted.isOpen]).toEqual([!isDead, !isDead])
      frozen(both, 'off')
      await both.rig.end()
    }
  })

  it.each([
    [{ intervalMs: 9 }],
    [{ timeoutMs: 5000 }],
    [{ intervalMs: 20_000 }],
    [{ intervalMs: Number.NaN }],
  ])('refuses %j', (heartbeat) => {
    const rig = new Rig()
    expect(() => rig.pipe('server', { heartbeat })).toThrowError(
      expect.objectContaining({
        code: 'argument-invalid',
        message: expect.stringContaining('10 <= interval < timeout'),
      }),
    )
  })

  it('lets a reader live that is so far behind that its link rests', async () => {
    const { rig, accepted, opened } = await pair({
      options: { heartbeat: { intervalMs: 200, timeoutMs: 800 }, stallTimeoutMs: 1e6 },
      accepting: { iteratorQueueMax: 1, receiveHighWaterBytes: 1000, messageSizeMax: 100_000 },
      network: { windowBytes: 10_000 },
    })
    const iterator = accepted[Symbol.asyncIterator]()
    const text = 'x'.repeat(90_000)
    for (let n = 0; n < 10; n++) opened.send('n', { n, text })
    for (let n = 0; n < 10; n++) {
      await rig.loop.advance(3000)
      expect([opened.isOpen, accepted.isOpen], `before ${n}`).toEqual([true, true])
      expect((await rig.until(iterator.next())).value.body.n).toBe(n)
    }
    frozen({ rig } as Awaited<ReturnType<typeof pair>>, 'on')
    await rig.loop.advance(2000)
    expect([opened.reason?.code, accepted.reason?.code]).toEqual(['heartbeat-timeout', 'heartbeat-timeout'])
    frozen({ rig } as Awaited<ReturnType<typeof pair>>, 'off')
    await rig.end()
  })
})

describe('the heartbeat of a program that is driven by hand', () => {
  /** A raw peer, and a pipe that gets a turn every 33 ms. */
  async function ticking() {
    const rig = new Rig()
    const options = { iteratorQueueMax: 1, receiveHighWaterBytes: 1000, messageSizeMax: 4096 }
    const accepting = rig.pipe('server', { drive: 'manual', ...options })
    await rig.until(accepting.bind())
    const tick = async (ms: number) => {
      for (const end = rig.loop.now() + ms; rig.loop.now() < end; await rig.loop.advance(33))
        accepting.process()
    }
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.sendHello()
    await tick(100)
    const [channel] = rig.diary(accepting).accepted
    const heardOf = (code: number) => peer.frames.filter((frame) => frame.code === code).length
    return { rig, tick, peer, channel, heardOf }
  }

  it('asks a quiet peer, and ends when there is no answer', async () => {
    const { rig, tick, channel, heardOf } = await ticking()
    channel.setHeartbeat(100, 1000)
    await tick(900)
    expect(heardOf(0x82)).toBeGreaterThanOrEqual(6)
    await tick(200)
    expect(channel.reason?.code).toBe('heartbeat-timeout')
    await rig.end()
  })

  it('says that it lives while its link rests', async () => {
    const { rig, tick, peer, channel, heardOf } = await ticking()
    channel[Symbol.asyncIterator]()
    const message = Buffer.from(`\x01a"${'x'.repeat(4000)}"`)
    for (let count = 0; count < 50; count++) peer.sendFrame(0x91, message)
    await tick(3000)
    expect(heardOf(0x83)).toBeGreaterThanOrEqual(10)
    expect(channel.isOpen).toBe(true)
    await rig.end()
  })
})

describe('the heartbeat of a slow reader', () => {
  it('does not take for dead a peer that has closed in order, nor one that ended its link', async () => {
    for (const how of ['close', 'destroy'] as const) {
      const { rig, opened, accepted } = await pair({ accepting: { iteratorQueueMax: 1 } })
      accepted.setHeartbeat(100, 300)
      const messages = accepted[Symbol.asyncIterator]()
      for (let n = 0; n < 10; n++) opened.send('n', n)
      await rig.loop.settle()
      if (how === 'close') void opened.close('done')
      else opened.destroy()
      const heard: unknown[] = []
      const reading = (async () => {
        for await (const { body } of messages) {
          heard.push(body)
          await new Promise<void>((resolve) => void rig.loop.wakeAt(rig.loop.now() + 200, resolve))
        }
      })()
      await rig.until(reading, 10_000)
      expect(heard, how).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(accepted.reason?.code, how).toBe(how === 'close' ? 'closed' : 'link-ended')
      await rig.end()
    }
  })
})
