import { CipherError, type Hash, noblePrimitives, startHandshake } from '@millrace/cipher'
import { describe, expect, it } from 'vitest'
import { hex, rfc, toHex, wycheproof } from '../fixtures/vectors.ts'
import { nodePrimitives } from './node.ts'

const IMPLEMENTATIONS = [nodePrimitives, noblePrimitives]

type Rfc = {
  readonly rfc7748_5_2: readonly { scalar: string; u: string; out: string }[]
  readonly rfc7748_iterated: { start: string; after_1: string; after_1000: string }
  readonly rfc5869_case1: { ikm: string; salt: string; info: string; L: number; okm: string }
}

describe.each(IMPLEMENTATIONS)('$name', (primitives) => {
  it('X25519: Wycheproof, 487 secrets and 31 points of low order', () => {
    const found = { equal: 0, refused: 0 }
    for (const test of wycheproof('x25519')) {
      const shared = primitives.dh.secret(hex(test.private!)).shared(hex(test.public!))
      if (test.flags.includes('ZeroSharedSecret')) {
        expect(shared, `case ${test.tcId}`).toBeUndefined()
        found.refused++
      } else {
        expect(toHex(shared!), `case ${test.tcId}`).toBe(test.shared)
        found.equal++
      }
    }
    expect(found).toEqual({ equal: 487, refused: 31 })
  })

  it('X25519: RFC 7748, 5.2', () => {
    const { rfc7748_5_2, rfc7748_iterated } = rfc<Rfc>()
    for (const { scalar, u, out } of rfc7748_5_2)
      expect(toHex(primitives.dh.secret(hex(scalar)).shared(hex(u))!)).toBe(out)
    let [k, u] = [hex(rfc7748_iterated.start), hex(rfc7748_iterated.start)]
    expect(toHex(primitives.dh.pair(k).publicKey)).toBe(rfc7748_iterated.after_1)
    for (let round = 0; round < 1000; round++) {
      const next = primitives.dh.secret(k).shared(u)!
      ;[k, u] = [next, k]
      if (round === 0) expect(toHex(k)).toBe(rfc7748_iterated.after_1)
    }
    expect(toHex(k)).toBe(rfc7748_iterated.after_1000)
  })

  it('X25519: refuses other sizes', () => {
    const [right, wrong] = [new Uint8Array(32).fill(9), new Uint8Array(31).fill(9)]
    expect(() => primitives.dh.pair(wrong)).toThrow(CipherError)
    expect(() => primitives.dh.secret(wrong).shared(right)).toThrow(CipherError)
    expect(() => primitives.dh.secret(right).shared(wrong)).toThrow(CipherError)
  })

  it('X25519: a secret keeps the key that it was given, and none once it is wiped', () => {
    const {
      rfc7748_5_2: [first, second],
    } = rfc<Rfc>()
    const secretKey = hex(first!.scalar)
    const secret = primitives.dh.secret(secretKey)
    const pair = primitives.dh.pair(secretKey)
    secretKey.set(hex(second!.scalar))
    expect(toHex(secret.shared(hex(first!.u))!)).toBe(first!.out)
    expect(toHex(primitives.dh.secret(pair.secretKey).shared(hex(first!.u))!)).toBe(first!.out)
    expect(secret.publicKey).toEqual(pair.publicKey)
    expect(toHex(primitives.dh.secret(secretKey).shared(hex(second!.u))!)).toBe(second!.out)
    secret.wipe()
    expect(() => secret.shared(hex(first!.u))).toThrow(expect.objectContaining({ code: 'used' }))
  })

  it('X25519: secrets agree whatever was multiplied between, with keys of every other', () => {
    const secrets = [1, 2, 3].map((byte) => primitives.dh.secret(new Uint8Array(32).fill(byte)))
    const reused = new Uint8Array(32)
    for (const mine of secrets) {
      for (const theirs of secrets) {
        reused.set(theirs.publicKey)
        expect(mine.shared(reused)).toEqual(theirs.shared(mine.publicKey))
      }
    }
  })

  it('HMAC: Wycheproof, 174 with SHA-256', () => {
    let count = 0
    for (const test of wycheproof('hmac_sha256')) {
      const code = primitives.hash('sha256').hmac(hex(test.key!), hex(test.msg!))
      const isEqual = toHex(code).startsWith(test.tag!)
      expect(isEqual, `case ${test.tcId}`).toBe(test.result === 'valid')
      count++
    }
    expect(count).toBe(174)
  })

  it('HKDF: Wycheproof, 83 with SHA-256, and RFC 5869 A.1', () => {
    const hash = primitives.hash('sha256')
    let count = 0
    for (const test of wycheproof('hkdf_sha256')) {
      if (test.result !== 'valid') continue
      const okm = hash.hkdf(hex(test.salt!), hex(test.ikm!), hex(test.info!), Number(test.size))
      expect(toHex(okm), `case ${test.tcId}`).toBe(test.okm)
      count++
    }
    expect(count).toBe(83)
    const { ikm, salt, info, L, okm } = rfc<Rfc>().rfc5869_case1
    expect(toHex(hash.hkdf(hex(salt), hex(ikm), hex(info), L))).toBe(okm)
  })

  it('scrypt: RFC 7914, section 12', async () => {
    const text = (line: string) => new TextEncoder().encode(line)
    const small = await primitives.scrypt(text('password'), text('NaCl'), { n: 1024, r: 8, p: 16 }, 64)
    expect(toHex(small)).toBe(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    )
    const big = await primitives.scrypt(
      text('pleaseletmein'),
      text('SodiumChloride'),
      { n: 16384, r: 8, p: 1 },
      64,
    )
    expect(toHex(big)).toBe(
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
    )
    const refused = { code: 'option', message: expect.stringContaining('power of 2') }
    await expect(primitives.scrypt(text('a'), text('b'), { n: 1000, r: 8, p: 1 }, 32)).rejects.toMatchObject(
      refused,
    )
    await expect(primitives.scrypt(text('a'), text('b'), { n: 16, r: 0, p: 1 }, 32)).rejects.toMatchObject(
      refused,
    )
  })

  it('compares', () => {
    expect(primitives.equal(hex('010203'), hex('010203'))).toBe(true)
    expect(primitives.equal(hex('010203'), hex('010204'))).toBe(false)
    expect(primitives.equal(hex('010203'), hex('0102'))).toBe(false)
    expect(primitives.equal(hex(''), hex(''))).toBe(true)
  })
})

describe('a generated secret', () => {
  it('is another one each time, and agrees with an imported one', () => {
    const { generate, secret } = nodePrimitives.dh
    const [first, second] = [generate!(), generate!()]
    const imported = secret(new Uint8Array(32).fill(7))
    expect(first.publicKey).toHaveLength(32)
    expect(first.publicKey).not.toEqual(second.publicKey)
    expect(first.shared(imported.publicKey)).toEqual(imported.shared(first.publicKey))
    expect(first.shared(imported.publicKey)).not.toEqual(second.shared(imported.publicKey))
    expect(first.shared(new Uint8Array(32))).toBeUndefined()
    first.wipe()
    expect(() => first.shared(imported.publicKey)).toThrow(expect.objectContaining({ code: 'used' }))
  })

  it('is what a handshake takes for its ephemeral key, where it is given no random bytes', () => {
    const psks = [new Uint8Array(32).fill(5)]
    const suite = 'Noise_NNpsk0_25519_ChaChaPoly_SHA256'
    const start = (role: 'initiator' | 'responder') =>
      startHandshake({ suite, role, primitives: nodePrimitives, psks })
    const [initiator, responder, other] = [start('initiator'), start('responder'), start('initiator')]
    const message = initiator.write()
    expect(message.subarray(0, 32)).not.toEqual(other.write().subarray(0, 32))
    responder.read(message)
    initiator.read(responder.write())
    expect(initiator.split().handshakeHash).toEqual(responder.split().handshakeHash)
  })

  it('is asked for in vain where primitives have no generator of their own', () => {
    const options = { suite: 'Noise_NN_25519_ChaChaPoly_SHA256', role: 'initiator' } as const
    expect(() => startHandshake({ ...options, primitives: noblePrimitives })).toThrow(
      expect.objectContaining({ code: 'missing', message: expect.stringContaining('random') }),
    )
  })
})

const DIGESTS = {
  sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  blake2b:
    'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
  blake2s: '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982',
} as const

describe.each(['sha256', 'blake2b', 'blake2s'] as const)('%s', (name) => {
  const hashes = IMPLEMENTATIONS.map((primitives) => primitives.hash(name))

  it('is that of FIPS 180-4 and RFC 7693 for abc', () => {
    for (const hash of hashes) {
      expect(toHex(hash.digest(hex('61'), hex(''), hex('6263')))).toBe(DIGESTS[name])
      expect(hash.digest().length).toBe(hash.size)
      expect(Buffer.isBuffer(hash.digest())).toBe(false)
    }
  })

  it('is the same by both, with HMAC and HKDF, for every size around its blocks', () => {
    const [first, second] = hashes as [Hash, Hash]
    expect([first.name, first.size, first.blockSize]).toEqual([second.name, second.size, second.blockSize])
    for (const size of [0, 1, 31, 32, 63, 64, 65, 127, 128, 129, 1000]) {
      const bytes = Uint8Array.from({ length: size }, (_, index) => index * 7)
      expect(toHex(first.digest(bytes))).toBe(toHex(second.digest(bytes)))
      expect(toHex(first.hmac(bytes, bytes, bytes))).toBe(toHex(second.hmac(bytes, bytes, bytes)))
      const [one, two] = hashes.map((hash) => hash.hkdf(bytes, bytes, bytes, size + 1))
      expect(toHex(one!)).toBe(toHex(two!))
    }
  })
})
