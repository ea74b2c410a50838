import { hide } from '../base/hide.ts'
import { expectOptions, timeOption } from '../base/limits.ts'
import type { Primitives } from '../base/primitives.ts'
import { hexOf } from '../keys/key-text.ts'
import { TOKEN_LIFETIME_MAX_MS, type TokenInside } from './token.ts'
import { TokenLedger } from './token-ledger.ts'
import { checkedRules, RULES, type TokenRules } from './token-rules.ts'
import { readHeader, readInside, TokenSeal } from './token-seal.ts'

/** All that a token can be refused for: see `TokenRefusal`. */
export const tokenRefusals = [
  'malformed',
  'expired',
  'not-yet',
  'forged',
  'other-server',
  'other-address',
  'used',
  'full',
] as const

/**
 * Why a token is refused.
 *
 * - `malformed`: not of the shape of a sealed token, or its authentic inside isn't.
 * - `expired`, `not-yet`: by this server's clock.
 * - `forged`: not sealed with the shared key, or changed.
 * - `other-server`: of another application, or for other servers.
 * - `other-address`: for a client at another address.
 * - `used`: it made a connection before, or could have done so before this server began.
 * - `full`: as many used tokens are remembered as may be. It isn't used up, and may be tried again.
 */
export type TokenRefusal = (typeof tokenRefusals)[number]

/** Who came with a token. */
export interface TokenHolder {
  readonly outcome: 'accepted'
  readonly userId: string
  readonly userData: Uint8Array
  /** 16 bytes, for logs: the token's own id. No secret any more. */
  readonly tokenId: Uint8Array
}

/** A true token that isn't used up yet. It says who holds it only when it is redeemed. */
export interface TokenCandidate {
  readonly outcome: 'candidate'
  /**
   * For the NKpsk0 handshake, with the sealed token as its prologue. Overwritten by `redeem`, which therefore comes after the handshake took it.
   * Inspection, JSON and `structuredClone` of the candidate have nothing of it.
   */
  readonly psk: Uint8Array
  /**
   * Uses the token up, and tells its user. To be called when the first message of the handshake was authentic, which shows that its
   * sender has the token's key: an eavesdropper could show a sealed token as well. Answers `used` the second time.
   */
  redeem(wallMs: number): TokenHolder | { readonly outcome: TokenRefusal }
}

/** What checks connect tokens for a pipe: a `TokenVerifier`, or what a program puts around one. */
export interface TokenChecker {
  /** Looks at a sealed token that a client shows: see `TokenVerifier`. What it throws refuses the client. */
  verify(
    sealed: Uint8Array,
    clientAddress: string,
    wallMs: number,
  ): TokenCandidate | { readonly outcome: TokenRefusal }
}

/** What a game server is, and the primitives that it uses. */
export interface TokenVerifierOptions extends TokenRules {
  /** Its `aead('xchacha20-poly1305')` is needed. */
  readonly primitives: Primitives
}

/** Holds the key where inspection, JSON and clones don't find it. */
class Candidate implements TokenCandidate {
  readonly outcome = 'candidate'
  readonly #psk: Uint8Array
  readonly #redeem: TokenCandidate['redeem']

  constructor(psk: Uint8Array, redeem: TokenCandidate['redeem']) {
    this.#psk = psk
    this.#redeem = redeem
    hide(this, () => '[token candidate]')
  }

  get psk(): Uint8Array {
    return this.#psk
  }

  redeem(wallMs: number): ReturnType<TokenCandidate['redeem']> {
    return this.#redeem(wallMs)
  }
}

/** Checks connect tokens without asking a server: the game server's side. Never throws for what a token is, but `option` for a time that is none. */
export class TokenVerifier implements TokenChecker {
  readonly #primitives: Primitives
  readonly #seal: TokenSeal
  readonly #applicationId: Uint8Array
  readonly #serverId: string
  readonly #toleranceMs: number
  /** Tokens that begin to be good before could have been used by the server that was here before. */
  readonly #freshFrom: number
  readonly #ledger: TokenLedger

  constructor(options: TokenVerifierOptions) {
    expectOptions('TokenVerifier', options, ['primitives', ...RULES])
    const { primitives } = options
    const { key, applicationId, serverId, clockToleranceMs, since, usedMax } = checkedRules(options)
    this.#primitives = primitives
    this.#seal = new TokenSeal(primitives, key)
    key.fill(0)
    this.#applicationId = applicationId
    this.#serverId = serverId
    this.#toleranceMs = clockToleranceMs
    // An issuer's clock may be ahead of this one's: so much earlier its tokens could have been used.
    this.#freshFrom = since === undefined ? Number.NEGATIVE_INFINITY : since + clockToleranceMs
    this.#ledger = new TokenLedger(usedMax)
  }

  /** How many used tokens are remembered. */
  get usedCount(): number {
    return this.#ledger.size
  }

  /**
   * Looks at a sealed token that a client shows. `clientAddress` is where that is, written as the login server writes it; `wallMs` is the time of
   * day, in ms since 1970. Changes nothing: a token is used up by `redeem` alone. The times are looked at first, which cost nothing; a
   * forged token may therefore be called expired.
   */
  verify(
    sealed: Uint8Array,
    clientAddress: string,
    wallMs: number,
  ): TokenCandidate | { readonly outcome: TokenRefusal } {
    timeOption('wallMs', wallMs)
    const header = readHeader(sealed)
    if (header === undefined || header.expiry - header.notBefore > TOKEN_LIFETIME_MAX_MS)
      return { outcome: 'malformed' }
    if (!this.#primitives.equal(header.applicationId, this.#applicationId)) return { outcome: 'other-server' }
    const end = header.expiry + this.#toleranceMs
    if (wallMs >= end) return { outcome: 'expired' }
    if (header.notBefore - this.#toleranceMs > wallMs) return { outcome: 'not-yet' }
    const content = this.#seal.open(sealed)
    if (content === undefined) return { outcome: 'forged' }
    const inside = readInside(content)
    content.fill(0)
    if (inside === undefined) return { outcome: 'malformed' }
    const refusal = this.#misfit(inside, clientAddress)
    if (refusal !== undefined) return { outcome: refusal }
    if (header.notBefore < this.#freshFrom) return { outcome: 'used' }
    const known = this.#known(inside, end)
    if (known !== undefined) return { outcome: known }
    return new Candidate(inside.psk, (at) => this.#redeem(inside, end, at))
  }

  #redeem(
    inside: TokenInside,
    end: number,
    wallMs: number,
  ): TokenHolder | { readonly outcome: TokenRefusal } {
    timeOption('wallMs', wallMs)
    inside.psk.fill(0)
    if (wallMs >= end) return { outcome: 'expired' }
    const known = this.#known(inside, end)
    if (known !== undefined) return { outcome: known }
    if (this.#ledger.add(hexOf(inside.id), end, wallMs) === 'full') return { outcome: 'full' }
    const { userId, userData, id: tokenId } = inside
    return { outcome: 'accepted', userId, userData, tokenId }
  }

  #known({ id }: TokenInside, end: number): 'used' | 'expired' | undefined {
    const known = this.#ledger.find(hexOf(id), end)
    if (known === 'unknown') return undefined
    return known === 'used' ? 'used' : 'expired'
  }

  #misfit({ serverIds, clientAddress }: TokenInside, from: string): TokenRefusal | undefined {
    if (!serverIds.includes(this.#serverId)) return 'other-server'
    return clientAddress === '' || clientAddress === from ? undefined : 'other-address'
  }
}
