/**
 * Numbers that are usually small: sizes, ids of requests, numbers of messages (docs/WIRE.md, section 1).
 *
 *      n < 128        0nnnnnnn
 *      n < 16,384     10nnnnnn nnnnnnnn                                 high bits first
 *      n < 2^30       11nnnnnn nnnnnnnn, then the low 16 bits as u16    little-endian
 *
 * The same as bitsery's size prefix, so that a peer needs one reader for both.
 */

/** The largest number that a varint holds. */
export const varintMax = 0x3fff_ffff

/** The most bytes of a varint. */
export const varintSizeMax = 4

/** The bytes that a number takes. */
export function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : 4
}

/** Writes a number and returns its end. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0x80) {
    bytes[at] = value
    return at + 1
  }
  if (value < 0x4000) {
    bytes[at] = 0x80 | (value >> 8)
    bytes[at + 1] = value
    return at + 2
  }
  bytes[at] = 0xc0 | (value >> 24)
  bytes[at + 1] = value >> 16
  bytes[at + 2] = value
  bytes[at + 3] = value >> 8
  return at + 4
}

/** The size of the varint that begins with this byte. */
export function varintSizeOf(first: number): number {
  return first < 0x80 ? 1 : first < 0xc0 ? 2 : 4
}

/** Reads a number that is whole: `at + varintSizeOf(bytes[at])` is not behind the end. */
export function readVarint(bytes: Uint8Array, at: number): number {
  const first = bytes[at]
  if (first < 0x80) return first
  if (first < 0xc0) return ((first & 0x3f) << 8) | bytes[at + 1]
  return ((first & 0x3f) << 24) | (bytes[at + 1] << 16) | (bytes[at + 3] << 8) | bytes[at + 2]
}
