import { randomNumbers } from './random.ts'

/** What a path does to packets, in each direction. The same seed loses the same ones. */
export type PathConditions = {
  /** Of 32 bits, not few of them: small ones begin with small numbers. */
  readonly seed: number
  /** Of 1. */
  readonly loss: number
  /** One way. */
  readonly delayMs: number
  readonly bytesPerMs: number
  /** What waits for its turn at most, in bytes: more is lost. */
  readonly queueBytes: number
  /** Larger packets are lost, in bytes. */
  readonly packetSizeMax: number
  /** Each packet takes up to so much longer or shorter, and so may pass others. Default 0. */
  readonly jitterMs?: number
  /** The share of packets that come twice, of 1. Default 0. */
  readonly duplication?: number
  /** The share that is held back by `reorderMs` while others pass, of 1. Default 0. */
  readonly reorder?: number
  readonly reorderMs?: number
}

/** One direction of a path: a queue that drains at its rate, and then the way. Knows no clock and no packet. `native/path-model.h` says the same, draw by draw. */
export class PathModel {
  readonly #given: Required<PathConditions>
  readonly #next: () => number
  #freeAt = 0

  constructor(conditions: PathConditions, seed: number) {
    this.#given = complete(conditions)
    this.#next = randomNumbers(seed)
  }

  /** When a packet that is sent at `now` arrives: never, once or twice. All times are milliseconds. */
  carry(size: number, now: number): readonly number[] {
    const { loss, bytesPerMs, queueBytes, packetSizeMax, duplication } = this.#given
    const isLost = this.#draw() < loss
    const waitsMs = Math.max(0, this.#freeAt - now)
    if (isLost || size > packetSizeMax || waitsMs * bytesPerMs + size > queueBytes) return []
    this.#freeAt = now + waitsMs + size / bytesPerMs
    const first = this.#freeAt + this.#way()
    return this.#happens(duplication) ? [first, this.#freeAt + this.#way()] : [first]
  }

  #way(): number {
    const { delayMs, jitterMs, reorder, reorderMs } = this.#given
    const ownMs = jitterMs > 0 ? delayMs + jitterMs * (2 * this.#draw() - 1) : delayMs
    return Math.max(0, this.#happens(reorder) ? ownMs + reorderMs : ownMs)
  }

  /** What never happens draws no number. */
  #happens(share: number): boolean {
    return share > 0 && this.#draw() < share
  }

  #draw(): number {
    return this.#next() / 2 ** 32
  }
}

/** The arguments of the native programs, in their order; the seed is apart. */
export function conditionArguments(conditions: PathConditions) {
  const { loss, delayMs, bytesPerMs, queueBytes, packetSizeMax, jitterMs, duplication, reorder, reorderMs } =
    complete(conditions)
  return { loss, delayMs, bytesPerMs, queueBytes, packetSizeMax, jitterMs, duplication, reorder, reorderMs }
}

function complete(conditions: PathConditions): Required<PathConditions> {
  return { jitterMs: 0, duplication: 0, reorder: 0, reorderMs: 0, ...conditions }
}
