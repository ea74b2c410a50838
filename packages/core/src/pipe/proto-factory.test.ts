import { FakeNetwork, plain, Rig, VirtualLoop } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import { noise } from '../noise.ts'
import type { Platform } from '../ports/platform.ts'
import type { StreamTransport } from '../ports/transport.ts'
import { Proto } from './proto.ts'
import { ProtoFactory } from './proto-factory.ts'

function networkOf(loop = new VirtualLoop()) {
  return new FakeNetwork(loop, { seed: 1 })
}

describe('a proto factory', () => {
  it('knows what was added, until it is removed', () => {
    const network = networkOf()
    const factory = new ProtoFactory({ platform: network.platform })
      .add('net', network.streams())
      .add('chat', plain())
    expect(factory.has('net') && factory.has('chat')).toBe(true)
    expect(factory.describe()).toBe('proto factory: transports net; protocols chat')
    expect(factory.remove('chat')).toBe(true)
    expect(factory.remove('chat')).toBe(false)
    expect(factory.has('chat')).toBe(false)
    expect(factory.describe()).toBe('proto factory: transports net; protocols none')
    expect(() => factory.create('net', 'x', 'chat')).toThrowError(
      expect.objectContaining({ code: 'protocol-unknown' }),
    )
  })

  it('lists what it knows when asked for what it does not know', () => {
    const network = networkOf()
    const factory = new ProtoFactory({ platform: network.platform })
      .add('net', network.streams())
      .add('gram', network.datagrams())
      .add('chat', plain())
      .add('game', plain())
    // @ts-expect-error: the compiler knows it as well
    expect(() => factory.create('carrier-pigeon', 'x', 'chat')).toThrowError(
      expect.objectContaining({
        code: 'transport-unknown',
        message: "no transport 'carrier-pigeon'; known are: net, gram",
      }),
    )
    expect(() => factory.create('net', 'x', 'chess' as 'chat')).toThrowError(
      expect.objectContaining({
        code: 'protocol-unknown',
        message: "no protocol 'chess'; known are: chat, game",
      }),
    )
    const empty = new ProtoFactory({ platform: network.platform })
    // @ts-expect-error: the compiler knows it as well
    expect(() => empty.create('net', 'x', 'y')).toThrowError(/none: add/)
  })

  it('wants a platform', () => {
    for (const options of [{}, { platform: undefined }]) {
      expect(() => new ProtoFactory(options as never)).toThrowError(
        expect.objectContaining({
          code: 'argument-invalid',
          message: expect.stringContaining('nodePlatform'),
        }),
      )
    }
  })

  it('runs all its pipes on its platform, whatever the transport, and gives them one pool', async () => {
    const loop = new VirtualLoop()
    const [own, foreign] = [networkOf(loop), networkOf(loop)]
    const allocated: number[] = []
    const bound: unknown[] = []
    const topic = { hasSubscribers: true, publish: (message: unknown) => void bound.push(message) }
    const platform = {
      ...own.platform,
      diagnostics: { channel: () => topic },
      allocate: (size: number) => {
        allocated.push(size)
        return new Uint8Array(size)
      },
    }
    const factory = new ProtoFactory({ platform })
      .add('own', own.streams())
      .add('foreign', foreign.streams())
      .add('chat', plain())
    const pipes = [factory.create('own', 'x', 'chat'), factory.create('foreign', 'x', 'chat')]
    for (const pipe of pipes) await loop.until(pipe.bind())
    expect(bound).toEqual(pipes.map((pipe) => ({ pipe })))
    factory.pool.take(1000)
    expect(allocated).toContain(1024)
  })

  it('opens channels on a platform where pipes do not bind, and says what binding wants', async () => {
    const loop = new VirtualLoop()
    const network = networkOf(loop)
    const { accepting: _, ...platform } = network.platform
    const factoryOn = (platform: Platform) =>
      new ProtoFactory({ platform }).add('net', network.streams()).add('chat', plain())
    const server = await loop.until(factoryOn(network.platform).create('net', 'x', 'chat').bind())
    const client = factoryOn(platform).create('net', 'x', 'chat')
    await expect(client.bind()).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('`accepting` of @millrace/core'),
    })
    expect(await loop.until(client.open())).toMatchObject({ isOpen: true })
    expect([client.address?.text, client.describe()]).toEqual([
      'net://x',
      "pipe net://x 'chat' fresh, 1 channels",
    ])
    expect(client.statistics()).toMatchObject({ openChannels: 1, handshakes: 0, datagramsDropped: 0 })
    await loop.until(client.close())
    expect(await loop.until(client.open())).toMatchObject({ isOpen: true })
    let destroyed = 0
    client.on('destroy', () => void destroyed++).destroy()
    server.destroy()
    await loop.advance(10_000)
    expect(destroyed).toBe(1)
  })

  it('ends a channel that its peer begins to encrypt where no code encrypts', async () => {
    const loop = new VirtualLoop()
    const network = networkOf(loop)
    const { encryption: _, ...platform } = network.platform
    const factoryOn = (platform: Platform) =>
      new ProtoFactory({ platform }).add('net', network.streams()).add('chat', plain())
    const server = await loop.until(factoryOn(platform).create('net', 'x', 'chat').bind())
    const client = factoryOn(network.platform).create('net', 'x', 'chat')
    const channel = await loop.until(client.open())
    const [accepted] = server.channels()
    await expect(loop.until(channel.setEncryption(new Uint8Array(32).fill(1)))).rejects.toMatchObject({
      code: 'encryption-failed',
      message: expect.stringContaining('brings no code that encrypts'),
    })
    expect([channel.reason?.code, accepted.reason?.code]).toEqual(['encryption-failed', 'encryption-failed'])
    for (const pipe of [server, client]) pipe.destroy()
    await loop.advance(10_000)
  })

  it('works on a platform without code that encrypts, and refuses what asks for it', async () => {
    const loop = new VirtualLoop()
    const network = networkOf(loop)
    const { encryption: _, ...platform } = network.platform
    const factory = new ProtoFactory({ platform }).add('net', network.streams()).add('chat', plain())
    const server = await loop.until(factory.create('net', 'x', 'chat').bind())
    const client = factory.create('net', 'x', 'chat')
    const channel = await loop.until(client.open())
    const unsupported = expect.objectContaining({ code: 'unsupported' })
    await expect(channel.setEncryption(new Uint8Array(32).fill(1))).rejects.toEqual(unsupported)
    const encryption = { key: new Uint8Array(32).fill(1) }
    expect(() => factory.create('net', 'y', 'chat', { encryption })).toThrowError(unsupported)
    const sealed = factory.create('net', 'y', 'chat', {
      encryption: noise(encryption, {
        primitives: network.primitives,
        random: (size) => network.random.bytes(size),
      }),
    })
    await loop.until(sealed.bind())
    expect((await loop.until(sealed.open())).encryption?.suite).toBe('Noise_NNpsk0_25519_ChaChaPoly_SHA256')
    for (const pipe of [server, client, sealed]) pipe.destroy()
    await loop.advance(10_000)
    expect(network.leftovers()).toEqual([])
  })

  it('takes no name twice, no empty one, and nothing that is no plug-in', () => {
    const factory = new ProtoFactory({ platform: networkOf().platform }).add('chat', plain())
    expect(() => factory.add('chat', plain())).toThrowError(expect.objectContaining({ code: 'name-taken' }))
    expect(() => factory.add('', plain())).toThrowError(expect.objectContaining({ code: 'argument-invalid' }))
    for (const wrong of [undefined, {}, { kind: 'else' }, () => plain()]) {
      expect(() => factory.add('new', wrong as never)).toThrowError(
        expect.objectContaining({ code: 'argument-invalid' }),
      )
    }
  })

  it('knows nothing of another one', async () => {
    const [one, two] = [new Rig(), new Rig()]
    one.factory.add('secret', plain())
    expect(two.factory.has('secret')).toBe(false)
    await one.until(one.pipe('place').bind())
    await two.until(two.pipe('place').bind())
    expect(await two.failureOf(two.pipe('elsewhere').open('local'))).toMatchObject({ code: 'connect-failed' })
    await one.end()
    await two.end()
  })

  it('lets pipes go on that use what was removed', async () => {
    const rig = new Rig()
    const accepting = rig.pipe()
    const opening = rig.pipe()
    rig.factory.remove('test')
    rig.factory.remove('net')
    await rig.until(accepting.bind())
    expect((await rig.until(opening.open())).isOpen).toBe(true)
    await rig.end()
  })

  it('gives its options to its pipes, which may have their own', async () => {
    const rig = new Rig({ options: { handshakeTimeoutMs: 123, name: 'shared' } })
    expect(rig.pipe().describe()).toContain("'shared'")
    expect(rig.pipe('x', { name: 'own' }).describe()).toContain("'own'")
    await rig.end()
  })

  it('checks the arguments of a pipe', () => {
    const network = networkOf()
    const factory = new ProtoFactory({ platform: network.platform })
      .add('net', network.streams())
      .add('chat', plain())
    expect(() => factory.create('net', '', 'chat')).toThrowError(
      expect.objectContaining({ code: 'address-invalid' }),
    )
    for (const options of [
      { maxOpenChannels: 0 },
      { messageSizeMax: Number.NaN },
      { stallTimeoutMs: '5' as never },
    ]) {
      expect(() => factory.create('net', 'x', 'chat', options)).toThrowError(
        expect.objectContaining({
          code: 'argument-invalid',
          message: expect.stringContaining(Object.keys(options)[0]),
        }),
      )
    }
  })
})

describe('a pipe with a name only', () => {
  it('gets its address by bind', async () => {
    const rig = new Rig()
    const pipe = rig.factory.create('lobby')
    rig.watch(pipe)
    expect(pipe.address).toBeUndefined()
    expect(pipe.describe()).toContain("pipe 'lobby' nowhere")
    expect(await rig.failureOf(pipe.open())).toMatchObject({ code: 'not-bound' })
    expect(await rig.failureOf(pipe.bind())).toMatchObject({
      code: 'not-bound',
      message: expect.stringContaining("bind('tcp'"),
    })
    pipe.setMaxOpenChannels(1)
    await rig.until(pipe.bind('net', 'server', 'test'))
    expect(pipe.address?.text).toBe('net://server')
    const opening = rig.pipe()
    await rig.until(opening.open())
    expect(await rig.failureOf(opening.open())).toMatchObject({ code: 'channel-limit' })
    expect(await rig.failureOf(pipe.bind('net', 'other', 'test'))).toMatchObject({ code: 'already-open' })
    await rig.end()
  })

  it('says what is wrong with the words of bind, and can be bound after', async () => {
    const rig = new Rig()
    const pipe = rig.factory.create('lobby')
    rig.watch(pipe)
    // @ts-expect-error: the compiler knows it as well
    expect(await rig.failureOf(pipe.bind('net', 'server', 'nonsense'))).toMatchObject({
      code: 'protocol-unknown',
    })
    // @ts-expect-error: the compiler knows it as well
    expect(await rig.failureOf(pipe.bind('nonsense', 'server', 'test'))).toMatchObject({
      code: 'transport-unknown',
    })
    await rig.until(pipe.bind('net', 'server', 'test'))
    await rig.end()
  })
})

describe('bind', () => {
  it('says why it failed, and can be tried again', async () => {
    const rig = new Rig()
    const pipe = rig.pipe()
    rig.network.fail('listen', Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }))
    expect(await rig.failureOf(pipe.bind())).toMatchObject({
      code: 'listen-failed',
      message: expect.stringContaining('no such host'),
    })
    const first = rig.pipe()
    await rig.until(first.bind())
    expect(await rig.failureOf(pipe.bind())).toMatchObject({ code: 'address-in-use' })
    await rig.until(first.close())
    await rig.until(pipe.bind())
    expect(await rig.failureOf(pipe.bind())).toMatchObject({ code: 'already-open' })
    await rig.end()
  })

  it('lives on when a connection cannot be taken', async () => {
    const rig = new Rig()
    const pipe = rig.pipe()
    await rig.until(pipe.bind())
    rig.network.fail('accept', Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' }))
    const failure = await rig.failureOf(rig.pipe().open())
    expect(failure.code).toMatch(/link-failed|handshake-failed/)
    const [error] = rig.diary(pipe).errors
    expect(error.message).toContain('EMFILE')
    expect((await rig.until(rig.pipe().open())).isOpen).toBe(true)
    await rig.end()
  })
})

describe('getProto', () => {
  it('gives the plug-ins of a pipe as what they are', async () => {
    class Settings implements StreamTransport {
      readonly carries = 'bytes'
      noDelay = true
      listen(): never {
        throw new Error('unused')
      }
      connect(): never {
        throw new Error('unused')
      }
    }
    class Other {}
    const rig = new Rig()
    const settings = new Settings()
    const plugin = { ...rig.network.streams(), create: () => settings }
    const pipe = rig.factory.add('special', plugin).create('special', 'x', 'test')
    expect(pipe.getProto()).toBeInstanceOf(Proto)
    expect(pipe.getProto().as(Settings)).toBe(settings)
    expect(() => pipe.getProto().as(Other)).toThrowError(
      expect.objectContaining({ code: 'proto-mismatch', message: expect.stringContaining('Settings') }),
    )
    await rig.end()
  })
})
