/**
 * The layout of packets (docs/UDP.md, section 2). A packet is one datagram; its first byte says what it is. Numbers are little-endian.
 *
 *     request   10  version  id 4  key 4  cookie 20  zeros up to 1,200 bytes        opening side, until it has an answer
 *     retry     11  version  id 4  key 4  cookie 20                                 the cookie to come back with
 *     accept    12  version  id 4  key 4  id 4  key 4                               the receiver's, then the sender's
 *     refuse    13  version  id 4  key 4  why                                       no room, or another version
 *     sealed    20 or 21     id 4  counter 8  ciphertext, tag                       `DatagramRecords` of @millrace/cipher
 *     plain     22           id 4  key 4  number 6  parts                           what is not sealed
 *
 * `id` and `key` are the receiver's, who chose them: the id finds the connection, and who doesn't see packets can't guess both.
 */
export const packetKind = {
  request: 0x10,
  retry: 0x11,
  accept: 0x12,
  refuse: 0x13,
  sealed: 0x20,
  sealedNext: 0x21,
  plain: 0x22,
} as const

/** Whether a packet with this first byte can be of this layout, now or in a later version; others are for stateless services. */
export function isOwnKind(kind: number): boolean {
  return kind >= 0x10 && kind < 0x30
}

/** The version of this layout and of the parts. */
export const packetVersion = 1

/** The size of a request in bytes, so that whatever answers it is no larger. Every path carries it: RFC 9000, section 14. */
export const requestSize = 1200

export const cookieSize = 20

/** Sizes of the packets before a connection, in bytes. */
export const retrySize = 10 + cookieSize
export const acceptSize = 18
export const refuseSize = 11

/** Where the parts of a plain packet begin. */
export const plainHeaderSize = 15

/** Where the parts of a sealed packet begin, and what stands behind them. */
export const sealedHeaderSize = 13
export const sealedTagSize = 16

/** Numbers of packets stay below this one, in bytes of six. */
export const packetNumberEnd = 2 ** 48

/** By which a side is addressed: it chose both at random. */
export interface Addressee {
  /** Finds the connection. A whole number below 2^32. */
  readonly id: number
  /** Proves that a plain packet is of someone who sees its packets. A whole number below 2^32. */
  readonly key: number
}

/** Why a request is refused. */
export const refusal = {
  /** This side speaks another version of the layout: the version in the packet. */
  version: 1,
} as const

export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0
}

export function writeU32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
  return at + 4
}

/** The number of a plain packet: six bytes. */
export function readPacketNumber(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) + (bytes[at + 4] | (bytes[at + 5] << 8)) * 2 ** 32
}

export function writePacketNumber(bytes: Uint8Array, at: number, value: number): number {
  const high = Math.floor(value / 2 ** 32)
  writeU32(bytes, at, value >>> 0)
  bytes[at + 4] = high
  bytes[at + 5] = high >>> 8
  return at + 6
}

/** Whether the bytes at `at` are this id and key. */
export function isAddressedTo(bytes: Uint8Array, at: number, { id, key }: Addressee): boolean {
  return readU32(bytes, at) === id && readU32(bytes, at + 4) === key
}

export function writeAddressee(bytes: Uint8Array, at: number, { id, key }: Addressee): number {
  return writeU32(bytes, writeU32(bytes, at, id), key)
}

export function readAddressee(bytes: Uint8Array, at: number): Addressee {
  return { id: readU32(bytes, at), key: readU32(bytes, at + 4) }
}

/**
 * The receiver's id of a packet that is plain or sealed, undefined for what is neither or is too short for one. Says nothing about whether it is
 * authentic.
 */
export function packetReceiver(bytes: Uint8Array, from: number, to: number): number | undefined {
  const kind = bytes[from]
  const least =
    kind === packetKind.plain
      ? plainHeaderSize
      : kind === packetKind.sealed || kind === packetKind.sealedNext
        ? sealedHeaderSize + sealedTagSize
        : Number.POSITIVE_INFINITY
  return to - from < least ? undefined : readU32(bytes, from + 1)
}
