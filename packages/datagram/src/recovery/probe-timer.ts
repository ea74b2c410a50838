import { ackDelayLimitMs } from './received-packets.ts'
import type { RoundTrip } from './round-trip.ts'

/** The longest time between two probes, in milliseconds, unless one round trip takes longer: a path that heals is found so soon. */
export const probeTimeoutMaxMs = 5_000

/** When the peer has been silent for so long that it must be asked: a timeout after the last packet, twice as long after each probe (RFC 9002, 6.2). */
export class ProbeTimer {
  #startedAt = 0
  #probes = 0

  /** A packet that asks for an acknowledgement left. */
  sent(now: number): void {
    this.#startedAt = now
  }

  /** Something new was acknowledged. */
  acked(): void {
    this.#probes = 0
  }

  /** Probes leave now. */
  probed(now: number): void {
    this.#startedAt = now
    this.#probes++
  }

  /** When probes are due, in milliseconds, while anything is in flight. */
  deadline(roundTrip: RoundTrip): number {
    const timeoutMs = roundTrip.probeTimeoutMs(ackDelayLimitMs)
    return this.#startedAt + Math.max(timeoutMs, Math.min(timeoutMs * 2 ** this.#probes, probeTimeoutMaxMs))
  }
}
