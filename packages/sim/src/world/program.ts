import type { BlockPool } from '@millrace/buffer'
import type { Primitives } from '@millrace/cipher'
import { nodePrimitives } from '@millrace/cipher-node'
import { accepting, type MillraceError, type Platform } from '@millrace/core'
import { noiseLoader } from '@millrace/core/noise'
import { connectTokens } from '@millrace/core/tokens'
import type { Random } from '../base/random.ts'
import type { Network, Station } from '../net/network.ts'
import type { Faults } from '../sockets/faults.ts'
import type { Machine, Pieces } from '../sockets/machine.ts'
import { PacketSockets } from '../sockets/packet-sockets.ts'
import { TcpStack } from '../sockets/tcp-stack.ts'
import type { EventLoop } from '../time/event-loop.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import { HostLoop } from './host-loop.ts'

/** Without a generator of their own, which no seed is behind. */
const { secret, pair } = nodePrimitives.dh
const primitives: Primitives = { ...nodePrimitives, dh: { secret, pair } }

/** What a program finds on its host: its host may change it at any time. */
export interface HostSettings {
  pieces: Pieces
  readBytesPerSecond: number
  readonly socketBufferBytes: number
  readonly socketsMax: number
  /** The time of day, in milliseconds since 1970. */
  date(): number
}

/** What runs on a host from its start to its crash: a loop, sockets, and what they run on. */
export class Program implements Machine {
  readonly station: Station
  readonly time: VirtualTime
  readonly network: Network
  readonly random: Random
  readonly faults: Faults
  readonly loop: HostLoop
  readonly events: EventLoop
  readonly tcp: TcpStack
  readonly packets: PacketSockets
  readonly platform: Platform
  /** Errors of the library that no handler took. */
  readonly warnings: MillraceError[] = []
  readonly pools: BlockPool[] = []
  readonly #settings: HostSettings

  /** `random`: for the system. The platform's is a generator of its own. */
  constructor(
    station: Station,
    network: Network,
    time: VirtualTime,
    random: Random,
    faults: Faults,
    settings: HostSettings,
    aheadMs: number,
  ) {
    this.station = station
    this.network = network
    this.time = time
    this.random = random
    this.faults = faults
    this.#settings = settings
    this.loop = new HostLoop(time, aheadMs)
    this.events = this.loop.events
    this.tcp = new TcpStack(this)
    this.packets = new PacketSockets(this)
    const bytes = random.fork()
    const draw = (size: number) => bytes.bytes(size)
    this.platform = {
      loop: this.loop,
      random: draw,
      wallMs: () => settings.date(),
      encryption: noiseLoader({ primitives, random: draw, tokens: connectTokens }),
      accepting,
      warn: (error) => this.warnings.push(error),
    }
  }

  get pieces(): Pieces {
    return this.#settings.pieces
  }

  get readBytesPerSecond(): number {
    return this.#settings.readBytesPerSecond
  }

  get socketBufferBytes(): number {
    return this.#settings.socketBufferBytes
  }

  get socketsMax(): number {
    return this.#settings.socketsMax
  }

  /** What is left of it now that all should be over; empty when nothing is. */
  leftovers(): string[] {
    const { timerCount } = this.events
    const blocks = this.pools.reduce((sum, pool) => sum + pool.statistics().liveCount, 0)
    return [
      ...this.tcp.describe(),
      ...this.packets.describe(),
      ...(timerCount > 0 ? [`timers wait: ${timerCount}`] : []),
      ...(this.loop.holdCount > 0 ? [`promises that keep the process alive: ${this.loop.holdCount}`] : []),
      ...(blocks > 0 ? [`blocks of memory are out: ${blocks}${this.#takenAt()}`] : []),
    ]
  }

  /** It is gone: peers hear nothing of it. */
  crash(): void {
    this.events.close()
    this.tcp.vanish()
    this.packets.vanish()
  }

  #takenAt(): string {
    const checked = this.pools.filter(({ checks }) => checks === 'on')
    const [first] = checked.flatMap((pool) => pool.outstanding())
    return first === undefined ? '' : `; the first was taken at\n${first.takenAt}`
  }
}
