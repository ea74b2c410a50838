import { copyBytes } from '@millrace/buffer'
import type { PacketNetwork, PacketOwner, PacketPlace, PacketSocket } from '@millrace/core'
import { systemError } from '../base/system-error.ts'
import { loopback } from '../net/network.ts'
import { type RefusalPacket, type UdpPacket, udpHeaderSize } from '../net/packet.ts'
import type { Machine } from './machine.ts'
import { addressOf, anyAddress, freePort, ownAddress } from './ports.ts'

/** The largest datagram, in bytes: what IPv4 can say. */
const datagramMax = 65_535 - udpHeaderSize

/** What a socket holds for a program that is behind, in bytes; the system drops what comes on top. */
const waitingBytesMax = 212_992

const overwritten = 0xee

interface Open {
  readonly host: string
  readonly port: number
  /** The only one that it talks to. */
  readonly peer: PacketPlace['peer']
  readonly owner: PacketOwner
  waitingBytes: number
  isClosed: boolean
  /** Where it sent last: an address. */
  lastHost: string
}

const nothing: readonly Open[] = []

/** The datagram sockets of one host. */
export class PacketSockets implements PacketNetwork {
  readonly #machine: Machine
  readonly #open = new Map<number, Open[]>()
  /** Lent to the owners, one datagram at a time. */
  readonly #lent = new Uint8Array(datagramMax)
  /** Dropped, as the program was behind. */
  overflowed = 0

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** Where sockets are open, for people. */
  describe(): string[] {
    return [...this.#open.values()].flat().map(({ host, port }) => `udp://${host}:${port} is open`)
  }

  open(where: PacketPlace, owner: PacketOwner): Promise<PacketSocket> {
    const { events, time } = this.#machine
    return new Promise((resolve, reject) => {
      events.eventAt(time.now(), () => {
        try {
          resolve(this.#opened(where, owner))
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  resolve(host: string): Promise<string> {
    return new Promise((resolve) => resolve(addressOf(this.#machine, host)))
  }

  /** A datagram came in. */
  arrived({ fromHost, fromPort, toHost, toPort, bytes }: UdpPacket): void {
    const open = this.#hearing(fromHost, fromPort, toHost, toPort)
    if (open === undefined) {
      const { network, station } = this.#machine
      const back = { fromHost: toHost, fromPort: toPort, toHost: fromHost, toPort: fromPort }
      return network.send(station, { kind: 'refusal', ...back })
    }
    if (open.waitingBytes + bytes.length > waitingBytesMax) {
      this.overflowed++
      return
    }
    open.waitingBytes += bytes.length
    const { events, time } = this.#machine
    events.eventAt(time.now(), () => {
      open.waitingBytes -= bytes.length
      if (open.isClosed) return
      const lent = this.#lent.subarray(0, bytes.length)
      lent.set(bytes)
      open.owner.received(lent, fromHost, fromPort)
      lent.fill(overwritten)
    })
  }

  /** The socket that takes what comes from there: of the very address first, then of all. */
  #hearing(fromHost: string, fromPort: number, toHost: string, toPort: number): Open | undefined {
    let any: Open | undefined
    for (const open of this.#open.get(toPort) ?? nothing) {
      if (!hears(open, fromHost, fromPort)) continue
      if (open.host === toHost) return open
      if (open.host === anyAddress) any ??= open
    }
    return any
  }

  /** What was sent found no socket: only those with a single peer hear of it. */
  refused({ fromHost, fromPort, toPort }: RefusalPacket): void {
    for (const open of this.#open.get(toPort) ?? [])
      if (open.peer !== undefined && hears(open, fromHost, fromPort))
        this.#failed(open, systemError('ECONNREFUSED', `udp://${fromHost}:${fromPort}`))
  }

  /** The machine went down. */
  vanish(): void {
    for (const open of [...this.#open.values()].flat()) open.isClosed = true
    this.#open.clear()
  }

  #opened({ host, port: wanted, peer }: PacketPlace, owner: PacketOwner): PacketSocket {
    const machine = this.#machine
    const fault = machine.faults.of('open', `udp://${host}:${wanted}`)
    if (fault !== undefined) throw fault
    const address = ownAddress(machine, host)
    const port = wanted === 0 ? freePort(machine.random, (each) => this.#open.has(each)) : wanted
    const sockets = this.#open.get(port) ?? []
    const rival = sockets.find(
      (other) => [address, other.host].includes(anyAddress) || other.host === address,
    )
    if (rival !== undefined) throw systemError('EADDRINUSE', `udp://${host}:${port}`)
    const open: Open = { host: address, port, peer, owner, waitingBytes: 0, isClosed: false, lastHost: '' }
    this.#open.set(port, [...sockets, open])
    return {
      host: address,
      port,
      send: (bytes, from, to, toPort, toHost) => this.#send(open, copyOf(bytes, from, to), toPort, toHost),
      close: () => this.#close(open),
    }
  }

  #send(open: Open, bytes: Uint8Array, toPort: number, toHost: string): void {
    const machine = this.#machine
    if (open.isClosed) return
    if (machine.faults.isAny) {
      const fault = machine.faults.of('send', `udp://${toHost}:${toPort}`)
      if (fault !== undefined) return this.#failed(open, fault)
    }
    if (bytes.length > datagramMax)
      return this.#failed(open, systemError('EMSGSIZE', `send ${bytes.length} bytes`))
    if (toHost !== open.lastHost && !isAddress(toHost)) {
      const text = `${toHost} is no address; resolve() makes one of a name`
      return this.#failed(open, systemError('ENOTFOUND', text))
    }
    open.lastHost = toHost
    const fromHost = toHost === loopback ? loopback : machine.station.address
    machine.network.send(machine.station, {
      kind: 'udp',
      fromHost,
      fromPort: open.port,
      toHost,
      toPort,
      bytes,
    })
  }

  #failed(open: Open, error: unknown): void {
    const { events, time } = this.#machine
    events.eventAt(time.now(), () => {
      if (!open.isClosed) open.owner.failed(error)
    })
  }

  #close(open: Open): Promise<void> {
    open.isClosed = true
    const { events, time } = this.#machine
    return new Promise((resolve) => {
      events.eventAt(time.now(), () => {
        const left = (this.#open.get(open.port) ?? []).filter((other) => other !== open)
        if (left.length === 0) this.#open.delete(open.port)
        else this.#open.set(open.port, left)
        resolve()
      })
    })
  }
}

/** Copies are cut from one piece of memory after another: a piece of its own for each costs ten times as much. None is used twice. */
const sheetSize = 65_536
let sheet = new Uint8Array(0)
let sheetAt = 0

function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const size = to - from
  if (size > sheet.length - sheetAt) {
    sheet = new Uint8Array(Math.max(sheetSize, size))
    sheetAt = 0
  }
  const copy = sheet.subarray(sheetAt, sheetAt + size)
  copyBytes(copy, 0, bytes, from, to)
  sheetAt += size
  return copy
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':')
}

function hears({ peer }: Open, host: string, port: number): boolean {
  return peer === undefined || (peer.host === host && peer.port === port)
}
