/** All attackers of an encrypted pipe over real sockets; attacks on the records of a channel are in `../encryption.test.ts`. */
import { randomBytes } from 'node:crypto'
import { noblePrimitives } from '@millrace/cipher'
import { bits, contract, type EncryptionOptions, type PipeOptions, ProtoFactory, u32 } from 'millrace'
import { nodePlatform } from 'millrace/extend'
import { afterEach, describe, expect, it } from 'vitest'
import { Diary } from '../../fixtures/diary.ts'
import { Random } from '../../fixtures/random.ts'
import { listen, portOf, RawPeer, stop } from '../../fixtures/raw-peer.ts'
import { until, within } from '../../fixtures/until.ts'

const net = new ProtoFactory().add('game', bits(contract({ count: u32 })))
const { random } = nodePlatform
const identity = () => noblePrimitives.dh.pair(random(32))
const key = randomBytes(32)
const server = identity()
const player = identity()
/** Short where no client is to get in anyway. */
const handshakeTimeoutMs = 400

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function bound(options: PipeOptions) {
  const pipe = net.create('tcp', '127.0.0.1', 0, 'game', options)
  ends.push(() => pipe[Symbol.asyncDispose]())
  const diary = new Diary(pipe)
  await pipe.bind()
  return { pipe, diary, port: portOf(pipe) }
}

function opener(port: number, options: PipeOptions) {
  const pipe = net.create('tcp', '127.0.0.1', port, 'game', options)
  ends.push(() => pipe[Symbol.asyncDispose]())
  return pipe
}

async function stranger(port: number, bytes: Uint8Array): Promise<RawPeer> {
  const peer = await RawPeer.connect(port)
  ends.push(() => peer.destroy())
  return peer.say(bytes)
}

/** A handshake message as it stands on the wire: its size first. */
function framed(...parts: readonly Uint8Array[]): Buffer {
  const message = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([message.length, message.length >> 8]), message])
}

const hex = (text: string) => Buffer.from(text, 'hex')

/** All points with few multiples (RFC 7748, section 6.1): each makes a shared secret of zeros. */
const lowOrderPoints = [
  hex('00'.repeat(32)),
  hex(`01${'00'.repeat(31)}`),
  hex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
  hex('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'),
  hex(`ec${'ff'.repeat(30)}7f`),
  hex(`ed${'ff'.repeat(30)}7f`),
  hex(`ee${'ff'.repeat(30)}7f`),
]

const patterns = {
  XX: { accepting: { pattern: 'XX', identity: server }, rest: 0 },
  NK: { accepting: { pattern: 'NK', identity: server }, rest: 16 },
  IK: { accepting: { pattern: 'IK', identity: server }, rest: 64 },
} as const

describe('an encrypted pipe', () => {
  it.each(Object.entries(patterns))(
    'low-order points: refuses them as ephemeral keys, with a word (%s)',
    async (_, { accepting, rest }) => {
      const { diary, port } = await bound({ encryption: accepting })
      for (const [index, point] of lowOrderPoints.entries()) {
        const peer = await stranger(port, framed(point, randomBytes(rest)))
        await until('the server has cut it', () => peer.isClosed)
        expect(diary.errors.at(index)?.message).toContain('public key of low order')
        expect(peer.heard).toHaveLength(0)
      }
      expect([diary.codes, diary.accepted]).toEqual([['encryption-failed'], []])
    },
  )

  it.each<[string, EncryptionOptions | undefined]>([
    ['another algorithm', { key, algorithm: 'aes-256-gcm' }],
    ['another hash', { key, algorithm: 'Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s' }],
    ['another key', { key: randomBytes(32) }],
    ['another pattern', { pattern: 'XX', identity: player, anyPeer: true }],
    ['no encryption at all', undefined],
  ])('downgrade: refuses every peer with %s', async (_, encryption) => {
    const { diary, port } = await bound({ encryption: { key }, handshakeTimeoutMs })
    const client = opener(port, encryption === undefined ? {} : { encryption })
    await expect(within('the end', client.open())).rejects.toMatchObject({
      code: expect.stringMatching(/^(link-failed|encryption-failed|handshake-failed)$/),
    })
    await until('the server has noticed', () => diary.errors.length === 1)
    expect([diary.codes, diary.accepted]).toEqual([[expect.stringMatching(/-failed$/)], []])
  })

  it('downgrade: never says hello in clear to a server that does not encrypt', async () => {
    const heard: Buffer[] = []
    const server = await listen((socket) => void socket.on('data', (bytes) => void heard.push(bytes)))
    ends.push(() => stop(server))
    const port = portOf(server)
    const hellos: Buffer[] = []
    for (const encryption of [undefined, { key }]) {
      const options = encryption === undefined ? {} : { encryption }
      const client = opener(port, { ...options, handshakeTimeoutMs })
      await expect(within('the end', client.open())).rejects.toThrow(/did not say hello/)
      hellos.push(Buffer.concat(heard.splice(0)))
    }
    const [clear, sealed] = hellos
    expect(clear.length).toBeGreaterThan(8)
    expect(sealed.includes(clear.subarray(4))).toBe(false)
    // One message of the handshake, and nothing behind it.
    expect(sealed).toHaveLength(2 + 48)
  })

  it('half handshakes: each ends at its deadline, and those who come properly get in', async () => {
    const { pipe, diary, port } = await bound({
      encryption: patterns.XX.accepting,
      handshakeTimeoutMs: 3000,
      handshakeRate: Number.POSITIVE_INFINITY,
    })
    const good = () => opener(port, { encryption: { pattern: 'XX', identity: player, anyPeer: true } }).open()
    const silent = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        stranger(port, framed(randomBytes(32)).subarray(0, index % 34)),
      ),
    )
    const channels = await within('channels', Promise.all(Array.from({ length: 20 }, good)))
    await until('all of them are cut', () => silent.every(({ isClosed }) => isClosed))
    expect(channels.every(({ isOpen }) => isOpen)).toBe(true)
    expect(pipe.statistics().handshakes).toBe(0)
    expect(diary.codes).toEqual(['handshake-failed'])
    expect(pipe.statistics().errors).toBe(200)
  })

  it('garbage: random bytes, cut and changed handshakes end their own connection and nothing else', async () => {
    const random = new Random(20_261_121)
    const { pipe, diary, port } = await bound({ encryption: patterns.IK.accepting })
    const encryption = { pattern: 'IK', identity: player, peerKey: server.publicKey } as const
    const channel = await within('a channel', opener(port, { encryption }).open())
    for (let round = 0; round < 20; round++) {
      const size = random.pick([0, 1, 31, 96, 97, 4000, 65_535])
      const peers = [
        await stranger(port, framed(random.bytes(size))),
        await stranger(port, random.bytes(1 + random.below(300))),
        await stranger(port, Buffer.alloc(70_000, round)),
      ]
      for (const peer of peers) peer.socket.end()
      await until('they are gone', () => peers.every(({ isClosed }) => isClosed))
    }
    const heard: number[] = []
    diary.accepted[0].on('count', (n) => void heard.push(n))
    channel.send('count', 7)
    await until('the message comes', () => heard.length === 1)
    expect(pipe.statistics()).toMatchObject({ openChannels: 1, handshakes: 0, accepted: 1 })
    for (const code of diary.codes)
      expect(['encryption-failed', 'link-failed', 'handshake-failed']).toContain(code)
  })

  it('errors, descriptions and logs hold no key', async () => {
    const texts: string[] = []
    const note = (text: string) => void texts.push(text)
    const log = { error: note, warn: note, info: note, debug: note }
    const secrets = [key, server.secretKey, player.secretKey]
    const { pipe, diary, port } = await bound({ encryption: patterns.XX.accepting, log })
    await stranger(port, framed(lowOrderPoints[0]))
    await stranger(port, framed(randomBytes(31)))
    for (const encryption of [{ key }, { pattern: 'XX', identity: player, anyPeer: true }] as const) {
      const client = opener(port, { encryption, log })
      const channel = await client.open().catch((error: unknown) => void texts.push(wholeText(error)))
      texts.push(client.describe(), String(client))
      if (channel === undefined) continue
      texts.push(channel.describe(), JSON.stringify(channel.statistics()))
      channel.destroy()
    }
    await until('the server has told of three', () => diary.errors.length >= 3)
    texts.push(pipe.describe(), ...diary.errors.map(wholeText))
    expect(texts.length).toBeGreaterThan(8)
    for (const secret of secrets) {
      const forms = (['hex', 'base64', 'base64url', 'latin1'] as const).map((form) =>
        Buffer.from(secret).toString(form),
      )
      for (const form of [...forms, secret.join(',')]) expect(texts.join('\n')).not.toContain(form)
    }
  })

  it('close during handshake, in authorise and in accepted: each has one end, and nothing stays', async () => {
    const moments = ['authorise', 'accepted', 'handshake'] as const
    for (const moment of moments) {
      for (const how of ['close', 'destroy'] as const) {
        const { pipe, diary, port } = await bound({
          handshakeTimeoutMs,
          encryption: {
            ...patterns.XX.accepting,
            authorise: async () => {
              if (moment === 'authorise') end()
              await new Promise((resolve) => setImmediate(resolve))
              return true
            },
          },
        })
        const end = () => void (how === 'close' ? pipe.close() : pipe.destroy())
        pipe.on('accepted', (_pipe, channel) => {
          if (moment === 'accepted') channel[how]()
        })
        const client = opener(port, {
          encryption: { pattern: 'XX', identity: player, anyPeer: true },
          handshakeTimeoutMs,
        })
        const opening = client.open().then(
          (channel) => channel.closed,
          (error: { code: string }) => error,
        )
        if (moment === 'handshake') {
          await until('it has begun', () => pipe.statistics().handshakes === 1 || diary.accepted.length === 1)
          end()
        }
        expect((await within('an end', opening)).code).toEqual(expect.any(String))
        await until('nothing is left', () => pipe.channelCount === 0 && pipe.statistics().handshakes === 0)
        expect(diary.isEven).toBe(true)
      }
    }
  })
})

/** All that an error says, its causes and its stack. */
function wholeText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return `${error.stack} ${JSON.stringify(error)} ${error.cause === undefined ? '' : wholeText(error.cause)}`
}
