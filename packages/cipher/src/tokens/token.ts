/**
 * The connect token: what a login server gives a player, and what a game server believes without asking a server. Numbers are
 * little-endian, times are ms since 1970, texts are one byte of size and printable ASCII.
 *
 *     sealed token, shown to the server                  its inside, 56 to 957 bytes
 *     0    version, 1                                    0    id of the token       16 bytes, random
 *     1    application id          8 bytes               16   pre-shared key        32 bytes, of NKpsk0
 *     9    not before              u64                   48   user id               text, 1 to 64
 *     17   expiry                  u64                   ..   count of servers      1 to 8
 *     25   nonce                   24 bytes, random      ..   server id, each       text, 1 to 64
 *     49   inside, sealed          and a tag             ..   client address        text, 0 to 64; none: any
 *                                                        ..   size of user data     u16, up to 256
 *                                                        ..   user data             to the end
 *
 * It is sealed by XChaCha20-Poly1305, as its nonces are long enough to be random, with the key that login and game servers share. The
 * bytes before the nonce are associated data, behind the label `millrace-token`.
 *
 *     connect token, given to the client over a confidential way
 *     0    version, 1
 *     1    pre-shared key          32 bytes
 *     33   count of servers        1 to 8
 *     34   each server             id (text), address (text), static public key (32 bytes)
 *     ..   sealed token            to the end
 */
export const TOKEN_VERSION = 1

/** The size of an application's id, in bytes. */
export const APPLICATION_ID_SIZE = 8
/** The size of a token's own id, in bytes. */
export const TOKEN_ID_SIZE = 16
/** The most servers that one token is good for. */
export const TOKEN_SERVERS_MAX = 8
/** The longest id or address in a token, in characters. */
export const TOKEN_TEXT_SIZE_MAX = 64
/** The most bytes that the login server can tell the game server besides. */
export const USER_DATA_SIZE_MAX = 256
/** The longest life of a token: one day. */
export const TOKEN_LIFETIME_MAX_MS = 86_400_000

export const TOKEN_NONCE_SIZE = 24
export const TOKEN_NONCE_START = 25
export const TOKEN_HEADER_SIZE = TOKEN_NONCE_START + TOKEN_NONCE_SIZE

/** The largest inside of a sealed token, in bytes. */
export const TOKEN_INSIDE_SIZE_MAX =
  TOKEN_ID_SIZE +
  32 +
  (1 + TOKEN_TEXT_SIZE_MAX) +
  1 +
  TOKEN_SERVERS_MAX * (1 + TOKEN_TEXT_SIZE_MAX) +
  (1 + TOKEN_TEXT_SIZE_MAX) +
  2 +
  USER_DATA_SIZE_MAX

/** The smallest inside: a user and a server of one character each, nothing else. */
export const TOKEN_INSIDE_SIZE_MIN = TOKEN_ID_SIZE + 32 + 2 + 1 + 2 + 1 + 2

/** The largest sealed token, in bytes: it fits into the first datagram of a client. */
export const SEALED_TOKEN_SIZE_MAX = TOKEN_HEADER_SIZE + TOKEN_INSIDE_SIZE_MAX + 16

/** The largest connect token, in bytes. */
export const CONNECT_TOKEN_SIZE_MAX =
  1 + 32 + 1 + TOKEN_SERVERS_MAX * (2 * (1 + TOKEN_TEXT_SIZE_MAX) + 32) + SEALED_TOKEN_SIZE_MAX

/** What a sealed token says in clear, before it is verified. */
export interface TokenHeader {
  readonly applicationId: Uint8Array
  /** In ms since 1970. */
  readonly notBefore: number
  /** In ms since 1970; at this moment it has expired. */
  readonly expiry: number
}

/** What a sealed token says to the servers alone. */
export interface TokenInside {
  readonly id: Uint8Array
  readonly psk: Uint8Array
  readonly userId: string
  readonly serverIds: readonly string[]
  /** Empty: from any address. */
  readonly clientAddress: string
  readonly userData: Uint8Array
}
