import { RawPeer, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { PipeOptions } from './pipe-options.ts'

const encryption = { key: new Uint8Array(32).fill(7) }

/** A pipe, and links to it from wherever they are said to be. */
async function served(options: PipeOptions) {
  const rig = new Rig()
  const accepting = rig.pipe('server', options)
  await rig.until(accepting.bind())
  let from: string | undefined
  rig.network.connected = ({ accepted }) => {
    accepted.peerAddress = from
  }
  const comes = async (address: string | undefined) => {
    from = address
    const peer = await RawPeer.connect(rig.network, 'net://server')
    await rig.loop.settle()
    return peer
  }
  /** How many of so many links are let in. */
  const letIn = async (count: number, address: string | undefined | ((index: number) => string)) => {
    let taken = 0
    for (let index = 0; index < count; index++) {
      const peer = await comes(typeof address === 'function' ? address(index) : address)
      if (!peer.hasEnded && !peer.isGone) taken++
    }
    return taken
  }
  return { rig, accepting, comes, letIn, errors: rig.diary(accepting).errors }
}

describe('handshakes of an encrypted pipe', () => {
  it('are as many for one address as the burst, and then as the rate allows', async () => {
    const { rig, letIn, errors } = await served({ encryption, handshakeRate: 5, handshakeBurst: 10 })
    expect(await letIn(30, '10.0.0.1')).toBe(10)
    expect(errors.length).toBe(20)
    expect(errors[0]).toMatchObject({
      code: 'rate-limit',
      message: expect.stringMatching(/10\.0\.0\.1.*handshakeRate/),
    })
    expect(await letIn(1, '10.0.0.2')).toBe(1)
    await rig.loop.advance(1000)
    expect(await letIn(30, '10.0.0.1')).toBe(5)
    await rig.loop.advance(60_000)
    expect(await letIn(30, '::ffff:10.0.0.1')).toBe(10)
    expect(errors.filter(({ code }) => code === 'rate-limit').length).toBe(20 + 25 + 20)
    await rig.end()
  })

  it('cost nothing that is over the rate: no plan is made, no random byte drawn', async () => {
    const { rig, comes } = await served({ encryption, handshakeRate: 1, handshakeBurst: 1 })
    await comes('10.0.0.1')
    const drawn: number[] = []
    const { random } = rig.network.platform
    Object.assign(rig.network.platform, {
      random: (size: number) => {
        drawn.push(size)
        return random(size)
      },
    })
    for (let count = 0; count < 20; count++) {
      const peer = await comes('10.0.0.1')
      expect([peer.heard.length, peer.hasEnded || peer.isGone]).toEqual([0, true])
    }
    expect(drawn).toEqual([])
    await rig.end()
  })

  it.each([
    ['a /64', (index: number) => `2001:db8:1:1::${index}`, 10],
    ['a /56', (index: number) => `2001:db8:1:1${index.toString(16).padStart(2, '0')}::1`, 20],
    ['a /48', (index: number) => `2001:db8:1:${(index << 8).toString(16)}::1`, 40],
    ['NAT64', (index: number) => `64:ff9b::a00:${index.toString(16)}`, 60],
  ] as const)('are counted together from %s', async (_name, from, count) => {
    const { rig, letIn } = await served({ encryption, handshakeRate: 1, handshakeBurst: 10 })
    expect(await letIn(60, from)).toBe(count)
    await rig.end()
  })

  it('are not counted where no address is told, nor when the rate is Infinity, nor without encryption', async () => {
    const limits = { handshakeRate: 1, handshakeBurst: 2 }
    const cases = [
      [{ encryption, ...limits }, undefined],
      [{ encryption, ...limits, handshakeRate: Number.POSITIVE_INFINITY }, '10.0.0.1'],
      [limits, '10.0.0.1'],
    ] as const
    for (const [options, address] of cases) {
      const { rig, letIn } = await served(options)
      expect(await letIn(20, address)).toBe(20)
      await rig.end()
    }
  })
})

describe('questions to `admit`', () => {
  it('are as many for one address as the rate allows: the others are refused unasked', async () => {
    const asked: (string | undefined)[] = []
    const { rig, comes } = await served({
      handshakeRate: 1,
      handshakeBurst: 3,
      admit: async (_data, address) => {
        asked.push(address)
        return false
      },
    })
    const ask = async (address: string) => {
      const peer = await comes(address)
      peer.sendHello()
      await rig.loop.settle()
      return peer.goodbye
    }
    for (let count = 0; count < 3; count++)
      expect(await ask('10.0.0.1')).toMatchObject({ code: 'not-admitted', text: '' })
    expect(await ask('10.0.0.1')).toMatchObject({
      code: 'not-admitted',
      text: expect.stringContaining('too many attempts'),
    })
    expect(await ask('10.0.0.2')).toMatchObject({ code: 'not-admitted', text: '' })
    expect(asked).toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.0.2'])
    await rig.end()
  })
})
