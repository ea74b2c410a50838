import { base64urlOf, bytesOfBase64url } from '../keys/key-text.ts'
import { CONNECT_TOKEN_SIZE_MAX } from './token.ts'

/** In front of every token as text: says what it is, and which version. */
const PREFIX = 'mrt1.'
const CHECKSUM_SIZE = 4

/** A connect token as text for JSON and URLs: `mrt1.`, then base64url of the bytes and their CRC-32. As secret as the token. */
export function tokenText(bytes: Uint8Array): string {
  const checked = new Uint8Array(bytes.length + CHECKSUM_SIZE)
  checked.set(bytes)
  new DataView(checked.buffer).setUint32(bytes.length, crc32(bytes), true)
  return PREFIX + base64urlOf(checked)
}

/** The bytes of a token's text, or undefined for what is none: cut, mistyped, of another version, longer than any. */
export function bytesOfTokenText(text: string): Uint8Array | undefined {
  const sizeMax = PREFIX.length + Math.ceil(((CONNECT_TOKEN_SIZE_MAX + CHECKSUM_SIZE) * 4) / 3)
  if (text.length > sizeMax || !text.startsWith(PREFIX)) return undefined
  const checked = bytesOfBase64url(text.slice(PREFIX.length))
  if (checked === undefined || checked.length < CHECKSUM_SIZE) return undefined
  const bytes = checked.subarray(0, checked.length - CHECKSUM_SIZE)
  const sum = new DataView(checked.buffer).getUint32(bytes.length, true)
  return sum === crc32(bytes) ? bytes.slice() : undefined
}

/** CRC-32 of IEEE 802.3: against slips of the hand, not against attackers. */
function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1))
  }
  return ~sum >>> 0
}
