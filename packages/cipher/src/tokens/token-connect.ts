import { hide } from '../base/hide.ts'
import { KEY_SIZE } from '../base/primitives.ts'
import { CONNECT_TOKEN_SIZE_MAX, TOKEN_SERVERS_MAX, TOKEN_VERSION } from './token.ts'
import { TokenReader, TokenWriter } from './token-bytes.ts'
import { readHeader } from './token-seal.ts'
import { bytesOfTokenText, tokenText } from './token-text.ts'

/** A server that a token is good for. */
export interface TokenServer {
  /** By which the server knows itself. */
  readonly id: string
  /** Where the client finds it, as its transport writes addresses. */
  readonly address: string
  /** Its static X25519 key: the client talks to no other. */
  readonly publicKey: Uint8Array
}

/**
 * A connect token as the client has it: where to go, the keys of an NKpsk0 handshake, and the sealed token to show. Its holder can be the
 * user once, so that it travels over confidential ways only. JSON and logs get nothing of it, and a `structuredClone` lacks the key; `text` is the way to pass it on.
 */
export class ConnectToken {
  /** Where it is good, best first. */
  readonly servers: readonly TokenServer[]
  /** What to show the server in front of the handshake, which takes it as its prologue. No secret, but good for one connection only. */
  readonly sealed: Uint8Array
  /** In ms since 1970, by the login server's clock. */
  readonly notBefore: number
  /** In ms since 1970. */
  readonly expiry: number
  readonly #psk: Uint8Array

  /** For the issuer and the parser. */
  constructor(
    psk: Uint8Array,
    servers: readonly TokenServer[],
    sealed: Uint8Array,
    { notBefore, expiry }: { readonly notBefore: number; readonly expiry: number },
  ) {
    this.#psk = psk
    this.servers = servers
    this.sealed = sealed
    this.notBefore = notBefore
    this.expiry = expiry
    hide(this, () => this.toJSON())
  }

  /** The pre-shared key of the handshake: 32 bytes, this token's own array. */
  get psk(): Uint8Array {
    return this.#psk
  }

  /** The token as bytes, a secret. */
  bytes(): Uint8Array {
    const writer = new TokenWriter().byte(TOKEN_VERSION).bytes(this.#psk).byte(this.servers.length)
    for (const { id, address, publicKey } of this.servers) writer.text(id).text(address).bytes(publicKey)
    return writer.bytes(this.sealed).take()
  }

  /** The token as text for JSON and URLs, a secret: `mrt1.` and base64url with a checksum. */
  text(): string {
    const bytes = this.bytes()
    const text = tokenText(bytes)
    bytes.fill(0)
    return text
  }

  /** Nothing: a token in a log, or in an answer by accident, would let its reader pass for the user. */
  toJSON(): string {
    return '[connect token]'
  }
}

/** A connect token from its text or bytes, or undefined for anything that isn't one. Never throws for what they are. */
export function parseConnectToken(source: string | Uint8Array): ConnectToken | undefined {
  const bytes = typeof source === 'string' ? bytesOfTokenText(source) : source
  if (bytes === undefined || bytes.length > CONNECT_TOKEN_SIZE_MAX) return undefined
  const reader = new TokenReader(bytes)
  const version = reader.byte()
  const psk = reader.bytes(KEY_SIZE)
  const count = reader.byte()
  if (version !== TOKEN_VERSION || !reader.isGood || count < 1 || count > TOKEN_SERVERS_MAX) return undefined
  const servers = Array.from({ length: count }, () => ({
    id: reader.text(1),
    address: reader.text(1),
    publicKey: reader.bytes(KEY_SIZE),
  }))
  const sealed = reader.rest()
  if (!reader.isWhole()) return undefined
  const header = readHeader(sealed)
  return header === undefined ? undefined : new ConnectToken(psk, servers, sealed, header)
}
