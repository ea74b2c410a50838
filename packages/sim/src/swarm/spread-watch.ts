import type { SwarmPlan } from './plan.ts'
import type { Rules } from './rules.ts'

/** A first burst, and what probes, acknowledgements and a second connection may add to what the pacer allows, in bytes. */
const spareBytes = 30_000

/** Only where a round trip takes so long, in milliseconds, is the pacer's burst a small part of it. */
const roundTripMin = 40
const packetSize = 1472

interface Flow {
  at: number
  /** Bytes that left at this instant. */
  burst: number
  /** When this round trip began, its bytes so far, and the most that any had. */
  since: number
  bytes: number
  most: number
}

/** What a connection sends in a round trip leaves spread over it: no instant has more than a half of it. */
export class SpreadWatch {
  readonly #rules: Rules
  readonly #roundTripMs: number
  readonly #flows = new Map<string, Flow>()

  constructor(rules: Rules, { delayMs }: SwarmPlan) {
    this.#rules = rules
    this.#roundTripMs = 2 * delayMs[0]
  }

  saw(from: string, to: string, size: number, now: number): void {
    if (this.#roundTripMs < roundTripMin) return
    const name = `${from} ${to}`
    let flow = this.#flows.get(name)
    if (flow === undefined) {
      flow = { at: now, burst: 0, since: now, bytes: 0, most: 0 }
      this.#flows.set(name, flow)
    }
    if (now - flow.since >= this.#roundTripMs) {
      flow.since = now
      flow.bytes = 0
    }
    if (now > flow.at) {
      flow.at = now
      flow.burst = 0
    }
    flow.burst += size
    flow.bytes += size
    flow.most = Math.max(flow.most, flow.bytes)
    const { burst, most } = flow
    if (burst > 2 * packetSize)
      this.#rules.hold(
        'packets are spread over time',
        burst <= spareBytes + most / 2,
        () => `${burst} bytes left ${from} for ${to} at one instant, of at most ${most} in a round trip`,
      )
  }
}
