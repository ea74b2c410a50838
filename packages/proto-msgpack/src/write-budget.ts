import { MsgpackError } from './msgpack-error.ts'
import type { MsgpackLimits } from './msgpack-limits.ts'

/** What a message may still have while it is measured or written. Knows no values and no bytes. */
export class WriteBudget {
  readonly #limits: MsgpackLimits
  nodesLeft = 0
  keysLeft = 0

  constructor(limits: MsgpackLimits) {
    this.#limits = limits
  }

  /** A message begins, which is one value at least. */
  begin(): void {
    this.nodesLeft = this.#limits.nodesMax
    this.keysLeft = this.#limits.keysInAllMax
    this.takeNodes(1)
  }

  /** So many values more. */
  takeNodes(count: number): void {
    if (count > this.nodesLeft) throw new MsgpackError('nodes-over-limit')
    this.nodesLeft -= count
  }

  /** So many keys more, each with a value. */
  takeKeys(count: number): void {
    if (count > this.keysLeft) throw new MsgpackError('keys-in-all-over-limit')
    this.keysLeft -= count
    this.takeNodes(count)
  }
}
