import { inspect } from 'node:util'
import { noblePrimitives } from '@millrace/cipher'
import { Random, Rig } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { EncryptionOptions } from '../base/encryption-options.ts'
import type { MillraceError } from '../base/millrace-error.ts'
import { noise } from '../noise.ts'

const random = new Random(20_261_126)
const key = random.bytes(32)
const zeros = new Uint8Array(32)
const pairOf = () => noblePrimitives.dh.pair(random.bytes(32))
const ofServer = pairOf()
const ofClient = pairOf()
const ofThief = pairOf()
const yes = () => true

type Role = 'accepting' | 'opening'
type Option = 'identity' | 'peerKey' | 'authorise' | 'anyPeer'
/** Needed, kept, or refused with these words. */
type Cell = 'needed' | 'kept' | RegExp

const withKey = /goes with a pattern; key goes with algorithm alone/
const anonymous = /has nothing to go by, as the opening side of 'NK' proves no key: 'IK' does/
const unshown = /identity is not shown by the opening side of 'NK': 'IK' does/
const known = /anyPeer contradicts peerKey/

/** What becomes of each option, in each role of each pattern: nothing is ignored. */
const table: readonly (readonly [pattern: string, role: Role, Record<Option, Cell>])[] = [
  ['NNpsk0', 'accepting', { identity: withKey, peerKey: withKey, authorise: withKey, anyPeer: withKey }],
  ['NNpsk0', 'opening', { identity: withKey, peerKey: withKey, authorise: withKey, anyPeer: withKey }],
  ['XX', 'accepting', { identity: 'needed', peerKey: 'kept', authorise: 'kept', anyPeer: 'kept' }],
  ['XX', 'opening', { identity: 'needed', peerKey: 'kept', authorise: 'kept', anyPeer: 'kept' }],
  ['IK', 'accepting', { identity: 'needed', peerKey: 'kept', authorise: 'kept', anyPeer: 'kept' }],
  ['IK', 'opening', { identity: 'needed', peerKey: 'needed', authorise: 'kept', anyPeer: known }],
  ['XK', 'accepting', { identity: 'needed', peerKey: 'kept', authorise: 'kept', anyPeer: 'kept' }],
  ['XK', 'opening', { identity: 'needed', peerKey: 'needed', authorise: 'kept', anyPeer: known }],
  ['NK', 'accepting', { identity: 'needed', peerKey: anonymous, authorise: anonymous, anyPeer: anonymous }],
  ['NK', 'opening', { identity: unshown, peerKey: 'needed', authorise: 'kept', anyPeer: known }],
]

/** What the other side is given, so that the channel opens. */
function counterpart(pattern: string, role: Role): EncryptionOptions {
  if (pattern === 'NNpsk0') return { key }
  if (pattern === 'NK')
    return role === 'opening' ? { pattern, identity: ofServer } : { pattern, peerKey: ofServer.publicKey }
  const named = pattern as 'XX'
  if (role === 'opening') return { pattern: named, identity: ofServer }
  return { pattern: named, identity: ofClient, peerKey: ofServer.publicKey }
}

/** What a side must be given at least. */
function least(pattern: string, role: Role): Record<string, unknown> {
  if (pattern === 'NNpsk0') return { key }
  const { peer, own } = valuesOf(role)
  if (pattern === 'NK') return role === 'accepting' ? { pattern, identity: own } : { pattern, peerKey: peer }
  if (pattern === 'XX') return { pattern, identity: own, ...(role === 'opening' ? { anyPeer: true } : {}) }
  return { pattern, identity: own, ...(role === 'opening' ? { peerKey: peer } : {}) }
}

const valuesOf = (role: Role) =>
  role === 'accepting'
    ? { own: ofServer, peer: ofClient.publicKey }
    : { own: ofClient, peer: ofServer.publicKey }

/** Both pipes; one says `mine` in its role. */
async function meet(mine: unknown, role: Role, other: EncryptionOptions, where: 'link' | 'local' = 'link') {
  const rig = new Rig()
  const make = (encryption: unknown) =>
    where === 'link'
      ? rig.pipe('server', { encryption: encryption as EncryptionOptions })
      : rig.local('lobby', { encryption: encryption as EncryptionOptions })
  const failureOf = (error: unknown) => error as MillraceError
  try {
    const server = make(role === 'accepting' ? mine : other)
    const client = make(role === 'accepting' ? other : mine)
    await rig.until(server.bind())
    const opened = await rig.until(client.open())
    return { opened, failure: undefined, errors: [] }
  } catch (error) {
    await rig.loop.settle()
    return { opened: undefined, failure: failureOf(error) }
  } finally {
    await rig.end()
  }
}

describe.each(table)('options of %s on the %s side', (pattern, role, cells) => {
  const values = {
    identity: valuesOf(role).own,
    peerKey: valuesOf(role).peer,
    authorise: yes,
    anyPeer: true,
  } as const

  it('are kept, needed or refused, each as the table says', async () => {
    const base = least(pattern, role)
    expect((await meet(base, role, counterpart(pattern, role))).failure?.message).toBeUndefined()
    for (const [name, cell] of Object.entries(cells) as [Option, Cell][]) {
      // What it contradicts is another test's.
      const { anyPeer: _, ...rest } = base
      const isChoice = name === 'peerKey' || name === 'authorise'
      const given = { ...(isChoice ? rest : base), [name]: values[name] }
      const { failure } = await meet(given, role, counterpart(pattern, role))
      if (cell === 'kept' || cell === 'needed') expect(failure?.message, name).toBeUndefined()
      else
        expect([failure?.code, failure?.message], name).toEqual([
          'argument-invalid',
          expect.stringMatching(cell),
        ])
      if (cell !== 'needed') continue
      const { failure: without } = await meet(
        { ...base, [name]: undefined },
        role,
        counterpart(pattern, role),
      )
      expect([without?.code, without?.message], name).toEqual([
        'argument-invalid',
        expect.stringContaining(`'${pattern}' needs ${name}`),
      ])
    }
  })

  it.runIf(cells.peerKey === 'kept')(
    'keep out a peer that proves another key than peerKey, unasked',
    async () => {
      for (const where of ['link', 'local'] as const) {
        const asked: unknown[] = []
        const mine = {
          pattern,
          identity: values.identity,
          peerKey: ofThief.publicKey,
          authorise: (proven: unknown) => asked.push(proven) > 0,
        }
        const { failure } = await meet(mine, role, counterpart(pattern, role), where)
        expect(failure?.code, where).toMatch(/encryption-failed|link-failed/)
        expect(asked).toEqual([])
      }
    },
  )

  it.runIf(cells.authorise === 'kept')('ask authorise, and let in no peer that it refuses', async () => {
    for (const where of ['link', 'local'] as const) {
      const asked: unknown[] = []
      const { anyPeer: _, ...base } = least(pattern, role)
      const mine = { ...base, authorise: (proven: unknown) => asked.push(proven) === 0 }
      const { failure } = await meet(mine, role, counterpart(pattern, role), where)
      expect(failure?.code, where).toMatch(/encryption-failed|link-failed/)
      expect(asked, where).toEqual([values.peerKey])
    }
  })
})

describe('options that can not be kept', () => {
  const make = (encryption: unknown) => () => {
    const rig = new Rig()
    rig.pipe('server', { encryption: encryption as EncryptionOptions })
  }
  const identity = ofClient
  const peerKey = ofServer.publicKey

  it.each<[string, unknown, string]>([
    ['nothing', null, 'wants { key } or { pattern, … }'],
    ['text', 'secret', 'wants { key } or { pattern, … }'],
    ['an unknown pattern', { pattern: 'KK' }, "pattern is one of XX, NK, IK, XK; got 'KK'"],
    ['the pattern of a key', { pattern: 'NNpsk0' }, "pattern is one of XX, NK, IK, XK; got 'NNpsk0'"],
    ['a pattern of the prototype', { pattern: 'toString' }, "got 'toString'"],
    ['a key beside a pattern', { key, pattern: 'XX' }, 'key goes with algorithm alone; got pattern as well'],
    [
      'a spelling of its own',
      { pattern: 'XX', identity, authorize: yes },
      "no option 'authorize'; there are key, pattern, algorithm, identity, peerKey, authorise, anyPeer",
    ],
    ['an inherited one', Object.create({ key, peerkey: zeros }), "no option 'peerkey'; there are"],
    ['an unknown one', { key, cipher: 'aes' }, "there is no option 'cipher'"],
    [
      'both sides of NK at once',
      { pattern: 'NK', identity, peerKey },
      'accepting, peerKey has nothing to go by',
    ],
    [
      'anyPeer and peerKey',
      { pattern: 'XX', identity, peerKey, anyPeer: true },
      'anyPeer contradicts peerKey and authorise',
    ],
    [
      'anyPeer and authorise',
      { pattern: 'XX', identity, authorise: yes, anyPeer: true },
      'anyPeer contradicts peerKey and authorise',
    ],
    ['anyPeer: false', { pattern: 'XX', identity, anyPeer: false }, 'anyPeer is true'],
    ['authorise: true', { pattern: 'XX', identity, authorise: true }, 'authorise is a function'],
    [
      'a key of letters',
      { key: 'a'.repeat(32) },
      'key must be a Uint8Array of 32 bytes, not string: a pass phrase is no key',
    ],
    ['a key in an array', { key: Array.from(key) }, 'key must be a Uint8Array of 32 bytes, not object'],
    [
      'a key in words',
      { key: new Uint32Array(8).fill(7) },
      'key must be a Uint8Array of 32 bytes, not object',
    ],
    ['a short key', { key: key.subarray(1) }, 'key must be a Uint8Array of 32 bytes, not 31'],
    ['a key of zeros', { key: zeros }, 'key is all zeros'],
    ['a peerKey of zeros', { pattern: 'NK', peerKey: zeros }, 'peerKey is all zeros'],
    [
      'a peerKey of letters',
      { pattern: 'NK', peerKey: 'a'.repeat(32) },
      'peerKey must be a Uint8Array of 32 bytes, not string',
    ],
    [
      'a secret key of zeros',
      { pattern: 'XX', identity: { publicKey: peerKey, secretKey: zeros } },
      'identity.secretKey is all zeros',
    ],
    [
      'a public key of zeros',
      { pattern: 'XX', identity: { publicKey: zeros, secretKey: key } },
      'identity.publicKey is all zeros',
    ],
    [
      'half an identity',
      { pattern: 'XX', identity: { secretKey: peerKey } },
      'identity is { publicKey, secretKey }',
    ],
    ['a spread identity', { pattern: 'XX', identity: { ...identity } }, 'a structuredClone lacks secretKey'],
    ['no identity at all', { pattern: 'IK', identity: null }, 'identity is { publicKey, secretKey }'],
    ['an algorithm that there is not', { key, algorithm: 'rot13' }, "got 'rot13'"],
    ['the suite of another pattern', { key, algorithm: 'Noise_XX_25519_AESGCM_SHA256' }, 'Noise_NNpsk0_'],
  ])('are refused when they are given: %s', (_, encryption, text) => {
    const refusal = expect.objectContaining({
      code: 'argument-invalid',
      message: expect.stringContaining(text),
    })
    expect(make(encryption)).toThrow(refusal)
    const crypto = { primitives: noblePrimitives, random: (size: number) => random.bytes(size) }
    expect(() => noise(encryption as EncryptionOptions, crypto)).toThrow(refusal)
  })

  it('are also those of a key that is undefined: it was not given', async () => {
    const mine = { key: undefined, pattern: 'XX', identity, anyPeer: true, peerKey: undefined }
    expect((await meet(mine, 'opening', counterpart('XX', 'opening'))).opened?.encryption?.suite).toContain(
      'XX',
    )
  })

  it('are refused where the role is known: an opening XX that says nothing of its peer', async () => {
    const { failure } = await meet({ pattern: 'XX', identity }, 'opening', counterpart('XX', 'opening'))
    expect([failure?.code, failure?.message]).toEqual([
      'argument-invalid',
      "encryption: opening, 'XX' needs peerKey or authorise; anyPeer: true lets any server answer",
    ])
  })

  it('are public keys that are not of the secret key, and points of low order', async () => {
    const mixed = { publicKey: ofServer.publicKey, secretKey: ofClient.secretKey }
    const low = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0))
    const cases: [unknown, Role, RegExp][] = [
      [
        { pattern: 'XX', identity: mixed, anyPeer: true },
        'opening',
        /identity.publicKey is not of identity.secretKey/,
      ],
      [{ pattern: 'XX', identity: mixed }, 'accepting', /identity.publicKey is not of identity.secretKey/],
      [{ pattern: 'IK', identity, peerKey: low }, 'opening', /peerKey is a point of low order/],
      [{ pattern: 'IK', identity, peerKey: low }, 'accepting', /peerKey is a point of low order/],
      [{ pattern: 'NK', peerKey: low }, 'opening', /peerKey is a point of low order/],
    ]
    for (const [mine, role, text] of cases) {
      const { failure } = await meet(mine, role, counterpart((mine as { pattern: string }).pattern, role))
      expect([failure?.code, failure?.message]).toEqual(['argument-invalid', expect.stringMatching(text)])
    }
  })

  it('do not compile either', () => {
    const options: EncryptionOptions[] = [
      { key },
      { pattern: 'XX', identity, anyPeer: true },
      { pattern: 'NK', identity },
      { pattern: 'NK', peerKey, authorise: yes },
      // @ts-expect-error a key beside a pattern
      { key, pattern: 'XX' },
      // @ts-expect-error a key beside an identity
      { key, identity },
      // @ts-expect-error a key beside authorise
      { key, authorise: yes },
      // @ts-expect-error no identity
      { pattern: 'XX', anyPeer: true },
      // @ts-expect-error a peer of its own and any
      { pattern: 'XX', identity, peerKey, anyPeer: true },
      // @ts-expect-error nothing to authorise
      { pattern: 'NK', identity, authorise: yes },
      // @ts-expect-error no peerKey
      { pattern: 'NK', authorise: yes },
      // @ts-expect-error both sides at once
      { pattern: 'NK', identity, peerKey },
      // @ts-expect-error a spelling of its own
      { pattern: 'XX', identity, authorize: yes },
    ]
    expect(options).toHaveLength(13)
  })
})

describe('keys that a program overwrites after giving them', () => {
  const copies = () => ({
    key: new Uint8Array(key),
    identity: {
      publicKey: new Uint8Array(ofServer.publicKey),
      secretKey: new Uint8Array(ofServer.secretKey),
    },
    peerKey: new Uint8Array(ofClient.publicKey),
  })

  it.each(['pipe', 'factory', 'noise', 'noise of a factory'] as const)(
    'are copied by the %s',
    async (door) => {
      for (const kind of ['key', 'identity'] as const) {
        const { key: own, identity, peerKey } = copies()
        const options: EncryptionOptions =
          kind === 'key' ? { key: own } : { pattern: 'XX', identity, peerKey }
        let rig = new Rig()
        const { primitives } = rig.network
        const value = door.startsWith('noise')
          ? noise(options, { primitives, random: (size) => random.bytes(size) })
          : options
        if (door.endsWith('factory')) rig = new Rig({ options: { encryption: value } })
        const before = door.endsWith('factory') || rig.pipe('server', { encryption: value })
        for (const bytes of [own, identity.publicKey, identity.secretKey, peerKey]) bytes.fill(0)
        const server = before === true ? rig.pipe('server') : before
        await rig.until(server.bind())
        const right: EncryptionOptions =
          kind === 'key' ? { key } : { pattern: 'XX', identity: ofClient, peerKey: ofServer.publicKey }
        const client = rig.pipe('server', { encryption: right })
        expect((await rig.until(client.open())).isOpen, kind).toBe(true)
        await rig.end()
      }
    },
  )

  it('also by setEncryption', async () => {
    const rig = new Rig()
    const server = rig.pipe('server')
    await rig.until(server.bind())
    const opened = await rig.until(rig.pipe('server').open())
    const [accepted] = rig.diary(server).accepted
    const own = new Uint8Array(key)
    const done = [opened.setEncryption(own)]
    own.fill(0)
    done.push(accepted.setEncryption(key))
    await rig.until(Promise.all(done))
    await expect(opened.setEncryption(zeros)).rejects.toMatchObject({ code: 'argument-invalid' })
    await rig.end()
  })
})

describe('secrets', () => {
  it('are shown by no inspection of what holds them, nor by JSON', () => {
    const mark = new Uint8Array(32).fill(0xab)
    const marked = noblePrimitives.dh.pair(mark)
    const rig = new Rig({ options: { encryption: { key: mark } } })
    const crypto = { primitives: noblePrimitives, random: (size: number) => random.bytes(size) }
    const holders = [
      marked,
      noise({ key: mark }, crypto),
      noise({ pattern: 'XX', identity: marked, anyPeer: true }, crypto),
      rig.factory,
      rig.pipe('one', { encryption: { key: mark } }),
      rig.pipe('two', { encryption: { pattern: 'XX', identity: marked } }),
    ]
    for (const holder of holders) {
      const shown = [
        inspect(holder, { depth: null, showHidden: true, getters: true }),
        inspect({ holder: [holder] }, { depth: 12 }),
        inspect(structuredCloned(holder), { depth: null }),
        JSON.stringify(holder) ?? '',
        String(holder),
      ].join('\n')
      expect(shown).not.toMatch(/171,\s*171|abab|q6ur/i)
    }
  })
})

/** What can't be cloned has no clone. */
function structuredCloned(value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch {
    return undefined
  }
}
