import { copyOf } from '../base/copy.ts'
import { CipherError } from '../base/errors.ts'
import { expectOptions, timeOption, wholeOption } from '../base/limits.ts'
import type { Primitives } from '../base/primitives.ts'
import { type RandomSource, randomBytes, randomKey, requireKey } from '../keys/key.ts'
import {
  APPLICATION_ID_SIZE,
  TOKEN_ID_SIZE,
  TOKEN_LIFETIME_MAX_MS,
  TOKEN_SERVERS_MAX,
  USER_DATA_SIZE_MAX,
} from './token.ts'
import { requireText } from './token-bytes.ts'
import { ConnectToken, type TokenServer } from './token-connect.ts'
import { TokenSeal } from './token-seal.ts'

/** What login and game servers have in common. */
export interface TokenKeyring {
  /** Its `aead('xchacha20-poly1305')` is needed. */
  readonly primitives: Primitives
  /** 32 bytes that only login and game servers know. Copied. Its holder can make tokens for any user. */
  readonly key: Uint8Array
  /** 8 bytes of the program and its protocol version: another one's tokens are worthless here. */
  readonly applicationId: Uint8Array
}

/** What a token is to say. */
export interface TokenOrder {
  /** Whom it is for: 1 to 64 characters of printable ASCII without blanks. */
  readonly userId: string
  /** Where it is good, and once in all: 1 to 8 servers. Ids and addresses as the user's. */
  readonly servers: readonly TokenServer[]
  /** How long it lives, in ms; from 1,000 to one day. The time to connect, not to play: default 45,000. */
  readonly lifetimeMs?: number | undefined
  /** When it begins to be good, in ms since 1970. Default: now. */
  readonly notBefore?: number | undefined
  /** The only address it is good from, as the game server writes it; 1 to 64 characters. Default: any. */
  readonly clientAddress?: string | undefined
  /** Up to 256 bytes for the game server. The client can't read them. */
  readonly userData?: Uint8Array | undefined
}

const ORDER = ['userId', 'servers', 'lifetimeMs', 'notBefore', 'clientAddress', 'userData'] as const

/** Makes connect tokens: the login server's side. */
export class TokenIssuer {
  readonly #seal: TokenSeal
  readonly #applicationId: Uint8Array
  readonly #random: RandomSource

  constructor(keyring: TokenKeyring, random: RandomSource) {
    expectOptions('TokenIssuer', keyring, ['primitives', 'key', 'applicationId'])
    const { primitives, key, applicationId } = keyring
    this.#seal = new TokenSeal(primitives, key)
    this.#applicationId = requireApplicationId(applicationId)
    this.#random = random
  }

  /** A new token. `wallMs` is the time of day, in ms since 1970. Throws `option`, `size` or `unexpected` for an order that can't be. */
  issue(order: TokenOrder, wallMs: number): ConnectToken {
    expectOptions('the order of a token', order, ORDER)
    timeOption('wallMs', wallMs)
    const notBefore = wholeOption('notBefore', order.notBefore ?? Math.floor(wallMs), 0, 2 ** 52)
    const lifetimeMs = wholeOption('lifetimeMs', order.lifetimeMs ?? 45_000, 1000, TOKEN_LIFETIME_MAX_MS)
    const { userData = new Uint8Array(0) } = order
    if (!(userData instanceof Uint8Array) || userData.length > USER_DATA_SIZE_MAX)
      throw new CipherError('size', `User data must be up to ${USER_DATA_SIZE_MAX} bytes`)
    if (!(order.servers.length >= 1 && order.servers.length <= TOKEN_SERVERS_MAX))
      throw new CipherError(
        'option',
        `A token is for 1 to ${TOKEN_SERVERS_MAX} servers, not ${order.servers.length}`,
      )
    const servers = Array.from(order.servers, ownServer)
    const psk = randomKey(this.#random)
    const inside = {
      id: randomBytes(this.#random, TOKEN_ID_SIZE),
      psk,
      userId: requireText('userId', order.userId, 1),
      serverIds: servers.map(({ id }) => id),
      clientAddress:
        order.clientAddress === undefined ? '' : requireText('clientAddress', order.clientAddress, 1),
      userData,
    }
    const header = { applicationId: this.#applicationId, notBefore, expiry: notBefore + lifetimeMs }
    const sealed = this.#seal.seal(header, inside, this.#random)
    return new ConnectToken(psk, servers, sealed, header)
  }
}

/** A copy: the token is written from it as often as the program asks. */
function ownServer(server: TokenServer): TokenServer {
  expectOptions('a server of a token', server, ['id', 'address', 'publicKey'])
  const { id, address, publicKey } = server
  return {
    id: requireText('the id of a server', id, 1),
    address: requireText('the address of a server', address, 1),
    publicKey: copyOf(requireKey(publicKey, 'the public key of a server')),
  }
}

/** An application's id: 8 bytes, copied. Throws `size` for any other. */
export function requireApplicationId(value: Uint8Array): Uint8Array {
  if (value instanceof Uint8Array && value.length === APPLICATION_ID_SIZE) return new Uint8Array(value)
  throw new CipherError('size', `An application id must be ${APPLICATION_ID_SIZE} bytes`)
}
