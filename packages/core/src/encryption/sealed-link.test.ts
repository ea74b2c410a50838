import { SegmentBuffer } from '@millrace/buffer'
import { noblePrimitives, RecordSealer, startHandshake } from '@millrace/cipher'
import { pair, Random, RawPeer, Rig, wildNetwork } from '@millrace/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import type { EncryptionOptions, PendingChannel } from '../base/encryption-options.ts'
import type { MillraceError } from '../base/millrace-error.ts'

const random = new Random(20_261_120)
const key = random.bytes(32)
const keys = () => noblePrimitives.dh.pair(random.bytes(32))
const ofServer = keys()
const ofClient = keys()
const xx = (authorise?: () => boolean | Promise<boolean>): EncryptionOptions => ({
  pattern: 'XX',
  identity: ofServer,
  ...(authorise === undefined ? { anyPeer: true } : { authorise }),
})

let rig: Rig | undefined
afterEach(async () => {
  await rig?.end()
  rig = undefined
})

describe('a sealed link', () => {
  it('carries everything once and in order over any network, and leaves no memory behind', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const network = wildNetwork(new Random(seed))
      const encryption: EncryptionOptions =
        seed % 3 === 0 ? xx() : { key, ...(seed % 2 ? {} : { algorithm: 'aes-256-gcm' }) }
      const limits = {
        handshakeTimeoutMs: 600_000,
        frameTimeoutMs: 600_000,
        stallTimeoutMs: 600_000,
        closeTimeoutMs: 600_000,
      }
      const made = await pair({
        seed,
        network: { ...network, destruction: 'end' },
        accepting: { ...limits, encryption },
        opening: { ...limits, encryption },
      })
      const sent: string[] = []
      const heard: unknown[] = []
      made.accepted.on('say', (line: unknown) => void heard.push(line))
      made.opened.on('say', (line: unknown) => void made.opened.send('never', line))
      const draw = new Random(seed)
      for (let turn = 0; turn < 12; turn++) {
        for (let count = draw.integer(0, 6); count > 0; count--) {
          const line = `${sent.length} ${'x'.repeat(draw.integer(0, network.pieces === 'bytes' ? 300 : 30_000))}`
          sent.push(line)
          await made.rig.until(made.opened.sendWhenReady('say', line), 3_600_000)
        }
        await made.rig.loop.advance(draw.integer(0, 20))
      }
      expect(await made.rig.until(made.opened.close('done'), 3_600_000)).toMatchObject({ code: 'closed' })
      await made.rig.until(made.accepted.closed, 3_600_000)
      expect(heard.length, `seed ${seed}`).toBe(sent.length)
      expect(heard, `seed ${seed}`).toEqual(sent)
      expect(made.accepted.reason).toMatchObject({ code: 'closed', by: 'remote', text: 'done' })
      await made.rig.end()
    }
  })

  for (const ownership of ['lent', 'given'] as const) {
    for (const pausing of ['on', 'off'] as const) {
      for (const end of ['close', 'cut'] as const) {
        it(`loses nothing of a thousand small records at once, ${ownership}, pausing ${pausing}, then ${end}`, async () => {
          const options = { encryption: { key } }
          const network = { ownership, pausing, windowBytes: 262_144 }
          const made = await pair({ accepting: options, opening: options, network })
          rig = made.rig
          const [{ accepted: link, opened: far }] = rig.network.connections
          link.freeze('on')
          const heard: unknown[] = []
          made.accepted.on('n', (n: unknown) => void heard.push(n))
          for (let n = 0; n < 1000; n++) {
            made.opened.send('n', n)
            await rig.loop.settle()
          }
          if (end === 'close') void made.opened.close('done')
          await rig.loop.settle()
          link.freeze('off')
          await rig.loop.advance(100)
          if (end === 'cut') far.end()
          const reason = await rig.until(made.accepted.closed)
          expect(heard).toEqual(Array.from({ length: 1000 }, (_, n) => n))
          expect(reason.code).toBe(end === 'close' ? 'closed' : 'link-ended')
        })
      }
    }
  }

  it('sends the last message of a handshake and what waited for it in one batch', async () => {
    rig = new Rig()
    const sizes: number[] = []
    rig.network.connected = ({ opened }) => {
      const send = opened.send.bind(opened)
      opened.send = (batch, report) => {
        sizes.push(batch.size)
        return send(batch, report)
      }
    }
    const server = rig.pipe('server', { encryption: xx() })
    const client = rig.pipe('server', {
      encryption: { pattern: 'XX', identity: ofClient, peerKey: ofServer.publicKey },
    })
    await rig.until(server.bind())
    await rig.until(client.open())
    const [first, last] = [2 + 32, 2 + 32 + 16 + 16]
    expect(sizes).toEqual([first, expect.any(Number)])
    expect(sizes[1]).toBeGreaterThan(last + 16)
  })

  it('seals many messages of a turn in one record', async () => {
    const made = await pair({ accepting: { encryption: { key } }, opening: { encryption: { key } } })
    rig = made.rig
    const before = made.opened.statistics().bytesOut
    for (let i = 0; i < 100; i++) made.opened.send('say', i)
    await rig.loop.advance(10)
    expect(made.accepted.statistics().bytesIn).toBe(made.opened.statistics().bytesOut)
    expect(made.opened.statistics().bytesOut - before).toBeGreaterThan(100 * 4)
    expect(made.accepted.statistics().messagesIn).toBe(100)
  })

  it('ends when authorise takes longer than the handshake may', async () => {
    rig = new Rig()
    const server = rig.pipe('server', {
      encryption: xx(() => new Promise(() => {})),
      handshakeTimeoutMs: 500,
    })
    const client = rig.pipe('server', {
      encryption: { pattern: 'XX', identity: ofClient, anyPeer: true },
      handshakeTimeoutMs: 5000,
    })
    await rig.until(server.bind())
    expect((await rig.failureOf(client.open())).code).toMatch(/link-failed|handshake-failed/)
    expect(rig.diary(server).errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('did not say hello within 500 ms'),
    ])
  })

  it('tells what went wrong in authorise, and opens nothing', async () => {
    const sloppy = (answer: unknown) => () => answer as boolean
    for (const authorise of [
      () => false,
      () => Promise.reject(new Error('no database')),
      () => Promise.resolve(false),
      () => {
        throw new Error('no database')
      },
      sloppy(undefined),
      sloppy('yes'),
      sloppy(Promise.resolve(1)),
    ]) {
      const bottle = new Rig()
      const server = bottle.pipe('server', { encryption: xx(authorise) })
      const client = bottle.pipe('server', {
        encryption: { pattern: 'XX', identity: ofClient, anyPeer: true },
      })
      await bottle.until(server.bind())
      await bottle.failureOf(client.open())
      const { accepted, errors } = bottle.diary(server)
      expect(accepted).toEqual([])
      expect(
        errors.map(({ code, message }) => [code, /authorise (failed: no database|refused)/.test(message)]),
      ).toEqual([['encryption-failed', true]])
      await bottle.end()
    }
  })

  it('shows authorise the channel that accepted brings later', async () => {
    const shown: PendingChannel[] = []
    rig = new Rig()
    const authorise = (_key: Uint8Array, channel: PendingChannel): boolean => {
      shown.push(channel)
      return true
    }
    const server = rig.pipe('server', { encryption: { pattern: 'XX', identity: ofServer, authorise } })
    const client = rig.pipe('server', { encryption: { pattern: 'XX', identity: ofClient, anyPeer: true } })
    await rig.until(server.bind())
    await rig.until(client.open())
    expect(shown).toEqual(rig.diary(server).accepted)
  })

  it('says nothing more when authorise answers behind the end of the handshake', async () => {
    rig = new Rig()
    const { loop, network } = rig
    const later = () => new Promise<boolean>((resolve) => loop.wakeAt(loop.now() + 600, () => resolve(true)))
    const server = rig.pipe('server', {
      encryption: { pattern: 'IK', identity: ofServer, authorise: later },
      handshakeTimeoutMs: 500,
    })
    const client = rig.pipe('server', {
      encryption: { pattern: 'IK', identity: ofClient, peerKey: ofServer.publicKey },
      handshakeTimeoutMs: 1500,
    })
    await rig.until(server.bind())
    let failed = ''
    client.open().catch((error: MillraceError) => {
      failed = error.code
    })
    await loop.advance(400)
    const [{ opened }] = network.connections
    opened.freeze('on')
    await loop.advance(500)
    opened.freeze('off')
    await loop.advance(2000)
    expect(failed).toMatch(/link-failed|handshake-failed/)
    expect(network.violations).toEqual([])
    expect(rig.diary(server).accepted).toEqual([])
  })

  it('lets the opener set handlers before the first message, however many records a chunk has', async () => {
    rig = new Rig()
    const { loop, network } = rig
    const server = rig.pipe('server', { encryption: { key } })
    const client = rig.pipe('server', { encryption: { key } })
    server.on('accepted', (_pipe, channel) => {
      const [{ opened }] = network.connections
      opened.freeze('on')
      channel.send('say', 1)
      loop.wakeAt(loop.now() + 10, () => void channel.send('say', 2))
      loop.wakeAt(loop.now() + 20, () => opened.freeze('off'))
    })
    await rig.until(server.bind())
    const heard: unknown[] = []
    const opened = await rig.until(client.open())
    opened.on('say', (n: unknown) => void heard.push(n))
    await loop.advance(50)
    expect(heard).toEqual([1, 2])
  })

  it('ends a channel when its record does not end, at the limit and not before', async () => {
    const made = await pair({
      accepting: { encryption: { key }, frameTimeoutMs: 3000 },
      opening: { encryption: { key } },
    })
    const { loop, network } = made.rig
    made.opened.send('say', 'whole')
    await loop.advance(10_000)
    network.connections[0].opened.eavesdropper = {
      left: () => {},
      arriving: (bytes) => bytes.subarray(0, bytes.length - 1),
    }
    made.opened.send('say', 'cut')
    await loop.advance(2990)
    expect(made.accepted.isOpen).toBe(true)
    await loop.advance(20)
    expect(made.accepted.reason).toEqual({
      code: 'encryption-failed',
      what: 'a record took longer than 3000 ms',
    })
    await made.rig.end()
  })

  it('waits for the rest of a record as long as it does not read any further itself', async () => {
    const made = await pair({
      seed: 3,
      network: { pieces: 'random' },
      accepting: {
        encryption: { key },
        frameTimeoutMs: 3000,
        iteratorQueueMax: 1,
        messageSizeMax: 50_000,
        receiveHighWaterBytes: 1000,
      },
      opening: { encryption: { key }, stallTimeoutMs: 600_000 },
    })
    const { loop } = made.rig
    const reader = made.accepted[Symbol.asyncIterator]()
    for (let count = 0; count < 12; count++) made.opened.send('say', `${count}${'x'.repeat(40_000)}`)
    await loop.advance(20_000)
    expect(made.accepted.isOpen).toBe(true)
    for (let count = 0; count < 12; count++) {
      const { value } = await made.rig.until(reader.next())
      expect(String(value?.body).slice(0, 3)).toBe(`${count}xx`.slice(0, 3))
    }
    await made.rig.end()
  })

  it('refuses a handshake message that is too long by its size alone', async () => {
    rig = new Rig()
    const server = rig.pipe('server', { encryption: xx() })
    await rig.until(server.bind())
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.send([33, 0])
    await rig.loop.advance(10)
    expect(peer.isGone || peer.hasEnded).toBe(true)
    expect(rig.diary(server).errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('a handshake message of 33 bytes was announced; this one has 32 at most'),
    ])
  })

  it('hears no more than 64 KiB of whom authorise is still asked about, however small the records', async () => {
    for (const records of [3000, 3600]) {
      const bottle = new Rig()
      const asked: Uint8Array[] = []
      const authorise = (peerKey: Uint8Array) => {
        asked.push(peerKey)
        return new Promise<boolean>(() => {})
      }
      const server = bottle.pipe('server', {
        encryption: { pattern: 'IK', identity: ofServer, authorise },
        handshakeTimeoutMs: 10_000,
      })
      await bottle.until(server.bind())
      const peer = await RawPeer.connect(bottle.network, 'net://server')
      const handshake = startHandshake<string, 'initiator'>({
        suite: 'Noise_IK_25519_ChaChaPoly_SHA256',
        role: 'initiator',
        primitives: noblePrimitives,
        random: (count) => random.bytes(count),
        prologue: Buffer.from('millrace/1 pipe'),
        staticKeys: ofClient,
        remoteStatic: ofServer.publicKey,
      })
      const message = handshake.write()
      peer.send(Buffer.concat([Uint8Array.of(message.length, 0), message]))
      await bottle.loop.advance(10)
      expect(asked).toEqual([])
      handshake.read(peer.heard.subarray(2))
      const sealer = new RecordSealer(handshake.split().send)
      // 19 bytes each: 57,000 and 68,400 in all, of which 3,000 and 3,600 are plaintext.
      const out = new SegmentBuffer(bottle.pool)
      for (let record = 0; record < records; record++) sealer.append(Uint8Array.of(1), out, 0)
      const batch = out.take()
      for (const segment of batch.segments) peer.send(segment)
      batch.release()
      await bottle.loop.advance(10)
      expect(asked).toEqual([ofClient.publicKey])
      const errors = bottle.diary(server).errors.map(({ message }) => message)
      expect(errors).toEqual(records < 3449 ? [] : [expect.stringContaining('more than a handshake came')])
      await bottle.end()
    }
  })

  it('hears no more than 64 KiB before a handshake is over', async () => {
    for (const size of [60_000, 70_000]) {
      const bottle = new Rig()
      const server = bottle.pipe('server', {
        encryption: xx(() => new Promise(() => {})),
        handshakeTimeoutMs: 10_000,
      })
      await bottle.until(server.bind())
      const peer = await RawPeer.connect(bottle.network, 'net://server')
      const handshake = startHandshake<string, 'initiator'>({
        suite: 'Noise_XX_25519_ChaChaPoly_SHA256',
        role: 'initiator',
        primitives: noblePrimitives,
        random: (count) => random.bytes(count),
        prologue: Buffer.from('millrace/1 pipe'),
        staticKeys: ofClient,
      })
      const framed = (message: Uint8Array): Uint8Array =>
        Buffer.concat([Uint8Array.of(message.length, message.length >> 8), message])
      peer.send(framed(handshake.write()))
      await bottle.loop.advance(10)
      handshake.read(peer.heard.subarray(2))
      peer.send(framed(handshake.write()))
      await bottle.loop.advance(10)
      peer.send(new Uint8Array(size))
      await bottle.loop.advance(10)
      const errors = bottle.diary(server).errors.map(({ message }) => message)
      expect(errors).toEqual(size < 65_536 ? [] : [expect.stringContaining('more than a handshake came')])
      await bottle.end()
    }
  })
})
