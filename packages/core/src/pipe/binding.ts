import { causeText, MillraceError } from '../base/millrace-error.ts'
import { DatagramCarrier } from '../datagram/datagram-carrier.ts'
import type {
  Address,
  DatagramTransport,
  Link,
  LinkRoom,
  Listener,
  PacketStatistics,
  StrayDatagram,
  StreamTransport,
  Transport,
} from '../ports/transport.ts'
import type { ChannelRegistry } from './channel-registry.ts'
import type { PipeTarget } from './factory-services.ts'

/** What a binding needs of its pipe. */
export interface BindingOwner {
  readonly target: PipeTarget
  readonly transport: Transport
  readonly registry: ChannelRegistry
  accept(link: Link, room: LinkRoom | undefined): void
  hasRoom(peerAddress: string): boolean
  datagram(datagram: StrayDatagram): void
}

/** An address that a pipe holds: a listener, a datagram socket, or a name within the process. */
export class Binding {
  readonly address: Address
  readonly #close: () => Promise<void>
  readonly #released: (() => Promise<void>) | undefined
  readonly #packets: (() => PacketStatistics) | undefined
  readonly #datagrams: DatagramCarrier | undefined

  private constructor({ address, close, released, packets }: Listener, datagrams?: DatagramCarrier) {
    this.address = address
    this.#packets = packets
    this.#close = close
    this.#released = released
    this.#datagrams = datagrams
  }

  /** Takes the address. Rejects with `address-in-use`, `listen-failed`, or `unsupported`. */
  static async take(owner: BindingOwner): Promise<Binding> {
    const { target, transport } = owner
    const { label, session, datagrams } = target.protocol
    const wanted = transport.carries === 'datagrams' ? datagrams : session
    if (wanted === undefined) {
      const text = `'${target.transportName}' carries ${transport.carries}, and '${label}' does not work on them`
      throw new MillraceError('unsupported', text)
    }
    try {
      if (transport.carries === 'bytes') return await Binding.#listen(owner, transport)
      if (transport.carries === 'datagrams') return await Binding.#openSocket(owner, transport)
    } catch (error) {
      throw listenError(error, target.address)
    }
    return new Binding({ address: target.address, close: () => Promise.resolve() })
  }

  /** Datagrams dropped because too many waited. */
  get datagramsDropped(): number {
    return this.#datagrams?.dropped ?? 0
  }

  /** What came to its socket, over packets. */
  get packets(): PacketStatistics | undefined {
    return this.#packets?.()
  }

  /** After `close`: resolves when no link keeps the address. */
  released(): Promise<void> {
    return this.#released?.() ?? Promise.resolve()
  }

  /** Frees the address. */
  close(): Promise<void> {
    this.#datagrams?.end()
    return this.#close()
  }

  static async #listen(owner: BindingOwner, transport: StreamTransport): Promise<Binding> {
    const { address } = owner.target
    const listener = await transport.listen(address, {
      accepted: (link, room) => owner.accept(link, room),
      hasRoom: (peerAddress) => owner.hasRoom(peerAddress),
      datagram: (datagram) => owner.datagram(datagram),
      failed: (error) => owner.registry.linkFailed(error, `${address.text} could not take a connection`),
    })
    return new Binding({
      address: listener.address,
      close: () => listener.close(),
      released: () => listener.released?.() ?? Promise.resolve(),
      ...(listener.packets === undefined ? {} : { packets: () => listener.packets!() }),
    })
  }

  static async #openSocket(owner: BindingOwner, transport: DatagramTransport): Promise<Binding> {
    const { address, protocol } = owner.target
    let datagrams: DatagramCarrier | undefined
    const failed = (error: unknown) =>
      owner.registry.linkFailed(error, `a datagram at ${address.text} failed`)
    const socket = await transport.socket('bind', address, {
      received: (bytes, from) => datagrams?.store(bytes, from),
      failed,
    })
    try {
      const session = protocol.datagrams?.({ socket, report: failed })
      if (session !== undefined) datagrams = new DatagramCarrier(owner.registry.turns, session, failed)
    } catch (error) {
      await socket.close()
      throw error
    }
    return new Binding({ address: socket.address, close: () => socket.close() }, datagrams)
  }
}

function listenError(error: unknown, address: Address): MillraceError {
  if (error instanceof MillraceError) return error
  const isTaken = (error as { code?: unknown } | undefined)?.code === 'EADDRINUSE'
  const other = address.port === undefined ? 'choose another' : 'choose another, or port 0'
  const text = isTaken ? `the address is taken; ${other}` : causeText(error)
  const code = isTaken ? 'address-in-use' : 'listen-failed'
  return new MillraceError(code, `cannot bind ${address.text}: ${text}`, { cause: error })
}
