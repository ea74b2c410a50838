import type { CancelSignal, LinkRoom, ListenerOwner } from '@millrace/core'
import { MillraceError } from '@millrace/core'
import { systemError } from '../base/system-error.ts'
import { loopback } from '../net/network.ts'
import { flag, type TcpPacket } from '../net/packet.ts'
import type { Machine } from './machine.ts'
import { addressOf, anyAddress, freePort, ownAddress } from './ports.ts'
import { SocketTable } from './socket-table.ts'
import { TcpLink } from './tcp-link.ts'
import { type Ends, TcpSocket, type TcpSocketHome } from './tcp-socket.ts'

interface Listening {
  readonly host: string
  readonly port: number
  readonly owner: ListenerOwner
  /** Openings that are not taken yet. */
  waiting: number
  isClosed: boolean
}

/** What is listened at. */
interface Bound {
  readonly port: number
  close(): Promise<void>
}

/** Openings that may wait to be taken; of more, peers hear nothing. */
const waitingMax = 511

/** A connection that ended in order is remembered for so long, for peers that missed the last word. */
const lingerMs = 60_000

/** TCP on one host: its listeners and connections. */
export class TcpStack implements TcpSocketHome {
  readonly machine: Machine
  /** Which port of the loopback stands for a path. */
  readonly paths = new Map<string, number>()
  readonly #listening = new Map<number, Listening[]>()
  readonly #sockets = new SocketTable()
  readonly #accepting = new Map<TcpSocket, Listening>()
  readonly #links = new Map<TcpLink, TcpSocket>()
  #isDown = false
  /** Ends of connections that were in order, and when. */
  readonly #ended = new Map<string, number>()

  constructor(machine: Machine) {
    this.machine = machine
  }

  /** What is open, for people. */
  describe(): string[] {
    const listeners = [...this.#listening.values()].flat()
    return [
      ...listeners.map(({ host, port }) => `tcp://${host}:${port} is listened at`),
      ...[...this.#links.keys()].map((link) => `${link.describeBoth()} is open`),
    ]
  }

  /** How many links the program has. */
  get linkCount(): number {
    return this.#links.size
  }

  /** Listens there; port 0: any that is free. Resolves, or rejects with the system's error, in an event. */
  listen(host: string, port: number, owner: ListenerOwner): Promise<Bound> {
    return this.#event(() => {
      const fault = this.machine.faults.of('listen', `tcp://${host}:${port}`)
      if (fault !== undefined) throw fault
      const own = ownAddress(this.machine, host)
      const chosen = port === 0 ? freePort(this.machine.random, (each) => this.#listening.has(each)) : port
      const others = this.#listening.get(chosen) ?? []
      if (others.some((other) => other.host === own || [own, other.host].includes(anyAddress)))
        throw systemError('EADDRINUSE', `listen tcp://${host}:${chosen}`)
      const listening: Listening = { host: own, port: chosen, owner, waiting: 0, isClosed: false }
      this.#listening.set(chosen, [...others, listening])
      return { port: chosen, close: () => this.#unlisten(listening) }
    })
  }

  /** Resolves with a link that is connected. */
  connect(host: string, port: number, signal: CancelSignal | undefined): Promise<TcpLink> {
    return new Promise((resolve, reject) => {
      // Of what a dead program begins, nothing comes.
      if (this.#isDown) return
      let socket: TcpSocket | undefined
      const aborted = () => {
        socket?.abandon()
        reject(signal?.reason)
      }
      if (signal?.aborted) return aborted()
      const settle = (run: () => void) => {
        signal?.removeEventListener('abort', aborted)
        if (!signal?.aborted) run()
      }
      signal?.addEventListener('abort', aborted, { once: true })
      const { events, time } = this.machine
      const later = (run: () => void) => void events.eventAt(time.now(), () => settle(run))
      try {
        const opened = this.#opening(host, port)
        socket = opened
        opened.start({
          connected: () => later(() => resolve(this.#link(opened, 'lent'))),
          failed: (error) => later(() => reject(error)),
          readable() {},
          writable() {},
        })
        opened.begin()
      } catch (error) {
        later(() => reject(error))
      }
    })
  }

  /** A segment came in. */
  arrived(packet: TcpPacket): void {
    const { segment, fromHost, fromPort, toHost, toPort } = packet
    const socket = this.#sockets.find(toHost, toPort, fromHost, fromPort)
    if (socket !== undefined) return socket.arrived(segment)
    const ends = { localHost: toHost, localPort: toPort, remoteHost: fromHost, remotePort: fromPort }
    if ((segment.flags & flag.rst) !== 0) return
    if ((segment.flags & (flag.syn | flag.ack)) === flag.syn) return this.#knocked(ends, packet)
    const endedAt = this.#ended.get(keyOf(ends))
    const isLate = endedAt !== undefined && this.machine.time.now() - endedAt < lingerMs
    // A last word that was missed is said again; all else is of a connection that isn't there.
    if (isLate && (segment.flags & flag.fin) !== 0)
      this.#answer(packet, flag.ack, segment.ack, segment.seq + segment.bytes.length + 1)
    else if (!isLate) this.#answer(packet, flag.rst, segment.ack, segment.seq)
  }

  established(socket: TcpSocket): void {
    const listening = this.#accepting.get(socket)
    if (listening === undefined) return
    const { events, time } = this.machine
    events.eventAt(time.now(), () => {
      this.#accepting.delete(socket)
      listening.waiting--
      if (listening.isClosed) return socket.reset()
      this.#accept(socket, listening)
    })
  }

  gone(socket: TcpSocket, how: 'ended' | 'broken'): void {
    const key = keyOf(socket.ends)
    this.#sockets.delete(socket)
    const listening = this.#accepting.get(socket)
    // One that was established is still to be taken, and says then that it is broken.
    if (listening !== undefined && how === 'broken' && !socket.wasOpen) {
      this.#accepting.delete(socket)
      listening.waiting--
    }
    if (how === 'broken') return
    const now = this.machine.time.now()
    for (const [old, at] of this.#ended) {
      if (now - at < lingerMs) break
      this.#ended.delete(old)
    }
    this.#ended.delete(key)
    this.#ended.set(key, now)
  }

  /** Breaks off all connections with a host, here. */
  reset(address: string): void {
    for (const [link, { ends }] of [...this.#links]) if (ends.remoteHost === address) link.reset()
    for (const socket of [...this.#sockets.values()])
      if (socket.ends.remoteHost === address) this.#forget(socket)
  }

  /** The machine went down: peers hear nothing of it. */
  vanish(): void {
    this.#isDown = true
    for (const socket of this.#sockets.values()) socket.vanish()
    for (const listening of [...this.#listening.values()].flat()) listening.isClosed = true
    this.#sockets.clear()
    this.#accepting.clear()
    this.#links.clear()
    this.#listening.clear()
    this.#ended.clear()
  }

  #opening(host: string, port: number): TcpSocket {
    const { machine } = this
    const what = `tcp://${host}:${port}`
    const fault = machine.faults.of('connect', what)
    if (fault !== undefined) throw fault
    if (this.#links.size >= machine.socketsMax) throw systemError('EMFILE', `connect ${what}`)
    const remoteHost = addressOf(machine, host)
    const localHost = remoteHost === loopback ? loopback : machine.station.address
    const rest = { localHost, remoteHost, remotePort: port }
    const localPort = freePort(
      machine.random,
      (each) =>
        this.#sockets.find(localHost, each, remoteHost, port) !== undefined || this.#listening.has(each),
    )
    const socket = new TcpSocket(this, { ...rest, localPort }, 'connecting')
    this.#sockets.add(socket)
    return socket
  }

  /** A peer wants to open a connection to here. */
  #knocked(ends: Ends, packet: TcpPacket): void {
    const listening = this.#listeningAt(ends.localHost, ends.localPort)
    const { draw } = packet.segment
    if (listening === undefined) return this.#answer(packet, flag.rst, 0, 0)
    if (listening.waiting >= waitingMax) return
    listening.waiting++
    const socket = new TcpSocket(this, ends, 'accepting', draw)
    this.#sockets.add(socket)
    this.#accepting.set(socket, listening)
    socket.begin()
  }

  #accept(socket: TcpSocket, { owner, host, port }: Listening): void {
    const { machine } = this
    // As by Node on Linux: one that can't be held is closed without a word to either side.
    if (machine.faults.of('accept', `tcp://${host}:${port}`) !== undefined) return socket.abandon()
    const link = this.#link(socket, 'given')
    if (machine.socketsMax === Number.POSITIVE_INFINITY) owner.accepted(link)
    else owner.accepted(link, this.#room(owner))
  }

  #room(owner: ListenerOwner): LinkRoom {
    const { socketsMax, station } = this.machine
    const isFull = () => this.#links.size > socketsMax
    return {
      capacity: socketsMax,
      get isFull() {
        return isFull()
      },
      refused: () => {
        const text = `a connection was refused: ${station.name} may have ${socketsMax} sockets; raise socketsMax`
        owner.failed(new MillraceError('descriptor-limit', text))
      },
    }
  }

  #link(socket: TcpSocket, ownership: 'given' | 'lent'): TcpLink {
    const link = new TcpLink(this.machine, socket, ownership, (left) => this.#links.delete(left))
    if (socket.error === undefined) this.#links.set(link, socket)
    return link
  }

  #listeningAt(host: string, port: number): Listening | undefined {
    const all = this.#listening.get(port)
    return all?.find((each) => each.host === host) ?? all?.find((each) => each.host === anyAddress)
  }

  #unlisten(listening: Listening): Promise<void> {
    listening.isClosed = true
    const left = (this.#listening.get(listening.port) ?? []).filter((other) => other !== listening)
    if (left.length === 0) this.#listening.delete(listening.port)
    else this.#listening.set(listening.port, left)
    return this.#event(() => {})
  }

  #forget(socket: TcpSocket): void {
    socket.vanish()
    this.#sockets.delete(socket)
    const listening = this.#accepting.get(socket)
    if (listening !== undefined) listening.waiting--
    this.#accepting.delete(socket)
  }

  /** Answers a segment of a connection that isn't there. */
  #answer(
    { segment, fromHost, fromPort, toHost, toPort }: TcpPacket,
    flags: number,
    seq: number,
    ack: number,
  ): void {
    const { machine } = this
    const answer = {
      flags,
      seq,
      ack,
      window: 0,
      draw: segment.peerDraw,
      peerDraw: segment.draw,
      bytes: new Uint8Array(0),
    }
    const route = { fromHost: toHost, fromPort: toPort, toHost: fromHost, toPort: fromPort }
    machine.network.send(machine.station, { kind: 'tcp', ...route, segment: answer })
  }

  #event<T>(run: () => T): Promise<T> {
    const { events, time } = this.machine
    return new Promise((resolve, reject) => {
      events.eventAt(time.now(), () => {
        try {
          resolve(run())
        } catch (error) {
          reject(error)
        }
      })
    })
  }
}

function keyOf({ localHost, localPort, remoteHost, remotePort }: Ends): string {
  return `${localHost}:${localPort} ${remoteHost}:${remotePort}`
}
