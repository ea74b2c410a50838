import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../fuzz/record-rig.ts'
import { noblePrimitives } from '../noble/noble.ts'
import {
  CONNECT_TOKEN_SIZE_MAX,
  SEALED_TOKEN_SIZE_MAX,
  TOKEN_HEADER_SIZE,
  TOKEN_INSIDE_SIZE_MAX,
  TOKEN_INSIDE_SIZE_MIN,
} from './token.ts'
import { type ConnectToken, parseConnectToken } from './token-connect.ts'
import { TokenIssuer, type TokenOrder } from './token-issuer.ts'
import { readInside, TokenSeal, writeInside } from './token-seal.ts'
import { TokenVerifier, type TokenVerifierOptions } from './token-verifier.ts'

const seed = 20_261_120
console.log(`token.test.ts: seed ${seed}`)

const now = 1_795_000_000_000
const key = new Uint8Array(32).fill(0x5a)
const applicationId = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8])
const keyring = { primitives: noblePrimitives, key, applicationId }
const publicKey = new Uint8Array(32).fill(9)
const servers = [{ id: 'eu-1', address: '192.0.2.7:7777', publicKey }]
const order: TokenOrder = { userId: 'player:77', servers }

function issuerOf(from = seed): TokenIssuer {
  const random = new Random(from)
  return new TokenIssuer(keyring, (size) => random.bytes(size))
}

const issuer = issuerOf()

function verifierOf(options: Partial<TokenVerifierOptions> = {}): TokenVerifier {
  return new TokenVerifier({ ...keyring, serverId: 'eu-1', ...options })
}

/** What can't be cloned has no clone. */
function clonedOf(value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch {
    return undefined
  }
}

/** The whole way of a token; the outcome of its last step. */
function use(verifier: TokenVerifier, token: ConnectToken | Uint8Array, at = now, from = '198.51.100.1') {
  const shown = verifier.verify(token instanceof Uint8Array ? token : token.sealed, from, at)
  return shown.outcome === 'candidate' ? shown.redeem(at) : shown
}

describe('a connect token', () => {
  it('gives the server what the login server said, and both sides the same key', () => {
    const userData = Uint8Array.of(7, 8, 9)
    const token = issuer.issue({ ...order, userData, clientAddress: '198.51.100.1' }, now)
    const held = parseConnectToken(token.text()) as ConnectToken
    expect(held.servers).toEqual(servers)
    expect([held.notBefore, held.expiry]).toEqual([now, now + 45_000])
    const shown = verifierOf().verify(held.sealed, '198.51.100.1', now)
    if (shown.outcome !== 'candidate') throw new Error(shown.outcome)
    expect(shown.psk).toEqual(held.psk)
    expect(shown.psk).not.toEqual(new Uint8Array(32))
    const holder = shown.redeem(now)
    expect(holder).toMatchObject({ outcome: 'accepted', userId: 'player:77', userData })
    expect(shown.psk).toEqual(new Uint8Array(32))
  })

  it('has its layout', () => {
    const { sealed } = issuer.issue(order, now)
    const view = new DataView(sealed.buffer)
    expect(sealed[0]).toBe(1)
    expect(sealed.subarray(1, 9)).toEqual(applicationId)
    expect([view.getBigUint64(9, true), view.getBigUint64(17, true)]).toEqual([
      BigInt(now),
      BigInt(now + 45_000),
    ])
    expect(sealed.length).toBe(49 + 16 + 32 + 10 + 1 + 5 + 1 + 2 + 16)
    const bytes = parseConnectToken(issuer.issue(order, now).text())?.bytes() as Uint8Array
    expect([bytes[0], bytes[33], bytes[34]]).toEqual([1, 1, 4])
  })

  it('comes back from bytes and text, at its smallest and its largest, and never larger', () => {
    const text = 'x'.repeat(64)
    const largest: TokenOrder = {
      userId: text,
      servers: Array.from({ length: 8 }, (_, index) => ({
        id: `${index}`.padEnd(64, 'x'),
        address: text,
        publicKey,
      })),
      clientAddress: text,
      userData: new Uint8Array(256).fill(1),
    }
    const smallest: TokenOrder = {
      userId: 'u',
      servers: [{ id: '0'.padEnd(1, 'x'), address: 'a', publicKey }],
    }
    for (const [each, inside] of [
      [largest, TOKEN_INSIDE_SIZE_MAX],
      [smallest, TOKEN_INSIDE_SIZE_MIN],
    ] as const) {
      const token = issuer.issue(each, now)
      expect(token.sealed.length).toBe(TOKEN_HEADER_SIZE + inside + 16)
      for (const source of [token.bytes(), token.text()]) {
        const held = parseConnectToken(source) as ConnectToken
        expect(held.bytes()).toEqual(token.bytes())
        expect(held.servers).toEqual(each.servers)
      }
      const serverId = each.servers[0].id
      expect(use(verifierOf({ serverId }), token, now, text)).toMatchObject({
        outcome: 'accepted',
        userId: each.userId,
      })
    }
    expect(issuer.issue(largest, now).bytes().length).toBe(CONNECT_TOKEN_SIZE_MAX)
    expect(SEALED_TOKEN_SIZE_MAX).toBeLessThan(1150)
  })

  it('tells a log or an answer by accident nothing', () => {
    const token = issuer.issue(order, now)
    const psk = Buffer.from(token.psk)
    const candidate = verifierOf().verify(token.sealed, '', now)
    if (candidate.outcome !== 'candidate') throw new Error(candidate.outcome)
    expect(candidate.psk).toEqual(token.psk)
    for (const holder of [
      token,
      candidate,
      [{ candidate }],
      issuer,
      verifierOf(),
      { shown: { candidate } },
    ]) {
      const told = [
        JSON.stringify(holder),
        inspect(holder, { depth: null, showHidden: true, getters: true }),
        inspect(holder, { depth: 0 }),
        `${holder}`,
        inspect(clonedOf(holder), { depth: null, showHidden: true }),
      ].join()
      for (const secret of [psk, Buffer.from(key)]) {
        expect(told).not.toContain(secret.toString('hex'))
        expect(told).not.toContain(secret.toString('base64url'))
        expect(told).not.toMatch(new RegExp([...secret.subarray(0, 6)].join(',\\s*')))
      }
    }
  })

  it('is another one each time', () => {
    const [a, b] = [issuer.issue(order, now), issuer.issue(order, now)]
    expect(a.psk).not.toEqual(b.psk)
    expect(a.sealed.subarray(25, 49)).not.toEqual(b.sealed.subarray(25, 49))
  })

  it.each<[string, Partial<TokenOrder>]>([
    ['a user without a name', { userId: '' }],
    ['a name that is too long', { userId: 'x'.repeat(65) }],
    ['a blank in a name', { userId: 'two words' }],
    ['a name beyond ASCII', { userId: 'Jürgen' }],
    ['no server', { servers: [] }],
    ['nine servers', { servers: Array(9).fill(servers[0]) }],
    ['a server without an address', { servers: [{ ...servers[0], address: '' }] }],
    ['a short public key', { servers: [{ ...servers[0], publicKey: new Uint8Array(31) }] }],
    ['too much user data', { userData: new Uint8Array(257) }],
    ['a life of no time', { lifetimeMs: 0 }],
    ['a life of more than a day', { lifetimeMs: 86_400_001 }],
    ['an empty address', { clientAddress: '' }],
  ])('is refused to an order with %s', (_, wrong) => {
    expect(() => issuer.issue({ ...order, ...wrong }, now)).toThrow(
      expect.objectContaining({ name: 'CipherError' }),
    )
  })

  it('needs a key, a random source and a cipher that work', () => {
    const zeros = (size: number) => new Uint8Array(size)
    expect(() => new TokenIssuer(keyring, zeros).issue(order, now)).toThrow('zeros')
    expect(() => new TokenIssuer(keyring, () => new Uint8Array(3)).issue(order, now)).toThrow('32 bytes')
    expect(() => new TokenIssuer({ ...keyring, key: 'secret' as never }, zeros)).toThrow('keyFromPassphrase')
    expect(() => new TokenIssuer({ ...keyring, applicationId: key }, zeros)).toThrow('8 bytes')
    const lacking = { ...noblePrimitives, name: 'lacking', aead: () => undefined }
    expect(() => new TokenSeal(lacking, key)).toThrow(expect.objectContaining({ code: 'unsupported' }))
  })
})

describe('adversary', () => {
  it('token replay: it is good once', () => {
    const verifier = verifierOf()
    const token = issuer.issue(order, now)
    expect(use(verifier, token).outcome).toBe('accepted')
    expect(use(verifier, token).outcome).toBe('used')
    expect(verifier.usedCount).toBe(1)
  })

  it('token replay at the same time: of two candidates one is redeemed', () => {
    const verifier = verifierOf()
    const { sealed } = issuer.issue(order, now)
    const shown = [verifier.verify(sealed, '', now), verifier.verify(sealed, '', now)]
    const outcomes = shown.map((each) => (each.outcome === 'candidate' ? each.redeem(now).outcome : ''))
    expect(outcomes).toEqual(['accepted', 'used'])
  })

  it('a token that was only seen is not used up by showing it', () => {
    const verifier = verifierOf()
    const { sealed } = issuer.issue(order, now)
    for (let count = 0; count < 10; count++)
      expect(verifier.verify(sealed, '', now).outcome).toBe('candidate')
    expect(verifier.usedCount).toBe(0)
    expect(use(verifier, sealed).outcome).toBe('accepted')
  })

  it('a candidate says nothing of its holder before it is redeemed', () => {
    const shown = verifierOf().verify(issuer.issue(order, now).sealed, '', now)
    expect(Object.keys(shown)).toEqual(['outcome'])
  })

  it('token expired, and not yet: to the millisecond, tolerance included', () => {
    const tolerant = verifierOf({ clockToleranceMs: 2000 })
    const token = issuer.issue({ ...order, notBefore: now + 10_000, lifetimeMs: 1000 }, now)
    expect(use(tolerant, token, now + 7_999).outcome).toBe('not-yet')
    expect(tolerant.verify(token.sealed, '', now + 8_000).outcome).toBe('candidate')
    expect(tolerant.verify(token.sealed, '', now + 12_999).outcome).toBe('candidate')
    expect(use(tolerant, token, now + 13_000).outcome).toBe('expired')
    const shown = tolerant.verify(token.sealed, '', now + 12_999)
    expect(shown.outcome === 'candidate' && shown.redeem(now + 13_000).outcome).toBe('expired')
  })

  it('token for other server or application', () => {
    const token = issuer.issue(order, now)
    expect(use(verifierOf({ serverId: 'eu-2' }), token).outcome).toBe('other-server')
    expect(use(verifierOf({ serverId: 'eu-10' }), token).outcome).toBe('other-server')
    const other = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 9])
    expect(use(verifierOf({ applicationId: other }), token).outcome).toBe('other-server')
  })

  it('token from other address', () => {
    const bound = issuer.issue({ ...order, clientAddress: '198.51.100.1' }, now)
    expect(use(verifierOf(), bound, now, '198.51.100.2').outcome).toBe('other-address')
    expect(use(verifierOf(), bound, now, '').outcome).toBe('other-address')
    expect(use(verifierOf(), bound, now, '198.51.100.1').outcome).toBe('accepted')
  })

  it('token of another key is forged', () => {
    const verifier = verifierOf({ key: new Uint8Array(32).fill(1) })
    expect(use(verifier, issuer.issue(order, now)).outcome).toBe('forged')
  })

  it('the shared key used for anything else makes no token: the label is missing', () => {
    const sealed = issuer.issue(order, now).sealed.slice()
    const aead = noblePrimitives.aead('xchacha20-poly1305')?.key(key)
    const label = Buffer.from('millrace-token')
    const header = sealed.slice(0, 25)
    const content = new Uint8Array(sealed.length - 49 - 16)
    const open = (ad: Uint8Array) => aead?.open(sealed.slice(25, 49), ad, sealed.subarray(49), content)
    expect(open(Buffer.concat([label, header]))).toBe(true)
    aead?.seal(sealed.slice(25, 49), header, content, sealed.subarray(49))
    expect(use(verifierOf(), sealed).outcome).toBe('forged')
  })

  it('an authentic token that ends before it begins, or lives longer than a day, is malformed', () => {
    const seal = new TokenSeal(noblePrimitives, key)
    const { sealed } = issuer.issue(order, now)
    const aead = noblePrimitives.aead('xchacha20-poly1305')?.key(key)
    const content = new Uint8Array(sealed.length - 49 - 16)
    const ad = Buffer.concat([Buffer.from('millrace-token'), sealed.subarray(0, 25)])
    aead?.open(sealed.slice(25, 49), ad, sealed.subarray(49), content)
    const inside = readInside(content)
    if (inside === undefined) throw new Error('no inside')
    const random = new Random(seed)
    const outcomeOf = (expiry: number) => {
      const token = seal.seal({ applicationId, notBefore: now, expiry }, inside, (size) => random.bytes(size))
      return verifierOf().verify(token, '', now).outcome
    }
    expect(outcomeOf(now)).toBe('malformed')
    expect(outcomeOf(now - 1)).toBe('malformed')
    expect(outcomeOf(now + 1)).toBe('candidate')
    expect(outcomeOf(now + 86_400_000)).toBe('candidate')
    expect(outcomeOf(now + 86_400_001)).toBe('malformed')
  })

  it('every bit of a sealed token counts', () => {
    const verifier = verifierOf()
    const { sealed } = issuer.issue(order, now)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.slice()
      changed[bit >> 3] ^= 1 << (bit & 7)
      const { outcome } = verifier.verify(changed, '', now)
      expect(outcome, `bit ${bit}`).toMatch(/^(malformed|other-server|expired|not-yet|forged)$/)
      // Behind the times nothing is believed without the tag.
      if (bit >= 25 * 8) expect(outcome).toBe('forged')
    }
    for (let size = 0; size <= sealed.length + 3; size++) {
      if (size === sealed.length) continue
      const cut = new Uint8Array(size)
      cut.set(sealed.subarray(0, size))
      expect(verifier.verify(cut, '', now).outcome).toMatch(/^(malformed|forged)$/)
    }
    expect(use(verifier, sealed).outcome).toBe('accepted')
  })

  it('many tokens: when the ledger is full it refuses, and forgets none that could come again', () => {
    const verifier = verifierOf({ usedMax: 3, clockToleranceMs: 0 })
    const tokens = Array.from({ length: 4 }, () => issuer.issue(order, now))
    const outcomes = tokens.map((token) => use(verifier, token).outcome)
    expect(outcomes).toEqual(['accepted', 'accepted', 'accepted', 'full'])
    expect(tokens.map((token) => use(verifier, token, now + 44_999).outcome)).toEqual([
      'used',
      'used',
      'used',
      'full',
    ])
    const later = issuer.issue(order, now + 46_000)
    expect(use(verifier, later, now + 46_000).outcome).toBe('accepted')
    expect(verifier.usedCount).toBe(1)
  })

  it('a clock that is set back makes no used token good again', () => {
    const verifier = verifierOf({ clockToleranceMs: 0 })
    const token = issuer.issue(order, now)
    expect(use(verifier, token).outcome).toBe('accepted')
    expect(use(verifier, issuer.issue(order, now + 100_000), now + 100_000).outcome).toBe('accepted')
    expect(use(verifier, token, now + 1000).outcome).toBe('used')
  })

  it('a clock that jumps ahead and back locks no user out, and makes no used token good again', () => {
    const hour = 3_600_000
    for (const usedMax of [3, 100]) {
      const verifier = verifierOf({ usedMax })
      const before = Array.from({ length: 3 }, () => issuer.issue(order, now))
      for (const token of before) expect(use(verifier, token).outcome).toBe('accepted')
      const ahead = issuer.issue(order, now + hour)
      expect(use(verifier, ahead, now + hour).outcome).toBe('accepted')
      for (const token of before) expect(use(verifier, token, now + 100).outcome).not.toBe('accepted')
      // Where there was room nothing was forgotten; else those count as used that end no later than the ones which were.
      const fresh = issuer.issue(order, now + (usedMax === 3 ? 1000 : 0))
      expect(use(verifier, fresh, now + 1000).outcome).toBe('accepted')
      expect(use(verifier, fresh, now + 1000).outcome).toBe('used')
      expect(use(verifier, ahead, now + hour).outcome).toBe('used')
    }
  })

  it('a full ledger stays at its limit, whatever the clock does', () => {
    const random = new Random(seed)
    const verifier = verifierOf({ usedMax: 20 })
    const once = new Map<ConnectToken, string>()
    for (let round = 0; round < 2000; round++) {
      const at = now + round * 100 + (random.below(10) === 0 ? random.below(100_000) - 50_000 : 0)
      const known = [...once.keys()]
      const token =
        known.length > 0 && random.below(2) === 0
          ? random.pick(known)
          : issuer.issue({ ...order, lifetimeMs: 1000 + random.below(5000) }, at)
      const { outcome } = use(verifier, token, at)
      expect(verifier.usedCount).toBeLessThanOrEqual(20)
      if (outcome !== 'accepted') continue
      expect(once.has(token)).toBe(false)
      once.set(token, outcome)
    }
    expect(once.size).toBeGreaterThan(50)
  })

  it('a time that is none is refused: every comparison with it would be false', () => {
    const verifier = verifierOf()
    const token = issuer.issue(order, now)
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, undefined as never]) {
      const option = expect.objectContaining({ code: 'option', message: expect.stringContaining('wallMs') })
      expect(() => verifier.verify(token.sealed, '', wrong)).toThrow(option)
      expect(() => issuer.issue({ ...order, notBefore: now }, wrong)).toThrow(option)
      const shown = verifier.verify(token.sealed, '', now)
      expect(() => shown.outcome === 'candidate' && shown.redeem(wrong)).toThrow(option)
    }
  })

  it('options of a wrong spelling are refused, not ignored', () => {
    const option = expect.objectContaining({ code: 'option', message: expect.stringContaining('no option') })
    expect(() => verifierOf({ sinse: now } as never)).toThrow(option)
    expect(() => new TokenIssuer({ ...keyring, serverId: 'eu-1' } as never, () => key)).toThrow(option)
    expect(() => issuer.issue({ ...order, clientAdress: '198.51.100.1' } as never, now)).toThrow(option)
    const server = { ...servers[0], publickey: publicKey }
    expect(() => issuer.issue({ ...order, servers: [server] }, now)).toThrow(option)
    expect(
      use(verifierOf({ since: undefined }), issuer.issue({ ...order, userData: undefined }, now)).outcome,
    ).toBe('accepted')
  })

  it('what the program overwrites after giving it changes nothing', () => {
    const own = { key: new Uint8Array(key), applicationId: new Uint8Array(applicationId) }
    const login = new TokenIssuer({ ...keyring, ...own }, (size) => new Random(seed).bytes(size))
    const verifier = verifierOf(own)
    for (const bytes of Object.values(own)) bytes.fill(0)
    const given = [{ ...servers[0], publicKey: new Uint8Array(publicKey) }]
    const token = login.issue({ ...order, servers: given }, now)
    given[0].publicKey.fill(0)
    given.pop()
    expect(token.servers).toEqual(servers)
    expect(parseConnectToken(token.text())?.servers).toEqual(servers)
    expect(use(verifier, token).outcome).toBe('accepted')
  })

  it('a restart makes no used token good again, if the server says when it began', () => {
    const token = issuer.issue(order, now)
    expect(use(verifierOf({ since: now - 4999 }), token, now + 2000).outcome).toBe('used')
    expect(use(verifierOf({ since: now - 5000 }), token, now + 2000).outcome).toBe('accepted')
    const strict = { clockToleranceMs: 0 }
    expect(use(verifierOf({ since: now + 1, ...strict }), token, now + 2000).outcome).toBe('used')
    expect(use(verifierOf({ since: now, ...strict }), token, now + 2000).outcome).toBe('accepted')
  })

  it('a restart within the tolerance of the clocks makes no used token good again either', () => {
    for (let skew = 0; skew <= 5000; skew += 500) {
      // The login server's clock is ahead; the token is used as early as it can be, and the server restarts at once.
      const token = issuer.issue(order, now + skew)
      const used = now + skew - 5000
      expect(use(verifierOf({ since: used - 60_000 }), token, used).outcome).toBe('accepted')
      expect(use(verifierOf({ since: used + 1 }), token, used + 100).outcome, `${skew} ms`).toBe('used')
    }
  })
})

describe('a parser', () => {
  const inside = {
    id: new Uint8Array(16).fill(1),
    psk: new Uint8Array(32).fill(2),
    userId: 'user',
    serverIds: ['a', 'b'],
    clientAddress: '',
    userData: Uint8Array.of(1, 2),
  }

  it('reads an authentic inside as strictly as if an attacker had written it', () => {
    const bytes = writeInside(inside)
    expect(readInside(bytes)).toEqual(inside)
    for (let size = 0; size < bytes.length; size++)
      expect(readInside(bytes.subarray(0, size))).toBeUndefined()
    expect(readInside(Uint8Array.from([...bytes, 0]))).toBeUndefined()
    const wrong: [number, number][] = [
      [48, 0],
      [48, 65],
      [49, 0x20],
      [50, 0x80],
      [53, 0],
      [53, 9],
      [54, 0],
      [58, 200],
      [59, 9],
      [60, 1],
    ]
    for (const [at, value] of wrong) {
      const changed = bytes.slice()
      changed[at] = value
      expect(readInside(changed), `${value} at ${at}`).toBeUndefined()
    }
  })

  it('answers whatever it reads, and reads what it wrote', () => {
    const bytes = issuerOf(3).issue(order, now).bytes()
    const drawn = fc.record({
      at: fc.nat(bytes.length - 1),
      value: fc.nat(255),
      size: fc.nat(bytes.length + 9),
    })
    const check = fc.property(drawn, ({ at, value, size }) => {
      const changed = new Uint8Array(size)
      changed.set(bytes.subarray(0, size))
      if (at < size) changed[at] = value
      const token = parseConnectToken(changed)
      if (token !== undefined) expect(token.bytes()).toEqual(changed)
    })
    fc.assert(check, { seed, numRuns: 3000 })
  })

  it('copies what it reads, of a Node Buffer too, though its slices share its memory', () => {
    const token = issuer.issue(order, now)
    const source = Buffer.from(token.bytes())
    const read = parseConnectToken(source) as ConnectToken
    source.fill(0)
    expect(read.bytes()).toEqual(token.bytes())
  })

  it('refuses a text that was cut, mistyped, or is none', () => {
    const text = issuer.issue(order, now).text()
    expect(text).toMatch(/^mrt1\.[\w-]+$/)
    const random = new Random(seed)
    for (let at = 0; at < text.length; at++) {
      const typed = 'Ab0-_'[random.below(5)]
      if (typed === text[at]) continue
      expect(parseConnectToken(text.slice(0, at) + typed + text.slice(at + 1)), `at ${at}`).toBeUndefined()
      expect(parseConnectToken(text.slice(0, at))).toBeUndefined()
    }
    for (const wrong of [
      '',
      'mrt1.',
      'mrt2.AAAA',
      `${text}=`,
      ` ${text}`,
      text.toUpperCase(),
      'x'.repeat(1e6),
    ])
      expect(parseConnectToken(wrong)).toBeUndefined()
  })
})
