import type { MsgpackErrorCode } from './msgpack-error.ts'
import type { MsgpackLimits } from './msgpack-limits.ts'
import { allowedFor } from './value-memory.ts'

/** What one message may still have while it is read. Knows no values and no bytes. */
export class ReadBudget {
  readonly #limits: MsgpackLimits
  #depth = 0
  #nodesLeft: number
  #keysLeft: number
  #memoryLeft: number

  /** For a message of so many bytes. */
  constructor(limits: MsgpackLimits, size: number) {
    this.#limits = limits
    this.#nodesLeft = Math.min(limits.nodesMax, Math.floor(size * limits.nodesPerByteMax))
    this.#keysLeft = limits.keysInAllMax
    this.#memoryLeft = allowedFor(size, limits.memoryPerByteMax)
  }

  /** One value more, in no container. False when it is over the limit. */
  takeNode(): boolean {
    return this.#nodesLeft-- > 0
  }

  /** A container of `count` values begins; '' or the limit that it is over. */
  enter(count: number): '' | MsgpackErrorCode {
    if (this.#depth >= this.#limits.depthMax) return 'depth-over-limit'
    if (count > this.#nodesLeft) return 'nodes-over-limit'
    this.#nodesLeft -= count
    this.#depth++
    return ''
  }

  /** The container that was entered last ends. */
  leave(): void {
    this.#depth--
  }

  /** The container that was entered last is a map of `count` keys; '' or the limit that they are over. */
  takeKeys(count: number): '' | MsgpackErrorCode {
    if (count > this.#limits.keysMax) return 'keys-over-limit'
    if (count > this.#keysLeft) return 'keys-in-all-over-limit'
    this.#keysLeft -= count
    return ''
  }

  /** Whether `size` more bytes of memory are acceptable. */
  takeMemory(size: number): boolean {
    this.#memoryLeft -= size
    return this.#memoryLeft >= 0
  }
}
