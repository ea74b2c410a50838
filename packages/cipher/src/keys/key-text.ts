const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const HEX_DIGITS = '0123456789abcdef'

/** Base64url without padding (RFC 4648, section 5). */
export function base64urlOf(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    text += DIGITS[group >> 18] + DIGITS[(group >> 12) & 63]
    if (at + 1 < bytes.length) text += DIGITS[(group >> 6) & 63]
    if (at + 2 < bytes.length) text += DIGITS[group & 63]
  }
  return text
}

/** The bytes of base64url, or undefined for anything that `base64urlOf` doesn't write: padding, blanks, bits left over. */
export function bytesOfBase64url(text: string): Uint8Array | undefined {
  const size = Math.floor((text.length * 3) / 4)
  if (text.length % 4 === 1) return undefined
  const bytes = new Uint8Array(size)
  let bits = 0
  let bitCount = 0
  let at = 0
  for (let index = 0; index < text.length; index++) {
    const digit = digitOf(text.charCodeAt(index))
    if (digit < 0) return undefined
    bits = ((bits << 6) | digit) & 0xffff
    bitCount += 6
    if (bitCount >= 8) {
      bitCount -= 8
      bytes[at++] = bits >> bitCount
    }
  }
  const isClean = (bits & ((1 << bitCount) - 1)) === 0
  return isClean ? bytes : undefined
}

export function hexOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX_DIGITS[byte >> 4] + HEX_DIGITS[byte & 15]
  return text
}

/** The bytes of hexadecimal digits of either case, or undefined. */
export function bytesOfHex(text: string): Uint8Array | undefined {
  if (text.length % 2 === 1) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let at = 0; at < bytes.length; at++) {
    const high = hexDigitOf(text.charCodeAt(2 * at))
    const low = hexDigitOf(text.charCodeAt(2 * at + 1))
    if (high < 0 || low < 0) return undefined
    bytes[at] = high * 16 + low
  }
  return bytes
}

function digitOf(code: number): number {
  if (code >= 65 && code <= 90) return code - 65
  if (code >= 97 && code <= 122) return code - 71
  if (code >= 48 && code <= 57) return code + 4
  return code === 45 ? 62 : code === 95 ? 63 : -1
}

function hexDigitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const letter = code | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}
