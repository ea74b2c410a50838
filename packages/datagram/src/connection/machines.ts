import type { BlockPool } from '@millrace/buffer'
import { Incoming } from '../lanes/incoming.ts'
import { Outgoing } from '../lanes/outgoing.ts'
import type { Addressee } from '../packet/packet-layout.ts'
import { MtuSearch, packetSizeMin } from '../path/mtu-search.ts'
import { ReceivedPackets } from '../recovery/received-packets.ts'
import { Recovery } from '../recovery/recovery.ts'
import type { RecoveryOwner } from '../recovery/recovery-options.ts'
import type { EndpointCounts } from './endpoint-counts.ts'
import { type FrameRules, FrameSorter } from './frame-sorter.ts'
import { HandshakeStream } from './handshake-stream.ts'
import { PacketCover } from './packet-cover.ts'
import { Windows } from './windows.ts'

/** The largest body of a frame until the session says another, in bytes. */
const bodySizeMax = 1024 * 1024

/** A window holds the largest frame and so much more, in bytes. */
const windowExtra = 262_144

/** So many packets leave at once; then the others have their turn. */
export const burstMax = 64

/** What stands around the frames of a packet at most: header, tag, an ack, a window or two. */
export const packetOverhead = 100

/** What the machines of a connection are made of. */
export interface MachineOptions {
  readonly own: Addressee
  readonly peer: Addressee
  readonly pool: BlockPool
  /** No packet is larger, in bytes. */
  readonly packetSizeMax: number
  /** A guess of the round trip, in milliseconds, such as how long the request took. */
  readonly initialRttMs?: number | undefined
  /** Where it is counted what comes and is dropped. */
  readonly counts: EndpointCounts
}

/** The machines that a connection consists of. Each is one fact's owner, and none knows another but where it is said here. */
export class Machines {
  readonly counts: EndpointCounts
  readonly cover: PacketCover
  readonly received = new ReceivedPackets()
  readonly recovery: Recovery
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  readonly windows: Windows
  readonly handshake = new HandshakeStream()
  readonly mtu: MtuSearch
  readonly sorter: FrameSorter

  constructor(options: MachineOptions, outcomes: RecoveryOwner) {
    const { own, peer, pool, packetSizeMax, initialRttMs, counts } = options
    const windowSize = bodySizeMax + windowExtra
    this.counts = counts
    this.cover = new PacketCover(own, peer, counts)
    this.mtu = new MtuSearch(packetSizeMax)
    this.recovery = new Recovery({ owner: outcomes, mtu: packetSizeMin, initialRttMs, seed: own.key })
    this.incoming = new Incoming({ pool, bodySizeMax, windowSize })
    this.incoming.ends.isRaw = true
    this.outgoing = new Outgoing({ pool, packetRoom: packetSizeMin - packetOverhead, windowSize })
    this.windows = new Windows(this.incoming, windowSize)
    this.sorter = new FrameSorter(this.outgoing)
  }

  /** How to find frames, both ways, and how large they are at most. */
  speaks(rules: FrameRules): void {
    const { ends } = this.incoming
    this.sorter.speaks(rules)
    ends.isRaw = false
    ends.fixedSizes = rules.fixedSizes
    ends.bodySizeMax = rules.bodySizeMax
    this.windows.widen(rules.bodySizeMax + windowExtra)
  }

  /** Bytes that were written and have not left for good. */
  get waitingBytes(): number {
    return this.outgoing.storedBytes + this.sorter.heldBytes
  }

  /** So many bytes of frames leave at once if they are written now. */
  budgetBytes(now: number): number {
    // Frames leave sealed, and so not before the peer can open that.
    if (this.cover.isSealing && !(this.cover.hasKeys && this.handshake.isHeard)) return 0
    const { size } = this.mtu
    const room = Math.min(this.recovery.room(now), burstMax * size)
    // A packet leaves when there is room for all of it, what stands around its frames included: the last one, too.
    const last = Math.max(0, Math.floor(room % size) - packetOverhead)
    return Math.max(0, Math.floor(room / size) * (size - packetOverhead) + last - this.outgoing.pendingBytes)
  }

  /** Something comes, or is due, and was to be looked at by `deadline`. Returns how late that is, in milliseconds. */
  looked(deadline: number, now: number): number {
    const lateMs = now - deadline
    this.recovery.roundTrip.looked(lateMs, now)
    return lateMs
  }

  /** Packets have another size from now on. */
  resize(): void {
    const { size } = this.mtu
    this.recovery.setMtu(size)
    this.outgoing.setPacketRoom(size - packetOverhead)
  }

  /** Another path: nothing is known of it. */
  pathChanged(now: number): void {
    this.mtu.reset()
    this.resize()
    this.recovery.pathChanged(now)
  }

  /** Gives all memory back. */
  release(): void {
    this.incoming.release()
    this.outgoing.release()
    this.sorter.release()
    this.cover.forget()
  }
}
