import { ackDelayLimitMs, patientDelayLimitMs } from './received-packets.ts'
import type { RoundTrip } from './round-trip.ts'

/** The longest time between two probes, in milliseconds, unless one round trip takes longer: a path that heals is found so soon. */
export const probeTimeoutMaxMs = 5_000

/** When the peer has been silent for so long that it must be asked: a timeout after the last packet, twice as long after each probe (RFC 9002, 6.2). */
export class ProbeTimer {
  #startedAt = 0
  #patientAt = 0
  #probes = 0

  /** A packet that asks for an acknowledgement left. */
  sent(wish: 'patiently' | 'soon', now: number): void {
    if (wish === 'soon') this.#startedAt = now
    else this.#patientAt = now
  }

  /** Something new was acknowledged. */
  acked(): void {
    this.#probes = 0
  }

  /** Probes leave now. */
  probed(now: number): void {
    this.#startedAt = this.#patientAt = now
    this.#probes++
  }

  /** When probes are due, in milliseconds, while anything is in flight: `patiently` if nothing of it is to be acknowledged soon. */
  deadline(wish: 'patiently' | 'soon', roundTrip: RoundTrip): number {
    const isSoon = wish === 'soon'
    const timeoutMs = roundTrip.probeTimeoutMs(isSoon ? ackDelayLimitMs : patientDelayLimitMs)
    const startedAt = isSoon ? this.#startedAt : this.#patientAt
    return startedAt + Math.max(timeoutMs, Math.min(timeoutMs * 2 ** this.#probes, probeTimeoutMaxMs))
  }
}
