import { randomBytes } from 'node:crypto'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noblePrimitives } from '@millrace/cipher'
import {
  bits,
  type Channel,
  type CloseReason,
  contract,
  type EncryptionOptions,
  type MessagesOf,
  type PendingChannel,
  type Pipe,
  type PipeOptions,
  ProtoFactory,
  request,
  text,
  u32,
} from 'millrace'
import { nodePlatform } from 'millrace/extend'
import { afterEach, describe, expect, it } from 'vitest'
import { portOf } from '../fixtures/tcp-pair.ts'
import { until, within } from '../fixtures/until.ts'

const game = contract({ say: { line: text(40_000) }, count: u32, ask: request(u32, u32) })
type Game = MessagesOf<typeof game>

const net = new ProtoFactory().add('game', bits(game))
const { random } = nodePlatform
const identity = () => noblePrimitives.dh.pair(random(32))
const key = randomBytes(32)

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Sides {
  readonly server: Pipe<Game>
  readonly client: Pipe<Game>
  readonly accepted: Channel<Game>[]
  readonly errors: string[]
  readonly closed: CloseReason[]
}

function watched(made: Pipe<Game>): Pipe<Game> {
  ends.push(() => made[Symbol.asyncDispose]())
  return made
}

/** A bound server, and a client that has not opened anything yet, perhaps with a man in the middle. */
async function sides(
  serverOptions: PipeOptions,
  clientOptions: PipeOptions,
  between?: (port: number) => Promise<number>,
): Promise<Sides> {
  const server = watched(net.create('tcp', '127.0.0.1', 0, 'game', serverOptions))
  const accepted: Channel<Game>[] = []
  const errors: string[] = []
  const closed: CloseReason[] = []
  server.on('accepted', (_pipe, channel) => void accepted.push(channel))
  server.on('error', (_pipe, error) => void errors.push(error.message))
  server.on('close', (_pipe, _channel, reason) => void closed.push(reason))
  await server.bind()
  const port = between === undefined ? portOf(server) : await between(portOf(server))
  const client = watched(net.create('tcp', '127.0.0.1', port, 'game', clientOptions))
  return { server, client, accepted, errors, closed }
}

/** A man in the middle that changes what the client (or the server) sends. */
function meddler(
  change: (bytes: Buffer, from: 'client' | 'server', to: Socket) => void,
): (port: number) => Promise<number> {
  return async (port) => {
    const sockets: Socket[] = []
    const proxy: Server = createServer((near) => {
      const far = connect(port, '127.0.0.1')
      sockets.push(near, far)
      near.on('data', (bytes) => change(bytes, 'client', far))
      far.on('data', (bytes) => change(bytes, 'server', near))
      near.on('end', () => far.end())
      far.on('end', () => near.end())
      for (const socket of [near, far]) socket.on('error', () => {})
      near.on('close', () => far.destroy())
      far.on('close', () => near.destroy())
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    ends.push(() => {
      for (const socket of sockets) socket.destroy()
      proxy.close()
    })
    return (proxy.address() as { port: number }).port
  }
}

const bothKeys: EncryptionOptions = { key }
const serverKeys = identity()
const clientKeys = identity()

const pairs: [string, EncryptionOptions, EncryptionOptions][] = [
  ['a shared key', bothKeys, bothKeys],
  ['a shared key, AES-256-GCM', { key, algorithm: 'aes-256-gcm' }, { key, algorithm: 'aes-256-gcm' }],
  [
    'a suite in full',
    { key, algorithm: 'Noise_NNpsk0_25519_AESGCM_BLAKE2b' },
    { key, algorithm: 'Noise_NNpsk0_25519_AESGCM_BLAKE2b' },
  ],
  ['XX', { pattern: 'XX', identity: serverKeys }, { pattern: 'XX', identity: clientKeys, anyPeer: true }],
  ['NK', { pattern: 'NK', identity: serverKeys }, { pattern: 'NK', peerKey: serverKeys.publicKey }],
  [
    'IK',
    { pattern: 'IK', identity: serverKeys },
    { pattern: 'IK', identity: clientKeys, peerKey: serverKeys.publicKey },
  ],
  [
    'XK',
    { pattern: 'XK', identity: serverKeys },
    { pattern: 'XK', identity: clientKeys, peerKey: serverKeys.publicKey },
  ],
]

describe.each(pairs)('a pipe encrypted by %s', (_, ofServer, ofClient) => {
  it('carries messages, requests and large bodies both ways, and nothing in clear', async () => {
    const seen: Buffer[] = []
    const { client, accepted } = await sides(
      { encryption: ofServer },
      { encryption: ofClient },
      meddler((bytes, _from, to) => {
        seen.push(Buffer.from(bytes))
        to.write(bytes)
      }),
    )
    const channel = await within('a channel', client.open())
    await until('the server has it', () => accepted.length === 1)
    const [player] = accepted
    const lines: string[] = []
    player.on('say', ({ line }) => void lines.push(line))
    player.on('ask', (n) => n + 1)
    channel.on('say', ({ line }) => void lines.push(line))
    const secret = 'a very secret line '
    channel.send('say', { line: secret.repeat(2000) })
    for (let i = 0; i < 300; i++) channel.send('say', { line: `${secret}${i}` })
    player.send('say', { line: `back ${secret}` })
    expect(await channel.request('ask', 41)).toBe(42)
    await until('all lines', () => lines.length === 302)
    expect(lines.filter((line) => line.startsWith(secret)).length).toBe(301)
    const wire = Buffer.concat(seen)
    expect(wire.length).toBeGreaterThan(40_000)
    expect(wire.includes('secret')).toBe(false)
    expect(wire.includes('bits')).toBe(false)
    expect(channel.encryption?.handshakeHash).toEqual(player.encryption?.handshakeHash)
    expect(channel.encryption?.handshakeHash.some((byte) => byte !== 0)).toBe(true)
    expect(key.some((byte) => byte !== 0)).toBe(true)
    expect(channel.encryption?.suite).toMatch(/^Noise_/)
    const isMutual = 'pattern' in ofClient && ofClient.pattern !== 'NK'
    expect(player.encryption?.peerKey?.length).toBe(isMutual ? 32 : undefined)
    if (isMutual) expect(Buffer.compare(player.encryption!.peerKey!, clientKeys.publicKey)).toBe(0)
    expect(await channel.close('bye')).toMatchObject({ code: 'closed', by: 'local', text: 'bye' })
    await until('the server knows', () => player.reason !== undefined)
    expect(player.reason).toMatchObject({ code: 'closed', by: 'remote', text: 'bye' })
  })
})

describe('a pipe that is encrypted', () => {
  it('also over ipc', async () => {
    const path = join(tmpdir(), `millrace-${process.pid}-sealed.sock`)
    const server = watched(net.create('ipc', path, 'game', { encryption: bothKeys }))
    await server.bind()
    const client = watched(net.create('ipc', path, 'game', { encryption: bothKeys }))
    server.on('accepted', (_pipe, player) => void player.on('ask', (n) => n * 2))
    const channel = await within('a channel', client.open())
    expect(await channel.request('ask', 21)).toBe(42)
  })

  it.each<[string, EncryptionOptions | undefined, EncryptionOptions | undefined]>([
    ['another key', { key }, { key: randomBytes(32) }],
    ['another algorithm', { key }, { key, algorithm: 'aes-256-gcm' }],
    ['another pattern', { key }, { pattern: 'XX', identity: clientKeys, anyPeer: true }],
    ['no encryption on this side', undefined, { key }],
    ['no encryption on that side', { key }, undefined],
    [
      'another server key than expected',
      { pattern: 'NK', identity: serverKeys },
      { pattern: 'NK', peerKey: clientKeys.publicKey },
    ],
  ])('does not open to %s', async (_, ofServer, ofClient) => {
    const withOf = (encryption: EncryptionOptions | undefined): PipeOptions => ({
      handshakeTimeoutMs: 300,
      ...(encryption === undefined ? {} : { encryption }),
    })
    const { client, accepted, errors } = await sides(withOf(ofServer), withOf(ofClient))
    await expect(within('the end', client.open())).rejects.toThrow(
      /encryption|did not say hello|without a goodbye|hello/,
    )
    await until('the server says why', () => errors.length === 1)
    expect(accepted).toEqual([])
  })

  it('asks who may come in, by the proven key and before accepted', async () => {
    const asked: [string, boolean][] = []
    const may = (good: Uint8Array) => async (peerKey: Uint8Array, channel: PendingChannel) => {
      asked.push([Buffer.from(peerKey).toString('hex'), channel.isOpen])
      await new Promise((resolve) => setImmediate(resolve))
      return Buffer.compare(peerKey, good) === 0
    }
    const authorise = may(clientKeys.publicKey)
    const { client, accepted, errors, server } = await sides(
      { encryption: { pattern: 'XX', identity: serverKeys, authorise } },
      { encryption: { pattern: 'XX', identity: clientKeys, authorise: may(serverKeys.publicKey) } },
    )
    await within('a channel', client.open())
    await until('the server has it', () => accepted.length === 1)
    expect(asked).toEqual([
      [Buffer.from(serverKeys.publicKey).toString('hex'), false],
      [Buffer.from(clientKeys.publicKey).toString('hex'), false],
    ])
    const stranger = watched(
      net.create('tcp', '127.0.0.1', portOf(server), 'game', {
        encryption: { pattern: 'XX', identity: identity(), anyPeer: true },
      }),
    )
    await expect(within('the end', stranger.open())).rejects.toMatchObject({
      code: expect.stringMatching(/link-failed|encryption-failed/),
    })
    await until('the server says why', () => errors.length === 1)
    expect(errors[0]).toContain('authorise refused the key of the peer')
    expect(accepted.length).toBe(1)
  })

  it.each<[string, (bytes: Buffer) => Buffer]>([
    [
      'flips a bit',
      (bytes) => bytes.fill(bytes[bytes.length - 20] ^ 1, bytes.length - 20, bytes.length - 19),
    ],
    ['drops a byte', (bytes) => bytes.subarray(0, -1)],
    ['repeats what was sent', (bytes) => Buffer.concat([bytes, bytes])],
    ['puts something in', (bytes) => Buffer.concat([Buffer.from([40, 0]), randomBytes(40), bytes])],
  ])('ends when a man in the middle %s, and delivers nothing of it', async (_, change) => {
    let isMeddling = false
    const { client, accepted, closed } = await sides(
      { encryption: bothKeys },
      { encryption: bothKeys },
      meddler((bytes, from, to) =>
        to.write(isMeddling && from === 'client' ? change(Buffer.from(bytes)) : bytes),
      ),
    )
    const channel = await within('a channel', client.open())
    await until('the server has it', () => accepted.length === 1)
    const heard: number[] = []
    accepted[0].on('count', (n) => void heard.push(n))
    let sent = 1
    channel.send('count', sent)
    await until('the first', () => heard.length === 1)
    isMeddling = true
    await until('the server ends it', () => {
      channel.send('count', ++sent)
      return closed.length === 1
    })
    expect(closed[0]).toMatchObject({
      code: 'encryption-failed',
      what: expect.stringContaining('a record was refused'),
    })
    // What was sealed before the first change may come; nothing comes twice, and nothing out of its order.
    expect(heard).toEqual(heard.map((_, index) => index + 1))
    expect((await channel.closed).code).toMatch(/link-ended|link-failed/)
  })

  it('replay of message 1: an IK handshake that was recorded opens nothing, and authorise is not asked', async () => {
    const asked: string[] = []
    const recorded: Buffer[] = []
    let port = 0
    const { client, accepted, errors } = await sides(
      {
        handshakeTimeoutMs: 2500,
        encryption: {
          pattern: 'IK',
          identity: serverKeys,
          authorise: (peerKey) => {
            asked.push(Buffer.from(peerKey).toString('hex'))
            return true
          },
        },
      },
      { encryption: { pattern: 'IK', identity: clientKeys, peerKey: serverKeys.publicKey } },
      async (real) => {
        port = real
        return await meddler((bytes, from, to) => {
          if (from === 'client') recorded.push(Buffer.from(bytes))
          to.write(bytes)
        })(real)
      },
    )
    await within('a channel', client.open())
    await until('the server has it', () => accepted.length === 1)
    expect(asked).toEqual([Buffer.from(clientKeys.publicKey).toString('hex')])
    for (const bytes of [recorded[0], Buffer.concat(recorded)]) {
      const before = errors.length
      const socket = connect(port, '127.0.0.1')
      ends.push(() => socket.destroy())
      socket.on('error', () => {})
      socket.write(bytes)
      await until('the server gives up', () => errors.length > before)
    }
    expect(errors[0]).toContain('did not say hello within 2500 ms')
    expect(errors[1]).toContain('a record was refused: forged')
    expect([asked.length, accepted.length]).toEqual([1, 1])
  })

  it('tells a cut from an end', async () => {
    let cut: Socket | undefined
    const { client, accepted, closed } = await sides(
      { encryption: bothKeys },
      { encryption: bothKeys },
      meddler((bytes, from, to) => {
        if (from === 'client') cut = to
        to.write(bytes)
      }),
    )
    await within('a channel', client.open())
    await until('the server has it', () => accepted.length === 1)
    cut?.end()
    await until('the server knows', () => closed.length === 1)
    expect(closed[0]).toEqual({ code: 'link-ended' })
  })

  it('says so when the last words of the peer were changed, even to the side that has closed', async () => {
    let isMeddling = false
    const { client, accepted } = await sides(
      { encryption: bothKeys },
      { encryption: bothKeys },
      meddler((bytes, from, to) => {
        if (isMeddling && from === 'server') bytes[bytes.length - 1] ^= 1
        to.write(bytes)
      }),
    )
    const channel = await within('a channel', client.open())
    await until('the server has it', () => accepted.length === 1)
    isMeddling = true
    accepted[0].send('count', 1)
    const reason = await within('the end', channel.close('bye'))
    expect(reason).toMatchObject({ code: 'encryption-failed', what: 'a record was refused: forged' })
  })

  it('says what its options lack before anything is sent', async () => {
    const make = (encryption: unknown) =>
      watched(net.create('tcp', '127.0.0.1', 1, 'game', { encryption } as PipeOptions))
    expect(() => make({ key: 'secret' })).toThrow('a pass phrase is no key')
    expect(() => make({ key: new Uint8Array(16) })).toThrow('key must be a Uint8Array of 32 bytes, not 16')
    expect(() => make({ key, algorithm: 'rot13' })).toThrow(
      "algorithm is 'chacha20-poly1305', 'aes-256-gcm' or a Noise suite; got 'rot13'",
    )
    expect(() => make({ key, algorithm: 'Noise_XX_25519_AESGCM_SHA256' })).toThrow(
      'the suite for this is Noise_NNpsk0_',
    )
    expect(() => make({ pattern: 'KK' })).toThrow("pattern is one of XX, NK, IK, XK; got 'KK'")
    expect(() => make({ pattern: 'NK' })).toThrow(
      "accepting, 'NK' needs identity; opening, 'NK' needs peerKey",
    )
    await expect(make({ pattern: 'NK', identity: serverKeys }).open()).rejects.toThrow(
      "opening, identity is not shown by the opening side of 'NK'",
    )
  })
})

describe('a channel that begins to encrypt, and a meddler on the way before', () => {
  /** Waits for both ends of an attempt: what each side was told, and what the server heard in clear. */
  async function meddled(change: (bytes: Buffer, from: 'client' | 'server', to: Socket) => void, comes = 2) {
    const { client, accepted, closed } = await sides({}, { messageSizeMax: 50_000 }, meddler(change))
    const channel = await within('a channel', client.open('remote', { data: Buffer.from('ticket A') }))
    await until('the server has it', () => accepted.length === 1)
    const [player] = accepted
    const heard: number[] = []
    player.on('count', (n) => void heard.push(n))
    channel.on('count', (n) => void heard.push(n))
    channel.send('count', 1)
    player.send('count', 2)
    await until('what comes in clear', () => heard.length === comes)
    const both = await Promise.allSettled([
      channel.setEncryption(key),
      player.setEncryption(key).then(() => player.send('count', 3)),
    ])
    if (both.every(({ status }) => status === 'fulfilled')) {
      await until('what is sealed', () => heard.includes(3))
      return { heard, reasons: [] }
    }
    await until('the end', () => channel.reason !== undefined && closed.length === 1)
    return { heard, reasons: [channel.reason, closed[0]] as CloseReason[] }
  }

  const isHello = (bytes: Buffer) => bytes.includes('MLRC')
  const isCipher = (bytes: Buffer) => bytes.includes(0x85)
  const forward = (bytes: Buffer, to: Socket) => void to.write(bytes)
  const bytesDiffer = /what went in clear was changed on the way: the peer sent \d+ bytes, and \d+ came/
  const hellosDiffer = /the hellos were changed on the way/

  it('opens when nothing meddles', async () => {
    const { heard, reasons } = await meddled((bytes, _from, to) => forward(bytes, to))
    expect([reasons, heard.sort()]).toEqual([[], [1, 2, 3]])
  })

  it.each<[string, number, RegExp, (bytes: Buffer, from: 'client' | 'server') => Buffer]>([
    [
      'puts a message in, to the server',
      3,
      bytesDiffer,
      (bytes, from) =>
        from === 'client' && !isHello(bytes) && !isCipher(bytes) ? Buffer.concat([bytes, bytes]) : bytes,
    ],
    [
      'puts a message in, to the client',
      3,
      bytesDiffer,
      (bytes, from) =>
        from === 'server' && !isHello(bytes) && !isCipher(bytes) ? Buffer.concat([bytes, bytes]) : bytes,
    ],
    [
      'takes a message out',
      1,
      bytesDiffer,
      (bytes, from) => (from === 'server' && !isHello(bytes) && !isCipher(bytes) ? Buffer.alloc(0) : bytes),
    ],
    [
      'changes what the opener says about itself',
      2,
      hellosDiffer,
      (bytes) => {
        const at = bytes.indexOf('ticket A')
        if (at >= 0) bytes.write('ticket B', at)
        return bytes
      },
    ],
    [
      'makes the messages smaller that the server accepts',
      2,
      hellosDiffer,
      (bytes, from) => {
        const at = bytes.indexOf('MLRC')
        if (from === 'server' && at >= 0) bytes.writeUInt32LE(4096, at + 14)
        return bytes
      },
    ],
  ])('is found out when it %s', async (_, comes, text, change) => {
    const { heard, reasons } = await meddled(
      (bytes, from, to) => forward(change(Buffer.from(bytes), from), to),
      comes,
    )
    expect(reasons.map(({ code }) => code)).toContain('encryption-failed')
    expect(JSON.stringify(reasons)).toMatch(text)
    expect(heard).not.toContain(3)
  })

  it('gets nothing in behind the first step, though what came before is right', async () => {
    let recorded: Buffer | undefined
    const { heard, reasons } = await meddled((bytes, from, to) => {
      if (from === 'client' && !isHello(bytes) && !isCipher(bytes)) recorded ??= Buffer.from(bytes)
      forward(from === 'client' && isCipher(bytes) && recorded ? Buffer.concat([bytes, recorded]) : bytes, to)
    })
    expect(reasons[1]).toMatchObject({
      code: 'protocol-violation',
      what: 'something was said in clear behind the first step of the encryption',
    })
    expect(heard.filter((n) => n === 1)).toEqual([1])
    expect(heard).not.toContain(3)
  })

  it('is not found out when it changes a message in clear and not its size, as SECURITY.md says', async () => {
    const { heard, reasons } = await meddled((bytes, from, to) => {
      if (from === 'client' && !isHello(bytes) && bytes.at(-4) === 1) bytes[bytes.length - 4] = 9
      forward(bytes, to)
    })
    expect([reasons, heard.sort()]).toEqual([[], [2, 3, 9]])
  })
})
