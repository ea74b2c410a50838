import { randomBytes, scryptSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Primitives } from '../base/primitives.ts'
import { TimestampGuard, TimestampSource } from '../datagrams/timestamp-guard.ts'
import { noblePrimitives } from '../noble/noble.ts'
import { keyFromText, keyPair, keyToText, randomKey, requireKey } from './key.ts'
import { base64urlOf, bytesOfBase64url, bytesOfHex, hexOf } from './key-text.ts'
import { keyFromPassphrase } from './passphrase.ts'

const seed = 20_261_120
console.log(`key.test.ts: seed ${seed}`)

describe('a key', () => {
  it('is 32 random bytes, and comes back from its texts', () => {
    const key = randomKey(randomBytes)
    expect(key.length).toBe(32)
    expect(keyFromText(keyToText(key))).toEqual(new Uint8Array(key))
    expect(keyFromText(keyToText(key, 'hex'))).toEqual(new Uint8Array(key))
    expect(keyFromText(keyToText(key, 'hex').toUpperCase())).toEqual(new Uint8Array(key))
  })

  it('is no pass phrase', () => {
    expect(() => requireKey('correct horse battery staple')).toThrow('a pass phrase is no key')
    expect(() => requireKey('correct horse battery staple')).toThrow(
      expect.objectContaining({ code: 'unexpected' }),
    )
    expect(() => requireKey(Buffer.from('correct horse battery staple'))).toThrow('keyFromPassphrase')
    expect(() => requireKey(new Uint8Array(33))).toThrow(expect.objectContaining({ code: 'size' }))
    expect(() => requireKey(new Uint8Array(32))).toThrow('zeros')
    for (const wrong of [undefined, null, 5, new ArrayBuffer(32), Array(32).fill(1)])
      expect(() => requireKey(wrong)).toThrow(expect.objectContaining({ code: 'unexpected' }))
  })

  it('is refused in any text that is none, and not repeated', () => {
    const key = keyToText(randomKey(randomBytes))
    for (const wrong of ['', key.slice(1), `${key}A`, `${key.slice(1)}=`, `${key.slice(1)}+`, 'g'.repeat(64)])
      expect(() => keyFromText(wrong)).toThrow(expect.objectContaining({ code: 'malformed' }))
    expect(() => keyFromText(key.slice(1))).not.toThrow(key.slice(1))
  })

  it('comes as a pair', () => {
    const { publicKey, secretKey } = keyPair(noblePrimitives, randomBytes)
    expect(noblePrimitives.dh.pair(secretKey).publicKey).toEqual(publicKey)
    expect(() => keyPair(noblePrimitives, (size) => new Uint8Array(size))).toThrow('zeros')
    expect(() => randomKey(() => new Uint8Array(31).fill(1))).toThrow('32 bytes')
  })

  it('has texts that Node reads and writes alike', () => {
    const check = fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      expect(base64urlOf(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
      expect(hexOf(bytes)).toBe(Buffer.from(bytes).toString('hex'))
      expect(bytesOfBase64url(base64urlOf(bytes))).toEqual(bytes)
      expect(bytesOfHex(hexOf(bytes))).toEqual(bytes)
    })
    fc.assert(check, { seed, numRuns: 500 })
    const canonical = fc.property(
      fc.string({ maxLength: 9, unit: fc.constantFrom(...'AQgz09-_=+/ ') }),
      (text) => {
        const bytes = bytesOfBase64url(text)
        if (bytes !== undefined) expect(base64urlOf(bytes)).toBe(text)
      },
    )
    fc.assert(canonical, { seed, numRuns: 2000 })
  })
})

describe('a pass phrase', () => {
  const salt = new Uint8Array(16).fill(3)

  it('gives the key that scrypt gives, of text as of bytes', async () => {
    const cost = { n: 2 ** 14, weak: 'accepted' } as const
    const wanted = scryptSync('Grüße, 馬 🐎', salt, 32, { N: 2 ** 14, r: 8, p: 1 })
    const key = await keyFromPassphrase(noblePrimitives, 'Grüße, 馬 🐎', salt, cost)
    expect(Buffer.from(key).equals(wanted)).toBe(true)
    const bytes = new Uint8Array(Buffer.from('Grüße, 馬 🐎'))
    expect(await keyFromPassphrase(noblePrimitives, bytes, salt, cost)).toEqual(key)
    expect(bytes[0]).not.toBe(0)
    // Composed or not, it is the same to who types it.
    expect(await keyFromPassphrase(noblePrimitives, 'Gru\u0308ße, 馬 🐎', salt, cost)).toEqual(key)
  })

  it('is refused when it costs a guesser too little, or this side too much', async () => {
    const make = (passphrase: string, from: Uint8Array, cost = {}) =>
      keyFromPassphrase(noblePrimitives, passphrase, from, cost)
    const option = expect.objectContaining({ code: 'option' })
    for (const cost of [
      { n: 2 ** 13 },
      { n: 2 ** 15 + 1 },
      { n: 2 ** 23 },
      { r: 7 },
      { p: 0 },
      { n: 2 ** 22, r: 32 },
      // Below the least of OWASP's cheat sheet.
      { n: 2 ** 16 },
      { n: 2 ** 16, p: 1 },
      { n: 2 ** 15, p: 2 },
      { n: 2 ** 14, p: 4 },
      { n: 2 ** 14, weak: true },
      { N: 2 ** 18 },
    ])
      await expect(make('long enough', salt, cost), JSON.stringify(cost)).rejects.toThrow(option)
    const size = expect.objectContaining({ code: 'size' })
    await expect(make('long enough', salt.subarray(1))).rejects.toThrow(size)
    await expect(make('short', salt)).rejects.toThrow(size)
    await expect(make('x'.repeat(1025), salt)).rejects.toThrow(size)
    await expect(make('\ud800 half a pair', salt)).rejects.toThrow(
      expect.objectContaining({ code: 'malformed' }),
    )
  })
})

it('a pass phrase costs a guesser what OWASP has as the least, or more', async () => {
  const asked: unknown[] = []
  const watched: Primitives = {
    ...noblePrimitives,
    scrypt: (_phrase, _salt, cost, size) => {
      asked.push(cost)
      return Promise.resolve(new Uint8Array(size).fill(1))
    },
  }
  const costs = [
    undefined,
    { n: 2 ** 16, p: 2 },
    { n: 2 ** 15, p: 3 },
    { n: 2 ** 14, p: 5 },
    { n: 2 ** 18, r: 16 },
  ]
  for (const cost of costs) await keyFromPassphrase(watched, 'long enough', new Uint8Array(16).fill(3), cost)
  expect(asked).toEqual([
    { n: 2 ** 17, r: 8, p: 1 },
    { n: 2 ** 16, r: 8, p: 2 },
    { n: 2 ** 15, r: 8, p: 3 },
    { n: 2 ** 14, r: 8, p: 5 },
    { n: 2 ** 18, r: 16, p: 1 },
  ])
})

describe('timestamps', () => {
  const peer = new Uint8Array(32).fill(1)
  const now = 1_795_000_000_123

  it('are TAI64N, and grow even when the clock does not', () => {
    const source = new TimestampSource()
    const first = Buffer.from(source.next(now))
    expect(first.readBigUInt64BE(0)).toBe(2n ** 62n + 10n + 1_795_000_000n)
    expect(first.readUInt32BE(8)).toBe(123_000_000)
    let last = first
    for (const at of [now, now - 5000, now + 1, now]) {
      const next = Buffer.from(source.next(at))
      expect(next.compare(last)).toBe(1)
      last = next
    }
    for (let count = 0; count < 1_000_001; count++) source.next(now)
    expect(Buffer.from(source.next(now)).readUInt32BE(8)).toBeLessThan(126_000_000)
  })

  it('IK message-1 replay: each counts once, for each peer, and none before the last', () => {
    const guard = new TimestampGuard()
    const source = new TimestampSource()
    const [a, b, c] = [source.next(now), source.next(now), source.next(now + 5)]
    expect(guard.accept(peer, b)).toBe('accepted')
    expect(guard.accept(peer, b)).toBe('replayed')
    expect(guard.accept(peer, a)).toBe('replayed')
    expect(guard.accept(new Uint8Array(32).fill(2), a)).toBe('accepted')
    b.fill(0xff)
    expect(guard.accept(peer, c)).toBe('accepted')
  })

  it('are refused when they are none, and when there is no room, rather than forgotten', () => {
    const guard = new TimestampGuard({ peersMax: 2 })
    const source = new TimestampSource()
    for (const wrong of [new Uint8Array(11), new Uint8Array(12), new Uint8Array(12).fill(0xff)])
      expect(guard.accept(peer, wrong)).toBe('malformed')
    const stamp = source.next(now)
    const peers = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte))
    expect(peers.map((each) => guard.accept(each, stamp))).toEqual(['accepted', 'accepted', 'full'])
    expect(guard.accept(peers[0], stamp)).toBe('replayed')
    expect(guard.accept(peers[0], source.next(now))).toBe('accepted')
    guard.forget(peers[1])
    expect(guard.accept(peers[2], stamp)).toBe('accepted')
    expect(guard.size).toBe(2)
    expect(() => guard.accept(new Uint8Array(31), stamp)).toThrow(expect.objectContaining({ code: 'size' }))
    expect(() => new TimestampGuard({ peersMax: 0 })).toThrow('peersMax')
  })
})
