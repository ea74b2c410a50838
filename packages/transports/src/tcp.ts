import { connect, type Server, type Socket } from 'node:net'
import type {
  Address,
  CancelSignal,
  Link,
  Listener,
  ListenerOwner,
  StreamTransport,
  TransportPlugin,
} from '@millrace/core'
import {
  type HostPort,
  type HostPortAddress,
  hostPortAddress,
  hostText,
  matchesHostPort,
  parseHostPort,
  withPort,
} from './host-port.ts'
import { readInto } from './read-buffer.ts'
import { refuseSelf } from './self-connection.ts'
import { SocketLink } from './socket-link.ts'
import { closeServer, connected, listening, serverFor } from './stream-server.ts'

export type { HostPort, HostPortAddress } from './host-port.ts'

/** What an address of `tcp` is made of. */
export type TcpFields = HostPort

/** Where a tcp pipe binds or opens: `tcp://127.0.0.1:7777`, `tcp://[::1]:7777`. */
export type TcpAddress = HostPortAddress

/** The transport `tcp`: `protoFactory.add('tcp', tcp())`. */
export function tcp(): TransportPlugin<TcpFields, [host: string, port: number]> {
  return {
    kind: 'transport',
    identity: () => 'tcp',
    addressFields: ['host', 'port'],
    address: hostPortAddress,
    parse: parseHostPort,
    matches: (wanted, bound) => matchesHostPort(wanted as TcpAddress, bound as TcpAddress),
    create: () => new Tcp(),
  }
}

/** The tcp settings of one pipe: `pipe.getProto().as(Tcp)`. They hold for links that come after. */
export class Tcp implements StreamTransport {
  readonly carries = 'bytes'
  #noDelay: 'on' | 'off' = 'on'
  #keepAliveMs: number | undefined
  #backlog = 511

  /**
   * Sends small segments at once (Nagle's algorithm off). On by default: Millrace gathers messages by itself, so waiting
   * for more only costs time.
   */
  setNoDelay(noDelay = true): this {
    this.#noDelay = noDelay ? 'on' : 'off'
    return this
  }

  /** Lets the system probe peers that are silent for so many milliseconds; `undefined`, the default, doesn't. A heartbeat sees more. */
  setKeepAlive(idleMs: number | undefined): this {
    this.#keepAliveMs = idleMs
    return this
  }

  /** How many connections may wait to be taken. The system has a limit of its own. Default 511. */
  setBacklog(count: number): this {
    this.#backlog = count
    return this
  }

  async listen(address: Address, owner: ListenerOwner): Promise<Listener> {
    const wanted = address as TcpAddress
    const { host, port } = wanted
    const server = serverFor(owner, (socket) => this.#link(socket))
    await listening(server, { host, port, backlog: this.#backlog }, owner)
    return { address: boundAddress(server, wanted), close: () => closeServer(server) }
  }

  async connect(address: Address, signal?: CancelSignal): Promise<Link> {
    const { host, port } = address as TcpAddress
    let link: SocketLink | undefined
    const onread = readInto((bytes) => link?.read(bytes))
    const socket = connect({ host, port, allowHalfOpen: true, onread })
    await connected(socket, signal)
    refuseSelf(socket, address)
    link = this.#link(socket)
    return link
  }

  #link(socket: Socket): SocketLink {
    if (this.#noDelay === 'on') socket.setNoDelay(true)
    if (this.#keepAliveMs !== undefined) socket.setKeepAlive(true, this.#keepAliveMs)
    return new SocketLink(socket, peerText)
  }
}

/** The wanted address, with the port that the system chose. */
function boundAddress(server: Server, wanted: TcpAddress): TcpAddress {
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  return withPort(wanted, port)
}

function peerText({ remoteAddress, remotePort }: Socket): string {
  return `tcp://${hostText(remoteAddress ?? '?')}:${remotePort ?? '?'}`
}
