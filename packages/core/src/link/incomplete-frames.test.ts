import { type Pipe, ProtoFactory } from '@millrace/core'
import { RawPeer, Rig } from '@millrace/testkit'
import { frameCode } from '@millrace/wire'
import { describe, expect, it } from 'vitest'

const half = Buffer.alloc(60_000, 0x20)

/** Peers that have said hello to a pipe of a factory with room for 100,000 bytes of incomplete frames. */
async function peers(count: number) {
  const rig = new Rig({ options: { incompleteBytesMax: 100_000 } })
  const server: Pipe = rig.pipe('server')
  await rig.until(server.bind())
  const raw: RawPeer[] = []
  for (let index = 0; index < count; index++) {
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.sendHello({ nonce: new Uint8Array(8).fill(index) })
    await rig.loop.settle()
    raw.push(peer)
  }
  return { rig, raw, accepted: rig.diary(server).accepted }
}

describe('frames that have begun and not ended', () => {
  it('have so much room over all channels; above it those end that began first, and the others go on', async () => {
    const { rig, raw, accepted } = await peers(4)
    const heard: number[] = []
    for (const channel of accepted) channel.on('n', (body) => void heard.push((body as string).length))
    const text = `"${'x'.repeat(119_998)}"`
    const frame = Buffer.concat([Buffer.of(1), Buffer.from('n'), Buffer.from(text)])
    for (const peer of raw) {
      peer.sendFrame(frameCode.namedMessage, frame.subarray(0, 60_000), frame.length)
      await rig.loop.advance(1)
    }
    expect(accepted.map(({ reason }) => reason?.code)).toEqual([
      'receive-overflow',
      'receive-overflow',
      'receive-overflow',
      undefined,
    ])
    raw[3].send(frame.subarray(60_000))
    await rig.loop.settle()
    expect(heard).toEqual([119_998])
    await rig.end()
  })

  it('give their room back when they end, with their channel too', async () => {
    const { rig, raw, accepted } = await peers(3)
    for (let round = 0; round < 5; round++) {
      raw[0].sendFrame(frameCode.namedMessage, [1, 0x6e, ...half], 2 + 60_002)
      await rig.loop.settle()
      raw[0].send([0x20, 0x31])
      await rig.loop.settle()
    }
    raw[1].sendFrame(frameCode.namedMessage, half, 120_000)
    await rig.loop.settle()
    accepted[1].destroy()
    raw[2].sendFrame(frameCode.namedMessage, half, 120_000)
    await rig.loop.settle()
    expect(accepted.map(({ reason }) => reason?.code)).toEqual([undefined, 'destroyed', undefined])
    await rig.end()
  })

  it('are not those of peers that send whole frames, however large and many', async () => {
    const { rig, raw, accepted } = await peers(3)
    for (let round = 0; round < 20; round++) {
      for (const peer of raw)
        peer.sendFrame(frameCode.namedMessage, [1, 0x6e, 0x22, ...Buffer.alloc(59_000, 0x20), 0x22])
      await rig.loop.settle()
    }
    expect(accepted.map(({ reason }) => reason)).toEqual([undefined, undefined, undefined])
    await rig.end()
  })

  it('have a limit that is a positive number', () => {
    const { network } = new Rig()
    expect(() => new ProtoFactory({ platform: network.platform, incompleteBytesMax: 0 })).toThrowError(
      expect.objectContaining({
        code: 'argument-invalid',
        message: expect.stringContaining('incompleteBytesMax'),
      }),
    )
  })
})
