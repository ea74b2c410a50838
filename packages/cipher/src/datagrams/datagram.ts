import { TAG_SIZE } from '../base/primitives.ts'

/**
 * What a datagram consists of. Numbers are little-endian.
 *
 *     0      1             5                     13
 *     +------+-------------+---------------------+------------------+
 *     | kind | receiver id | counter             | ciphertext, tag  |
 *     +------+-------------+---------------------+------------------+
 *     kind: 0010 00rp, p: key phase, r: reserved for a protected header, 0
 *
 * The whole header is associated data. The counter is the nonce; it starts at 0, is never used twice, never stands still when the key
 * changes, and never reaches 2^64 - 1, which is REKEY's.
 */
export const DATAGRAM_HEADER_SIZE = 13

/** What a datagram is larger than its plaintext. */
export const DATAGRAM_OVERHEAD = DATAGRAM_HEADER_SIZE + TAG_SIZE

/** The first byte of a datagram record, its key phase aside. Handshakes have others. */
export const DATAGRAM_KIND = 0x20

/**
 * For whom a datagram is: the receiver id, a whole number below 2^32, by which a socket of many sessions finds the one to ask. Undefined for what
 * is no datagram record. Says nothing about whether it is authentic.
 */
export function datagramReceiver(packet: Uint8Array): number | undefined {
  if (packet.length < DATAGRAM_OVERHEAD || (packet[0] & 0xfe) !== DATAGRAM_KIND) return undefined
  return readU32(packet, 1)
}

/** Four bytes as a whole number. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}
