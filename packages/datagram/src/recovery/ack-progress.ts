import type { Progress } from './congestion-controller.ts'
import type { DeliveryRate } from './delivery-rate.ts'
import type { RoundTrip } from './round-trip.ts'

/** What one ack, or one look at the time, has shown so far: a recovery fills it and hands it to its controller. */
export class AckProgress implements Progress {
  now = 0
  ackedBytes = 0
  lostBytes = 0
  newestLostSentAt = 0
  inFlightBefore = 0
  inFlight = 0
  roundTripMs = 0
  deliveryRate = 0
  isAppLimited = false
  delivered = 0
  priorDelivered = 0
  /** Of the recovery that fills it now. */
  roundTrip!: RoundTrip

  begin(roundTrip: RoundTrip, inFlight: number, now: number): void {
    this.roundTrip = roundTrip
    this.now = now
    this.ackedBytes = 0
    this.lostBytes = 0
    this.roundTripMs = 0
    this.inFlightBefore = inFlight
  }

  finish(delivery: DeliveryRate, inFlight: number): void {
    delivery.finish(this.roundTrip.least)
    this.inFlight = inFlight
    this.deliveryRate = delivery.rate
    this.isAppLimited = delivery.isAppLimited
    this.delivered = delivery.delivered
    this.priorDelivered = delivery.priorDelivered
  }
}
