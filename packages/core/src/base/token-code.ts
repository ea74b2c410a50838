import type { HandshakeState, Primitives } from '@millrace/cipher'
import type { Handshake } from './handshake.ts'

/** Of what one handshake with a connect token is made. */
export interface TokenHandshakeParts {
  /** A handshake of Noise of this side, with the sealed token behind its prologue. Keys are copied. Throws a CipherError for what is none. */
  start(sealed: Uint8Array, psk: Uint8Array, remoteStatic?: Uint8Array): HandshakeState
  /** Where the peer is, as the transport writes it; undefined if it doesn't say. */
  readonly peerAddress: string | undefined
  /** The time of day, in milliseconds since 1970. */
  readonly wallMs: () => number
}

/** What `tokens` or `token` of a pipe became: the part of its side in all handshakes. */
export interface TokenSide {
  readonly kind: 'token-side'
  readonly role: 'accepted' | 'opened'
  /** The ciphers are there. Throws a CipherError if they lack what it needs. */
  ready(primitives: Primitives): void
  /** One handshake. Throws what `start` throws. */
  handshake(parts: TokenHandshakeParts): Handshake
}

/** Options of which some are for tokens, each read once. */
export type TokenOptionValues = Readonly<Record<string, unknown>>

/** The code of connect tokens. Core doesn't import it: `connectTokens` of `@millrace/core/tokens` is the only one. */
export interface TokenCode {
  readonly kind: 'tokens'
  /** @internal The options with a `TokenSide` in place of what the program gave, which is copied. Calls `refuse` for what can't be kept. */
  own(given: TokenOptionValues, refuse: (text: string) => never): TokenOptionValues
}

/** What an option became, if it is that already. */
export function tokenSideOf(value: unknown): TokenSide | undefined {
  return (value as TokenSide | undefined)?.kind === 'token-side' ? (value as TokenSide) : undefined
}
