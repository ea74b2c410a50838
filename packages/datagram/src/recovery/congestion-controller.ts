import type { RoundTrip } from './round-trip.ts'

/** The initial window is so many full packets, of `initialPacketSizeMax` bytes at most (RFC 9002, 7.2). */
export const initialWindowPackets = 10
export const initialPacketSizeMax = 1_200

/** The factor of pacing that doubles the delivery rate each round trip: 4 × ln 2. */
export const startupGain = 2.77

/** The largest window, in bytes: with it a connection holds back at most so much of the network. 16 MiB are 100 ms at 1.3 Gbit/s. */
export const windowBytesMax = 16 * 1024 * 1024

/** What an acknowledgement, or the time, has shown. One object, used again and again. */
export interface Progress {
  readonly now: number
  /** Bytes that arrived, as told for the first time. */
  readonly ackedBytes: number
  /** Bytes that were given up with it. */
  readonly lostBytes: number
  /** When the newest packet of those that were given up was sent; the oldest number may be much older. */
  readonly newestLostSentAt: number
  /** Bytes in flight before and after. */
  readonly inFlightBefore: number
  readonly inFlight: number
  /** The sample of the round trip in milliseconds, as measured; 0 when there is none. */
  readonly roundTripMs: number
  readonly roundTrip: RoundTrip
  /** The sample of the delivery rate in bytes/ms; 0 when there is none. */
  readonly deliveryRate: number
  /** The sender had too little to send: what did not grow could not. */
  readonly isAppLimited: boolean
  /** All bytes that arrived until now, and those that had when the newest packet of this acknowledgement was sent. */
  readonly delivered: number
  readonly priorDelivered: number
}

/**
 * Decides how much may be in flight, and how fast it leaves. Knows no packets. It is asked nothing: `window` and `pacingRate` are read after each call.
 * `Bbr` and `Cubic` are two of them.
 */
export interface CongestionController {
  readonly name: string
  /** Bytes that may be in flight. */
  readonly window: number
  /** Bytes per millisecond. */
  readonly pacingRate: number
  /** A packet leaves, `inFlight` bytes are in flight without it. */
  sent(inFlight: number, isAppLimited: boolean, now: number): void
  /** Packets arrived; perhaps others are given up for that, which `lost` was told of before. */
  acked(progress: Progress): void
  /** Packets are given up. */
  lost(progress: Progress): void
  /** A packet that was given up has arrived after all: what was taken for it is given back. */
  spurious(bytes: number, sentAt: number): void
  /** Nothing arrived for so long that the path must be thought to be blocked (RFC 9002, 7.6). */
  persistentCongestion(now: number): void
  /** The size of a full packet is another. */
  setMtu(mtu: number): void
}

/** Makes a controller for packets of `mtu` bytes, on a path of which nothing is known but a guess of its round trip. A seed of its own keeps
 * connections from probing in step. */
export type ControllerFactory = (mtu: number, guessMs: number, seed: number) => CongestionController

/** The window in the beginning, in bytes; two full packets at least. */
export function initialWindow(mtu: number): number {
  return Math.max(initialWindowPackets * Math.min(mtu, initialPacketSizeMax), 2 * mtu)
}
