import { createHmac } from 'node:crypto'
import { BlockPool } from '@millrace/buffer'
import {
  type ConnectionOwner,
  type DatagramConnection,
  DatagramEndpoint,
  type EndpointHost,
  type FrameRules,
} from '@millrace/datagram'
import { Random } from '@millrace/sim'

/** Steps at one instant before the ends are taken for some that never come to rest. */
const stepsMax = 100_000

/** What a network does to packets, each way. */
export interface PacketWeather {
  readonly loss: number
  readonly duplication: number
  /** How long a packet takes, from and to, in milliseconds: what is drawn anew for each makes disorder. */
  readonly delayMs: readonly [min: number, max: number]
  /** Larger packets never arrive, in bytes. */
  readonly packetSizeMax: number
}

export const fairWeather: PacketWeather = {
  loss: 0,
  duplication: 0,
  delayMs: [5, 5],
  packetSizeMax: Number.POSITIVE_INFINITY,
}

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** One end of a network of packets: an endpoint, with all that its connections told. */
export class DatagramEnd implements EndpointHost {
  readonly endpoint: DatagramEndpoint
  readonly connections: DatagramConnection[] = []
  /** What came that was no packet. */
  readonly strays: Uint8Array[] = []
  host: string
  port: number
  readonly #net: DatagramEnds
  readonly #random: Random

  constructor(net: DatagramEnds, role: 'accepting' | 'opening', host: string, port: number, seed: number) {
    this.#net = net
    this.host = host
    this.port = port
    this.#random = new Random(seed)
    const mac = (secret: Uint8Array, bytes: Uint8Array) => createHmac('sha256', secret).update(bytes).digest()
    this.endpoint = new DatagramEndpoint(
      this,
      { pool: net.pool, mac, packetSizeMax: net.packetSizeMax, role },
      net.now,
    )
  }

  send(bytes: Uint8Array, from: number, to: number, port: number, host: string): void {
    this.#net.carry(this, bytes.slice(from, to), host, port)
  }

  random(size: number): Uint8Array {
    return this.#random.bytes(size)
  }

  later(): void {
    this.#net.at(this.#net.now, () => this.endpoint.settle(this.#net.now))
  }

  rescheduled(): void {}

  stray(bytes: Uint8Array): void {
    this.strays.push(bytes.slice())
  }

  accepted(connection: DatagramConnection): void {
    this.connections.push(connection)
    this.#net.accepted?.(connection)
  }
}

/** Two ends of a network of packets in virtual time. The same seed does the same. */
export class DatagramEnds {
  now = 1000
  readonly pool = new BlockPool({ checks: 'on' })
  readonly random: Random
  weather: PacketWeather
  readonly packetSizeMax: number
  readonly server: DatagramEnd
  readonly client: DatagramEnd
  /** Told of each connection that the server accepts. */
  accepted: ((connection: DatagramConnection) => void) | undefined
  /** Sees each packet before it is carried, and returns what is carried in its place, if anything. */
  watch: ((from: DatagramEnd, packet: Uint8Array) => Uint8Array | undefined) | undefined
  packetCount = 0
  readonly #events: Event[] = []
  #order = 0

  constructor(seed: number, weather: Partial<PacketWeather> = {}, packetSizeMax = 1472) {
    this.random = new Random(seed)
    this.weather = { ...fairWeather, ...weather }
    this.packetSizeMax = packetSizeMax
    this.server = new DatagramEnd(this, 'accepting', '10.0.0.1', 7777, seed + 1)
    this.client = new DatagramEnd(this, 'opening', '10.0.0.2', 5000, seed + 2)
  }

  at(at: number, run: () => void): void {
    const event = { at, order: this.#order++, run }
    let index = this.#events.length
    while (index > 0 && this.#events[index - 1].at > at) index--
    this.#events.splice(index, 0, event)
  }

  carry(from: DatagramEnd, sent: Uint8Array, host: string, port: number): void {
    this.packetCount++
    const packet = this.watch === undefined ? sent : this.watch(from, sent)
    if (packet === undefined) return
    const { loss, duplication, delayMs, packetSizeMax } = this.weather
    const { random } = this
    if (packet.length > packetSizeMax || random.chance(loss)) return
    const find = () => [this.server, this.client].find((end) => end.host === host && end.port === port)
    if (find() === undefined) return
    const source = { host: from.host, port: from.port }
    for (let count = random.chance(duplication) ? 2 : 1; count > 0; count--) {
      const delay = delayMs[0] + random.next() * (delayMs[1] - delayMs[0])
      this.at(this.now + delay, () => {
        find()?.endpoint.receive(packet.slice(), source.host, source.port, this.now)
      })
    }
  }

  /** Opens a connection from the client, or returns why there is none. */
  open(): { result: DatagramConnection | string | undefined } {
    const opening: { result: DatagramConnection | string | undefined } = { result: undefined }
    const { host, port } = this.server
    this.client.endpoint.open(
      host,
      port,
      (outcome) => {
        opening.result = 'connection' in outcome ? outcome.connection : outcome.refused
      },
      this.now,
    )
    return opening
  }

  /** Lets time pass until a condition holds, at most so many milliseconds. Returns whether it does. */
  run(ms: number, isEnough: () => boolean = () => false): boolean {
    const end = this.now + ms
    let stepsAtOnce = 0
    let last = this.now
    while (!isEnough()) {
      stepsAtOnce = this.now === last ? stepsAtOnce + 1 : 0
      last = this.now
      if (stepsAtOnce > stepsMax) throw new Error(`the ends do not come to rest at ${this.now} ms`)
      const next = Math.min(
        this.#events[0]?.at ?? Number.POSITIVE_INFINITY,
        this.server.endpoint.nextDeadline,
        this.client.endpoint.nextDeadline,
      )
      if (next > end) {
        this.now = end
        return isEnough()
      }
      this.now = Math.max(this.now, next)
      if ((this.#events[0]?.at ?? Number.POSITIVE_INFINITY) <= this.now) this.#events.shift()?.run()
      for (const { endpoint } of [this.server, this.client]) {
        if (endpoint.nextDeadline <= this.now) endpoint.advance(this.now)
      }
    }
    return true
  }
}

/** An owner that keeps all that it is told. */
export class DatagramDiary implements ConnectionOwner {
  readonly shown: Uint8Array[] = []
  readonly heardBytes: Uint8Array[] = []
  sentSize = 0
  endedCount = 0
  goneCount = 0
  provenCount = 0
  error: Error | undefined

  frames(bytes: Uint8Array): void {
    this.shown.push(bytes.slice())
  }

  sent(size: number): void {
    this.sentSize += size
  }

  ended(): void {
    this.endedCount++
  }

  gone(error?: Error): void {
    this.goneCount++
    this.error = error
  }

  stored(): void {}

  heard(bytes: Uint8Array): void {
    this.heardBytes.push(bytes.slice())
  }

  proven(): void {
    this.provenCount++
  }
}

/** Rules under which the number of a message says its delivery: tens the delivery, ones the lane. */
export const numberedRules: FrameRules = {
  fixedSizes: new Int32Array(128).fill(-1),
  bodySizeMax: 1_048_576,
  traits: (number) => ({
    delivery: (['reliable', 'reliableUnordered', 'sequenced', 'latestByKey', 'unreliable'] as const)[
      Math.floor(number / 10) % 5
    ],
    lane: number % 10,
  }),
}

/** Opens a connection and starts both of its ends, each with its diary. */
export function connectEnds(net: DatagramEnds, rules = numberedRules) {
  const client = new DatagramDiary()
  const server = new DatagramDiary()
  let accepted: DatagramConnection | undefined
  net.accepted = (connection) => {
    accepted = connection
    connection.speaks(rules)
    connection.start(server)
  }
  const opening = net.open()
  net.run(60_000, () => typeof opening.result === 'object' && accepted !== undefined)
  const opened = opening.result
  if (typeof opened !== 'object' || accepted === undefined)
    throw new Error(`no connection: ${String(opened)}`)
  opened.speaks(rules)
  opened.start(client)
  return { opened, accepted, client, server }
}
