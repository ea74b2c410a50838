import { type AeadName, noblePrimitives, type Primitives } from '@millrace/cipher'
import { describe, expect, it } from 'vitest'
import { fastestPrimitives } from './fastest.ts'
import { nodePrimitives } from './node.ts'

const KEY = Uint8Array.from({ length: 32 }, (_, index) => index * 3)
const NOTHING = new Uint8Array(0)
const AEADS = [nodePrimitives, noblePrimitives, fastestPrimitives].flatMap((primitives) =>
  (['chacha20-poly1305', 'aes-256-gcm', 'xchacha20-poly1305'] as const)
    .filter((name) => primitives.aead(name) !== undefined)
    .map((name) => ({ by: primitives.name, name, primitives })),
)

describe.each(AEADS)('$name by $by', ({ name, primitives }) => {
  const { aead, nonce, sealed, plaintext } = sample(name, primitives)

  it('4-byte tags: a message with a shortened tag is not authentic', () => {
    const key = aead.key(KEY)
    for (let size = 0; size < sealed.length; size++) {
      expect(key.open(nonce, NOTHING, sealed.subarray(0, size), new Uint8Array(99)), `${size} bytes`).toBe(
        false,
      )
    }
  })

  it('plaintext before the tag: a forged message leaves the output as it was', () => {
    const key = aead.key(KEY)
    for (let at = 0; at < sealed.length; at++) {
      const forged = sealed.slice()
      forged[at]! ^= 0x80
      const into = new Uint8Array(plaintext.length).fill(0xee)
      expect(key.open(nonce, NOTHING, forged, into)).toBe(false)
      expect(into).toEqual(new Uint8Array(plaintext.length).fill(0xee))
      expect(key.open(nonce, NOTHING, forged, forged.subarray(0, -16))).toBe(false)
      expect(forged.subarray(0, -16)).not.toEqual(plaintext)
    }
  })

  it('another nonce, key or associated data is not authentic', () => {
    const other = nonce.slice()
    other[5]! ^= 1
    const into = new Uint8Array(plaintext.length)
    expect(aead.key(KEY).open(other, NOTHING, sealed, into)).toBe(false)
    expect(aead.key(KEY).open(nonce, Uint8Array.of(0), sealed, into)).toBe(false)
    expect(aead.key(new Uint8Array(32)).open(nonce, NOTHING, sealed, into)).toBe(false)
    expect(aead.key(KEY).open(nonce, NOTHING, sealed, into)).toBe(true)
  })

  it('other sizes of nonce, key or output are errors, and write nothing', () => {
    const key = aead.key(KEY)
    const size = expect.objectContaining({ name: 'CipherError', code: 'size' })
    for (const length of [0, 8, 11, 13, 16, 23, 25].filter((length) => length !== aead.nonceSize)) {
      expect(() => key.seal(new Uint8Array(length), NOTHING, plaintext, new Uint8Array(99))).toThrow(size)
      expect(() => key.open(new Uint8Array(length), NOTHING, sealed, new Uint8Array(99))).toThrow(size)
    }
    for (const length of [0, 16, 24, 31, 33]) expect(() => aead.key(new Uint8Array(length))).toThrow(size)
    const short = new Uint8Array(sealed.length - 1)
    expect(() => key.seal(nonce, NOTHING, plaintext, short)).toThrow(size)
    expect(() => key.open(nonce, NOTHING, sealed, new Uint8Array(plaintext.length - 1))).toThrow(size)
    expect(short.every((byte) => byte === 0)).toBe(true)
  })

  it('writes no byte more than the message has', () => {
    const key = aead.key(KEY)
    const into = new Uint8Array(sealed.length + 8).fill(0x11)
    key.seal(nonce, NOTHING, plaintext, into)
    expect(into.subarray(0, sealed.length)).toEqual(sealed)
    expect(into.subarray(sealed.length)).toEqual(new Uint8Array(8).fill(0x11))
    into.fill(0x11)
    expect(key.open(nonce, NOTHING, sealed, into)).toBe(true)
    expect(into.subarray(plaintext.length)).toEqual(
      new Uint8Array(sealed.length + 8 - plaintext.length).fill(0x11),
    )
  })

  it('a key is a copy, and of no use once it was wiped', () => {
    const bytes = KEY.slice()
    const key = aead.key(bytes)
    bytes.fill(0)
    expect(key.open(nonce, NOTHING, sealed, new Uint8Array(plaintext.length))).toBe(true)
    key.wipe()
    key.wipe()
    const used = expect.objectContaining({ name: 'CipherError', code: 'used' })
    expect(() => key.seal(nonce, NOTHING, plaintext, new Uint8Array(99))).toThrow(used)
    expect(() => key.open(nonce, NOTHING, sealed, new Uint8Array(99))).toThrow(used)
  })

  it('seals and opens an empty plaintext and views into larger memory', () => {
    const key = aead.key(KEY)
    const empty = new Uint8Array(16)
    key.seal(nonce, Uint8Array.of(1), NOTHING, empty)
    expect(key.open(nonce, Uint8Array.of(1), empty, NOTHING)).toBe(true)
    const memory = new Uint8Array(400)
    const view = memory.subarray(101, 101 + sealed.length)
    key.seal(nonce, NOTHING, plaintext, view)
    expect(view).toEqual(sealed)
    expect([memory[100], memory[101 + sealed.length]]).toEqual([0, 0])
  })
})

function sample(name: AeadName, primitives: Primitives) {
  const aead = primitives.aead(name)!
  const nonce = Uint8Array.from({ length: aead.nonceSize }, (_, index) => index)
  const plaintext = Uint8Array.from({ length: 70 }, (_, index) => 255 - index)
  const sealed = new Uint8Array(plaintext.length + 16)
  aead.key(KEY).seal(nonce, NOTHING, plaintext, sealed)
  return { aead, nonce, plaintext, sealed }
}
