import { BlockPool } from '@millrace/buffer'
import { nodePrimitives } from '@millrace/cipher-node'
import type {
  CancelSignal,
  Link,
  Loop,
  PacketNetwork,
  PacketPlace,
  PacketSocket,
  PacketStatistics,
  StrayDatagram,
  TransportServices,
} from '@millrace/core'
import { MillraceError } from '@millrace/core'
import { type DatagramConnection, DatagramEndpoint, type EndpointHost, type Mac } from '@millrace/datagram'
import { peerAddressOf, UdpLink } from './udp-link.ts'

/** What a socket of udp is made of. */
export interface UdpSocketOptions {
  readonly services: TransportServices
  /** No packet is larger, in bytes. */
  readonly packetSizeMax: number
  /** Where it takes memory. Default: a pool of its own. */
  readonly pool?: BlockPool | undefined
}

/** What a socket of udp tells. */
export interface UdpSocketOwner {
  accepted(link: Link): void
  /** Whether a peer from this address may have a connection now. Default: always. */
  hasRoom?(peerAddress: string): boolean
  /** A datagram came that is no packet of a connection. */
  stray?(datagram: StrayDatagram): void
  failed(error: unknown): void
}

const sha256 = nodePrimitives.hash('sha256')
const mac: Mac = (secret, bytes) => sha256.hmac(secret, bytes)

type Wake = ReturnType<Loop['wakeAt']>

/** One socket with all its connections: gives them packets and time. It lives while it listens, and while one of them lives. */
export class UdpSocket implements EndpointHost {
  readonly #loop: Loop
  readonly #services: TransportServices
  readonly #owner: UdpSocketOwner
  readonly #role: 'accepting' | 'opening'
  readonly #endpoint: DatagramEndpoint
  #socket: PacketSocket | undefined
  #isListening: boolean
  #wake: Wake | undefined
  #wakeAt = Number.POSITIVE_INFINITY
  #closing: Promise<void> | undefined
  #resolveClosed!: (closing: Promise<void>) => void
  readonly #closed = new Promise<void>((resolve) => {
    this.#resolveClosed = resolve
  })
  #refused: ((error: unknown) => void) | undefined

  private constructor(
    role: 'accepting' | 'opening',
    { services, packetSizeMax, pool = new BlockPool() }: UdpSocketOptions,
    owner: UdpSocketOwner,
  ) {
    this.#loop = services.loop
    this.#services = services
    this.#owner = owner
    this.#role = role
    this.#isListening = role === 'accepting'
    this.#endpoint = new DatagramEndpoint(this, { pool, mac, packetSizeMax, role }, this.#loop.now())
  }

  /** Rejects with the system's error. */
  static async open(
    role: 'accepting' | 'opening',
    network: PacketNetwork,
    where: PacketPlace,
    options: UdpSocketOptions,
    owner: UdpSocketOwner,
  ): Promise<UdpSocket> {
    const socket = new UdpSocket(role, options, owner)
    socket.#socket = await network.open(where, {
      received: (bytes, host, port) => socket.#endpoint.receive(bytes, host, port, socket.now()),
      failed: (error) => socket.#failed(error),
    })
    return socket
  }

  get port(): number {
    return this.#socket?.port ?? 0
  }

  /** What it has counted. */
  get packets(): PacketStatistics {
    return { ...this.#endpoint.counts }
  }

  now(): number {
    return this.#loop.now()
  }

  /** A link to a peer. Rejects when it refuses, or with the signal's reason. */
  connect(host: string, port: number, signal: CancelSignal | undefined): Promise<Link> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        this.#rest()
        return
      }
      const settle = (run: () => void) => {
        signal?.removeEventListener('abort', aborted)
        this.#refused = undefined
        run()
        this.#rest()
      }
      const aborted = () => refused(signal?.reason)
      const refused = (error: unknown) => {
        giveUp()
        settle(() => reject(error))
      }
      const giveUp = this.#endpoint.open(
        host,
        port,
        (outcome) =>
          settle(() => {
            if ('connection' in outcome) resolve(this.#link(outcome.connection))
            else reject(new MillraceError('connect-failed', outcome.refused))
          }),
        this.now(),
      )
      this.#refused = refused
      signal?.addEventListener('abort', aborted, { once: true })
    })
  }

  /** Takes no more peers. Resolves when the port is free; or at once, while connections still use it, which keep it as long as they live. */
  close(): Promise<void> {
    this.#isListening = false
    this.#rest()
    return this.#closing ?? Promise.resolve()
  }

  /** After `close`: resolves when the port is free. */
  released(): Promise<void> {
    return this.#closed
  }

  send(bytes: Uint8Array, from: number, to: number, port: number, host: string): void {
    this.#socket?.send(bytes, from, to, port, host)
  }

  random(size: number): Uint8Array {
    return this.#services.random(size)
  }

  later(): void {
    this.#loop.nextTurn(() => {
      this.#endpoint.settle(this.now())
      this.#rest()
    })
  }

  rescheduled(): void {
    const at = this.#endpoint.nextDeadline
    // One that was set too early costs less than setting it anew with each packet.
    if (at >= this.#wakeAt) return
    this.#wake?.cancel()
    this.#wakeAt = at
    this.#wake = this.#loop.wakeAt(at, () => this.#woken())
  }

  hasRoom(host: string): boolean {
    return this.#owner.hasRoom?.(peerAddressOf(host)) ?? true
  }

  accepted(connection: DatagramConnection): void {
    const link = this.#link(connection)
    if (this.#isListening) this.#owner.accepted(link)
    else link.destroy()
  }

  /** What the system says of a peer to which a connection is being opened ends the attempt; later it may be forged, and ends nothing. */
  #failed(error: unknown): void {
    if (this.#refused !== undefined) this.#refused(error)
    else if (this.#role === 'accepting') this.#owner.failed(error)
  }

  stray(bytes: Uint8Array, host: string, port: number): void {
    const { stray } = this.#owner
    if (stray === undefined || !this.#isListening) return
    let room = bytes.length
    const reply = (reply: Uint8Array) => {
      if (reply.length > room) return 'too-large'
      room -= reply.length
      this.send(reply, 0, reply.length, port, host)
      return 'sent'
    }
    stray({ bytes: bytes.slice(), host, port, reply })
  }

  #woken(): void {
    this.#wake = undefined
    this.#wakeAt = Number.POSITIVE_INFINITY
    this.#endpoint.advance(this.now())
    this.rescheduled()
    this.#rest()
  }

  #link(connection: DatagramConnection): UdpLink {
    return new UdpLink(connection, this)
  }

  /** Closes the socket when it serves no connection that lives. */
  #rest(): void {
    if (this.#isListening || this.#endpoint.isAlive || this.#socket === undefined) return
    const socket = this.#socket
    this.#socket = undefined
    this.#wake?.cancel()
    this.#closing = socket.close()
    this.#resolveClosed(this.#closing)
  }
}
