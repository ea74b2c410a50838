import { MsgpackError } from './msgpack-error.ts'
import type { MsgpackLimits } from './msgpack-limits.ts'

/** What one message may still have while it is measured or written. Knows no values and no bytes. */
export class WriteBudget {
  nodesLeft: number
  readonly #limits: MsgpackLimits
  #keysLeft: number

  constructor(limits: MsgpackLimits) {
    this.#limits = limits
    this.nodesLeft = limits.nodesMax
    this.#keysLeft = limits.keysInAllMax
  }

  /** A container in so many others. */
  enter(depth: number): void {
    if (depth >= this.#limits.depthMax) throw new MsgpackError('depth-over-limit')
  }

  /** So many values more. */
  takeNodes(count: number): void {
    if (count > this.nodesLeft) throw new MsgpackError('nodes-over-limit')
    this.nodesLeft -= count
  }

  /** So many keys more, each with a value, of a map that has `inMap` with them. */
  takeKeys(count: number, inMap: number): void {
    if (inMap > this.#limits.keysMax) throw new MsgpackError('keys-over-limit')
    if (count > this.#keysLeft) throw new MsgpackError('keys-in-all-over-limit')
    this.#keysLeft -= count
    this.takeNodes(count)
  }
}
