import {
  type Addressee,
  isAddressedTo,
  packetKind,
  packetNumberEnd,
  plainHeaderSize,
  readPacketNumber,
  readU32,
  sealedHeaderSize,
  sealedTagSize,
  writeAddressee,
  writePacketNumber,
} from '../packet/packet-layout.ts'
import type { EndpointCounts } from './endpoint-counts.ts'

/** Seals and opens packets: `DatagramRecords` of @millrace/cipher. */
export interface PacketSealer {
  seal(source: Uint8Array, from: number, to: number, into: Uint8Array, at: number, now: number): number
  open(packet: Uint8Array, now: number): Uint8Array | string
  close(): void
}

/** Numbers of plain packets of a connection that is going to be sealed stay below this; the first sealed packet has it. */
export const sealedNumberStart = 2 ** 20

/** What of a packet may be read: `bytes[at, end)` are its parts, and `number` is its number. */
export class PacketCover {
  at = 0
  end = 0
  number = 0
  /** The number of the packet that was closed last. It goes by `close`, `number` by `open`: packets leave while one is being read. */
  lastNumber = -1
  isSealed = false
  readonly #own: Addressee
  readonly #peer: Addressee
  readonly #counts: EndpointCounts
  #sealer: PacketSealer | undefined
  #nextPlain = 0
  /** A sealed packet of the peer was authentic: nothing in clear counts any more. */
  hasOpened = false
  /** Whether the connection is to be sealed, or is. */
  isSealing = false
  /** Why no packet can be closed any more; empty while one can. */
  exhausted = ''

  constructor(own: Addressee, peer: Addressee, counts: EndpointCounts) {
    this.#own = own
    this.#peer = peer
    this.#counts = counts
  }

  /** Whether there are keys. */
  get hasKeys(): boolean {
    return this.#sealer !== undefined
  }

  expectKeys(): void {
    this.isSealing = true
  }

  seal(sealer: PacketSealer): void {
    this.#sealer = sealer
  }

  /**
   * Takes a packet that is addressed to this connection: `packet[0, length)`, which it opens in place. Returns whether it is authentic, as far as that can be
   * told; then `bytes[at, end)`, `number` and `isSealed` say what is in it.
   */
  open(packet: Uint8Array, now: number): boolean {
    if (packet[0] === packetKind.plain) return this.#openPlain(packet)
    const sealer = this.#sealer
    if (sealer === undefined) return this.#drop('forged')
    const number = readU32(packet, 5) + readU32(packet, 9) * 2 ** 32
    const plain = sealer.open(packet, now)
    if (plain === 'replayed' || plain === 'too-old') return this.#drop('repeated')
    if (typeof plain === 'string' || number >= packetNumberEnd - sealedNumberStart)
      return this.#drop('forged')
    this.at = sealedHeaderSize
    this.end = packet.length - sealedTagSize
    this.number = number + sealedNumberStart
    this.isSealed = true
    this.hasOpened = true
    return true
  }

  /**
   * Closes the packet in `bytes`; its parts end at `end`: in clear or sealed. Returns its size, and sets `lastNumber`; 0 if no packet may follow any more, of
   * which `exhausted` then says why.
   */
  close(bytes: Uint8Array, end: number, now: number, how: 'plain' | 'sealed'): number {
    if (how === 'sealed') {
      const size = this.#seal(bytes, end, now)
      if (size > 0) this.lastNumber = readU32(bytes, 5) + readU32(bytes, 9) * 2 ** 32 + sealedNumberStart
      return size
    }
    if (this.#nextPlain >= (this.isSealing ? sealedNumberStart : packetNumberEnd)) {
      this.exhausted = 'all numbers of packets in clear are used up'
      return 0
    }
    this.lastNumber = this.#nextPlain++
    bytes[0] = packetKind.plain
    writePacketNumber(bytes, writeAddressee(bytes, 1, this.#peer), this.lastNumber)
    return end
  }

  /** Forgets the keys. */
  forget(): void {
    this.#sealer?.close()
  }

  /** Keys end by an error, wherever a packet leaves: in a timer, in a packet that came. It belongs to the connection, not to its caller. */
  #seal(bytes: Uint8Array, end: number, now: number): number {
    try {
      return this.#sealer!.seal(bytes, sealedHeaderSize, end, bytes, 0, now)
    } catch (error) {
      this.exhausted = error instanceof Error ? error.message : String(error)
      return 0
    }
  }

  #openPlain(packet: Uint8Array): boolean {
    if (packet.length < plainHeaderSize || !isAddressedTo(packet, 1, this.#own)) return this.#drop('wrongKey')
    if (this.hasOpened) return this.#drop('inClear')
    this.number = readPacketNumber(packet, 9)
    if (this.isSealing && this.number >= sealedNumberStart) return this.#drop('inClear')
    this.at = plainHeaderSize
    this.end = packet.length
    this.isSealed = false
    return true
  }

  #drop(cause: 'wrongKey' | 'inClear' | 'forged' | 'repeated'): boolean {
    this.#counts[cause]++
    return false
  }
}
