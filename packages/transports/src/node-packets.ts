import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { isIPv6 } from 'node:net'
import {
  MillraceError,
  type PacketNetwork,
  type PacketOwner,
  type PacketPlace,
  type PacketSocket,
} from '@millrace/core'

const mebibyte = 1024 * 1024

/** Older ones take the option and share nothing. */
const [major, minor] = process.versions.node.split('.').map(Number)
const sharesPorts = major > 23 || (major === 23 && minor >= 1)

/** How sockets for datagrams are made. */
export interface NodePacketOptions {
  /** What the system may store of what came and was not read yet, in bytes. It may give less. Default 4 MiB. */
  readonly receiveBufferSize?: number | undefined
  /** What it may store of what has not left yet, in bytes. Default 1 MiB. */
  readonly sendBufferSize?: number | undefined
  /** Several sockets, of processes or threads, share one port, and the system spreads the peers over them. Default: they don't. */
  readonly reusePort?: boolean | undefined
  /** Told of each socket for which the system gave less to receive than was asked for: how much, in bytes. Default: nothing is told. */
  readonly bufferIsSmall?: ((size: number) => void) | undefined
}

/**
 * Datagrams by `node:dgram`: what `udp()` uses by itself. For programs that put something in between: `udp({ network: netemPackets(new NodePackets(), 'lte') })`. The
 * sizes of buffers that are set by `as(Udp)` are those of its own; say them here.
 */
export class NodePackets implements PacketNetwork {
  readonly #options: NodePacketOptions

  constructor(options: NodePacketOptions = {}) {
    this.#options = options
  }

  async resolve(host: string): Promise<string> {
    return (await lookup(host)).address
  }

  async open({ host, port, peer }: PacketPlace, owner: PacketOwner): Promise<PacketSocket> {
    const { reusePort = false, receiveBufferSize = 4 * mebibyte, sendBufferSize = mebibyte } = this.#options
    if (reusePort && !sharesPorts)
      throw new MillraceError('unsupported', `ports are shared from Node 23.1 on; this is ${process.version}`)
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', reusePort, lookup: asItIs })
    await bound(socket, host, port)
    if (peer !== undefined) await connected(socket, peer)
    // Not in the options of the socket: there, one that the system refuses ends the process.
    attempt(() => socket.setRecvBufferSize(receiveBufferSize))
    attempt(() => socket.setSendBufferSize(sendBufferSize))
    // Linux says twice what it gives: socket(7).
    const said = attempt(() => socket.getRecvBufferSize()) ?? receiveBufferSize
    const size = process.platform === 'linux' ? said / 2 : said
    if (size < receiveBufferSize) this.#options.bufferIsSmall?.(size)
    return new NodePacketSocket(socket, host, peer !== undefined, owner)
  }
}

class NodePacketSocket implements PacketSocket {
  readonly host: string
  readonly port: number
  readonly #socket: Socket
  readonly #isConnected: boolean

  constructor(socket: Socket, host: string, isConnected: boolean, owner: PacketOwner) {
    this.host = host
    this.port = socket.address().port
    this.#socket = socket
    this.#isConnected = isConnected
    socket.on('message', ({ buffer, byteOffset, length }: Buffer, { address, port }: RemoteInfo) =>
      // A plain array: `slice` of a Buffer doesn't copy.
      owner.received(new Uint8Array(buffer, byteOffset, length), address, port),
    )
    socket.on('error', (error) => owner.failed(error))
  }

  send(bytes: Uint8Array, from: number, to: number, port: number, host: string): void {
    // A datagram may come from port 0 (RFC 768), and its source may be forged; none can be sent there, and Node throws.
    if (port === 0) return
    // A copy, as Node keeps a reference when the system doesn't take it at once. Without a callback: what an ICMP answer says of one peer is nothing to
    // the others, and may be forged.
    const packet = Buffer.allocUnsafe(to - from)
    packet.set(bytes.subarray(from, to))
    if (this.#isConnected) this.#socket.send(packet)
    else this.#socket.send(packet, port, host)
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }
}

function connected(socket: Socket, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.connect(port, host, (error?: Error) => {
      if (error === undefined) resolve()
      else socket.close(() => reject(error))
    })
  })
}

/** Peers are addressed by IP addresses: Node would look each up, and send a turn later. */
const asItIs: SocketOptions['lookup'] = (host, _options, callback) => callback(null, host, 0)

function bound(socket: Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      socket.close()
      reject(error)
    }
    socket.once('error', failed)
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', failed)
      resolve()
    })
  })
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}
