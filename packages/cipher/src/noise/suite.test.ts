import { describe, expect, it } from 'vitest'
import { noblePrimitives as primitives } from '../noble/noble.ts'
import { parsePattern } from './patterns.ts'
import { parseSuite } from './suite.ts'

describe('a suite', () => {
  it('is taken apart', () => {
    const { name, pattern, aead, hash } = parseSuite('Noise_XXpsk0+psk3_25519_AESGCM_BLAKE2b', primitives)
    expect([name, aead.name, hash.name]).toEqual([
      'Noise_XXpsk0+psk3_25519_AESGCM_BLAKE2b',
      'aes-256-gcm',
      'blake2b',
    ])
    expect(pattern.messages).toEqual([
      ['psk', 'e'],
      ['e', 'ee', 's', 'es'],
      ['s', 'se', 'psk'],
    ])
    expect(pattern.pskCount).toBe(2)
  })

  it.each([
    '',
    'Noise',
    'XX',
    'noise_XX_25519_ChaChaPoly_SHA256',
    'Noise_XX_448_ChaChaPoly_SHA256',
    'Noise_XX_25519_ChaChaPoly_SHA512',
    'Noise_XX_25519_XChaChaPoly_SHA256',
    'Noise_XX_25519_ChaChaPoly_SHA256_',
    'Noise_XX_25519_ChaChaPoly',
    'Noise_XXfallback_25519_ChaChaPoly_SHA256',
    'Noise_NK1_25519_ChaChaPoly_SHA256',
    'Noise_ZZ_25519_ChaChaPoly_SHA256',
    'Noise_I_25519_ChaChaPoly_SHA256',
    'Noise_NI_25519_ChaChaPoly_SHA256',
    'Noise_constructor_25519_ChaChaPoly_SHA256',
    'Noise_XX_25519_constructor_SHA256',
    'Noise_XX_25519_ChaChaPoly_toString',
  ])('%s is none', (name) => {
    expect(() => parseSuite(name, primitives)).toThrow(expect.objectContaining({ code: 'name' }))
  })

  it('says what its primitives lack', () => {
    const bare = { ...primitives, name: 'bare', aead: () => undefined }
    expect(() => parseSuite('Noise_NN_25519_AESGCM_SHA256', bare)).toThrow('bare lack aes-256-gcm')
  })
})

describe('the psk modifiers', () => {
  it.each([
    'NNpsk3',
    'XXpsk4',
    'Npsk2',
    'NNpsk2+psk0',
    'NNpsk0+psk0',
    'NNpsk0psk2',
    'NNpsk',
    'NNpsk0+',
    'NNpsk00',
  ])('%s is none', (name) =>
    expect(() => parsePattern(name)).toThrow(expect.objectContaining({ code: 'name' })),
  )

  it('leave the table as it is', () => {
    parsePattern('NNpsk0+psk2')
    expect(parsePattern('NN').messages).toEqual([['e'], ['e', 'ee']])
  })
})

describe('who has and knows which static key', () => {
  it.each([
    ['N', false, false, true, true],
    ['K', true, true, true, true],
    ['X', true, false, true, true],
    ['NN', false, false, false, false],
    ['NK', false, false, true, true],
    ['NX', false, false, true, false],
    ['KN', true, true, false, false],
    ['KK', true, true, true, true],
    ['XX', true, false, true, false],
    ['IK', true, false, true, true],
    ['IX', true, false, true, false],
  ] as const)('%s', (name, hasInitiator, isInitiatorKnown, hasResponder, isResponderKnown) => {
    const { hasStatic, isKnown, isOneWay } = parsePattern(name)
    expect(hasStatic).toEqual({ initiator: hasInitiator, responder: hasResponder })
    expect(isKnown).toEqual({ initiator: isInitiatorKnown, responder: isResponderKnown })
    expect(isOneWay).toBe(name.length === 1)
  })
})
