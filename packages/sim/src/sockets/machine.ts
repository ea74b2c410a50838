import type { Wake } from '@millrace/timer'
import type { Random } from '../base/random.ts'
import type { Station } from '../net/network.ts'
import type { Packet } from '../net/packet.ts'
import type { Scheduler } from '../time/scheduler.ts'
import type { Faults } from './faults.ts'

/** How a host hands what it received to its program. */
export type Pieces = 'whole' | 'random' | 'bytes'

/** What sockets need of the network. */
export interface MachineNetwork {
  /** Whether it arrives, the network decides. */
  send(from: Station, packet: Packet): void
  /** The host of that name, if there is one. */
  stationNamed(name: string): Station | undefined
}

/** The loop of a program, as its sockets need it. */
export interface MachineEvents {
  /** An event of the outside world: what a socket would tell. */
  eventAt(atMs: number, run: () => void): Wake
}

/** What sockets need of the host that they are on, from its start to its crash. */
export interface Machine {
  /** The host, which is the same after a restart. */
  readonly station: Station
  readonly time: Scheduler
  readonly network: MachineNetwork
  readonly random: Random
  /** The loop of its program: events of its sockets come in it. */
  readonly events: MachineEvents
  readonly faults: Faults
  readonly pieces: Pieces
  /** How fast the program reads streams: a slow reader. */
  readonly readBytesPerSecond: number
  /** What the system holds of each stream, in each direction, in bytes. */
  readonly socketBufferBytes: number
  /** How many sockets of streams the program may have. */
  readonly socketsMax: number
}
