import { inspect } from 'node:util'
import {
  type ConnectToken,
  noblePrimitives,
  parseConnectToken,
  SEALED_TOKEN_SIZE_MAX,
  startHandshake,
  type TokenOrder,
  type TokenRefusal,
  type TokenRules,
  type TokenVerifier,
} from '@millrace/cipher'
import { Random, RawPeer, Rig, TokenLogin } from '@millrace/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EncryptionOptions } from '../base/encryption-options.ts'
import type { MillraceError } from '../base/millrace-error.ts'
import { noise } from '../noise.ts'
import type { PipeOptions } from '../pipe/pipe-options.ts'
import { connectTokens } from '../tokens.ts'

const random = new Random(20_261_127)
let rig: Rig
let login: TokenLogin
const now = () => rig.network.platform.wallMs!()

beforeEach(() => {
  rig = new Rig()
  login = new TokenLogin(random.fork(), now)
})
afterEach(() => rig.end())

type Where = 'link' | 'local'
const ways: readonly Where[] = ['link', 'local']

const make = (where: Where, options: PipeOptions) =>
  where === 'link' ? rig.pipe('server', options) : rig.local('lobby', options)

/** A bound server that takes tokens. */
async function bound(where: Where, tokens: unknown = login.verifier(), more: PipeOptions = {}) {
  const encryption = { identity: login.identity, tokens } as EncryptionOptions
  const server = make(where, { encryption, ...more })
  await rig.until(server.bind())
  return server
}

const open = (where: Where, token: string | ConnectToken) =>
  rig.until(make(where, { encryption: { token } }).open())
const failure = (where: Where, token: string | ConnectToken) =>
  rig.failureOf(make(where, { encryption: { token } }).open())

const sized = (bytes: Uint8Array) =>
  Buffer.concat([Buffer.from([bytes.length & 255, bytes.length >> 8]), bytes])

/** What the owner of a token says first: the token, and the message of the handshake. */
function firstWords(token: ConnectToken, psk = token.psk): [sealed: Buffer, message: Buffer] {
  const message = startHandshake({
    suite: 'Noise_NKpsk0_25519_ChaChaPoly_SHA256',
    role: 'initiator',
    primitives: noblePrimitives,
    random: (size) => random.bytes(size),
    prologue: Buffer.concat([Buffer.from('millrace/1 pipe'), token.sealed]),
    remoteStatic: token.servers[0].publicKey,
    psks: [psk],
  }).write()
  return [sized(token.sealed), sized(message)]
}

/** Says these bytes to the server, and lets time pass. */
async function say(...pieces: Uint8Array[]): Promise<RawPeer> {
  const peer = await RawPeer.connect(rig.network, 'net://server')
  for (const bytes of pieces) {
    peer.send(bytes)
    await rig.loop.settle()
  }
  await rig.loop.advance(50)
  return peer
}

describe.each(ways)('a pipe that takes connect tokens, over a %s', (where) => {
  it('knows who came, in authorise, in admit and on the channel; the other side knows the server', async () => {
    const seen: unknown[] = []
    const verifier = login.verifier()
    const userData = Uint8Array.of(1, 2, 3)
    const token = login.issue({ userId: 'player:77', userData })
    const server = make(where, {
      encryption: {
        identity: login.identity,
        tokens: verifier,
        authorise: (holder, channel) => {
          seen.push(holder.userId, channel)
          return true
        },
      },
      admit: (_data, _address, encryption) => {
        seen.push(encryption?.holder)
        return true
      },
    })
    await rig.until(server.bind())
    const opened = await open(where, token.text())
    const [accepted] = rig.diary(server).accepted
    const holder = { outcome: 'accepted', userId: 'player:77', userData, tokenId: expect.any(Uint8Array) }
    expect(accepted.encryption?.holder).toEqual(holder)
    expect(accepted.encryption?.holder?.tokenId).toHaveLength(16)
    expect(seen).toEqual(['player:77', accepted, holder])
    expect(accepted.encryption?.suite).toBe('Noise_NKpsk0_25519_ChaChaPoly_SHA256')
    expect(accepted.encryption?.peerKey).toBeUndefined()
    expect(opened.encryption).toEqual({
      suite: accepted.encryption?.suite,
      peerKey: login.identity.publicKey,
      handshakeHash: accepted.encryption?.handshakeHash,
    })
    const heard: unknown[] = []
    accepted.on('n', (n: unknown) => void heard.push(n))
    opened.send('n', 7)
    await rig.loop.advance(50)
    expect(heard).toEqual([7])
    expect(verifier.usedCount).toBe(1)
  })

  it('has holders of their own, and of a Buffer in the token nothing that others share', async () => {
    const server = await bound(where)
    const userData = Buffer.from('ab')
    for (const userId of ['a', 'b']) await open(where, login.issue({ userId, userData }))
    const [a, b] = rig.diary(server).accepted.map(({ encryption }) => encryption?.holder)
    a?.userData.fill(0)
    expect([a?.userId, b?.userId]).toEqual(['a', 'b'])
    expect([...(b?.userData ?? [])]).toEqual([97, 98])
  })

  it.each<[TokenRefusal, Partial<TokenOrder>, Partial<TokenRules>, number]>([
    ['expired', { lifetimeMs: 1000 }, { clockToleranceMs: 100 }, 1101],
    ['not-yet', { notBefore: 1_767_225_600_000 + 60_000 }, {}, 0],
    ['other-server', {}, { serverId: 'eu-2' }, 0],
    ['other-server', {}, { applicationId: new Uint8Array(8) }, 0],
    ['other-address', { clientAddress: '198.51.100.1' }, {}, 0],
    ['forged', {}, { key: new Uint8Array(32).fill(7) }, 0],
    ['used', {}, { since: 1_767_225_600_000 + 1 }, 0],
  ])('refuses what is %s, and says so', async (outcome, order, rules, laterMs) => {
    const verifier = login.verifier(rules)
    const server = await bound(where, verifier)
    const token = login.issue(order)
    await rig.loop.advance(laterMs)
    const { code, tokenRefusal } = await failure(where, token)
    await rig.loop.advance(50)
    const told = expect.objectContaining({
      code: 'encryption-failed',
      tokenRefusal: outcome,
      message: expect.stringContaining(`the connect token was refused: ${outcome}`),
    })
    expect(rig.diary(server).errors).toEqual([told])
    // Nothing leaves over a link; within the process both know.
    if (where === 'link') expect([code, tokenRefusal]).toEqual(['link-failed', undefined])
    else expect([code, tokenRefusal]).toEqual(['encryption-failed', outcome])
    expect(verifier.usedCount).toBe(0)
    expect(server.statistics()).toMatchObject({ errors: 1, accepted: 0, handshakes: 0 })
  })

  it('takes a token once, and tells used of the second', async () => {
    const server = await bound(where)
    const token = login.issue()
    const first = await open(where, token)
    await failure(where, token)
    await rig.loop.advance(50)
    expect(rig.diary(server).errors.map(({ tokenRefusal }) => tokenRefusal)).toEqual(['used'])
    expect(first.isOpen).toBe(true)
  })

  it('refuses new ones when as many used ones are remembered as may be, and takes them later', async () => {
    const server = await bound(where, login.verifier({ usedMax: 1, clockToleranceMs: 0 }))
    await open(where, login.issue({ lifetimeMs: 5000 }))
    const late = login.issue()
    await failure(where, late)
    await rig.loop.advance(50)
    expect(rig.diary(server).errors.map(({ tokenRefusal }) => tokenRefusal)).toEqual(['full'])
    // It was not used up.
    await rig.loop.advance(6000)
    expect((await open(where, late)).isOpen).toBe(true)
  })

  it('lets in no holder that authorise refuses; the token is used up', async () => {
    const verifier = login.verifier()
    const answers: (() => boolean | Promise<boolean>)[] = [
      () => false,
      () => Promise.resolve(false),
      () => JSON.parse('"yes"'),
      () => {
        throw new Error('no database')
      },
    ]
    const encryption: EncryptionOptions = {
      identity: login.identity,
      tokens: verifier,
      authorise: () => answers.shift()!(),
    }
    const server = make(where, { encryption })
    await rig.until(server.bind())
    for (let count = 0; count < 4; count++) await failure(where, login.issue())
    await rig.loop.advance(50)
    const refused = expect.stringContaining('authorise refused the holder of the token')
    expect(rig.diary(server).errors.map(({ message }) => message)).toEqual([
      refused,
      refused,
      refused,
      expect.stringContaining('authorise failed: no database'),
    ])
    expect([rig.diary(server).accepted.length, verifier.usedCount]).toEqual([0, 4])
  })

  it('is not harmed by a checker that throws, or answers what there is not', async () => {
    const answers = [
      () => {
        throw new Error('no ledger')
      },
      () => ({ outcome: 'yes' }),
      () => Promise.resolve({ outcome: 'candidate' }),
      () => undefined,
    ]
    const server = await bound(where, { verify: () => answers.shift()!() })
    for (let count = 0; count < 4; count++) await failure(where, login.issue())
    await rig.loop.advance(50)
    const messages = rig.diary(server).errors.map(({ message }) => message)
    expect(messages).toHaveLength(4)
    expect(messages[0]).toContain('tokens failed: no ledger')
    for (const message of messages.slice(1)) expect(message).toContain('tokens answered no outcome')
    expect(rig.diary(server).accepted).toEqual([])
  })

  it.each<[string, (login: TokenLogin) => EncryptionOptions | undefined]>([
    ['a shared key', () => ({ key: random.bytes(32) })],
    ['NK', ({ identity }) => ({ pattern: 'NK', peerKey: identity.publicKey })],
    ['IK', ({ identity }) => ({ pattern: 'IK', identity: keys(), peerKey: identity.publicKey })],
    ['XX', () => ({ pattern: 'XX', identity: keys(), anyPeer: true })],
    ['another algorithm', (login) => ({ token: login.issue(), algorithm: 'aes-256-gcm' })],
    ['another key of the server', (login) => ({ token: other(login) })],
  ])('keeps out a peer with %s, and uses up no token', async (_name, peer) => {
    const verifier = login.verifier()
    const server = await bound(where, verifier)
    const client = make(where, { encryption: peer(login), handshakeTimeoutMs: 500 })
    const { code } = await rig.failureOf(client.open())
    expect(code).toMatch(/^(encryption-failed|link-failed|handshake-failed)$/)
    await rig.loop.advance(3000)
    expect(rig.diary(server).accepted).toEqual([])
    expect(rig.diary(server).errors).toHaveLength(1)
    expect(verifier.usedCount).toBe(0)
  })

  it.each<[string, () => EncryptionOptions | undefined]>([
    ['a shared key', () => ({ key: random.bytes(32) })],
    ['NK', () => ({ pattern: 'NK', identity: login.identity })],
    ['XX', () => ({ pattern: 'XX', identity: login.identity })],
  ])('a token opens nothing at a pipe with %s', async (_name, encryption) => {
    const server = make(where, { encryption: encryption() })
    await rig.until(server.bind())
    expect((await failure(where, login.issue())).code).toMatch(/^(encryption-failed|link-failed)$/)
    await rig.loop.advance(3000)
    expect(rig.diary(server).accepted).toEqual([])
  })
})

const keys = () => noblePrimitives.dh.pair(random.bytes(32))

function other(login: TokenLogin): ConnectToken {
  return login.issue({ servers: [{ ...login.server, publicKey: keys().publicKey }] })
}

describe('a connect token on a link', () => {
  it('may come in any pieces', async () => {
    const verifier = login.verifier()
    const server = await bound('link', verifier)
    for (const cut of [1, 2, 3, 50, 200]) {
      const [sealed, message] = firstWords(login.issue({ userData: new Uint8Array(256) }))
      const all = Buffer.concat([sealed, message])
      const peer = await say(all.subarray(0, cut), all.subarray(cut))
      expect(peer.heard, `cut at ${cut}`).toHaveLength(2 + 48)
    }
    const bytewise = Buffer.concat(firstWords(login.issue()))
    expect((await say(...Array.from(bytewise, (byte) => Uint8Array.of(byte)))).heard).toHaveLength(50)
    expect(verifier.usedCount).toBe(6)
    expect(rig.diary(server).errors).toEqual([])
  })

  it('is not used up by a peer that has only seen it, nor by half a message', async () => {
    const verifier = login.verifier()
    const server = await bound('link', verifier)
    const token = login.issue()
    const [sealed, message] = firstWords(token)
    const [, stolen] = firstWords(token, random.bytes(32))
    for (const words of [[sealed], [sealed, message.subarray(0, 40)], [sealed, stolen]]) {
      await say(...words)
      await rig.loop.advance(3000)
    }
    expect(rig.diary(server).errors).toHaveLength(3)
    expect(verifier.usedCount).toBe(0)
    expect((await open('link', token)).isOpen).toBe(true)
  })

  it('answers nothing to what is refused, whichever bit was changed', async () => {
    const server = await bound('link', undefined, { handshakeRate: Number.POSITIVE_INFINITY })
    const refusals = new Map<string, number>()
    const token = login.issue({ lifetimeMs: 3_600_000 })
    const [sealed, message] = firstWords(token)
    const all = Buffer.concat([sealed, message])
    for (let at = 2; at < all.length; at += 3) {
      const changed = Buffer.from(all)
      changed[at] ^= 1 << random.integer(0, 7)
      const peer = await say(changed)
      expect(peer.heard, `byte ${at}`).toHaveLength(0)
      const error = rig.diary(server).errors.splice(0)
      expect(error).toHaveLength(1)
      const name = error[0].tokenRefusal ?? error[0].code
      refusals.set(name, (refusals.get(name) ?? 0) + 1)
    }
    expect([...refusals.keys()].sort()).toEqual(
      expect.arrayContaining(['encryption-failed', 'forged', 'malformed', 'other-server']),
    )
    expect(rig.diary(server).accepted).toEqual([])
  })

  it.each<[string, (sealed: Buffer, message: Buffer) => Buffer[], RegExp]>([
    [
      'larger than any is refused by its size alone',
      () => [Buffer.from([(SEALED_TOKEN_SIZE_MAX + 1) & 255, (SEALED_TOKEN_SIZE_MAX + 1) >> 8])],
      /a handshake message of 1023 bytes was announced; this one has 1022 at most/,
    ],
    ['of no bytes', (_, message) => [Buffer.alloc(2), message], /refused: malformed/],
    ['of one byte', (_, message) => [Buffer.from([1, 0, 1]), message], /refused: malformed/],
    [
      'as large as can be, of nonsense',
      () => [sized(Buffer.alloc(SEALED_TOKEN_SIZE_MAX, 1))],
      /refused: (malformed|other-server)/,
    ],
    [
      'that is cut, with a size that fits',
      (sealed, message) => [sized(sealed.subarray(2, -1)), message],
      /refused: (forged|malformed)/,
    ],
    [
      'twice',
      (sealed, message) => [sealed, sealed, message],
      /a handshake message of \d+ bytes was announced; this one has 48/,
    ],
    ['with no token before it', (_, message) => [message, message], /refused: malformed/],
  ])('%s', async (_name, words, text) => {
    const verifier = login.verifier()
    const server = await bound('link', verifier)
    const [sealed, message] = firstWords(login.issue())
    const peer = await say(...words(sealed, message))
    await rig.loop.advance(3000)
    expect(rig.diary(server).errors.map((error) => error.message)).toEqual([expect.stringMatching(text)])
    expect(peer.heard).toHaveLength(0)
    expect(verifier.usedCount).toBe(0)
  })

  it('is refused as used when all of it is said again, on another link', async () => {
    const server = await bound('link')
    const words = firstWords(login.issue())
    expect((await say(...words)).heard).toHaveLength(50)
    expect((await say(...words)).heard).toHaveLength(0)
    expect(rig.diary(server).errors.map(({ tokenRefusal }) => tokenRefusal)).toEqual(['used'])
  })

  it('is answered by nothing before authorise has let its holder in', async () => {
    const answers: ((verdict: boolean) => void)[] = []
    const encryption: EncryptionOptions = {
      identity: login.identity,
      tokens: login.verifier(),
      authorise: () => new Promise<boolean>((resolve) => void answers.push(resolve)),
    }
    await rig.until(rig.pipe('server', { encryption }).bind())
    const peer = await say(...firstWords(login.issue()))
    expect([answers.length, peer.heard.length]).toEqual([1, 0])
    answers[0](true)
    await rig.loop.advance(50)
    expect(peer.heard).toHaveLength(50)
  })

  it('of two links at once opens one', async () => {
    const server = await bound('link')
    const token = login.issue()
    const [one, two] = [firstWords(token), firstWords(token)]
    const peers = [await say(one[0]), await say(two[0])]
    for (const [index, peer] of peers.entries()) peer.send([one, two][index][1])
    await rig.loop.advance(50)
    expect(peers.map(({ heard }) => heard.length)).toEqual([50, 0])
    expect(rig.diary(server).errors.map(({ tokenRefusal }) => tokenRefusal)).toEqual(['used'])
  })

  it('that expires between its bytes and those of the message is refused', async () => {
    const verifier = login.verifier({ clockToleranceMs: 0 })
    const server = await bound('link', verifier)
    const [sealed, message] = firstWords(login.issue({ lifetimeMs: 1000 }))
    const peer = await say(sealed)
    await rig.loop.advance(1000)
    peer.send(message)
    await rig.loop.advance(50)
    expect(rig.diary(server).errors.map(({ tokenRefusal }) => tokenRefusal)).toEqual(['expired'])
    expect(verifier.usedCount).toBe(0)
  })

  it('for an address is good from there', async () => {
    const server = await bound('link')
    const token = login.issue({ clientAddress: '198.51.100.1' })
    for (const from of ['198.51.100.2', '198.51.100.1']) {
      rig.network.connected = ({ accepted }) => {
        accepted.peerAddress = from
      }
      await open('link', token).catch(() => {})
    }
    expect(rig.diary(server).accepted.map(({ peerAddress }) => peerAddress)).toEqual(['198.51.100.1'])
    expect(rig.diary(server).errors.map(({ tokenRefusal }) => tokenRefusal)).toEqual(['other-address'])
  })
})

describe('the memory of used tokens', () => {
  it('is one for all pipes that have the same verifier, and for all of a factory with the same rules', async () => {
    const encryption: EncryptionOptions = { identity: login.identity, tokens: login.rules }
    const verifier = login.verifier()
    for (const kind of ['verifier', 'factory'] as const) {
      const one = new Rig({ options: kind === 'factory' ? { encryption } : {} })
      const options = { encryption: { identity: login.identity, tokens: verifier } as EncryptionOptions }
      const servers = ['a', 'b'].map((place) => one.pipe(place, kind === 'factory' ? {} : options))
      for (const server of servers) await one.until(server.bind())
      const token = login.issue()
      await one.until(one.pipe('a', { encryption: { token } }).open())
      await one.failureOf(one.pipe('b', { encryption: { token } }).open())
      await one.loop.advance(50)
      expect(one.diary(servers[1]).errors.map(({ tokenRefusal }) => tokenRefusal)).toEqual(['used'])
      await one.end()
    }
  })

  it('outlives a pipe that is closed and bound again', async () => {
    const server = await bound('link', login.rules)
    const token = login.issue()
    await open('link', token)
    await rig.until(server.close())
    await rig.until(server.bind())
    await failure('link', token)
    await rig.loop.advance(50)
    expect(rig.diary(server).errors.at(-1)?.tokenRefusal).toBe('used')
  })
})

describe('options of connect tokens', () => {
  const given = (options: (token: ConnectToken) => object): EncryptionOptions =>
    options(login.issue()) as EncryptionOptions

  it.each<[string, (token: ConnectToken, identity: object, verifier: TokenVerifier) => object, string]>([
    [
      'tokens and a key',
      (_, identity, tokens) => ({ tokens, identity, key: random.bytes(32) }),
      'key goes without tokens',
    ],
    [
      'tokens and a pattern',
      (_, identity, tokens) => ({ tokens, identity, pattern: 'NK' }),
      'pattern goes without tokens',
    ],
    [
      'tokens and peerKey',
      (_, identity, tokens) => ({ tokens, identity, peerKey: random.bytes(32) }),
      'peerKey goes without tokens',
    ],
    [
      'tokens and anyPeer',
      (_, identity, tokens) => ({ tokens, identity, anyPeer: true }),
      'anyPeer goes without tokens',
    ],
    ['tokens without identity', (_, __, tokens) => ({ tokens }), 'tokens needs identity'],
    [
      'tokens and server',
      (_, identity, tokens) => ({ tokens, identity, server: 'eu-1' }),
      'server goes with token',
    ],
    ['tokens and token', (token, identity, tokens) => ({ tokens, identity, token }), 'got both'],
    ['tokens of text', (_, identity) => ({ tokens: 'yes', identity }), 'tokens is a TokenVerifier or {'],
    ['tokens of null', (_, identity) => ({ tokens: null, identity }), 'tokens is a TokenVerifier or {'],
    [
      'rules with primitives',
      (_, identity) => ({ tokens: { ...login.rules, primitives: noblePrimitives }, identity }),
      "tokens has no option 'primitives'",
    ],
    [
      'rules of a wrong spelling',
      (_, identity) => ({ tokens: { ...login.rules, sinse: 1 }, identity }),
      "no option 'sinse'",
    ],
    [
      'rules without a key',
      (_, identity) => ({ tokens: { ...login.rules, key: undefined }, identity }),
      'the key of the tokens must be',
    ],
    [
      'rules with a short key',
      (_, identity) => ({ tokens: { ...login.rules, key: new Uint8Array(31) }, identity }),
      'the key of the tokens must be',
    ],
    [
      'rules of another application id',
      (_, identity) => ({ tokens: { ...login.rules, applicationId: new Uint8Array(7) }, identity }),
      'An application id must be 8 bytes',
    ],
    [
      'rules without a server',
      (_, identity) => ({ tokens: { ...login.rules, serverId: '' }, identity }),
      'serverId must be',
    ],
    [
      'rules out of range',
      (_, identity) => ({ tokens: { ...login.rules, usedMax: 0 }, identity }),
      'usedMax must be a whole number',
    ],
    [
      'authorise: true',
      (_, identity, tokens) => ({ tokens, identity, authorise: true }),
      'authorise is a function',
    ],
    ['token and a key', (token) => ({ token, key: random.bytes(32) }), 'key goes without token;'],
    ['token and a pattern', (token) => ({ token, pattern: 'NK' }), 'pattern goes without token;'],
    ['token and identity', (token, identity) => ({ token, identity }), 'identity is not shown with a token'],
    ['token and peerKey', (token) => ({ token, peerKey: random.bytes(32) }), 'peerKey goes without token;'],
    [
      'token and authorise',
      (token) => ({ token, authorise: () => true }),
      'authorise has nothing to ask about',
    ],
    [
      'a cut token',
      (token) => ({ token: token.text().slice(0, -1) }),
      "token is a ConnectToken or its text, 'mrt1.…'",
    ],
    ['a text of no token', () => ({ token: 'secret' }), "token is a ConnectToken or its text, 'mrt1.…'"],
    ['a sealed token', (token) => ({ token: token.sealed }), 'token is a ConnectToken or its text'],
    ['a spread token', (token) => ({ token: { ...token } }), 'token is a ConnectToken or its text'],
    ['token of null', () => ({ token: null }), 'token is a ConnectToken or its text'],
    [
      'a server that it is not for',
      (token) => ({ token, server: 'eu-2' }),
      "there is no server 'eu-2': the token is for 'eu-1'",
    ],
    ['a server alone', () => ({ key: random.bytes(32), server: 'eu-1' }), 'server goes with token alone'],
    ['another suite', (token) => ({ token, algorithm: 'Noise_NK_25519_AESGCM_SHA256' }), 'Noise_NKpsk0_'],
  ])('are refused when they are given: %s', (_name, options, text) => {
    const refused = expect.objectContaining({
      code: 'argument-invalid',
      message: expect.stringContaining(text),
    })
    const encryption = given((token) => options(token, login.identity, login.verifier()))
    expect(() => rig.pipe('server', { encryption })).toThrow(refused)
    const crypto = {
      primitives: noblePrimitives,
      random: (size: number) => random.bytes(size),
      tokens: connectTokens,
    }
    expect(() => noise(encryption, crypto)).toThrow(refused)
  })

  it('of one side are refused by the other', async () => {
    const refused = {
      code: 'argument-invalid',
      message: expect.stringContaining('tokens is for the accepting side, token for the opening one'),
    }
    const accepting = rig.pipe('a', { encryption: { identity: login.identity, tokens: login.rules } })
    expect(await rig.failureOf(accepting.open())).toMatchObject(refused)
    const opening = rig.pipe('b', { encryption: { token: login.issue() } })
    expect(await rig.failureOf(opening.bind())).toMatchObject(refused)
  })

  it('name the server where a token is for several, whichever its key', async () => {
    const server = await bound('link')
    const servers = [{ ...login.server, id: 'eu-0', publicKey: keys().publicKey }, login.server]
    const token = login.issue({ servers })
    const refused = expect.objectContaining({
      code: 'argument-invalid',
      message: expect.stringContaining(
        "server is the id of the one to open: the token is for 'eu-0', 'eu-1'",
      ),
    })
    expect(() => rig.pipe('server', { encryption: { token } })).toThrow(refused)
    const wrong = rig.pipe('server', { encryption: { token, server: 'eu-0' } })
    expect((await rig.failureOf(wrong.open())).code).toBe('link-failed')
    const right = rig.pipe('server', { encryption: { token, server: 'eu-1' } })
    expect((await rig.until(right.open())).isOpen).toBe(true)
    expect(rig.diary(server).errors).toHaveLength(1)
  })

  it('are copied: what the program overwrites afterwards changes nothing', async () => {
    const rules = {
      ...login.rules,
      key: Buffer.from(login.rules.key),
      applicationId: Buffer.from(login.rules.applicationId),
    }
    const server = rig.pipe('server', { encryption: { identity: login.identity, tokens: rules } })
    rules.key.fill(0)
    rules.applicationId.fill(0)
    const token = parseConnectToken(login.issue().bytes())!
    const client = rig.pipe('server', { encryption: { token } })
    token.psk.fill(0)
    token.sealed.fill(0)
    await rig.until(server.bind())
    expect((await rig.until(client.open())).isOpen).toBe(true)
  })

  it('are unsupported where there is no code for them, or no time of day', async () => {
    const crypto = { primitives: noblePrimitives, random: (size: number) => random.bytes(size) }
    const lacking = {
      code: 'unsupported',
      message: expect.stringContaining('connectTokens of @millrace/core/tokens'),
    }
    expect(() => noise({ token: login.issue() }, crypto)).toThrow(expect.objectContaining(lacking))
    const { wallMs: _, ...platform } = rig.network.platform
    Object.assign(rig.network.platform, { wallMs: undefined })
    const server = rig.pipe('server', { encryption: { identity: login.identity, tokens: login.verifier() } })
    expect(await rig.failureOf(server.bind())).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('wallMs'),
    })
    expect(platform.random(1)).toHaveLength(1)
  })

  it('refuse keys that are not of each other when the pipe binds', async () => {
    const identity = { publicKey: keys().publicKey, secretKey: login.identity.secretKey }
    const server = rig.pipe('server', { encryption: { identity, tokens: login.verifier() } })
    expect(await rig.failureOf(server.bind())).toMatchObject({ code: 'argument-invalid' })
  })

  it('are nothing for setEncryption, which takes a shared key', async () => {
    await bound('link')
    const channel = await open('link', login.issue())
    const refused = {
      code: 'argument-invalid',
      message: expect.stringContaining('key must be a Uint8Array of 32 bytes'),
    }
    await expect(channel.setEncryption(login.issue().text() as never)).rejects.toMatchObject(refused)
  })

  it('are shown by no inspection of the pipes that have them', () => {
    const rules = { ...login.rules, key: new Uint8Array(32).fill(0xab) }
    const token = login.issue()
    const holders = [
      rig.pipe('a', { encryption: { identity: login.identity, tokens: rules } }),
      rig.pipe('b', { encryption: { token } }),
    ]
    for (const holder of holders) {
      const shown = inspect(holder, { depth: null, showHidden: true, getters: true })
      expect(shown).not.toMatch(/171,\s*171|abab|mrt1/i)
      expect(shown).not.toContain([...token.psk.subarray(0, 4)].join(', '))
    }
  })

  it('do not compile either', () => {
    const { identity } = login
    const tokens = login.rules
    const token = login.issue()
    const options: EncryptionOptions[] = [
      { identity, tokens },
      { identity, tokens: login.verifier(), authorise: ({ userId }) => userId === 'ada' },
      { token, server: 'eu-1', algorithm: 'aes-256-gcm' },
      { token: token.text() },
      // @ts-expect-error no identity
      { tokens },
      // @ts-expect-error both sides at once
      { identity, tokens, token },
      // @ts-expect-error a pattern beside tokens
      { identity, tokens, pattern: 'NK' },
      // @ts-expect-error a key beside a token
      { token, key: random.bytes(32) },
      // @ts-expect-error an identity beside a token
      { token, identity },
      // @ts-expect-error a server beside a key
      { key: random.bytes(32), server: 'eu-1' },
      // @ts-expect-error nothing to authorise
      { token, authorise: () => true },
    ]
    expect(options).toHaveLength(11)
  })
})

it('no more tokens of one address are looked at than it may try handshakes', async () => {
  const verifier = login.verifier()
  let looks = 0
  const verify: TokenVerifier['verify'] = (...shown) => {
    looks++
    return verifier.verify(...shown)
  }
  const limits = { handshakeRate: 20, handshakeBurst: 30 }
  await bound('link', { verify }, limits)
  rig.network.connected = ({ accepted }) => {
    accepted.peerAddress = '192.0.2.77'
  }
  for (let count = 0; count < 200; count++) {
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.send(sized(login.issue().sealed))
  }
  await rig.loop.settle()
  expect(looks).toBeGreaterThanOrEqual(30)
  // 200 links of 1 ms each bring back a few.
  expect(looks).toBeLessThanOrEqual(40)
})

it('a flood of refused tokens is told a hundred times a second at most', async () => {
  const errors: MillraceError[] = []
  const server = await bound('link', undefined, { handshakeRate: Number.POSITIVE_INFINITY })
  server.on('error', (_pipe, error) => void errors.push(error))
  const bad = sized(Buffer.alloc(200, 1))
  for (let count = 0; count < 150; count++) {
    const peer = await RawPeer.connect(rig.network, 'net://server')
    peer.send(bad)
  }
  await rig.loop.settle()
  expect(errors.length).toBeLessThanOrEqual(100)
  await rig.loop.advance(3000)
  expect(errors.at(-1)?.message).toMatch(/^\d+ more of 'encryption-failed' within 1000 ms were not told/)
  expect(server.statistics().errors).toBeGreaterThanOrEqual(150)
})
