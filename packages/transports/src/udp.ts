import type { BlockPool } from '@millrace/buffer'
import {
  type Address,
  type CancelSignal,
  type Link,
  type Listener,
  type ListenerOwner,
  MillraceError,
  type PacketNetwork,
  type StreamTransport,
  type TransportPlugin,
  type TransportServices,
} from '@millrace/core'
import {
  type HostPort,
  type HostPortAddress,
  hostPortAddress,
  matchesHostPort,
  parseHostPort,
  withPort,
} from './host-port.ts'
import type { UdpSocket, UdpSocketOptions } from './udp-socket.ts'

export type { HostPort, HostPortAddress } from './host-port.ts'

/** What an address of `udp` is made of. */
export type UdpFields = HostPort

/** Where a udp pipe binds or opens: `udp://127.0.0.1:7777`, `udp://[::1]:7777`. */
export type UdpAddress = HostPortAddress

/** How a pipe gets its datagrams. */
export interface UdpOptions {
  /** The network of another platform, such as a simulated one. Default: `node:dgram`. */
  readonly network?: PacketNetwork | undefined
  /** `UdpSocket` of `@millrace/transports/udp-socket`, for programs that can't wait until it is loaded: on a clock of their own, say. Default: the first `bind` or `open` loads it. */
  readonly socket?: Pick<typeof UdpSocket, 'open'> | undefined
  /** Where its sockets take memory. Default: each has a pool of its own. */
  readonly pool?: BlockPool | undefined
}

/** The transport `udp`: `protoFactory.add('udp', udp())`. */
export function udp(options: UdpOptions = {}): TransportPlugin<UdpFields, [host: string, port: number]> {
  return {
    kind: 'transport',
    identity: () => (Object.values(options).every((value) => value === undefined) ? 'udp' : undefined),
    addressFields: ['host', 'port'],
    address: hostPortAddress,
    parse: parseHostPort,
    matches: (wanted, bound) => matchesHostPort(wanted as UdpAddress, bound as UdpAddress),
    create: (services) => new Udp(services, options),
  }
}

/** What the system gives is the same for all sockets: it is told once. */
let hasWarned = false

/** Sizes of datagrams that go through the loopback, and through networks unless they say otherwise. */
const loopbackSizeMax = 16_000
const networkSizeMax = 1472

/**
 * The udp settings of one pipe: `pipe.getProto().as(Udp)`. They hold for sockets that come after: set them before `bind` or `open`.
 *
 * One socket serves all channels of a bound pipe; each opened channel has one of its own. A channel is made by three packets before anything is kept for it,
 * and survives a change of its peer's address. Messages are delivered as their contract says.
 */
export class Udp implements StreamTransport {
  readonly carries = 'bytes'
  /** A handshake is three round trips, of which each may be lost a few times. */
  readonly handshakeTimeoutMs = 5000
  readonly #services: TransportServices
  readonly #given: UdpOptions
  #receiveBufferSize = 4 * 1024 * 1024
  #sendBufferSize = 1024 * 1024
  #packetSizeMax: number | undefined
  #reusePort = false

  /** @internal Made by the factory. */
  constructor(services: TransportServices, given: UdpOptions) {
    this.#services = services
    this.#given = given
  }

  /**
   * What the system may store of packets that were not read yet, in bytes. Default 4 MiB: at less, a burst of 2,000 packets loses a third. The system may
   * give less: a warning says which setting of it is too low.
   */
  setReceiveBufferSize(size: number): this {
    this.#receiveBufferSize = wholeNumber('setReceiveBufferSize', size, 1024)
    return this
  }

  /** What the system may store of packets that have not left yet, in bytes. Default 1 MiB. */
  setSendBufferSize(size: number): this {
    this.#sendBufferSize = wholeNumber('setSendBufferSize', size, 1024)
    return this
  }

  /**
   * No datagram is larger, in bytes without the headers of IP and UDP: from 1,200 to 65,000. Channels begin with 1,200 and find out what their path carries. Default 1,472, which Ethernet
   * carries, and 16,000 between addresses of this machine. 1,200: they don't look for more.
   */
  setPacketSizeMax(size: number): this {
    this.#packetSizeMax = wholeNumber('setPacketSizeMax', size, 1200, 65_000)
    return this
  }

  /** Lets several sockets share one port: of threads or processes, over which the system spreads the peers. Linux and BSD, Node 23.1 or later; elsewhere `bind` rejects, with `unsupported` or `listen-failed`. */
  setReusePort(reuse = true): this {
    this.#reusePort = reuse
    return this
  }

  async listen(address: Address, owner: ListenerOwner): Promise<Listener> {
    const wanted = address as UdpAddress
    const network = await this.#network(owner)
    const host = await network.resolve(wanted.host)
    const sockets = this.#given.socket ?? (await import('./udp-socket.ts')).UdpSocket
    const socket = await sockets.open(
      'accepting',
      network,
      { host, port: wanted.port },
      this.#options(host),
      {
        accepted: (link) => owner.accepted(link),
        hasRoom: (peerAddress) => owner.hasRoom?.(peerAddress) ?? true,
        stray: (datagram) => owner.datagram?.(datagram),
        failed: (error) => owner.failed(error),
      },
    )
    return {
      address: withPort(wanted, socket.port),
      packets: () => socket.packets,
      close: () => socket.close(),
      released: () => socket.released(),
    }
  }

  async connect(address: Address, signal?: CancelSignal): Promise<Link> {
    const { host: name, port } = address as UdpAddress
    const network = await this.#network()
    const host = await network.resolve(name)
    const { UdpSocket } = await import('./udp-socket.ts')
    const any = host.includes(':') ? '::' : '0.0.0.0'
    const socket = await UdpSocket.open(
      'opening',
      network,
      { host: any, port: 0, peer: { host, port } },
      this.#options(host),
      {
        accepted: (link) => link.destroy(),
        failed: () => {},
      },
    )
    return socket.connect(host, port, signal)
  }

  #options(host: string): UdpSocketOptions {
    const packetSizeMax = this.#packetSizeMax ?? (isLoopback(host) ? loopbackSizeMax : networkSizeMax)
    return { services: this.#services, packetSizeMax, pool: this.#given.pool }
  }

  /** The code for datagrams is loaded by programs that use them. */
  async #network(owner?: ListenerOwner): Promise<PacketNetwork> {
    if (this.#given.network !== undefined) return this.#given.network
    const { NodePackets } = await import('./node-packets.ts')
    const wanted = this.#receiveBufferSize
    return new NodePackets({
      receiveBufferSize: wanted,
      sendBufferSize: this.#sendBufferSize,
      reusePort: this.#reusePort,
      bufferIsSmall: (size) => {
        if (hasWarned) return
        hasWarned = true
        const text = `the system gives a udp socket ${size} bytes to receive, ${wanted} were asked for: bursts of packets will be lost. Raise net.core.rmem_max, or ask for less by setReceiveBufferSize`
        owner?.failed(new MillraceError('listen-failed', text))
      },
    })
  }
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
}

function wholeNumber(what: string, size: number, least: number, most = 0x7fff_ffff): number {
  if (Number.isInteger(size) && size >= least && size <= most) return size
  throw new MillraceError(
    'argument-invalid',
    `${what} takes a whole number of bytes from ${least} to ${most}; got ${String(size)}`,
  )
}
