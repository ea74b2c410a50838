import { type AeadName, CipherError, noblePrimitives, type Primitives } from '@millrace/cipher'
import { describe, expect, it } from 'vitest'
import { hex, rfc, toHex, type WycheproofCase, wycheproof } from '../fixtures/vectors.ts'
import { fastestPrimitives } from './fastest.ts'
import { nodePrimitives } from './node.ts'

const FILES: readonly {
  file: string
  name: AeadName
  nonceSize: number
  valid: number
  invalid: number
  refused: number
}[] = [
  {
    file: 'chacha20_poly1305',
    name: 'chacha20-poly1305',
    nonceSize: 12,
    valid: 256,
    invalid: 60,
    refused: 9,
  },
  {
    file: 'xchacha20_poly1305',
    name: 'xchacha20-poly1305',
    nonceSize: 24,
    valid: 246,
    invalid: 60,
    refused: 9,
  },
  { file: 'aes_gcm', name: 'aes-256-gcm', nonceSize: 12, valid: 39, invalid: 27, refused: 250 },
]
const IMPLEMENTATIONS = [nodePrimitives, noblePrimitives, fastestPrimitives]
const PAIRINGS = IMPLEMENTATIONS.flatMap((sealing) =>
  IMPLEMENTATIONS.map((opening) => ({ sealing, opening })),
)

describe.each(FILES)('Wycheproof $name', ({ file, name, nonceSize, ...counts }) => {
  const cases = wycheproof(file)
  const isOurs = (test: WycheproofCase) =>
    test.key!.length === 64 && test.iv!.length === 2 * nonceSize && test.tag!.length === 32
  const valid = cases.filter((test) => isOurs(test) && test.result === 'valid')
  const invalid = cases.filter((test) => isOurs(test) && test.result === 'invalid')
  const refused = cases.filter((test) => !isOurs(test))

  it('has the cases that it had', () => {
    expect({ valid: valid.length, invalid: invalid.length, refused: refused.length }).toEqual(counts)
  })

  it.each(PAIRINGS)('$sealing.name seals what $opening.name opens', ({ sealing, opening }) => {
    for (const test of supports(name, sealing, opening) ? valid : []) {
      const [nonce, ad, plaintext] = [hex(test.iv!), hex(test.aad!), hex(test.msg!)]
      const sealed = new Uint8Array(plaintext.length + 16)
      sealing.aead(name)!.key(hex(test.key!)).seal(nonce, ad, plaintext, sealed)
      expect(toHex(sealed), `case ${test.tcId}`).toBe(test.ct! + test.tag!)
      const opened = new Uint8Array(plaintext.length)
      expect(
        opening.aead(name)!.key(hex(test.key!)).open(nonce, ad, sealed, opened),
        `case ${test.tcId}`,
      ).toBe(true)
      expect(toHex(opened), `case ${test.tcId}`).toBe(test.msg)
    }
  })

  it.each(PAIRINGS)(
    '$sealing.name and $opening.name work in place, at every alignment',
    ({ sealing, opening }) => {
      for (const [index, test] of (supports(name, sealing, opening) ? valid : []).entries()) {
        const [nonce, ad, plaintext] = [hex(test.iv!), hex(test.aad!), hex(test.msg!)]
        const memory = new Uint8Array(plaintext.length + 16 + 8)
        const place = memory.subarray(index % 4, (index % 4) + plaintext.length + 16)
        place.set(plaintext)
        sealing.aead(name)!.key(hex(test.key!)).seal(nonce, ad, place.subarray(0, -16), place)
        expect(toHex(place)).toBe(test.ct! + test.tag!)
        expect(opening.aead(name)!.key(hex(test.key!)).open(nonce, ad, place, place.subarray(0, -16))).toBe(
          true,
        )
        expect(toHex(place.subarray(0, -16))).toBe(test.msg)
        expect(toHex(memory.subarray((index % 4) + plaintext.length + 16))).toMatch(/^(00)*$/)
      }
    },
  )

  describe.each(IMPLEMENTATIONS)('$name', (primitives) => {
    const aead = primitives.aead(name)

    it('is there but for XChaCha20-Poly1305 of Node', () => {
      expect(aead === undefined).toBe(primitives === nodePrimitives && name === 'xchacha20-poly1305')
      if (aead !== undefined) expect([aead.name, aead.nonceSize]).toEqual([name, nonceSize])
    })

    it('opens nothing that is invalid and gives no plaintext away', () => {
      for (const test of invalid) {
        if (aead === undefined) break
        const sealed = hex(test.ct! + test.tag!)
        const into = new Uint8Array(sealed.length - 16).fill(0xaa)
        expect(
          aead.key(hex(test.key!)).open(hex(test.iv!), hex(test.aad!), sealed, into),
          `case ${test.tcId}`,
        ).toBe(false)
        expect(toHex(into), `case ${test.tcId}`).toMatch(/^(aa)*$/)
      }
    })

    it('refuses every other size of key and nonce', () => {
      for (const test of refused) {
        if (aead === undefined) break
        const sealed = hex(test.ct! + test.tag!)
        const attempt = () =>
          aead.key(hex(test.key!)).open(hex(test.iv!), hex(test.aad!), sealed, new Uint8Array(sealed.length))
        expect(attempt, `case ${test.tcId}`).toThrow(CipherError)
      }
    })
  })
})

it('RFC 8439, 2.8.2', () => {
  const { rfc8439_2_8_2: test } = rfc<{ rfc8439_2_8_2: Record<string, string> }>()
  for (const primitives of IMPLEMENTATIONS) {
    const plaintext = new TextEncoder().encode(test.plaintext_utf8)
    const sealed = new Uint8Array(plaintext.length + 16)
    primitives
      .aead('chacha20-poly1305')!
      .key(hex(test.key!))
      .seal(hex(test.nonce!), hex(test.aad!), plaintext, sealed)
    expect(toHex(sealed)).toBe(test.ciphertext! + test.tag!)
  }
})

function supports(name: AeadName, ...implementations: readonly Primitives[]): boolean {
  return implementations.every((primitives) => primitives.aead(name) !== undefined)
}
