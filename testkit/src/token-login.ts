import {
  type ConnectToken,
  type KeyPair,
  noblePrimitives,
  TokenIssuer,
  type TokenOrder,
  type TokenRules,
  type TokenServer,
  TokenVerifier,
} from '@millrace/cipher'
import type { Random } from '@millrace/sim'

/** A login server, and the game server `eu-1` that its tokens are for. */
export class TokenLogin {
  /** Of the game server. */
  readonly identity: KeyPair
  /** What the game server is. */
  readonly rules: TokenRules
  /** The game server as tokens name it. */
  readonly server: TokenServer
  readonly #issuer: TokenIssuer
  readonly #wallMs: () => number

  constructor(random: Random, wallMs: () => number) {
    const [key, applicationId] = [random.bytes(32), random.bytes(8)]
    this.identity = noblePrimitives.dh.pair(random.bytes(32))
    this.rules = { key, applicationId, serverId: 'eu-1' }
    this.server = { id: 'eu-1', address: '192.0.2.7:7777', publicKey: this.identity.publicKey }
    this.#issuer = new TokenIssuer({ primitives: noblePrimitives, key, applicationId }, (size) =>
      random.bytes(size),
    )
    this.#wallMs = wallMs
  }

  /** A token of the user `ada` for the game server, for 45 s. */
  issue(order: Partial<TokenOrder> = {}): ConnectToken {
    const whole = { userId: 'ada', servers: [this.server], ...order }
    return this.#issuer.issue(whole, this.#wallMs())
  }

  /** What checks tokens on the game server. */
  verifier(other: Partial<TokenRules> = {}): TokenVerifier {
    return new TokenVerifier({ primitives: noblePrimitives, ...this.rules, ...other })
  }
}
