import { noblePrimitives } from '@millrace/cipher'
import { Random, Rig } from '@millrace/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EncryptionOptions, PendingChannel } from '../base/encryption-options.ts'
import type { MillraceError } from '../base/millrace-error.ts'
import type { Channel } from '../channel/channel.ts'

const random = new Random(20_261_121)
const key = random.bytes(32)
const keys = () => noblePrimitives.dh.pair(random.bytes(32))
const ofServer = keys()
const ofClient = keys()
const peerKey = ofServer.publicKey

let rig: Rig
beforeEach(() => {
  rig = new Rig()
})
afterEach(() => rig.end())

/** The error of an open that is not hurried: time passes only where the test says so. */
const failureOf = (open: Promise<unknown>): Promise<MillraceError> =>
  open.then(
    () => expect.unreachable('it opened'),
    (error: MillraceError) => error,
  )

/** Two pipes of one process, one of them bound, with what each says about encryption. */
async function sides(accepting?: EncryptionOptions, opening?: EncryptionOptions) {
  const options = (encryption?: EncryptionOptions) => (encryption === undefined ? {} : { encryption })
  const server = rig.local('lobby', options(accepting))
  const client = rig.local('lobby', options(opening))
  await rig.until(server.bind())
  const { accepted, errors } = rig.diary(server)
  return { server, client, accepted, errors }
}

describe('a local channel between pipes that are encrypted', () => {
  it('opens when both say the same, and has a binding', async () => {
    for (const encryption of [{ key }, { key, algorithm: 'aes-256-gcm' }] as const) {
      const { client, accepted } = await sides(encryption, encryption)
      const opened = await rig.until(client.open())
      expect(opened.encryption).toEqual(accepted[0].encryption)
      expect(opened.encryption?.handshakeHash).toHaveLength(32)
      await rig.end()
      rig = new Rig()
    }
  })

  it('asks both ends by the proven key, before accepted, as on a link', async () => {
    for (const pattern of ['XX', 'IK', 'XK'] as const) {
      const asked: [string, Uint8Array, PendingChannel][] = []
      const may = (who: string) => (proven: Uint8Array, channel: PendingChannel) => {
        asked.push([who, proven, channel])
        expect(channel.isOpen).toBe(false)
        return new Promise<boolean>((resolve) => rig.loop.wakeAt(rig.loop.now() + 100, () => resolve(true)))
      }
      const { client, accepted } = await sides(
        { pattern, identity: ofServer, authorise: may('server') },
        {
          pattern,
          identity: ofClient,
          ...(pattern === 'XX' ? { authorise: may('client') } : { peerKey }),
        },
      )
      const opened = await rig.until(client.open())
      expect(asked.map(([who, proven]) => [who, proven])).toEqual([
        ...(pattern === 'XX' ? [['client', ofServer.publicKey]] : []),
        ['server', ofClient.publicKey],
      ])
      expect(asked.at(-1)?.[2]).toBe(accepted[0])
      expect(opened.encryption?.peerKey).toEqual(ofServer.publicKey)
      expect(accepted[0].encryption?.peerKey).toEqual(ofClient.publicKey)
      await rig.end()
      rig = new Rig()
    }
  })

  it('is refused when keys, patterns or algorithms differ, or one pipe alone encrypts', async () => {
    const xx = { pattern: 'XX', identity: ofServer } as const
    const any = { ...xx, anyPeer: true } as const
    const pairs: [EncryptionOptions | undefined, EncryptionOptions | undefined, RegExp][] = [
      [{ key }, { key: random.bytes(32) }, /authentic/],
      [{ key }, { key, algorithm: 'aes-256-gcm' }, /authentic/],
      [{ key }, any, /handshake failed/],
      [
        { pattern: 'IK', identity: ofServer },
        { pattern: 'IK', identity: ofClient, peerKey: ofClient.publicKey },
        /authentic/,
      ],
      [{ key }, undefined, /bound there encrypts, this one does not/],
      [undefined, { key }, /this pipe encrypts, the one that is bound there does not/],
      [{ ...xx, authorise: () => false }, any, /authorise refused/],
      [
        xx,
        { ...xx, authorise: () => Promise.reject(new Error('no database')) },
        /authorise failed: no database/,
      ],
      [{ ...xx, authorise: () => 'yes' as unknown as boolean }, any, /authorise refused/],
    ]
    for (const [accepting, opening, text] of pairs) {
      const { client, accepted, errors } = await sides(accepting, opening)
      const failure = await rig.failureOf(client.open())
      expect([failure.code, failure.message]).toEqual(['encryption-failed', expect.stringMatching(text)])
      await rig.loop.settle()
      expect(errors.map(({ code }) => code)).toEqual(['encryption-failed'])
      expect(accepted).toEqual([])
      await rig.end()
      rig = new Rig()
    }
  })

  it('says which keys are missing before the other side hears of it, as on a link', async () => {
    const { client, errors } = await sides(
      { pattern: 'NK', identity: ofServer },
      { pattern: 'NK', identity: ofServer },
    )
    const failure = await rig.failureOf(client.open())
    expect([failure.code, failure.message]).toEqual([
      'argument-invalid',
      expect.stringContaining("identity is not shown by the opening side of 'NK'"),
    ])
    expect(errors).toEqual([])
  })

  it('ends when authorise takes longer than the handshake may, and asks no further', async () => {
    const never = () => new Promise<boolean>(() => {})
    const xx = { pattern: 'XX', identity: ofServer } as const
    const { client, accepted } = await sides({ ...xx, authorise: never }, { ...xx, anyPeer: true })
    const failure = failureOf(client.open())
    await rig.loop.advance(1999)
    expect(client.statistics().handshakes).toBe(1)
    await rig.loop.advance(1)
    expect((await failure).code).toBe('handshake-failed')
    expect(accepted).toEqual([])
  })

  it('may be given up while authorise thinks', async () => {
    for (const end of ['close', 'destroy', 'close the server'] as const) {
      let answer: (verdict: boolean) => void = () => {}
      const authorise = () =>
        new Promise<boolean>((resolve) => {
          answer = resolve
        })
      const xx = { pattern: 'XX', identity: ofServer } as const
      const { client, server, accepted } = await sides({ ...xx, authorise }, { ...xx, anyPeer: true })
      const failure = failureOf(client.open())
      await rig.loop.advance(10)
      if (end === 'close') await rig.until(client.close())
      else if (end === 'destroy') client.destroy()
      else await rig.until(server.close())
      expect((await rig.until(failure)).code).toMatch(/channel-closed|link-failed/)
      answer(true)
      await rig.loop.advance(10)
      expect(accepted).toEqual([])
      await rig.end()
      rig = new Rig()
    }
  })

  it('finds no room any more when authorise has thought too long', async () => {
    const waiting: ((verdict: boolean) => void)[] = []
    const authorise = () => new Promise<boolean>((resolve) => void waiting.push(resolve))
    const xx = { pattern: 'XX', identity: ofServer } as const
    const { client, server, accepted } = await sides({ ...xx, authorise }, { ...xx, anyPeer: true })
    server.setMaxOpenChannels(1)
    const first: Promise<Channel> = client.open()
    const second = failureOf(client.open())
    await rig.loop.advance(10)
    for (const resolve of waiting) resolve(true)
    await rig.until(first)
    expect((await rig.until(second)).code).toBe('channel-limit')
    expect(accepted).toHaveLength(1)
  })
})
