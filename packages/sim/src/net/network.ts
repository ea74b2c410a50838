import { Random } from '../base/random.ts'
import { hashOf, TraceHash } from '../base/trace-hash.ts'
import type { Scheduler } from '../time/scheduler.ts'
import { type Conditions, joined, noConditions } from './conditions.ts'
import type { Packet, UdpPacket } from './packet.ts'
import { Path } from './path.ts'

/** The address of each host for itself. */
export const loopback = '127.0.0.1'

/** A host as the network sees it. */
export interface Station {
  readonly name: string
  readonly address: string
  /** Its way into the network, if it has one of its own. */
  readonly access: Conditions | undefined
  /** Cut off from all others. */
  readonly isIsolated: boolean
  /** Where in time it is: later than the world in a piece of its program that takes its time. */
  hereTime(): number
  /** A packet came in. */
  arrived(packet: Packet): void
}

/** All hosts, and the paths between them. It knows addresses, and neither ports nor sockets. */
export class Network {
  readonly trace = new TraceHash()
  readonly #time: Scheduler
  readonly #seed: number
  readonly #conditions: Conditions
  readonly #byAddress = new Map<string, Station>()
  readonly #byName = new Map<string, Station>()
  readonly #paths = new Map<Station, Map<Station, Path>>()
  /** Each is called with every datagram that a host sends, before anything becomes of it. */
  readonly taps: ((packet: UdpPacket) => void)[] = []
  /** Packets to addresses that no host has. */
  unroutable = 0

  constructor(time: Scheduler, seed: number, conditions: Conditions) {
    this.#time = time
    this.#seed = seed
    this.#conditions = conditions
  }

  /** A host is reached at its address from now on, and no more at `before`. */
  attach(station: Station, before?: string): void {
    if (before !== undefined) this.#byAddress.delete(before)
    this.#byName.set(station.name, station)
    this.#byAddress.set(station.address, station)
  }

  /** An address that no host has: made of the name, so that it is the same whatever other hosts there are, as long as they don't collide. */
  freshAddress(name: string): string {
    for (let count = 0; ; count++) {
      const hash = hashOf(name, count)
      const address = `10.${(hash >>> 16) & 255}.${(hash >>> 8) & 255}.${(hash % 254) + 1}`
      if (!this.#byAddress.has(address)) return address
    }
  }

  stationAt(address: string): Station | undefined {
    return this.#byAddress.get(address)
  }

  stationNamed(name: string): Station | undefined {
    return this.#byName.get(name)
  }

  /** The numbers of what bears this name. Others don't disturb them. */
  random(name: string): Random {
    return new Random(hashOf(name, this.#seed))
  }

  /** The way from one host to another. */
  path(from: Station, to: Station): Path {
    let paths = this.#paths.get(from)
    if (paths === undefined) {
      paths = new Map()
      this.#paths.set(from, paths)
    }
    let path = paths.get(to)
    if (path === undefined) {
      const name = `${from.name} > ${to.name}`
      const conditions = from === to ? noConditions : this.#between(from, to)
      const parts = {
        time: this.#time,
        random: this.random(name),
        trace: this.trace,
        mark: hashOf(name),
        conditions,
      }
      path = new Path(parts, (packet) => to.arrived(packet))
      paths.set(to, path)
    }
    return path
  }

  /** All paths that something was sent on, or that were asked for. */
  *paths(): Iterable<Path> {
    for (const paths of this.#paths.values()) yield* paths.values()
  }

  /** A host sends a packet. Whether it arrives, the network decides. */
  send(from: Station, packet: Packet): void {
    if (packet.kind === 'udp' && from.address !== '') for (const tap of this.taps) tap(packet)
    const to = packet.toHost === loopback ? from : this.#byAddress.get(packet.toHost)
    if (to === undefined) {
      this.unroutable++
      return
    }
    const isCut = from !== to && (from.isIsolated || to.isIsolated)
    this.path(from, to).carry(packet, from.hereTime(), isCut ? 'cut' : 'open')
  }

  #between(from: Station, to: Station): Conditions {
    if (from.access === undefined) return to.access ?? this.#conditions
    return to.access === undefined ? from.access : joined(from.access, to.access)
  }
}
