import {
  type Addressee,
  acceptSize,
  cookieSize,
  packetKind,
  packetVersion,
  readAddressee,
  refuseSize,
  requestSize,
  retrySize,
  writeAddressee,
} from './packet-layout.ts'

/** Where the fields of packets before a connection stand. */
const peerAt = 2
const restAt = 10

/** Writes a request with a cookie, or with none, into 1,200 bytes, and returns its end. */
export function writeRequest(bytes: Uint8Array, own: Addressee, cookie: Uint8Array | undefined): number {
  bytes.fill(0, 0, requestSize)
  writeHead(bytes, packetKind.request, own)
  if (cookie !== undefined) bytes.set(cookie, restAt)
  return requestSize
}

/** Writes the head of an answer to who asked; the rest stands behind, from the offset that it returns. */
export function writeHead(bytes: Uint8Array, kind: number, to: Addressee): number {
  bytes[0] = kind
  bytes[1] = packetVersion
  return writeAddressee(bytes, peerAt, to)
}

/** Writes the acceptance of who asked, by this side's own id and key, and returns its end. */
export function writeAccept(bytes: Uint8Array, to: Addressee, own: Addressee): number {
  return writeAddressee(bytes, writeHead(bytes, packetKind.accept, to), own)
}

/** Writes a refusal of who asked, and returns its end. */
export function writeRefuse(bytes: Uint8Array, to: Addressee, why: number): number {
  const at = writeHead(bytes, packetKind.refuse, to)
  bytes[at] = why
  return at + 1
}

/** A packet before a connection, shown in place: what its head says, and where the rest begins. */
export interface EarlyPacket {
  readonly kind: number
  readonly version: number
  /** Of the side that asks, in a request as in an answer. */
  readonly asking: Addressee
  readonly restAt: number
}

/** Reads the head of a packet before a connection, or undefined for what is none: another kind, or another size than that kind has. */
export function readEarlyPacket(bytes: Uint8Array, from: number, to: number): EarlyPacket | undefined {
  const size = to - from
  const kind = bytes[from]
  // A request of a later version may be larger, and this side must be able to say that it doesn't know it.
  const fits =
    kind === packetKind.request
      ? size >= requestSize
      : (kind === packetKind.retry && size === retrySize) ||
        (kind === packetKind.accept && size === acceptSize) ||
        (kind === packetKind.refuse && size === refuseSize)
  if (!fits) return undefined
  const asking = readAddressee(bytes, from + peerAt)
  return { kind, version: bytes[from + 1], asking, restAt: from + restAt }
}

/** Whether a request brings a cookie, good or not. */
export function hasCookie(bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < cookieSize; index++) if (bytes[at + index] !== 0) return true
  return false
}
