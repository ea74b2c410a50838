import { noblePrimitives } from '@millrace/cipher'
import { FakeNetwork, plain, VirtualLoop } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { Channel } from '../channel/channel.ts'
import { noiseCode } from '../noise.ts'
import { ProtoFactory } from '../pipe/proto-factory.ts'
import type { AnyMessages } from '../pipe/target-types.ts'
import type { EncryptionCode } from '../ports/encryption.ts'
import { encryptionLoader } from './encryption-loader.ts'

const key = new Uint8Array(32).fill(7)

/** A platform that takes its time to load what encrypts. */
function lateCode(outcome: 'comes' | 'fails') {
  const loop = new VirtualLoop()
  const network = new FakeNetwork(loop, { seed: 1 })
  const random = (size: number) => network.random.bytes(size)
  let loads = 0
  const loader = encryptionLoader(() => {
    loads++
    return new Promise<EncryptionCode>((resolve, reject) => {
      loop.wakeAt(loop.now() + 200, () => {
        if (outcome === 'fails') reject(new Error('no such module'))
        else resolve(noiseCode({ primitives: noblePrimitives, random }))
      })
    })
  })
  const factory = new ProtoFactory({ platform: { ...network.platform, encryption: loader } })
    .add('net', network.streams())
    .add('chat', plain())
  return { loop, factory, loads: () => loads }
}

describe('code that encrypts', () => {
  it('is refused primitives that generate no keys, where it has no random bytes to make them of', () => {
    const code = noiseCode({ primitives: noblePrimitives })
    expect(() => code.prepare({ key }, 'accepted')).toThrow(
      expect.objectContaining({
        code: 'argument-invalid',
        message: 'encryption: primitives noble need random',
      }),
    )
  })

  it('is loaded when the first pipe needs it, and not before', async () => {
    const { loop, factory, loads } = lateCode('comes')
    const clear = factory.create('net', 'clear', 'chat')
    await loop.until(clear.bind())
    await loop.until(clear.open())
    const server = factory.create('net', 'server', 'chat', { encryption: { key } })
    expect(loads()).toBe(0)
    await loop.until(server.bind())
    const client = factory.create('net', 'server', 'chat', { encryption: { key } })
    expect((await loop.until(client.open())).encryption?.suite).toContain('NNpsk0')
    expect(loads()).toBe(1)
    for (const pipe of [clear, server, client]) pipe.destroy()
    await loop.advance(10_000)
  })

  it('may come late for an open channel: what is sent meanwhile waits, by the key as it was', async () => {
    for (const first of ['opened', 'accepted'] as const) {
      const { loop, factory } = lateCode('comes')
      const server = factory.create('net', 'server', 'chat')
      const client = factory.create('net', 'server', 'chat')
      await loop.until(server.bind())
      const opened = (await loop.until(client.open())) as unknown as Channel<AnyMessages>
      const sides = { opened, accepted: [...server.channels()][0] as unknown as Channel<AnyMessages> }
      const heard: unknown[] = []
      const other = first === 'opened' ? 'accepted' : 'opened'
      sides[other].on('n', (n: unknown) => void heard.push(n))
      const given = new Uint8Array(key)
      const done = [sides[first].setEncryption(given)]
      given.fill(0)
      sides[first].send('n', 1)
      await loop.advance(50)
      done.push(sides[other].setEncryption(key))
      await expect(sides[first].setEncryption(key)).rejects.toMatchObject({ code: 'already-open' })
      sides[first].send('n', 2)
      expect(heard).toEqual([])
      await loop.until(Promise.all(done))
      await loop.advance(50)
      expect(heard).toEqual([1, 2])
      expect(sides.opened.encryption?.handshakeHash).toEqual(sides.accepted.encryption?.handshakeHash)
      for (const pipe of [server, client]) pipe.destroy()
      await loop.advance(10_000)
    }
  })

  it('that cannot be loaded fails what asked for it, and says why', async () => {
    const { loop, factory } = lateCode('fails')
    const sealed = factory.create('net', 'server', 'chat', { encryption: { key } })
    await expect(loop.until(sealed.bind())).rejects.toThrow('no such module')
    const server = factory.create('net', 'server', 'chat')
    await loop.until(server.bind())
    const channel = await loop.until(server.open())
    await expect(loop.until(channel.setEncryption(key))).rejects.toMatchObject({
      code: 'encryption-failed',
      message: expect.stringContaining('no such module'),
    })
    expect(channel.reason?.code).toBe('encryption-failed')
    for (const pipe of [sealed, server]) pipe.destroy()
    await loop.advance(10_000)
  })
})
