import type { MillraceError, PacketNetwork, Platform, ProtoFactory } from '@millrace/core'
import { Timer, type TimerOptions } from '@millrace/timer'
import type { Random } from '../base/random.ts'
import { SimError } from '../base/sim-error.ts'
import type { Conditions } from '../net/conditions.ts'
import type { Network, Station } from '../net/network.ts'
import type { Packet } from '../net/packet.ts'
import { conditionsOf, type Net } from '../net/presets.ts'
import { type Call, type FaultOptions, Faults } from '../sockets/faults.ts'
import type { Pieces } from '../sockets/machine.ts'
import { simulatedIpc, simulatedTcp } from '../sockets/tcp.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import type { HostLoop } from './host-loop.ts'
import { type HostSettings, Program } from './program.ts'
import {
  type SimFactoryOptions,
  type SimProtocols,
  type SimTransports,
  simulatedFactory,
  simulatedUdp,
} from './sim-factory.ts'

/** How a host is made. */
export interface HostOptions {
  /** Its own way into the network: what the world's `net` says is not for it then. Between two such hosts, one is behind the other. */
  readonly net?: Net | undefined
  /** Its IPv4 address. Default: one that is made of its name. */
  readonly address?: string | undefined
  /** What its system holds of each stream, in each direction, in bytes: from 1. Default 262,144. */
  readonly socketBufferBytes?: number | undefined
  /** How many streams its program may hold; more are refused as on a machine without descriptors. Default: any number. */
  readonly socketsMax?: number | undefined
}

const bufferDefault = 262_144

/** Midnight of 2026-01-01, UTC: when all worlds begin. */
const beginning = 1_767_225_600_000

/** A machine of a world, and the program on it: a server, a player. What is asked of it by a test happens at once, outside of the program. */
export class Host implements Station {
  /** What it is called in its world. */
  readonly name: string
  /** Its own way into the network, if it has one. */
  readonly access: Conditions | undefined
  readonly #time: VirtualTime
  readonly #network: Network
  readonly #checks: 'off' | 'on'
  readonly #faults: Faults
  readonly #settings: HostSettings
  #address: string
  #program: Program
  #random: Random
  #isDown = false
  #starts = 0
  #dateAheadMs = 0
  /** Cut off from all others: see `world.isolate`. */
  isIsolated = false

  /** Worlds make hosts: `world.host('server')`. */
  constructor(name: string, time: VirtualTime, network: Network, checks: 'off' | 'on', options: HostOptions) {
    const { net, address, socketBufferBytes = bufferDefault, socketsMax = Number.POSITIVE_INFINITY } = options
    atLeastOne('socketBufferBytes', socketBufferBytes)
    atLeastOne('socketsMax', socketsMax)
    this.name = name
    this.#time = time
    this.#network = network
    this.#checks = checks
    this.access = net === undefined ? undefined : conditionsOf(net)
    this.#address = this.#free(address)
    this.#settings = {
      pieces: 'whole',
      readBytesPerSecond: Number.POSITIVE_INFINITY,
      socketBufferBytes,
      socketsMax,
      date: () => this.date(),
    }
    this.#faults = new Faults(network.random(`${name}: faults`))
    this.#random = network.random(`${name}: program`)
    this.#program = this.#start(0)
    network.attach(this)
  }

  /** Where it is reached now. */
  get address(): string {
    return this.#address
  }

  /** Whether it has crashed, and was not restarted. */
  get isDown(): boolean {
    return this.#isDown
  }

  /** The loop of its program: for a `Timer`, a platform, a driver of its own. */
  get loop(): HostLoop {
    return this.#running().loop
  }

  /** What pipes on it run on, for a factory of your own. */
  get platform(): Platform {
    return this.#running().platform
  }

  /** Its datagrams. */
  get packets(): PacketNetwork {
    return this.#running().packets
  }

  /** Random numbers for its program, from the world's seed and its name: other hosts don't change them. */
  get random(): Random {
    return this.#random
  }

  /** Errors of its pipes that no handler took, since it started: in Node they are process warnings. */
  get warnings(): readonly MillraceError[] {
    return this.#program.warnings
  }

  /** The time of day of its program, in milliseconds since 1970: worlds begin at 2026-01-01, 0:00 UTC. */
  date(): number {
    return beginning + this.#program.loop.now() + this.#dateAheadMs
  }

  /** Sets the time of day, forward or back, as an administrator might. Timers go by the other clock, that of the loop. */
  setDate(ms: number): void {
    this.#dateAheadMs += ms - this.date()
  }

  /** Timers of its program. What is left of them at the end of the world is found. */
  timer(options?: TimerOptions): Timer {
    return new Timer(this.loop, options)
  }

  /** The transport `tcp` of its program, for a factory of your own: `new ProtoFactory({ platform: host.platform }).add('tcp', host.tcp())`. */
  tcp(): SimTransports['tcp'] {
    return simulatedTcp(this.#running().tcp)
  }

  /** The same of `udp`: Millrace's own transport, over `packets`. */
  udp(): SimTransports['udp'] {
    return simulatedUdp(this.#running(), this.#checks)
  }

  /** The same of `ipc`: paths that only pipes of this host find. */
  ipc(): SimTransports['ipc'] {
    return simulatedIpc(this.#running().tcp)
  }

  /** A factory with the simulated `tcp`, `udp` and `ipc`, `local` and `msgpack`: what a program gets in place of `protoFactory` of millrace, with the same types. */
  factory(options: SimFactoryOptions = {}): ProtoFactory<SimProtocols, SimTransports> {
    return simulatedFactory(this.#running(), this.#checks, options)
  }

  /** Its program does nothing for so many milliseconds; called by the program itself, what it does takes so long. Its system goes on: it acknowledges and stores. */
  stall(ms: number): void {
    this.#running().loop.stall(ms)
  }

  /** Its program stands still until `resume`, as under a debugger. */
  pause(): void {
    this.#running().loop.pause()
  }

  /** Ends a `pause`. */
  resume(): void {
    this.#running().loop.resume()
  }

  /** It goes down at once: its program is gone with all that it had, and peers hear nothing. What they send then is lost. */
  crash(): void {
    this.#running().crash()
    this.#isDown = true
  }

  /** It is up again after a crash, with nothing running: start the program anew, by `factory` and `timer`. Peers of old connections are refused. */
  restart(): void {
    if (!this.#isDown)
      throw new SimError('host-up', `${this.name} has not crashed: crash() comes before restart()`)
    this.#isDown = false
    this.#program = this.#start(this.#program.loop.aheadMs)
  }

  /** Its clocks go forward by so many milliseconds at once, as after a sleep that no program noticed. */
  jumpClock(ms: number): void {
    this.#running().loop.jump(ms)
  }

  /** It has another address from now on, as behind a NAT that forgot it, or in another network: its connections are lost, and its datagrams come from elsewhere. Returns the address. */
  moves(address?: string): string {
    const before = this.#address
    this.#address = this.#free(address)
    this.#network.attach(this, before)
    return this.#address
  }

  /** How fast its program reads streams, in bytes a second: a slow reader. Infinity: as fast as they come. */
  reads(bytesPerSecond: number): void {
    atLeastOne('a reader', bytesPerSecond)
    this.#settings.readBytesPerSecond = bytesPerSecond
  }

  /** In which pieces it reads streams: as much as there is, up to 64 KiB; pieces of any size; single bytes. */
  readsIn(pieces: Pieces): void {
    this.#settings.pieces = pieces
  }

  /** A call of its program fails with this code, such as `EMFILE`: the next one, the next so many, or each with a probability. `EAGAIN` of a stream only takes time. */
  fail(call: Call, code: string, options: FaultOptions = {}): void {
    this.#faults.add(call, code, options)
  }

  /** Takes back all faults, the slow reading and the pieces. */
  heal(): void {
    this.#faults.clear()
    this.#settings.readBytesPerSecond = Number.POSITIVE_INFINITY
    this.#settings.pieces = 'whole'
  }

  /** Breaks off its connections with another host, at this end. For the world. */
  reset(address: string): void {
    this.#program.tcp.reset(address)
  }

  /** Where in the world's time it is. For the network. */
  hereTime(): number {
    return this.#program.loop.hereTime()
  }

  /** A packet came in. For the network. */
  arrived(packet: Packet): void {
    if (this.#isDown) return
    if (packet.kind === 'udp') this.#program.packets.arrived(packet)
    else if (packet.kind === 'tcp') this.#program.tcp.arrived(packet)
    else this.#program.packets.refused(packet)
  }

  /** What is left of its program now that all should be over. For the world. */
  leftovers(): string[] {
    return this.#isDown ? [] : this.#program.leftovers().map((text) => `${this.name}: ${text}`)
  }

  #start(aheadMs: number): Program {
    const random = this.#network.random(`${this.name}: system ${++this.#starts}`)
    return new Program(this, this.#network, this.#time, random, this.#faults, this.#settings, aheadMs)
  }

  #running(): Program {
    if (!this.#isDown) return this.#program
    throw new SimError('host-down', `${this.name} has crashed: restart() brings it up again`)
  }

  #free(address = this.#network.freshAddress(this.name)): string {
    if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address) || address.startsWith('127.'))
      throw new SimError('argument-invalid', `a host wants an IPv4 address such as 192.0.2.7; got ${address}`)
    const other = this.#network.stationAt(address)
    if (other === undefined) return address
    throw new SimError('argument-invalid', `${address} is taken by ${other.name}; choose another one`)
  }
}

function atLeastOne(name: string, value: number): void {
  if (!(value >= 1)) throw new SimError('argument-invalid', `${name}: a number from 1; got ${String(value)}`)
}
