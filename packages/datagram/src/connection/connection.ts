import type { Addressee } from '../packet/packet-layout.ts'
import { partType } from '../packet/part-types.ts'
import { ConnectionError } from './connection-error.ts'
import type { ConnectionOwner } from './connection-owner.ts'
import { type ConnectionStatistics, statisticsOf } from './connection-statistics.ts'
import type { FrameRules } from './frame-sorter.ts'
import { Leaving, silentText } from './leaving.ts'
import { type MachineOptions, Machines } from './machines.ts'
import { Outcomes } from './outcomes.ts'
import { OwnerReports } from './owner-reports.ts'
import type { PacketSealer } from './packet-cover.ts'
import { PacketReader, type PacketReaderOwner } from './packet-reader.ts'
import { PeerPath } from './peer-path.ts'
import { type PacketSink, packetSizeFloor, Transmitter } from './transmitter.ts'

/** What a connection is made of. */
export interface ConnectionOptions extends MachineOptions {
  readonly host: string
  readonly port: number
  readonly random: (size: number) => Uint8Array
}

/** Where a connection sends its packets, and asks to be looked at. */
export interface ConnectionHome {
  /** Sends `scratch[0, size)`. */
  transmit(size: number, host: string, port: number): void
  /** `deadline` has changed. */
  rescheduled(connection: DatagramConnection): void
  /** Call `settle` soon, outside of all calls: the owner must be told something. */
  later(connection: DatagramConnection): void
  /** It needs its place no more. */
  forget(connection: DatagramConnection): void
}

/**
 * One end of a connection over datagrams: the conductor of covers, lanes, recovery and path. Takes packets and time, gives packets and frames; knows no
 * socket and no clock. It speaks docs/UDP.md.
 */
export class DatagramConnection implements PacketSink, PacketReaderOwner {
  readonly own: Addressee
  readonly peer: Addressee
  /** When `advance` must be called, in milliseconds; then it is told anew, be it the same time. */
  deadline = Number.POSITIVE_INFINITY
  /** Packets that came, and of those, how many had come before; and their bytes. */
  packetsIn = 0
  repeatedIn = 0
  bytesIn = 0
  readonly machines: Machines
  readonly out: Transmitter
  readonly #home: ConnectionHome
  readonly #path: PeerPath
  readonly #reports: OwnerReports
  readonly #outcomes = new Outcomes()
  readonly #reader: PacketReader
  readonly #leaving: Leaving
  #isProven = false
  #state: 'open' | 'over' | 'forgotten' = 'open'
  #sendAt = Number.POSITIVE_INFINITY

  constructor(options: ConnectionOptions, home: ConnectionHome, now: number) {
    const { own, peer, host, port, random } = options
    this.own = own
    this.peer = peer
    this.#home = home
    this.#path = new PeerPath(host, port, random)
    this.machines = new Machines(options, this.#outcomes)
    this.#outcomes.machines = this.machines
    this.#reports = new OwnerReports(this.machines)
    this.out = new Transmitter(this.machines, this.#outcomes, this)
    this.#reader = new PacketReader(this, this.machines, this.out)
    this.#leaving = new Leaving(this.machines, this.#outcomes, this.out, now)
  }

  /** Where the peer is, as far as it is proven. */
  get host(): string {
    return this.#path.host
  }

  get port(): number {
    return this.#path.port
  }

  get isOver(): boolean {
    return this.#state !== 'open'
  }

  /** What came and was not handed on, in bytes of memory. */
  get storedBytes(): number {
    return this.machines.incoming.weight
  }

  /** So many bytes of frames leave at once if they are written now. */
  budgetBytes(now: number): number {
    return this.isOver ? 0 : this.machines.budgetBytes(now)
  }

  statistics(): ConnectionStatistics {
    return statisticsOf(this.machines, this.out, this)
  }

  /** How to find frames; without, everything is one stream. Before `start`. */
  speaks(rules: FrameRules): void {
    this.machines.speaks(rules)
  }

  /** It will be sealed: nothing but a handshake leaves before. */
  expectKeys(): void {
    this.machines.cover.expectKeys()
  }

  start(owner: ConnectionOwner): void {
    this.#reports.owner = owner
    this.#reports.isPaused = false
    this.#home.later(this)
  }

  /** Takes whole frames, which are copied. They leave with `flush`. */
  write(bytes: Uint8Array, now: number): void {
    if (this.isOver || this.#leaving.isEnding) return
    const fault = this.machines.sorter.write(bytes, now)
    if (fault !== '') this.#fail('exhausted', fault, now)
  }

  say(bytes: Uint8Array, now: number): void {
    if (!this.machines.handshake.say(bytes))
      this.#fail('exhausted', 'a handshake is larger than 65,535 bytes', now)
    this.flush(now)
  }

  seal(sealer: PacketSealer, now: number): void {
    this.machines.cover.seal(sealer)
    this.flush(now)
  }

  pause(): void {
    this.#reports.isPaused = true
  }

  resume(): void {
    this.#reports.isPaused = false
    this.#home.later(this)
  }

  /** Says that nothing follows, once everything before it has arrived. */
  end(now: number): void {
    if (this.isOver) return
    this.#leaving.want()
    this.flush(now)
    this.#home.later(this)
  }

  /** Forgets everything at once, and tells the peer so. */
  destroy(now: number): void {
    if (this.isOver) return
    this.transmit(this.#leaving.farewell('destroyed', now))
    this.#leave(undefined, now)
  }

  /** A packet that is addressed to this connection. Its bytes may be overwritten. */
  receive(packet: Uint8Array, host: string, port: number, now: number): void {
    const { cover, received, counts } = this.machines
    const size = packet.length
    if (this.#state === 'forgotten' || !cover.open(packet, now)) return
    this.packetsIn++
    this.bytesIn += size
    if (this.isOver) return this.transmit(this.#leaving.answer(packet, now))
    this.machines.looked(this.deadline, now)
    const { number } = cover
    if (received.has(number)) {
      this.repeatedIn++
      counts.repeated++
    } else {
      if (cover.isSealed && !this.#isProven) {
        this.#isProven = true
        this.#reports.owner?.proven()
      }
      const check = this.#path.heardFrom(host, port, size, number > received.largest, packetSizeFloor, now)
      if (check !== undefined)
        this.#home.transmit(this.out.single(partType.challenge, check.challenge, now), host, port)
      if (!this.isOver) this.#reader.read(packet, now)
      if (!this.isOver) this.#deliver(packet, now)
    }
    this.#work(now)
  }

  /** Its time has come: deadlines of the recovery, of pieces, of the pacer. */
  advance(now: number): void {
    this.#leaving.missed(this.machines.looked(this.deadline, now))
    this.deadline = Number.POSITIVE_INFINITY
    if (now >= this.#leaving.forgetAt) return this.#forget()
    // A farewell may be lost, and a peer that sends nothing would not learn of the end.
    if (this.isOver) {
      this.transmit(this.#leaving.sayAgain(now))
      return this.#schedule()
    }
    const { recovery, incoming } = this.machines
    incoming.expire(now)
    let due = recovery.due(now)
    for (let count = 0; due === 'lost' && count < 8; count++) due = recovery.due(now)
    if (due === 'probe') this.out.probesDue = 2
    if (this.#leaving.isSilent(now)) this.#fail('silent', silentText, now)
    this.#work(now)
  }

  /** Outside of all calls: tells the owner what it must know. */
  settle(now: number): void {
    if (!this.isOver) {
      this.#deliver(undefined, now)
      this.#work(now)
    }
    if (this.isOver) this.#reports.gone(this.#leaving.error)
  }

  /** Sends what may leave, and sets the deadline. `left`: all that was written has left, and of the last `size` bytes nothing else will be told. */
  flush(now: number, size = 0): 'left' | 'waits' {
    if (this.isOver) return 'waits'
    this.machines.looked(this.deadline, now)
    this.#flush(now)
    if (size > 0 && !this.isOver && this.#reports.hasLeftAtOnce(size)) return 'left'
    if (this.#reports.hasLeft) this.#home.later(this)
    return 'waits'
  }

  #flush(now: number): void {
    const { machines } = this
    machines.sorter.settle(now)
    this.#leaving.settle(now)
    if (machines.recovery.bytesInFlight === 0) this.#leaving.heardAt = now
    this.#sendAt = this.out.flush(now)
    if (machines.cover.exhausted !== '') return this.#fail('exhausted', machines.cover.exhausted, now)
    this.#schedule()
  }

  transmit(size: number): void {
    if (size > 0) this.#home.transmit(size, this.host, this.port)
  }

  heard(bytes: Uint8Array): void {
    this.#reports.owner?.heard(bytes)
  }

  acknowledged(now: number): void {
    this.#leaving.heardAt = now
  }

  responded(bytes: Uint8Array, at: number, now: number): void {
    if (this.#path.responded(bytes, at)) this.machines.pathChanged(now)
  }

  ended(): void {
    this.#reports.hasPeerEnded = true
  }

  closed(now: number): void {
    this.#reports.hasPeerEnded = true
    this.#leave(undefined, now)
  }

  violated(what: string, now: number): void {
    this.#fail('violation', `the peer broke the rules of packets: ${what}`, now)
  }

  #deliver(packet: Uint8Array | undefined, now: number): void {
    this.#reports.frames(packet, this)
    const { violation } = this.machines.incoming
    if (violation !== '') this.violated(violation, now)
  }

  /** After everything that came: what became of what was sent is told, and more is sent. */
  #work(now: number): void {
    if (!this.isOver) {
      const { sorter } = this.machines
      if (this.#outcomes.hasBegun) {
        const fault = sorter.begun(now)
        if (fault !== '') return this.#fail('exhausted', fault, now)
      }
      this.#flush(now)
      // What was filled into a packet that could not be closed has not left.
      if (!this.isOver) this.#reports.news()
      if (this.#reports.isEndTold && this.#leaving.isHeard(now)) this.#leave(undefined, now)
    }
    if (this.isOver) this.#reports.gone(this.#leaving.error)
  }

  #schedule(): void {
    const { recovery, received, incoming } = this.machines
    const deadline = this.isOver
      ? this.#leaving.nextAt
      : Math.min(this.#sendAt, recovery.deadline, received.ackDeadline, incoming.deadline)
    if (deadline === this.deadline) return
    this.deadline = deadline
    this.#home.rescheduled(this)
  }

  #fail(code: ConnectionError['code'], text: string, now: number): void {
    if (this.isOver) return
    this.transmit(this.#leaving.farewell(code === 'violation' ? code : 'destroyed', now))
    this.#leave(new ConnectionError(code, text), now)
  }

  #leave(error: ConnectionError | undefined, now: number): void {
    if (this.isOver) return
    this.#state = 'over'
    this.#leaving.leave(error, now)
    const { incoming, outgoing, sorter } = this.machines
    incoming.release()
    outgoing.release()
    sorter.release()
    this.#schedule()
    this.#home.later(this)
  }

  #forget(): void {
    if (this.#state === 'forgotten') return
    this.#state = 'forgotten'
    this.machines.cover.forget()
    this.deadline = Number.POSITIVE_INFINITY
    this.#home.forget(this)
  }
}
