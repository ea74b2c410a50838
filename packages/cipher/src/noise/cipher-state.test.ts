import { describe, expect, it } from 'vitest'
import type { Aead } from '../base/primitives.ts'
import { NOBLE_AEADS } from '../noble/noble-aead.ts'
import { CipherState } from './cipher-state.ts'

const NOTHING = new Uint8Array(0)
const KEY = Uint8Array.from({ length: 32 }, (_, index) => index)
const AEADS = [NOBLE_AEADS['chacha20-poly1305'], NOBLE_AEADS['aes-256-gcm']]

describe.each(AEADS)('the cipher state of $name', (aead) => {
  it('seals each message under the next counter, in the byte order of the cipher', () => {
    const state = new CipherState(aead, KEY)
    state.skipTo(0x01020304, 0xfffffffe)
    for (const counter of [0x01020304_fffffffen, 0x01020304_ffffffffn, 0x01020305_00000000n]) {
      expect(state.counter).toBe(counter)
      expect([state.counterHigh, state.counterLow]).toEqual([
        Number(counter >> 32n),
        Number(counter & 0xffffffffn),
      ])
      const nonce = new Uint8Array(12)
      new DataView(nonce.buffer).setBigUint64(4, counter, aead.name === 'chacha20-poly1305')
      const [sealed, expected] = [new Uint8Array(19), new Uint8Array(19)]
      state.seal(Uint8Array.of(7), Uint8Array.of(1, 2, 3), sealed)
      aead.key(KEY).seal(nonce, Uint8Array.of(7), Uint8Array.of(1, 2, 3), expected)
      expect(sealed).toEqual(expected)
    }
  })

  it('never uses 2^64-1, and ends behind 2^64-2', () => {
    const [sending, receiving] = [new CipherState(aead, KEY), new CipherState(aead, KEY)]
    for (const state of [sending, receiving]) state.skipTo(0xffffffff, 0xfffffffe)
    const sealed = new Uint8Array(17)
    sending.seal(NOTHING, Uint8Array.of(5), sealed)
    expect(receiving.open(NOTHING, sealed, new Uint8Array(1))).toBe(true)
    expect(sending.counter).toBe(2n ** 64n - 1n)
    expect(() => sending.seal(NOTHING, Uint8Array.of(5), sealed)).toThrow(
      expect.objectContaining({ code: 'exhausted' }),
    )
    expect(() => receiving.open(NOTHING, sealed, new Uint8Array(1))).toThrow(
      expect.objectContaining({ code: 'exhausted' }),
    )
    expect(receiving.openAt(0xffffffff, 0xffffffff, NOTHING, sealed, new Uint8Array(1))).toBe(false)
  })

  it('only skips forwards', () => {
    const state = new CipherState(aead, KEY)
    state.skipTo(1, 5)
    for (const [high, low] of [
      [1, 4],
      [0, 9],
      [-1, 0],
      [1, 2 ** 32],
      [2 ** 32, 0],
      [1, 5.5],
    ] as const) {
      expect(() => state.skipTo(high, low)).toThrow(expect.objectContaining({ code: 'option' }))
    }
    expect(state.counter).toBe(2n ** 32n + 5n)
  })

  it('moves the counter before it seals, so that a call that throws leaves none to be used again', () => {
    const state = new CipherState(aead, KEY)
    expect(() => state.seal(NOTHING, new Uint8Array(5), new Uint8Array(20))).toThrow(
      expect.objectContaining({ code: 'size' }),
    )
    expect(state.counter).toBe(1n)
  })

  it('forged messages neither move the counter nor show plaintext', () => {
    const [sending, receiving] = [new CipherState(aead, KEY), new CipherState(aead, KEY)]
    const sealed = new Uint8Array(20)
    sending.seal(NOTHING, Uint8Array.of(1, 2, 3, 4), sealed)
    const into = new Uint8Array(4)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const forged = sealed.slice()
      forged[bit >> 3]! ^= 1 << (bit & 7)
      expect(receiving.open(NOTHING, forged, into)).toBe(false)
    }
    for (let size = 0; size < sealed.length; size++) {
      expect(receiving.open(NOTHING, sealed.subarray(0, size), into)).toBe(false)
    }
    expect(receiving.open(Uint8Array.of(0), sealed, into)).toBe(false)
    expect([receiving.counter, into]).toEqual([0n, new Uint8Array(4)])
    expect(receiving.open(NOTHING, sealed, into)).toBe(true)
    expect([receiving.counter, into]).toEqual([1n, Uint8Array.of(1, 2, 3, 4)])
  })

  it('opens a datagram by the counter it names, and stays where it is', () => {
    const [sending, receiving] = [new CipherState(aead, KEY), new CipherState(aead, KEY)]
    sending.skipTo(3, 9)
    const sealed = new Uint8Array(17)
    sending.seal(NOTHING, Uint8Array.of(1), sealed)
    expect(receiving.openAt(3, 9, NOTHING, sealed, new Uint8Array(1))).toBe(true)
    for (const [high, low] of [
      [3, 8],
      [9, 3],
      [3 + 2 ** 32, 9],
      [3, 9 + 2 ** 32],
      [-1, 9],
      [3, 9.5],
    ] as const) {
      expect(receiving.openAt(high, low, NOTHING, sealed, new Uint8Array(1))).toBe(false)
    }
    expect(receiving.counter).toBe(0n)
  })

  it('rekeys by section 4.2: 32 zeros under 2^64-1; the counter goes on', () => {
    const state = new CipherState(aead, KEY)
    state.seal(NOTHING, NOTHING, new Uint8Array(16))
    const ahead = state.rekeyed()
    state.rekey()
    const next = new Uint8Array(48)
    const last = Uint8Array.from({ length: 12 }, (_, index) => (index < 4 ? 0 : 255))
    aead.key(KEY).seal(last, NOTHING, new Uint8Array(32), next)
    expect([state.counter, ahead.counter]).toEqual([1n, 0n])
    const expected = new CipherState(aead, next.subarray(0, 32))
    const plaintext = new Uint8Array(8)
    const [mine, theirs] = [new Uint8Array(24), new Uint8Array(24)]
    ahead.seal(NOTHING, plaintext, mine)
    expected.seal(NOTHING, plaintext, theirs)
    expect(mine).toEqual(theirs)
    state.seal(NOTHING, plaintext, mine)
    expected.seal(NOTHING, plaintext, theirs)
    expect(mine).toEqual(theirs)
  })

  it('wipes the old key at a rekey, and its own at the end', () => {
    const wiped: string[] = []
    const watched: Aead = {
      ...aead,
      key(bytes) {
        const key = aead.key(bytes)
        return {
          seal: (...call) => key.seal(...call),
          open: (...call) => key.open(...call),
          wipe() {
            wiped.push('key')
            key.wipe()
          },
        }
      },
    }
    const state = new CipherState(watched, KEY)
    state.rekey()
    expect(wiped).toEqual(['key'])
    state.wipe()
    expect(wiped).toEqual(['key', 'key'])
    const used = expect.objectContaining({ code: 'used' })
    expect(() => state.seal(NOTHING, NOTHING, new Uint8Array(16))).toThrow(used)
    expect(() => state.open(NOTHING, new Uint8Array(16), NOTHING)).toThrow(used)
    expect(() => state.openAt(0, 0, NOTHING, new Uint8Array(16), NOTHING)).toThrow(used)
    expect(() => state.rekey()).toThrow(used)
    expect(() => state.rekeyed()).toThrow(used)
    state.wipe()
  })

  it('copies its key and never shows it', () => {
    const key = KEY.slice()
    const state = new CipherState(aead, key)
    key.fill(0)
    const sealed = new Uint8Array(16)
    state.seal(NOTHING, NOTHING, sealed)
    expect(new CipherState(aead, KEY).open(NOTHING, sealed, NOTHING)).toBe(true)
    expect(Object.keys(state)).toEqual(['cipher'])
    expect(JSON.stringify(state)).toBe(JSON.stringify({ cipher: aead.name }))
  })
})

it('refuses XChaCha20-Poly1305 and keys of another size', () => {
  expect(() => new CipherState(NOBLE_AEADS['xchacha20-poly1305'], KEY)).toThrow(
    expect.objectContaining({ code: 'unsupported' }),
  )
  for (const size of [0, 16, 31, 33]) {
    for (const aead of AEADS) {
      expect(() => new CipherState(aead, new Uint8Array(size))).toThrow(
        expect.objectContaining({ code: 'size' }),
      )
    }
  }
})
