import { connect, isIPv6, type Server, type Socket } from 'node:net'
import {
  type Address,
  type CancelSignal,
  type Link,
  type Listener,
  type ListenerOwner,
  MillraceError,
  type StreamTransport,
  type TransportPlugin,
} from '@millrace/core'
import { readInto } from './read-buffer.ts'
import { refuseSelf } from './self-connection.ts'
import { SocketLink } from './socket-link.ts'
import { closeServer, connected, listening, serverFor } from './stream-server.ts'

/** What an address of `tcp` is made of. */
export interface TcpFields {
  /** A name, an IPv4 or an IPv6 address. */
  readonly host: string
  /** From 0 to 65,535. 0, for `bind` alone, lets the system choose. */
  readonly port: number
}

/** Where a tcp pipe binds or opens: `tcp://127.0.0.1:7777`, `tcp://[::1]:7777`. */
export interface TcpAddress extends Address, TcpFields {
  readonly port: number
}

/** The transport `tcp`: `protoFactory.add('tcp', tcp())`. */
export function tcp(): TransportPlugin<TcpFields, [host: string, port: number]> {
  return {
    kind: 'transport',
    identity: () => 'tcp',
    addressFields: ['host', 'port'],
    address: tcpAddress,
    parse: parseAddress,
    matches: (wanted, bound) => matches(wanted as TcpAddress, bound as TcpAddress),
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

function tcpAddress(name: string, { host: given, port }: TcpFields): TcpAddress {
  const host = hostOf(given)
  if (host === undefined) {
    throw new MillraceError(
      'address-invalid',
      `${name} wants a host, such as '127.0.0.1', 'game.example' or '::1'; got ${String(given)}`,
    )
  }
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new MillraceError(
      'address-invalid',
      `${name} wants a port from 0 to 65535, a number; got ${String(port)}`,
    )
  }
  return { host, port, text: `${name}://${hostText(host)}:${port}` }
}

/** A host as it was given; an IPv6 address may stand in brackets, as in texts. */
function hostOf(given: unknown): string | undefined {
  if (typeof given !== 'string' || given === '') return undefined
  if (!given.startsWith('[') && !given.endsWith(']')) return given
  const inside = given.slice(1, -1)
  return given === `[${inside}]` && isIPv6(inside) ? inside : undefined
}

/** A host as it stands before a port. */
function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function parseAddress(name: string, text: string): TcpAddress {
  const parts = /^(\[[^\][]+\]|[^:\][]+):(\d+)$/.exec(text)
  if (parts !== null) return tcpAddress(name, { host: parts[1], port: Number(parts[2]) })
  const right = `${name}://127.0.0.1:7777 or ${name}://[::1]:7777`
  throw new MillraceError(
    'address-invalid',
    `${name} wants host and port, such as ${right}; got ${name}://${text}`,
  )
}

/** The wanted address, with the port that the system chose. */
function boundAddress(server: Server, { host, text }: TcpAddress): TcpAddress {
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  return { host, port, text: text.replace(/\d+$/, String(port)) }
}

const thisMachine = new Set(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::'])

function matches(wanted: TcpAddress, bound: TcpAddress): boolean {
  if (wanted.port !== bound.port) return false
  return wanted.host === bound.host || (thisMachine.has(wanted.host) && thisMachine.has(bound.host))
}

function peerText({ remoteAddress, remotePort }: Socket): string {
  return `tcp://${hostText(remoteAddress ?? '?')}:${remotePort ?? '?'}`
}
