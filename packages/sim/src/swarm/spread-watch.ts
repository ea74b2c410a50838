import type { SwarmPlan } from './plan.ts'
import type { Rules } from './rules.ts'

/** A first burst, and what probes, acknowledgements and a second connection may add to what the pacer allows, in bytes. */
const spareBytes = 30_000

/** Only where a round trip takes so long, in milliseconds, is the pacer's burst a small part of it. */
const roundTripMin = 40
const packetSize = 1472

/** What left at one instant, in bytes. */
interface Burst {
  readonly at: number
  bytes: number
}

interface Flow {
  /** Those of the last round trip, the oldest first, and their bytes together. */
  readonly bursts: Burst[]
  bytes: number
  /** The most bytes that left in any round trip. */
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
      flow = { bursts: [], bytes: 0, most: 0 }
      this.#flows.set(name, flow)
    }
    const { bursts } = flow
    if (bursts.at(-1)?.at !== now) bursts.push({ at: now, bytes: 0 })
    while (bursts[0].at < now - this.#roundTripMs) flow.bytes -= (bursts.shift() as Burst).bytes
    const last = bursts[bursts.length - 1]
    last.bytes += size
    flow.bytes += size
    flow.most = Math.max(flow.most, flow.bytes)
    const burst = last.bytes
    const { most } = flow
    if (burst > 2 * packetSize)
      this.#rules.hold(
        'packets are spread over time',
        burst <= spareBytes + most / 2,
        () => `${burst} bytes left ${from} for ${to} at one instant, of at most ${most} in a round trip`,
      )
  }
}
