import type { Loop, PacketNetwork, PacketOwner, PacketPlace, PacketSocket } from '@millrace/core'
import { nodeLoop } from '@millrace/transports/node-platform'
import type { Packet, UdpPacket } from '../net/packet.ts'
import type { Net } from '../net/presets.ts'
import type { Scheduler } from '../time/scheduler.ts'
import { BadPaths, type Netem, type NetemStatistics, type PathPair } from './bad-paths.ts'
import { LoopScheduler } from './loop-scheduler.ts'

/** One socket has its own paths to so many peers: the one that was silent the longest is forgotten for the next, which costs it nothing but its queue and bursts. */
export const peersMax = 4096

/** A socket that was closed waits so long at most, in milliseconds, until what it sent is on its way no more. */
export const closeTimeoutMs = 2000

/** How a network is made bad. */
export interface NetemOptions {
  /** For what is drawn: a whole number. Default 1. */
  readonly seed?: number | undefined
  /** Where the time comes from. Default: Node. */
  readonly loop?: Loop | undefined
}

/** Datagrams over a network that is bad in both directions: `udp({ network: badPackets })`. */
export class BadPackets implements PacketNetwork, Netem {
  readonly #network: PacketNetwork
  readonly #paths: BadPaths
  readonly #time: Scheduler

  /** @internal Made by `netemPackets`. */
  constructor(network: PacketNetwork, net: Net, { seed, loop = nodeLoop }: NetemOptions) {
    this.#network = network
    this.#paths = new BadPaths(net, seed)
    this.#time = new LoopScheduler(loop)
  }

  statistics(): NetemStatistics {
    return this.#paths.statistics()
  }

  setNet(net: Net): void {
    this.#paths.setNet(net)
  }

  resolve(host: string): Promise<string> {
    return this.#network.resolve(host)
  }

  async open(where: PacketPlace, owner: PacketOwner): Promise<PacketSocket> {
    const socket = new BadSocket(this.#paths, this.#time, owner)
    socket.below = await this.#network.open(where, {
      received: (bytes, host, port) => socket.received(bytes, host, port),
      failed: (error) => socket.failed(error),
    })
    return socket
  }
}

/**
 * Makes the datagrams of a platform bad, in both directions, by the conditions and presets of simulated networks: `udp({ network: netemPackets(new NodePackets(), 'bad-wifi') })`.
 * What is on its way costs memory, at most 64 MiB in each direction. If both ends of a channel do this, the conditions hold twice. Throws `argument-invalid`.
 */
export function netemPackets(network: PacketNetwork, net: Net, options: NetemOptions = {}): BadPackets {
  return new BadPackets(network, net, options)
}

class BadSocket implements PacketSocket {
  below: PacketSocket | undefined
  readonly #paths: BadPaths
  readonly #time: Scheduler
  readonly #owner: PacketOwner
  /** In the order in which they were last heard of. */
  readonly #peers = new Map<string, PathPair>()
  /** Peers that were forgotten, and to which something is on its way. */
  readonly #leaving = new Set<PathPair>()
  #isClosed = false
  #isQuiet: (() => void) | undefined

  constructor(paths: BadPaths, time: Scheduler, owner: PacketOwner) {
    this.#paths = paths
    this.#time = time
    this.#owner = owner
  }

  get host(): string {
    return this.below?.host ?? ''
  }

  get port(): number {
    return this.below?.port ?? 0
  }

  send(bytes: Uint8Array, from: number, to: number, port: number, host: string): void {
    if (this.#isClosed) return
    // Not by `slice`, which makes no copy of a Node Buffer.
    const copy = new Uint8Array(bytes.subarray(from, to))
    this.#peer(host, port).outgoing.carry(packetOf(copy, host, port), this.#time.now(), 'open')
  }

  received(bytes: Uint8Array, host: string, port: number): void {
    if (this.#isClosed) return
    const copy = new Uint8Array(bytes)
    this.#peer(host, port).incoming.carry(packetOf(copy, host, port), this.#time.now(), 'open')
  }

  failed(error: unknown): void {
    if (!this.#isClosed) this.#owner.failed(error)
  }

  /** What was sent still leaves. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const pair of this.#peers.values()) this.#forget(pair)
    this.#peers.clear()
    if (this.#leaving.size > 0) {
      await new Promise<void>((resolve) => {
        this.#isQuiet = resolve
        this.#time.at(this.#time.now() + closeTimeoutMs, resolve)
      })
    }
    await this.below?.close()
    this.below = undefined
  }

  #peer(host: string, port: number): PathPair {
    const key = `${port} ${host}`
    const known = this.#peers.get(key)
    if (known !== undefined) this.#peers.delete(key)
    const pair = known ?? this.#added()
    this.#peers.set(key, pair)
    return pair
  }

  #added(): PathPair {
    for (const [key, oldest] of this.#peers) {
      if (this.#peers.size < peersMax) break
      this.#peers.delete(key)
      this.#forget(oldest)
    }
    const pair: PathPair = this.#paths.add(this.#time, {
      outgoing: (packet) => this.#left(pair, packet),
      incoming: (packet) => this.#arrived(packet),
    })
    return pair
  }

  #forget(pair: PathPair): void {
    this.#paths.forget(pair)
    if (pair.outgoing.underWay > 0) this.#leaving.add(pair)
  }

  /** Came out at the far end: now it is sent. */
  #left(pair: PathPair, packet: Packet): void {
    const { bytes, toHost, toPort } = packet as UdpPacket
    this.below?.send(bytes, 0, bytes.length, toPort, toHost)
    if (pair.outgoing.underWay > 0 || !this.#leaving.delete(pair)) return
    if (this.#leaving.size === 0) this.#isQuiet?.()
  }

  #arrived(packet: Packet): void {
    const { bytes, toHost, toPort } = packet as UdpPacket
    if (!this.#isClosed) this.#owner.received(bytes, toHost, toPort)
  }
}

/** With the address of the peer, whichever direction it takes. */
function packetOf(bytes: Uint8Array, host: string, port: number): UdpPacket {
  return { kind: 'udp', fromHost: '', fromPort: 0, toHost: host, toPort: port, bytes }
}
