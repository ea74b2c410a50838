import { SimError } from '../base/sim-error.ts'
import type { Conditions } from '../net/conditions.ts'
import { Network, type Station } from '../net/network.ts'
import type { UdpPacket } from '../net/packet.ts'
import { conditionsOf, type Net } from '../net/presets.ts'
import { VirtualTime } from '../time/virtual-time.ts'
import { Host, type HostOptions } from './host.ts'
import { Route } from './route.ts'

/** How a world is made. */
export interface WorldOptions {
  /** Of everything random in it: a whole number. The same seed, the same run. Default 1. */
  readonly seed?: number | undefined
  /** What the ways between all hosts are like, each direction: the name of a preset, or conditions. Default `lan`. */
  readonly net?: Net | undefined
  /** `on`: memory is checked for misuse, and the end says where what is left was taken. Costs time. Default `off`. */
  readonly checks?: 'off' | 'on' | undefined
}

/** One end of a datagram: the name or the address of a host. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** How long the end of a world waits for what is still ending. */
const endMs = 10_000
const lookEveryMs = 100

/**
 * Hosts, a network between them, and a time that passes only when it is told: a whole system in one process, which does the
 * same again for the same seed. One test, one world.
 */
export class World {
  readonly #time = new VirtualTime()
  readonly #network: Network
  readonly #hosts = new Map<string, Host>()
  readonly #checks: 'off' | 'on'

  constructor({ seed = 1, net = 'lan', checks = 'off' }: WorldOptions = {}) {
    if (!Number.isSafeInteger(seed))
      throw new SimError('argument-invalid', `a seed is a whole number; got ${String(seed)}`)
    this.#network = new Network(this.#time, seed, conditionsOf(net))
    this.#checks = checks
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#time.now()
  }

  /** 16 hexadecimal digits that stand for every packet so far, what became of it, and when. Two runs with the same are the same. */
  get traceHash(): string {
    return this.#network.trace.digest
  }

  /** Called after each piece of a program: what must always hold, and throws if it does not. */
  get checks(): (() => void)[] {
    return this.#time.checks
  }

  /** Called with each datagram that a host sends, before anything becomes of it: what must never be on the wire. Its bytes never change. */
  get taps(): ((datagram: UdpPacket) => void)[] {
    return this.#network.taps
  }

  /** A new host. Throws `host-exists` if there is one of that name. */
  host(name: string, options: HostOptions = {}): Host {
    if (typeof name !== 'string' || !/^[A-Za-z][\w.-]*$/.test(name))
      throw new SimError(
        'argument-invalid',
        `a host has a name such as 'server' or 'eu-1.game'; got ${String(name)}`,
      )
    if (this.#hosts.has(name)) throw new SimError('host-exists', `there is a host ${name} already`)
    const host = new Host(name, this.#time, this.#network, this.#checks, options)
    this.#hosts.set(name, host)
    return host
  }

  /** The ways between two hosts. Throws `host-unknown`. */
  between(one: string | Host, other: string | Host): Route {
    const [a, b] = [this.#named(one), this.#named(other)]
    return new Route(a, b, this.#network.path(a, b), this.#network.path(b, a))
  }

  /** Cuts all ways between two groups of hosts: both, or only those from the first to the second (`there`). What is under way still arrives. */
  partition(
    ones: readonly (string | Host)[],
    others: readonly (string | Host)[],
    ways: 'both' | 'there' = 'both',
  ): void {
    for (const one of ones) {
      for (const other of others) {
        const route = this.between(one, other)
        route.there.cut()
        if (ways === 'both') route.back.cut()
      }
    }
  }

  /** Cuts one host off from all others, those that come later included. */
  isolate(host: string | Host): void {
    this.#named(host).isIsolated = true
  }

  /** Ends all partitions, isolations and clogs. Conditions, and the faults of hosts, stay. */
  heal(): void {
    for (const host of this.#hosts.values()) host.isIsolated = false
    for (const path of this.#network.paths()) {
      path.isCut = false
      path.unclog()
    }
  }

  /** Sends a datagram that says it comes from somewhere else. It takes a way of its own, with the conditions of the world. */
  spoof(from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    this.#network.send(this.#spoofer, {
      kind: 'udp',
      fromHost: this.#addressOf(from.host),
      fromPort: from.port,
      toHost: this.#addressOf(to.host),
      toPort: to.port,
      bytes: new Uint8Array(bytes),
    })
  }

  /** Lets so many milliseconds pass, stopping at everything that happens on the way. */
  run(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY))
      return Promise.reject(
        new SimError('argument-invalid', `time passes by milliseconds from 0; got ${String(ms)}`),
      )
    return this.#time.advance(ms)
  }

  /** Lets time pass until the promise settles, and answers as it does. Throws if it doesn't within `maxMs`, a minute by default. */
  until<T>(promise: Promise<T>, maxMs = 60_000): Promise<T> {
    return this.#time.until(promise, maxMs)
  }

  /**
   * Ends the world. What programs closed has 10 s to end; then it throws `left-behind` if anything is left: listeners, links, sockets, timers, memory.
   * Programs close their pipes and timers before.
   */
  async end(): Promise<void> {
    await this.#time.settle()
    for (const end = this.now + endMs; this.now < end && this.#leftovers().length > 0; )
      await this.#time.advance(lookEveryMs)
    const left = this.#leftovers()
    if (left.length > 0)
      throw new SimError('left-behind', `something is left of the world:\n${left.join('\n')}`)
  }

  #leftovers(): string[] {
    return [...this.#hosts.values()].flatMap((host) => host.leftovers())
  }

  #named(host: string | Host): Host {
    const name = typeof host === 'string' ? host : host.name
    const found = this.#hosts.get(name)
    if (found !== undefined && (typeof host === 'string' || found === host)) return found
    const names = [...this.#hosts.keys()].join(', ')
    throw new SimError('host-unknown', `there is no host ${name} in this world; there are ${names || 'none'}`)
  }

  #addressOf(host: string): string {
    return this.#hosts.get(host)?.address ?? host
  }

  readonly #spoofer: Station = {
    name: '(spoofer)',
    address: '',
    access: undefined as Conditions | undefined,
    isIsolated: false,
    hereTime: () => this.#time.now(),
    arrived() {},
  }
}
