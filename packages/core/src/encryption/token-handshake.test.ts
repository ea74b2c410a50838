import { noblePrimitives, startHandshake, type TokenCandidate, type TokenChecker } from '@millrace/cipher'
import { Random, TokenLogin } from '@millrace/testkit'
import { describe, expect, it } from 'vitest'
import type { TokenHandshakeParts } from '../base/token-code.ts'
import { TokenTaken } from './token-handshake.ts'

const random = new Random(20_261_128)
const wallMs = () => 1_800_000_000_000
const login = new TokenLogin(random, wallMs)
const parts: TokenHandshakeParts = {
  start: (sealed, psk) =>
    startHandshake({
      suite: 'Noise_NKpsk0_25519_ChaChaPoly_SHA256',
      role: 'responder',
      primitives: noblePrimitives,
      random: (size) => random.bytes(size),
      prologue: sealed,
      staticKeys: login.identity,
      psks: [psk],
    }),
  peerAddress: undefined,
  wallMs,
}

describe('a side that takes a token', () => {
  it('takes nothing more when it has refused one, not even a good one', () => {
    const verifier = login.verifier({ serverId: 'eu-2' })
    const side = new TokenTaken(verifier, parts)
    side.read(login.issue().sealed)
    expect([side.turn, side.failure?.tokenRefusal]).toEqual(['failed', 'other-server'])
    const other = { ...login.server, id: 'eu-2' }
    side.read(login.issue({ servers: [other] }).sealed)
    expect([side.turn, side.failure?.tokenRefusal]).toEqual(['failed', 'other-server'])
  })

  it('overwrites the key of a token when it gives up, and leaves the token good', () => {
    const verifier = login.verifier()
    const candidates: TokenCandidate[] = []
    const checker: TokenChecker = {
      verify: (...shown) => {
        const result = verifier.verify(...shown)
        if (result.outcome === 'candidate') candidates.push(result)
        return result
      },
    }
    const { sealed, psk } = login.issue()
    const side = new TokenTaken(checker, parts)
    side.read(sealed)
    expect(candidates[0].psk).toEqual(psk)
    side.abandon()
    expect([side.turn, candidates[0].psk]).toEqual(['failed', new Uint8Array(32)])
    expect(verifier.verify(sealed, '', wallMs()).outcome).toBe('candidate')
  })
})
