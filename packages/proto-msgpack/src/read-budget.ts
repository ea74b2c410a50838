import type { MsgpackErrorCode } from './msgpack-error.ts'
import type { MsgpackLimits } from './msgpack-limits.ts'
import { allowedFor } from './value-memory.ts'

/** What the message being read may still have. Knows no values and no bytes. */
export class ReadBudget {
  readonly #limits: MsgpackLimits
  #depth = 0
  #nodesLeft = 0
  #keysLeft = 0
  #memoryLeft = 0

  constructor(limits: MsgpackLimits) {
    this.#limits = limits
  }

  /** A message of `size` bytes begins. False when not even one value is acceptable. */
  begin(size: number): boolean {
    const { nodesMax, nodesPerByteMax, memoryPerByteMax, keysInAllMax } = this.#limits
    this.#depth = 0
    this.#keysLeft = keysInAllMax
    this.#memoryLeft = allowedFor(size, memoryPerByteMax)
    this.#nodesLeft = Math.min(nodesMax, Math.floor(size * nodesPerByteMax))
    return this.#nodesLeft-- > 0 || size === 0
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
