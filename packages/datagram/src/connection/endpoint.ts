import type { BlockPool } from '@millrace/buffer'
import { TimerEntry, TimerWheel } from '@millrace/timer'
import {
  type EarlyPacket,
  hasCookie,
  readEarlyPacket,
  writeAccept,
  writeHead,
  writeRefuse,
} from '../packet/before-connection.ts'
import {
  type Addressee,
  isOwnKind,
  packetKind,
  packetReceiver,
  packetVersion,
  readU32,
  refusal,
} from '../packet/packet-layout.ts'
import { Cookies, type Mac } from '../path/cookies.ts'
import { type ConnectionHome, DatagramConnection } from './connection.ts'
import { ConnectionAlarm } from './connection-alarm.ts'
import { noCounts } from './endpoint-counts.ts'
import { type DeadlineKeeper, FewDeadlines } from './few-deadlines.ts'
import { OpeningRequest, type RequestOutcome } from './opening-request.ts'
import { scratch } from './transmitter.ts'

/** The socket and the loop of an endpoint. */
export interface EndpointHost {
  /** Sends `bytes[from, to)`, which are overwritten afterwards. */
  send(bytes: Uint8Array, from: number, to: number, port: number, host: string): void
  random(size: number): Uint8Array
  /** Call `settle` outside of all calls. */
  later(): void
  /** `nextDeadline` may have changed. */
  rescheduled(): void
  /** Whether there is room for a peer from this address now; it asks again later. Default: always. */
  hasRoom?(host: string): boolean
  /** A datagram came that is no packet of this layout, lent for the call. Where it comes from is not proven. */
  stray?(bytes: Uint8Array, host: string, port: number): void
  /** A peer that has proven its address: it has a connection now. */
  accepted(connection: DatagramConnection): void
}

export interface EndpointOptions {
  readonly pool: BlockPool
  readonly mac: Mac
  /** No packet is larger, in bytes. */
  readonly packetSizeMax: number
  /** Whether strangers may ask for connections. */
  readonly role: 'accepting' | 'opening'
}

/**
 * A round trip that a request took is not believed to be longer, in milliseconds: a side that was busy for a second would wait for three until it sends a lost hello again,
 * and its peer would have given it up.
 */
const guessMsMax = 200

interface Asked {
  readonly request: OpeningRequest
  readonly done: (outcome: { readonly connection: DatagramConnection } | { readonly refused: string }) => void
  readonly entry: TimerEntry
}

/**
 * The connections of one socket. Strangers get a cookie and nothing is kept for them; who comes back with it has a connection. A packet finds its connection by
 * the id that it is addressed to, wherever it comes from.
 */
export class DatagramEndpoint implements ConnectionHome {
  readonly counts = noCounts()
  readonly #host: EndpointHost
  readonly #options: EndpointOptions
  readonly #random: (size: number) => Uint8Array
  readonly #cookies: Cookies
  readonly #wheel: DeadlineKeeper
  readonly #entries = new Map<number, ConnectionAlarm>()
  /** By id and key of the asking side. */
  readonly #askers = new Map<number, DatagramConnection>()
  readonly #asked = new Map<number, Asked>()
  #later: DatagramConnection[] = []

  constructor(host: EndpointHost, options: EndpointOptions, now: number) {
    this.#host = host
    this.#options = options
    this.#random = (size) => host.random(size)
    this.#cookies = new Cookies(options.mac, this.#random, now)
    this.#wheel = options.role === 'accepting' ? new TimerWheel(now) : new FewDeadlines()
  }

  /** Connections that are there or linger, and requests under way. */
  get size(): number {
    return this.#entries.size + this.#asked.size
  }

  /** Whether a connection isn't over, or a request is under way. */
  get isAlive(): boolean {
    if (this.#asked.size > 0) return true
    for (const { connection } of this.#entries.values()) if (!connection.isOver) return true
    return false
  }

  /** When to call `advance`, in milliseconds. */
  get nextDeadline(): number {
    return this.#wheel.nextDeadline()
  }

  /** A datagram came. Its bytes may be overwritten. */
  receive(bytes: Uint8Array, host: string, port: number, now: number): void {
    const { counts } = this
    counts.packetsIn++
    counts.bytesIn += bytes.length
    // Who sends from port 0 can't be answered (RFC 768).
    if (port === 0) {
      counts.strange++
      return
    }
    const id = packetReceiver(bytes, 0, bytes.length)
    if (id === undefined) return this.#receiveEarly(bytes, host, port, now)
    const found = this.#entries.get(id)
    if (found === undefined) counts.unknown++
    else found.connection.receive(bytes, host, port, now)
  }

  /** Asks for a connection; `done` is told once, from an event. Returns what gives up. */
  open(host: string, port: number, done: Asked['done'], now: number): () => void {
    const random = () => readU32(this.#host.random(4), 0) / 2 ** 32
    const request = new OpeningRequest(this.#addressee(), host, port, random)
    const entry: TimerEntry = new TimerEntry((at) => this.#ask(asked, at))
    const asked: Asked = { request, done, entry }
    this.#asked.set(request.own.id, asked)
    this.#ask(asked, now)
    return () => this.#giveUp(asked)
  }

  /** Does what is due. */
  advance(now: number): void {
    this.#wheel.advance(now)
  }

  /** Tells owners what they wait for, outside of all calls. */
  settle(now: number): void {
    const later = this.#later
    this.#later = []
    for (const connection of later) connection.settle(now)
  }

  transmit(size: number, host: string, port: number): void {
    this.#host.send(scratch, 0, size, port, host)
  }

  rescheduled({ own }: DatagramConnection): void {
    if (this.#entries.get(own.id)?.set()) this.#host.rescheduled()
  }

  later(connection: DatagramConnection): void {
    this.#later.push(connection)
    if (this.#later.length === 1) this.#host.later()
  }

  forget(connection: DatagramConnection): void {
    const { own, peer } = connection
    const found = this.#entries.get(own.id)
    found?.cancel()
    this.#entries.delete(own.id)
    if (this.#askers.get(askerOf(peer)) === connection) this.#askers.delete(askerOf(peer))
    this.#host.rescheduled()
  }

  #receiveEarly(bytes: Uint8Array, host: string, port: number, now: number): void {
    const early = readEarlyPacket(bytes, 0, bytes.length)
    if (early === undefined) {
      this.counts.strange++
      if (!isOwnKind(bytes[0])) this.#host.stray?.(bytes, host, port)
    } else if (early.kind !== packetKind.request) this.#answered(bytes, early, host, port, now)
    else if (this.#options.role === 'accepting') this.#requested(bytes, early, host, port, now)
    else this.counts.strange++
  }

  #requested(
    bytes: Uint8Array,
    { asking, version, restAt }: EarlyPacket,
    host: string,
    port: number,
    now: number,
  ): void {
    this.counts.unprovenBytesIn += bytes.length
    if (version !== packetVersion)
      return this.#reply(writeRefuse(scratch, asking, refusal.version), host, port)
    const known = this.#askers.get(askerOf(asking))
    if (known === undefined && this.#host.hasRoom?.(host) === false) {
      this.counts.requestsDeferred++
      return
    }
    const address = `${host} ${port}`
    if (!this.#cookies.isGood(bytes, restAt, address, asking, now)) {
      if (hasCookie(bytes, restAt)) this.counts.cookiesRefused++
      const at = writeHead(scratch, packetKind.retry, asking)
      return this.#reply(this.#cookies.write(scratch, at, address, asking, now), host, port)
    }
    if (known === undefined) this.#accept(asking, host, port, now)
    else if (known.host === host && known.port === port)
      this.transmit(writeAccept(scratch, asking, known.own), host, port)
  }

  #accept(peer: Addressee, host: string, port: number, now: number): void {
    const connection = this.#connect(this.#addressee(), peer, host, port, undefined, now)
    this.#askers.set(askerOf(peer), connection)
    this.transmit(writeAccept(scratch, peer, connection.own), host, port)
    this.#host.accepted(connection)
  }

  #answered(bytes: Uint8Array, early: EarlyPacket, host: string, port: number, now: number): void {
    const asked = this.#asked.get(early.asking.id)
    if (asked === undefined) {
      this.counts.unknown++
      return
    }
    const { request } = asked
    if (request.own.key !== early.asking.key || request.port !== port || request.host !== host) {
      this.counts.strange++
      return
    }
    const outcome = request.answered(bytes, early, now)
    if (outcome === undefined) {
      if (request.deadline <= now) this.#ask(asked, now)
      return
    }
    this.#giveUp(asked)
    this.#opened(asked, outcome, now)
  }

  #opened({ request, done }: Asked, outcome: RequestOutcome, now: number): void {
    if ('refused' in outcome) return done(outcome)
    const { own, host, port, roundTripMs } = request
    done({ connection: this.#connect(own, outcome.peer, host, port, roundTripMs, now) })
  }

  #connect(
    own: Addressee,
    peer: Addressee,
    host: string,
    port: number,
    roundTripMs: number | undefined,
    now: number,
  ): DatagramConnection {
    const { pool, packetSizeMax } = this.#options
    const initialRttMs =
      roundTripMs === undefined ? undefined : Math.min(Math.max(1, roundTripMs), guessMsMax)
    const connection = new DatagramConnection(
      { own, peer, host, port, pool, packetSizeMax, random: this.#random, initialRttMs, counts: this.counts },
      this,
      now,
    )
    this.#entries.set(own.id, new ConnectionAlarm(connection, this.#wheel))
    return connection
  }

  #ask({ request, entry }: Asked, now: number): void {
    this.transmit(request.write(scratch, now), request.host, request.port)
    this.#wheel.schedule(entry, request.deadline)
    this.#host.rescheduled()
  }

  #giveUp({ request, entry }: Asked): void {
    this.#asked.delete(request.own.id)
    this.#wheel.cancel(entry)
    this.#host.rescheduled()
  }

  /** Replies to an address that has proven nothing: never with more than came. */
  #reply(size: number, host: string, port: number): void {
    this.counts.unprovenPacketsOut++
    this.counts.unprovenBytesOut += size
    this.transmit(size, host, port)
  }

  #addressee(): Addressee {
    for (;;) {
      const bytes = this.#host.random(8)
      const id = readU32(bytes, 0)
      if (!this.#entries.has(id) && !this.#asked.has(id)) return { id, key: readU32(bytes, 4) }
    }
  }
}

/** Asking sides chose id and key at random: 53 bits of both tell them apart. */
function askerOf({ id, key }: Addressee): number {
  return id * 2 ** 21 + (key >>> 11)
}
