import type { Random } from '../base/random.ts'
import type { TraceHash } from '../base/trace-hash.ts'

/** What IP and UDP, or IP and TCP, add to what they carry, in bytes: without options, over IPv4. */
export const udpHeaderSize = 28
export const tcpHeaderSize = 40

/** The size of a refusal, with the headers of what is refused in it. */
const refusalSize = 56

/** The flags of a segment, as bits. */
export const flag = { syn: 1, ack: 2, fin: 4, rst: 8 } as const

/** What TCP sends. Sequence numbers count from 0 for each direction of a connection, and don't wrap. */
export interface Segment {
  readonly flags: number
  readonly seq: number
  readonly ack: number
  /** How many bytes behind `ack` the sender would take. */
  readonly window: number
  /** The number that the sender drew for this connection, and that of its peer as it knows it, or -1: what belongs to another connection is told by them. */
  readonly draw: number
  readonly peerDraw: number
  readonly bytes: Uint8Array
}

interface Route {
  readonly fromHost: string
  readonly fromPort: number
  readonly toHost: string
  readonly toPort: number
}

/** One datagram. Its bytes never change. */
export interface UdpPacket extends Route {
  readonly kind: 'udp'
  readonly bytes: Uint8Array
}

/** One segment of TCP. Its bytes never change. */
export interface TcpPacket extends Route {
  readonly kind: 'tcp'
  readonly segment: Segment
}

/** The answer of a system on which no socket takes a datagram: ICMP's port unreachable. It comes from where that went. */
export interface RefusalPacket extends Route {
  readonly kind: 'refusal'
}

/** What travels on a path. */
export type Packet = UdpPacket | TcpPacket | RefusalPacket

/** The size on the wire, in bytes. */
export function sizeOf(packet: Packet): number {
  if (packet.kind === 'refusal') return refusalSize
  return packet.kind === 'udp'
    ? packet.bytes.length + udpHeaderSize
    : packet.segment.bytes.length + tcpHeaderSize
}

/** The packet with one bit flipped; undefined where a checksum would find it: those of TCP and ICMP are taken to find all. */
export function corrupted(packet: Packet, random: Random): Packet | undefined {
  if (packet.kind !== 'udp' || packet.bytes.length === 0) return undefined
  const bytes = packet.bytes.slice()
  bytes[random.integer(0, bytes.length - 1)] ^= 1 << random.integer(0, 7)
  return { ...packet, bytes }
}

/** Adds all of a packet to a trace. */
export function traced(packet: Packet, trace: TraceHash): void {
  trace.number(packet.fromPort)
  trace.number(packet.toPort)
  if (packet.kind === 'refusal') return
  if (packet.kind === 'udp') return trace.bytes(packet.bytes)
  const { flags, seq, ack, window, bytes } = packet.segment
  trace.number(flags)
  trace.number(seq)
  trace.number(ack)
  trace.number(window)
  trace.bytes(bytes)
}
