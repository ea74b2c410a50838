import type { SegmentBatch } from '@millrace/buffer'
import type {
  FrameTable,
  Link,
  LinkOwner,
  NetworkStatistics,
  PacketSealer,
  PacketSealing,
  PacketSealingOwner,
} from '@millrace/core'
import { sealPackets } from '@millrace/core/noise-packets'
import type { ConnectionOwner, DatagramConnection } from '@millrace/datagram'
import { hostText } from './host-port.ts'

/** What time it is, in milliseconds: as the socket has it. */
export interface UdpClock {
  now(): number
}

/** A connection over datagrams as a link. */
export class UdpLink implements Link, ConnectionOwner {
  readonly peerAddress: string
  readonly #connection: DatagramConnection
  readonly #clock: UdpClock
  #owner: LinkOwner | undefined
  #sealing: PacketSealingOwner | undefined

  constructor(connection: DatagramConnection, clock: UdpClock) {
    this.#connection = connection
    this.#clock = clock
    this.peerAddress = peerAddressOf(connection.host)
  }

  get storedBytes(): number {
    return this.#connection.storedBytes
  }

  get budgetBytes(): number {
    return this.#connection.budgetBytes(this.#clock.now())
  }

  get sealed(): typeof sealPackets {
    return sealPackets
  }

  network(): NetworkStatistics {
    return this.#connection.statistics()
  }

  speaks(frames: FrameTable): void {
    this.#connection.speaks(frames)
  }

  sealing(owner: PacketSealingOwner): PacketSealing {
    const connection = this.#connection
    this.#sealing = owner
    connection.expectKeys()
    return {
      ownId: connection.own.id,
      peerId: connection.peer.id,
      say: (bytes) => connection.say(bytes, this.#clock.now()),
      seal: (sealer: PacketSealer) => connection.seal(sealer, this.#clock.now()),
    }
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    this.#connection.start(this)
  }

  send(batch: SegmentBatch, report?: 'unless-left'): 'left' | 'waits' {
    const now = this.#clock.now()
    const { size } = batch
    for (const segment of batch.segments) this.#connection.write(segment, now)
    batch.release()
    return this.#connection.flush(now, report === undefined ? 0 : size)
  }

  pause(): void {
    this.#connection.pause()
  }

  resume(): void {
    this.#connection.resume()
  }

  end(): void {
    this.#connection.end(this.#clock.now())
  }

  destroy(): void {
    this.#connection.destroy(this.#clock.now())
  }

  describe(): string {
    const { host, port } = this.#connection
    return `udp://${hostText(host)}:${port}`
  }

  frames(bytes: Uint8Array): void {
    this.#owner?.received(bytes, 'lent')
  }

  sent(size: number): void {
    this.#owner?.sent(size)
  }

  ended(): void {
    this.#owner?.ended()
  }

  gone(error?: Error): void {
    this.#owner?.gone(error)
  }

  stored(): void {
    this.#owner?.stored?.()
  }

  heard(bytes: Uint8Array): void {
    this.#sealing?.heard(bytes)
  }

  proven(): void {
    this.#sealing?.proven()
  }
}

/** A socket that takes both kinds of addresses writes IPv4 ones as IPv6: one peer would have two. */
export function peerAddressOf(host: string): string {
  return host.replace(/^::ffff:(?=\d+\.)/i, '')
}
