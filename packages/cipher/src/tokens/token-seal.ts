import { CipherError } from '../base/errors.ts'
import { type Aead, type AeadKey, type Primitives, TAG_SIZE } from '../base/primitives.ts'
import { type RandomSource, randomBytes, requireKey } from '../keys/key.ts'
import {
  APPLICATION_ID_SIZE,
  SEALED_TOKEN_SIZE_MAX,
  TOKEN_HEADER_SIZE,
  TOKEN_ID_SIZE,
  TOKEN_INSIDE_SIZE_MIN,
  TOKEN_NONCE_SIZE,
  TOKEN_NONCE_START,
  TOKEN_SERVERS_MAX,
  TOKEN_VERSION,
  type TokenHeader,
  type TokenInside,
  USER_DATA_SIZE_MAX,
} from './token.ts'
import { TokenReader, TokenWriter } from './token-bytes.ts'

/** `millrace-token`, in front of the associated data: the same key used for anything else gives other tags. */
const LABEL = /* @__PURE__ */ Uint8Array.from('millrace-token', (character) => character.charCodeAt(0))

/** The key that login and game servers share, and how it seals tokens. */
export class TokenSeal {
  readonly #key: AeadKey

  /** `key`: 32 bytes, copied. Throws `unsupported` for primitives without XChaCha20-Poly1305, and what `requireKey` throws. */
  constructor(primitives: Primitives, key: Uint8Array) {
    requireKey(key, 'the key of the tokens')
    const aead: Aead | undefined = primitives.aead('xchacha20-poly1305')
    if (aead === undefined) {
      throw new CipherError(
        'unsupported',
        `Tokens need XChaCha20-Poly1305, which ${primitives.name} lacks: hand in noblePrimitives`,
      )
    }
    this.#key = aead.key(key)
  }

  seal(header: TokenHeader, inside: TokenInside, random: RandomSource): Uint8Array {
    const content = writeInside(inside)
    const token = new Uint8Array(TOKEN_HEADER_SIZE + content.length + TAG_SIZE)
    token.set(writeHeader(header))
    const nonce = randomBytes(random, TOKEN_NONCE_SIZE)
    token.set(nonce, TOKEN_NONCE_START)
    this.#key.seal(nonce, associated(token), content, token.subarray(TOKEN_HEADER_SIZE))
    content.fill(0)
    return token
  }

  /** The inside as bytes, or undefined when the tag is wrong. `token` has a header. */
  open(token: Uint8Array): Uint8Array | undefined {
    const content = new Uint8Array(token.length - TOKEN_HEADER_SIZE - TAG_SIZE)
    const nonce = token.slice(TOKEN_NONCE_START, TOKEN_HEADER_SIZE)
    const isTrue = this.#key.open(nonce, associated(token), token.subarray(TOKEN_HEADER_SIZE), content)
    return isTrue ? content : undefined
  }
}

/** The header of a sealed token of a possible size, or undefined. */
export function readHeader(token: Uint8Array): TokenHeader | undefined {
  const isSized =
    token.length >= TOKEN_HEADER_SIZE + TOKEN_INSIDE_SIZE_MIN + TAG_SIZE &&
    token.length <= SEALED_TOKEN_SIZE_MAX
  if (!isSized) return undefined
  const reader = new TokenReader(token)
  const version = reader.byte()
  const applicationId = reader.bytes(APPLICATION_ID_SIZE)
  const notBefore = reader.time()
  const expiry = reader.time()
  if (version !== TOKEN_VERSION || !reader.isGood || notBefore >= expiry) return undefined
  return { applicationId, notBefore, expiry }
}

/** The inside of a token, or undefined: also what was authentic may be wrong, of another version or of a broken issuer. */
export function readInside(content: Uint8Array): TokenInside | undefined {
  const reader = new TokenReader(content)
  const id = reader.bytes(TOKEN_ID_SIZE)
  const psk = reader.bytes(32)
  const userId = reader.text(1)
  const count = reader.byte()
  if (!reader.isGood || count < 1 || count > TOKEN_SERVERS_MAX) return undefined
  const serverIds = Array.from({ length: count }, () => reader.text(1))
  const clientAddress = reader.text(0)
  const userData = reader.bytes(reader.size(USER_DATA_SIZE_MAX))
  return reader.isWhole() ? { id, psk, userId, serverIds, clientAddress, userData } : undefined
}

function writeHeader({ applicationId, notBefore, expiry }: TokenHeader): Uint8Array {
  return new TokenWriter().byte(TOKEN_VERSION).bytes(applicationId).time(notBefore).time(expiry).take()
}

/** The inside as bytes; for the tests of its reader, too. */
export function writeInside(inside: TokenInside): Uint8Array {
  const { id, psk, userId, serverIds, clientAddress, userData } = inside
  const writer = new TokenWriter().bytes(id).bytes(psk).text(userId).byte(serverIds.length)
  for (const serverId of serverIds) writer.text(serverId)
  const size = userData.length
  return writer
    .text(clientAddress)
    .byte(size & 255)
    .byte(size >> 8)
    .bytes(userData)
    .take()
}

function associated(token: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LABEL.length + TOKEN_NONCE_START)
  bytes.set(LABEL)
  bytes.set(token.subarray(0, TOKEN_NONCE_START), LABEL.length)
  return bytes
}
