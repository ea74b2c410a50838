import { DatagramError } from '../base/datagram-error.ts'
import type { PacketContents } from '../base/packet-contents.ts'
import type { ControllerFactory } from './congestion-controller.ts'

/** What the round trip is thought to be before it is known. */
export const initialRoundTripMs = 100

/** Who remembers what packets carried. It must not call the recovery back from these. */
export interface RecoveryOwner {
  /** A packet with these contents arrived. The array is the owner's again. */
  acked(contents: PacketContents, now: number): void
  /** A packet with these contents is given up: what is still wanted must be sent again. It may arrive all the same. The array is the owner's again. */
  lost(contents: PacketContents, now: number): void
}

/** How a recovery is made. */
export interface RecoveryOptions {
  readonly owner: RecoveryOwner
  /** The size of a full packet, in bytes. */
  readonly mtu: number
  /** The guess of the round trip in milliseconds; `initialRoundTripMs` unless something is known, such as how long a handshake took. */
  readonly initialRttMs?: number | undefined
  /** Makes the congestion controller, and another one when the path changes; a `Bbr` unless given. */
  readonly controller?: ControllerFactory | undefined
  /** Different for each connection, so that they don't probe in step. */
  readonly seed?: number | undefined
}

/** What a recovery has counted. It counts on: look again later. */
export interface RecoveryStatistics {
  /** Packets that ask for an acknowledgement. */
  readonly sent: number
  /** Packets that were given up, and those of them that arrived after all. */
  readonly lost: number
  readonly spurious: number
  /** Bytes of packets that arrived. */
  readonly ackedBytes: number
}

/** What is due: nothing; some packets were given up, and the owner was told; or up to two packets must leave now, whatever `room` says. */
export type RecoveryDue = 'idle' | 'lost' | 'probe'

/** Returns a size or a time that is one; throws `DatagramError` with `bad-option` otherwise. */
export function positive(name: string, value: number): number {
  if (value > 0 && value < Number.POSITIVE_INFINITY) return value
  throw new DatagramError('bad-option', `${name} is ${value}; it must be a number above 0`)
}
