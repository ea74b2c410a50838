import { RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { PipeOptions } from './pipe-options.ts'

/** A pipe of 30 places, and peers from wherever they are said to be. */
async function full(options: PipeOptions = {}) {
  const rig = new Rig()
  const accepting = rig.pipe('server', { maxOpenChannels: 30, ...options })
  await rig.until(accepting.bind())
  let from: string | undefined
  rig.network.connected = ({ accepted }) => {
    accepted.peerAddress = from
  }
  /** One more that says hello. */
  const comes = async (address: string | undefined) => {
    from = address
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.sendHello()
    await rig.loop.settle()
    return peer
  }
  const many = async (count: number, address: (index: number) => string | undefined) => {
    const peers: RawPeer[] = []
    for (let index = 0; index < count; index++) peers.push(await comes(address(index)))
    return peers
  }
  const { accepted, closed, errors } = rig.diary(accepting)
  const speak = (peer: RawPeer) => peer.sendFrame(0x91, [1, 0x61, 0x31])
  return { rig, accepting, comes, many, speak, accepted, closed, errors }
}

const isIn = (peer: RawPeer) => peer.frames.length > 0 && peer.goodbye === undefined && !peer.hasEnded

describe('the places of channels', () => {
  it('are not all for one address: the oldest silent channel of those with most makes room', async () => {
    const { rig, accepting, comes, many, closed, errors } = await full()
    const crowd = await many(30, () => '10.0.0.1')
    const honest = await comes('192.0.2.1')
    expect(isIn(honest)).toBe(true)
    expect(crowd.map(isIn)).toEqual(crowd.map((_, index) => index > 0))
    expect(crowd[0].goodbye).toMatchObject({ code: 'channel-limit' })
    expect(closed.map(({ reason }) => reason)).toMatchObject([
      { code: 'closed', by: 'local', why: 'channel-limit' },
    ])
    expect(accepting.channelCount).toBe(30)
    // Those who have most get nothing by coming again.
    expect((await comes('10.0.0.1')).goodbye).toMatchObject({ code: 'channel-limit' })
    expect(errors.map(({ code }) => code)).toEqual(['channel-limit'])
    await rig.end()
  })

  it('go to newcomers until these have half as many as those who had most, and no further', async () => {
    const { rig, comes, many } = await full()
    const crowd = await many(30, () => '10.0.0.1')
    let isRoom = true
    let count = 0
    while (isRoom && count < 40) {
      isRoom = isIn(await comes('192.0.2.1'))
      if (isRoom) count++
      await rig.loop.advance(1000)
    }
    expect(count).toBe(10)
    expect(crowd.filter(isIn).length).toBe(20)
    expect(isIn(await comes('192.0.2.2'))).toBe(true)
    await rig.end()
  })

  it.each([
    ['one /24', (index: number) => `10.0.0.${index}`, '192.0.2.1', 'shut'],
    ['one /64', (index: number) => `2001:db8:7:1::${index}`, '2001:db8:8::1', 'open'],
    [
      'one /56',
      (index: number) => `2001:db8:7:1${index.toString(16).padStart(2, '0')}::1`,
      '2001:db8:8::1',
      'open',
    ],
    ['one /48', (index: number) => `2001:db8:7:${(index << 8).toString(16)}::1`, '2001:db8:8::1', 'open'],
    ['one address behind NAT64', () => '64:ff9b::a00:1', '64:ff9b::c000:201', 'open'],
    ['pairs', (index: number) => `10.${index >> 1}.0.1`, '192.0.2.1', 'open'],
    ['as many addresses', (index: number) => `10.${index}.0.1`, '192.0.2.1', 'shut'],
  ] as const)('that are taken from %s', async (_name, from, newcomer, outcome) => {
    const { rig, comes, many } = await full()
    await many(30, from)
    expect(isIn(await comes(newcomer))).toBe(outcome === 'open')
    await rig.end()
  })

  it('stay with channels that bring messages', async () => {
    const { rig, comes, many, speak } = await full()
    const crowd = await many(30, () => '10.0.0.1')
    for (const peer of crowd) speak(peer)
    await rig.loop.settle()
    expect(isIn(await comes('192.0.2.1'))).toBe(false)
    for (let second = 0; second < 12; second++) {
      for (const peer of crowd.slice(0, 29)) speak(peer)
      await rig.loop.advance(1000)
      const late = await comes('192.0.2.1')
      expect(isIn(late)).toBe(second >= 9)
      if (second >= 9) break
    }
    expect(crowd.map(isIn)).toEqual(crowd.map((_, index) => index < 29))
    await rig.end()
  })

  it('are taken from no one for a channel that is not admitted', async () => {
    const { rig, comes, many } = await full({ admit: (_data, address) => address !== '192.0.2.1' })
    const crowd = await many(30, () => '10.0.0.1')
    expect((await comes('192.0.2.1')).goodbye).toMatchObject({ code: 'not-admitted' })
    expect(crowd.every(isIn)).toBe(true)
    expect(isIn(await comes('192.0.2.2'))).toBe(true)
    await rig.end()
  })

  it('are all there for one address as long as no other comes, and where none is told', async () => {
    for (const address of ['10.0.0.1', undefined]) {
      const { rig, comes, many } = await full()
      expect((await many(30, () => address)).every(isIn)).toBe(true)
      expect((await comes(address)).goodbye).toMatchObject({ code: 'channel-limit' })
      await rig.end()
    }
  })

  it('of channels without a heartbeat that are dead go to the next peer', async () => {
    const { rig, comes, many, speak } = await full()
    const crowd = await many(30, (index) => `10.${index}.0.1`)
    for (let second = 0; second < 59; second++) {
      for (const peer of crowd.slice(0, 20)) speak(peer)
      expect(isIn(await comes('192.0.2.1'))).toBe(false)
      await rig.loop.advance(1000)
    }
    await rig.loop.advance(2000)
    expect(isIn(await comes('192.0.2.1'))).toBe(true)
    expect(crowd.filter((peer) => !isIn(peer)).map((peer) => crowd.indexOf(peer) >= 20)).toEqual([true])
    await rig.end()
  })

  it('count for nothing while there is room', async () => {
    const { rig, comes, many, accepting } = await full()
    const crowd = await many(29, () => '10.0.0.1')
    expect(isIn(await comes('192.0.2.1'))).toBe(true)
    expect(crowd.every(isIn)).toBe(true)
    crowd[3].end()
    await rig.loop.settle()
    expect(isIn(await comes('10.0.0.1'))).toBe(true)
    expect(accepting.channelCount).toBe(30)
    await rig.end()
  })
})

describe('maxChannelsPerAddress', () => {
  it('refuses the fourth channel of three from one address, and lets it in when one has ended', async () => {
    const { rig, comes, many, accepting } = await full({ maxChannelsPerAddress: 3 })
    const three = await many(3, () => '10.0.0.1')
    expect((await comes('10.0.0.1')).goodbye).toMatchObject({
      code: 'channel-limit',
      text: expect.stringContaining('3 channels from your address'),
    })
    expect((await comes('::ffff:10.0.0.1')).goodbye?.code).toBe('channel-limit')
    expect(isIn(await comes('10.0.0.2'))).toBe(true)
    three[0].end()
    await rig.loop.settle()
    expect(isIn(await comes('10.0.0.1'))).toBe(true)
    expect((await comes('10.0.0.1')).goodbye?.code).toBe('channel-limit')
    expect(accepting.channelCount).toBe(4)
    await rig.end()
  })
})
