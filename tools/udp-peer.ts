/**
 * Packets and their parts, written from docs/UDP.md alone: it imports nothing of this repository but the peer of docs/WIRE.md, so that the document
 * and the code can be held against each other. Slow and plain.
 */
import { cutFrame, type FixedSizes, readVarint, u16, varint } from './wire-peer.ts'

/** Section 2: id and key of a side, as hexadecimal digits in the order of their bytes. */
export interface Addressee {
  readonly id: string
  readonly key: string
}

/** Section 2.1. */
export interface EarlyPacket {
  readonly kind: 'request' | 'retry' | 'accept' | 'refuse'
  readonly version: number
  /** The side that asks. */
  readonly asking: Addressee
  /** As hexadecimal digits; of an acceptance the accepting side's id and key, of a refusal why. */
  readonly rest: string
}

/** Section 2.2. */
export interface PlainPacket {
  readonly kind: 'plain'
  readonly to: Addressee
  readonly number: number
  readonly parts: readonly Part[]
}

/** Section 2.3. */
export interface SealedPacket {
  readonly kind: 'sealed'
  readonly phase: number
  readonly id: string
  readonly counter: number
  /** Ciphertext and tag, as hexadecimal digits. */
  readonly sealed: string
}

/** Section 3. Bytes stand as hexadecimal digits, frames among them. */
export type Part =
  | { readonly type: 'padding'; readonly size: number }
  | { readonly type: 'ping' | 'end' }
  | {
      readonly type: 'ack'
      readonly delay: number
      /** The first and the last number of each, the highest range first. */
      readonly ranges: readonly (readonly [low: number, high: number])[]
    }
  | { readonly type: 'window'; readonly of: number; readonly end: number }
  | { readonly type: 'challenge' | 'response'; readonly bytes: string }
  | { readonly type: 'close'; readonly code: number }
  | {
      readonly type: 'handshake' | 'stream'
      readonly lane?: number
      readonly offset: number
      readonly bytes: string
    }
  | {
      readonly type: 'message' | 'unreliable' | 'sequenced' | 'newest'
      readonly sequence?: number
      readonly frame: string
    }
  | { readonly type: 'message-piece'; readonly sequence: number; readonly piece: Piece }
  | {
      readonly type: 'piece'
      readonly of: number
      readonly number?: number
      readonly sequence: number
      readonly piece: Piece
    }

/** Section 5.3. */
export interface Piece {
  readonly total: number
  readonly offset: number
  readonly bytes: string
}

const earlyKinds = { 16: 'request', 17: 'retry', 18: 'accept', 19: 'refuse' } as const
const earlySizes = { request: 1200, retry: 30, accept: 18, refuse: 11 } as const

/** Section 2: what a datagram is; undefined for what is none of the packets. */
export function readPacket(
  bytes: Buffer,
  fixedSizes: FixedSizes = {},
): EarlyPacket | PlainPacket | SealedPacket | undefined {
  const kind = bytes[0]
  if (kind === 0x22 && bytes.length >= 15) {
    const to = { id: bytes.toString('hex', 1, 5), key: bytes.toString('hex', 5, 9) }
    return { kind: 'plain', to, number: bytes.readUIntLE(9, 6), parts: readParts(bytes, 15, fixedSizes) }
  }
  if ((kind === 0x20 || kind === 0x21) && bytes.length >= 29) {
    const counter = Number(bytes.readBigUInt64LE(5))
    return {
      kind: 'sealed',
      phase: kind & 1,
      id: bytes.toString('hex', 1, 5),
      counter,
      sealed: bytes.toString('hex', 13),
    }
  }
  if (!(kind in earlyKinds)) return undefined
  const name = earlyKinds[kind as keyof typeof earlyKinds]
  const size = earlySizes[name]
  if (name === 'request' ? bytes.length < size : bytes.length !== size) return undefined
  const asking = { id: bytes.toString('hex', 2, 6), key: bytes.toString('hex', 6, 10) }
  return {
    kind: name,
    version: bytes[1],
    asking,
    rest: bytes.toString('hex', 10, name === 'request' ? 30 : size),
  }
}

/** Section 2: the bytes of a packet. A plain one gets its padding from its parts. */
export function writePacket(packet: EarlyPacket | PlainPacket | SealedPacket): Buffer {
  switch (packet.kind) {
    case 'plain': {
      const head = Buffer.concat([
        Buffer.from([0x22]),
        hex(packet.to.id),
        hex(packet.to.key),
        u48(packet.number),
      ])
      return Buffer.concat([head, ...packet.parts.map(writePart)])
    }
    case 'sealed': {
      const counter = Buffer.alloc(8)
      counter.writeBigUInt64LE(BigInt(packet.counter))
      return Buffer.concat([Buffer.from([0x20 | packet.phase]), hex(packet.id), counter, hex(packet.sealed)])
    }
    default: {
      const kind = Number(Object.entries(earlyKinds).find(([, name]) => name === packet.kind)![0])
      const { id, key } = packet.asking
      const bytes = Buffer.concat([Buffer.from([kind, packet.version]), hex(id), hex(key), hex(packet.rest)])
      return packet.kind === 'request' ? Buffer.concat([bytes, Buffer.alloc(1200 - bytes.length)]) : bytes
    }
  }
}

/** Section 3: the parts from an offset on. Throws for what is refused. */
export function readParts(bytes: Buffer, from: number, fixedSizes: FixedSizes = {}): Part[] {
  const parts: Part[] = []
  for (let at = from; at < bytes.length; ) {
    const { part, end } = readPart(bytes, at, fixedSizes)
    if (!(end <= bytes.length)) throw new Error(`a part of type ${bytes[at].toString(16)} is cut`)
    parts.push(part)
    at = end
  }
  return parts
}

function readPart(bytes: Buffer, at: number, fixedSizes: FixedSizes): { part: Part; end: number } {
  const type = bytes[at]
  const next = at + 1
  const eight = () => ({ bytes: bytes.toString('hex', next, next + 8), end: next + 8 })
  if (type === 0) return { part: { type: 'padding', size: bytes.length - at }, end: bytes.length }
  if (type === 1) return { part: { type: 'ping' }, end: next }
  if (type === 2) return readAck(bytes, next)
  if (type === 3)
    return { part: { type: 'window', of: bytes[next], end: bytes.readUIntLE(next + 1, 6) }, end: next + 7 }
  if (type === 4 || type === 5) {
    const { bytes: text, end } = eight()
    return { part: { type: type === 4 ? 'challenge' : 'response', bytes: text }, end }
  }
  if (type === 6) return { part: { type: 'close', code: bytes[next] }, end: next + 1 }
  if (type === 7) return { part: { type: 'end' }, end: next }
  if (type === 8) {
    const { value: size, end: start } = readVarint(bytes, next + 2)
    const text = bytes.toString('hex', start, start + size)
    return { part: { type: 'handshake', offset: bytes.readUInt16LE(next), bytes: text }, end: start + size }
  }
  if (type >= 0x10 && type < 0x20) {
    const { value: size, end: start } = readVarint(bytes, next + 6)
    const text = bytes.toString('hex', start, start + size)
    const offset = bytes.readUIntLE(next, 6)
    return { part: { type: 'stream', lane: type & 15, offset, bytes: text }, end: start + size }
  }
  return readFramePart(bytes, at, fixedSizes)
}

function readFramePart(bytes: Buffer, at: number, fixedSizes: FixedSizes): { part: Part; end: number } {
  const type = bytes[at]
  if (type === 0x21) {
    const { value: sequence, end } = readVarint(bytes, at + 1)
    const piece = readPiece(bytes, end)
    return { part: { type: 'message-piece', sequence, piece: piece.piece }, end: piece.end }
  }
  if (type === 0x25) {
    const of = bytes[at + 1]
    const number = of === 0x22 ? { end: at + 2 } : readVarint(bytes, at + 2)
    const { value: sequence, end } = readVarint(bytes, number.end)
    const { piece, end: pieceEnd } = readPiece(bytes, end)
    const named = 'value' in number ? { number: number.value } : {}
    return { part: { type: 'piece', of, ...named, sequence, piece }, end: pieceEnd }
  }
  const names = { 32: 'message', 34: 'unreliable', 35: 'sequenced', 36: 'newest' } as const
  if (!(type in names)) throw new Error(`there is no part of type ${type.toString(16)}`)
  const name = names[type as keyof typeof names]
  const { value: sequence, end: start } =
    name === 'unreliable'
      ? { value: undefined, end: at + 1 }
      : name === 'sequenced'
        ? { value: bytes.readUInt16LE(at + 1), end: at + 3 }
        : readVarint(bytes, at + 1)
  const { size } = cutFrame(bytes.subarray(start), fixedSizes) ?? { size: Number.NaN }
  const frame = bytes.toString('hex', start, start + size)
  const said = sequence === undefined ? {} : { sequence }
  return { part: { type: name, ...said, frame }, end: start + size }
}

/** Section 4. */
function readAck(bytes: Buffer, at: number): { part: Part; end: number } {
  let high = bytes.readUIntLE(at, 6)
  const { value: delay, end: countAt } = readVarint(bytes, at + 6)
  let { value: length, end } = readVarint(bytes, countAt + 1)
  const ranges: [number, number][] = [[high - length, high]]
  for (let left = bytes[countAt]; left > 0; left--) {
    const gap = readVarint(bytes, end)
    high = high - length - gap.value - 2
    ;({ value: length, end } = readVarint(bytes, gap.end))
    ranges.push([high - length, high])
  }
  return { part: { type: 'ack', delay, ranges }, end }
}

/** Section 5.3. */
function readPiece(bytes: Buffer, at: number): { piece: Piece; end: number } {
  const total = readVarint(bytes, at)
  const offset = readVarint(bytes, total.end)
  const { value: size, end } = readVarint(bytes, offset.end)
  const piece = { total: total.value, offset: offset.value, bytes: bytes.toString('hex', end, end + size) }
  return { piece, end: end + size }
}

/** Section 3: the bytes of a part. */
export function writePart(part: Part): Buffer {
  switch (part.type) {
    case 'padding':
      return Buffer.alloc(part.size)
    case 'ping':
      return Buffer.from([1])
    case 'ack':
      return writeAck(part.delay, part.ranges)
    case 'window':
      return Buffer.concat([Buffer.from([3, part.of]), u48(part.end)])
    case 'challenge':
    case 'response':
      return Buffer.concat([Buffer.from([part.type === 'challenge' ? 4 : 5]), hex(part.bytes)])
    case 'close':
      return Buffer.from([6, part.code])
    case 'end':
      return Buffer.from([7])
    case 'handshake':
      return Buffer.concat([Buffer.from([8]), u16(part.offset), sized(part.bytes)])
    case 'stream':
      return Buffer.concat([Buffer.from([0x10 | part.lane!]), u48(part.offset), sized(part.bytes)])
    case 'message':
      return Buffer.concat([Buffer.from([0x20]), varint(part.sequence!), hex(part.frame)])
    case 'message-piece':
      return Buffer.concat([Buffer.from([0x21]), varint(part.sequence), writePiece(part.piece)])
    case 'unreliable':
      return Buffer.concat([Buffer.from([0x22]), hex(part.frame)])
    case 'sequenced':
      return Buffer.concat([Buffer.from([0x23]), u16(part.sequence!), hex(part.frame)])
    case 'newest':
      return Buffer.concat([Buffer.from([0x24]), varint(part.sequence!), hex(part.frame)])
    case 'piece': {
      const number = part.number === undefined ? Buffer.alloc(0) : varint(part.number)
      return Buffer.concat([
        Buffer.from([0x25, part.of]),
        number,
        varint(part.sequence),
        writePiece(part.piece),
      ])
    }
  }
}

function writeAck(delay: number, ranges: readonly (readonly [number, number])[]): Buffer {
  const [[low, high], ...further] = ranges
  const parts = [
    Buffer.from([2]),
    u48(high),
    varint(delay),
    Buffer.from([further.length]),
    varint(high - low),
  ]
  let below = low
  for (const [from, to] of further) {
    parts.push(varint(below - to - 2), varint(to - from))
    below = from
  }
  return Buffer.concat(parts)
}

function writePiece({ total, offset, bytes }: Piece): Buffer {
  return Buffer.concat([varint(total), varint(offset), sized(bytes)])
}

function sized(bytes: string): Buffer {
  return Buffer.concat([varint(bytes.length / 2), hex(bytes)])
}

function u48(value: number): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeUIntLE(value, 0, 6)
  return bytes
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
