import { pair, RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { Channel } from '../channel/channel.ts'

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
    const pings = () => peer.frames.filter(({ tag }) => tag === 0xc003).length
    for (let count = 0; count < 50; count++) {
      peer.sendFrame(0x3fff, [1, 0x61, 0x31])
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
    expect(await rig.until(closing)).toEqual({ code: 'closed', by: 'local', text: 'later' })
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

  it('kills nobody because this process stood still', async () => {
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
      [5, 5],
      [10, 5],
      [Number.NaN, 5],
      [5, Number.NaN],
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
