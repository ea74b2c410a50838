import type { CancelSignal } from '@millrace/core'
import { Random } from '../base/random.ts'
import type { Station } from '../net/network.ts'
import { flag, type Packet, type TcpPacket } from '../net/packet.ts'
import { Faults } from '../sockets/faults.ts'
import type { Machine, MachineEvents, MachineNetwork } from '../sockets/machine.ts'
import type { TcpLink } from '../sockets/tcp-link.ts'
import { TcpStack } from '../sockets/tcp-stack.ts'
import type { Scheduler } from '../time/scheduler.ts'
import type { BadPaths, PathPair } from './bad-paths.ts'

/** What each end of a stream holds in each direction, in bytes: the largest window of its model of TCP. */
export const windowBytes = 1024 * 1024

const port = 1

/** A connection of the model of TCP: what happens to packets on bad paths is for its bytes a delay. */
export class Tunnel implements MachineNetwork {
  readonly #time: Scheduler
  readonly #paths: BadPaths
  readonly #pair: PathPair
  readonly #own: End
  readonly #peer: End

  constructor(time: Scheduler, paths: BadPaths) {
    this.#time = time
    this.#paths = paths
    this.#own = new End('here', '10.0.0.1', time, this)
    this.#peer = new End('there', '10.0.0.2', time, this)
    this.#pair = paths.add(time, {
      outgoing: (packet) => this.#peer.arrived(packet),
      incoming: (packet) => this.#own.arrived(packet),
    })
  }

  /**
   * Opens the connection, from here or from there. `own` and `peer` are called with its ends when they are established. Rejects if it could not be opened, or with
   * the signal's reason.
   */
  async open(
    from: 'here' | 'there',
    owner: { own(link: TcpLink): void; peer(link: TcpLink): void },
    signal: CancelSignal | undefined,
  ): Promise<void> {
    const [opener, accepter] = from === 'here' ? [this.#own, this.#peer] : [this.#peer, this.#own]
    const accepted = (link: TcpLink) => (from === 'here' ? owner.peer(link) : owner.own(link))
    await accepter.stack.listen(accepter.address, port, {
      accepted: (link) => accepted(link as TcpLink),
      failed: () => {},
    })
    const link = await opener.stack.connect(accepter.address, port, signal)
    if (from === 'here') owner.own(link)
    else owner.peer(link)
  }

  /** No conditions are told to it any more. What is on its way still arrives. */
  forget(): void {
    this.#paths.forget(this.#pair)
  }

  /** Breaks the connection off for both ends at once, as something on the way may. */
  cut(): void {
    this.forget()
    this.#own.stack.reset(this.#peer.address)
    this.#peer.stack.reset(this.#own.address)
  }

  send(from: Station, packet: Packet): void {
    const isOutgoing = from === this.#own
    const path = isOutgoing ? this.#pair.outgoing : this.#pair.incoming
    const now = this.#time.now()
    if (!isReset(packet)) return path.carry(packet, now, 'open')
    // It is late, but never lost: a real socket would stay open for one end alone.
    const to = isOutgoing ? this.#peer : this.#own
    this.#time.at(now + path.conditions.delayMs[1], () => to.arrived(packet))
  }

  stationNamed(): undefined {
    return undefined
  }
}

function isReset(packet: Packet): boolean {
  return packet.kind === 'tcp' && (packet.segment.flags & flag.rst) !== 0
}

/** One end, as the model of TCP needs it: a host with nothing but this connection. */
class End implements Machine, Station {
  readonly name: string
  readonly address: string
  readonly time: Scheduler
  readonly network: MachineNetwork
  readonly stack: TcpStack
  readonly events: MachineEvents
  // Nothing but numbers of ports and connections is drawn here.
  readonly random = new Random(1)
  readonly faults = new Faults(this.random)
  readonly access = undefined
  readonly isIsolated = false
  readonly pieces = 'whole'
  readonly readBytesPerSecond = Number.POSITIVE_INFINITY
  readonly socketBufferBytes = windowBytes
  readonly socketsMax = Number.POSITIVE_INFINITY

  constructor(name: string, address: string, time: Scheduler, network: MachineNetwork) {
    this.name = name
    this.address = address
    this.time = time
    this.network = network
    this.events = { eventAt: (atMs, run) => time.at(atMs, run) }
    this.stack = new TcpStack(this)
  }

  get station(): Station {
    return this
  }

  hereTime(): number {
    return this.time.now()
  }

  arrived(packet: Packet): void {
    this.stack.arrived(packet as TcpPacket)
  }
}
