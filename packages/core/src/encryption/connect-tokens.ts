import type { Primitives } from '@millrace/cipher'
import {
  type ConnectToken,
  ownTokenRules,
  parseConnectToken,
  type TokenChecker,
  type TokenRules,
  type TokenServer,
  TokenVerifier,
} from '@millrace/cipher/tokens'
import type { Handshake } from '../base/handshake.ts'
import { causeText } from '../base/millrace-error.ts'
import {
  type TokenCode,
  type TokenHandshakeParts,
  type TokenOptionValues,
  type TokenSide,
  tokenSideOf,
} from '../base/token-code.ts'
import { TokenShown, TokenTaken } from './token-handshake.ts'

type Refuse = (text: string) => never

/** Connect tokens, for platforms whose pipes take or show them. Loads no cipher. */
export const connectTokens: TokenCode = {
  kind: 'tokens',
  own: (given, refuse) => {
    const { tokens, token } = given
    const known = tokenSideOf(tokens) ?? tokenSideOf(token)
    if (known !== undefined) return given
    for (const name of ['key', 'pattern', 'peerKey', 'anyPeer'])
      if (given[name] !== undefined)
        refuse(`${name} goes without ${token === undefined ? 'tokens' : 'token'}; got both`)
    if (tokens !== undefined && token !== undefined)
      refuse('tokens is for the accepting side, token for the opening one; got both')
    return token === undefined ? accepting(given, refuse) : opening(given, refuse)
  },
}

function accepting({ tokens, server, ...rest }: TokenOptionValues, refuse: Refuse): TokenOptionValues {
  if (server !== undefined) refuse('server goes with token, which the opening side shows')
  if (rest.identity === undefined) refuse('tokens needs identity, whose public key tokens name')
  if (typeof tokens !== 'object' || tokens === null)
    refuse('tokens is a TokenVerifier or { key, applicationId, serverId, … }')
  return { ...rest, tokens: new Taking(tokens as TokenChecker | TokenRules, refuse) }
}

function opening(
  { token, server, identity, authorise, ...rest }: TokenOptionValues,
  refuse: Refuse,
): TokenOptionValues {
  if (identity !== undefined) refuse('identity is not shown with a token, which says who its holder is')
  if (authorise !== undefined)
    refuse('authorise has nothing to ask about: the token names the keys of its servers')
  const parsed = ownToken(token)
  if (parsed === undefined)
    refuse("token is a ConnectToken or its text, 'mrt1.…'; this is none, or not all of it")
  return { ...rest, token: new Showing(parsed, serverOf(parsed, server, refuse)) }
}

/** A copy, of a token of another copy of the package too. */
function ownToken(token: unknown): ConnectToken | undefined {
  if (typeof token === 'string') return parseConnectToken(token)
  const { bytes } = (token ?? {}) as Partial<ConnectToken>
  if (typeof bytes !== 'function') return undefined
  const secret = bytes.call(token)
  const own = secret instanceof Uint8Array ? parseConnectToken(secret) : undefined
  if (own !== undefined) secret.fill(0)
  return own
}

/** The server that the handshake is for. Which of several it is must be said: an address may be one of many that lead there. */
function serverOf({ servers }: ConnectToken, id: unknown, refuse: Refuse): TokenServer {
  const known = `the token is for ${servers.map((server) => `'${server.id}'`).join(', ')}`
  if (id === undefined && servers.length > 1) refuse(`server is the id of the one to open: ${known}`)
  const found = id === undefined ? servers[0] : servers.find((server) => server.id === id)
  return found ?? refuse(`there is no server '${String(id)}': ${known}`)
}

/** The accepting side. Its used tokens are remembered as long as the options are, for all pipes that have them. */
class Taking implements TokenSide {
  readonly kind = 'token-side'
  readonly role = 'accepted'
  #checker: TokenChecker | undefined
  #rules: TokenRules | undefined

  constructor(tokens: TokenChecker | TokenRules, refuse: Refuse) {
    if ('verify' in tokens && typeof tokens.verify === 'function') this.#checker = tokens
    else this.#rules = attempted(() => ownTokenRules(tokens as TokenRules, 'tokens'), refuse)
  }

  ready(primitives: Primitives): void {
    if (this.#rules === undefined) return
    this.#checker = new TokenVerifier({ primitives, ...this.#rules })
    this.#rules.key.fill(0)
    this.#rules = undefined
  }

  handshake(parts: TokenHandshakeParts): Handshake {
    return new TokenTaken(this.#checker!, parts)
  }
}

/** The opening side. */
class Showing implements TokenSide {
  readonly kind = 'token-side'
  readonly role = 'opened'
  readonly #token: ConnectToken
  readonly #server: TokenServer

  constructor(token: ConnectToken, server: TokenServer) {
    this.#token = token
    this.#server = server
  }

  ready(): void {}

  handshake({ start }: TokenHandshakeParts): Handshake {
    const { sealed, psk } = this.#token
    return new TokenShown(sealed, start(sealed, psk, this.#server.publicKey))
  }
}

function attempted<Result>(work: () => Result, refuse: Refuse): Result {
  try {
    return work()
  } catch (error) {
    return refuse(causeText(error))
  }
}
