import type { AckProgress } from './ack-progress.ts'
import {
  type CongestionController,
  type ControllerFactory,
  initialWindow,
  startupGain,
} from './congestion-controller.ts'
import { DeliveryRate } from './delivery-rate.ts'
import type { RoundTrip } from './round-trip.ts'
import type { SentPacket, SentPackets } from './sent-packets.ts'

/** How a path's capacity is learnt. */
export interface PathCapacityOptions {
  readonly makeController: ControllerFactory
  /** The size of a full packet, in bytes. */
  readonly mtu: number
  readonly seed: number
}

/**
 * How much the path carries, and what may leave for that: a delivery rate and a congestion controller, made when half of the initial window is in flight for the
 * first time, or something is lost. Who sends less than that at once, as most channels of a game do, and all that are at rest, is held back by nothing, and shows
 * nothing of the path but its round trip.
 */
export class PathCapacity {
  readonly #makeController: ControllerFactory
  readonly #seed: number
  readonly #roundTrip: RoundTrip
  readonly #sent: SentPackets
  #mtu: number
  /** From this position on packets took the present path; those below the other one were sent by one who had too little to send. */
  #pathFrom = 0
  #limitedBelow = 0
  #delivery: DeliveryRate | undefined
  #controller: CongestionController | undefined

  constructor(options: PathCapacityOptions, roundTrip: RoundTrip, sent: SentPackets) {
    const { makeController, mtu, seed } = options
    this.#makeController = makeController
    this.#mtu = mtu
    this.#seed = seed
    this.#roundTrip = roundTrip
    this.#sent = sent
  }

  /** Bytes that may be in flight. */
  get window(): number {
    return this.#controller === undefined ? initialWindow(this.#mtu) : this.#controller.window
  }

  /** Bytes per millisecond. */
  get pacingRate(): number {
    if (this.#controller !== undefined) return this.#controller.pacingRate
    return (startupGain * initialWindow(this.#mtu)) / this.#roundTrip.smoothed
  }

  /** Undefined as long as little was in flight, and nothing lost. */
  get controller(): CongestionController | undefined {
    return this.#controller
  }

  /** A packet leaves, the newest of those that were sent; `bytesInFlight` is without it. */
  packetSent(packet: SentPacket, bytesInFlight: number, now: number): void {
    if (this.#controller === undefined) {
      if (2 * (bytesInFlight + packet.size) <= initialWindow(this.#mtu)) return
      this.#learn(now)
    }
    this.#delivery!.sent(packet, bytesInFlight, now)
    this.#controller!.sent(bytesInFlight, packet.isAppLimited, now)
  }

  /** Begins to look at an acknowledgement, or at the time. */
  begin(): void {
    this.#delivery?.begin()
  }

  /** A packet of the acknowledgement; the newest comes first. */
  acked(packet: SentPacket, now: number): void {
    this.#delivery?.acked(packet, now)
  }

  /** A packet of the acknowledgement that was given up before. */
  late(size: number, sentAt: number): void {
    this.#delivery?.late(size)
    this.#controller?.spurious(size, sentAt)
  }

  /** What was seen since `begin`. `isBlocked`: it shows persistent congestion. */
  conclude(progress: AckProgress, bytesInFlight: number, isBlocked: boolean): void {
    if (progress.lostBytes > 0 && this.#controller === undefined) this.#learn(progress.now)
    if (this.#delivery === undefined || this.#controller === undefined) return
    progress.finish(this.#delivery, bytesInFlight)
    if (progress.lostBytes > 0) this.#controller.lost(progress)
    if (isBlocked) this.#controller.persistentCongestion(progress.now)
    if (progress.ackedBytes > 0) this.#controller.acked(progress)
  }

  /** There is nothing to send although there is room. */
  appLimited(bytesInFlight: number): void {
    if (this.#delivery === undefined) this.#limitedBelow = this.#sent.end
    else this.#delivery.appLimited(bytesInFlight)
  }

  /** A full packet has another size from now on. */
  setMtu(mtu: number): void {
    this.#mtu = mtu
    this.#controller?.setMtu(mtu)
  }

  /** Packets take another path from now on: nothing is known of it. */
  reset(): void {
    this.#pathFrom = this.#sent.end
    this.#delivery = undefined
    this.#controller = undefined
  }

  /** From now on it is learnt, also by what is in flight already. */
  #learn(now: number): void {
    this.#controller = this.#makeController(this.#mtu, this.#roundTrip.smoothed, this.#seed)
    this.#delivery = new DeliveryRate(now)
    let limitedBytes = 0
    const from = Math.max(this.#sent.head, this.#pathFrom)
    for (let position = from; position < this.#sent.end; position++) {
      const packet = this.#sent.at(position)
      const isAppLimited = position < this.#limitedBelow
      this.#delivery.adopt(packet, isAppLimited)
      if (isAppLimited && !packet.isSettled) limitedBytes += packet.size
    }
    if (limitedBytes > 0) this.#delivery.appLimited(limitedBytes)
  }
}
