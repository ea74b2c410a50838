import type { Random } from '../base/random.ts'
import type { Network, Station } from '../net/network.ts'
import type { EventLoop } from '../time/event-loop.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import type { Faults } from './faults.ts'

/** How a host hands what it received to its program. */
export type Pieces = 'whole' | 'random' | 'bytes'

/** What sockets need of the host that they are on, from its start to its crash. */
export interface Machine {
  /** The host, which is the same after a restart. */
  readonly station: Station
  readonly time: VirtualTime
  readonly network: Network
  readonly random: Random
  /** The loop of its program: events of its sockets come in it. */
  readonly events: EventLoop
  readonly faults: Faults
  readonly pieces: Pieces
  /** How fast the program reads streams: a slow reader. */
  readonly readBytesPerSecond: number
  /** What the system holds of each stream, in each direction, in bytes. */
  readonly socketBufferBytes: number
  /** How many sockets of streams the program may have. */
  readonly socketsMax: number
}
