import { isForbiddenKey } from './forbidden-key.ts'
import { MsgpackError } from './msgpack-error.ts'
import type { MsgpackLimits } from './msgpack-limits.ts'
import { MsgpackTimestamp, timestampSize } from './msgpack-timestamp.ts'
import { textSize } from './utf8.ts'
import { isPlain } from './value-kind.ts'
import { binaryHeadSize, countHeadSize, extensionHeadSize, numberSize, textHeadSize } from './value-size.ts'
import { WriteBudget } from './write-budget.ts'
import {
  checkDensity,
  checkMapKey,
  extensionData,
  type WriterRules,
  writableTimestamp,
} from './writer-rules.ts'

const INT64_MIN = -0x8000_0000_0000_0000n
const UINT64_MAX = 0xffff_ffff_ffff_ffffn

/**
 * Computes encoded sizes and is the judge of what can be written: limits, kinds, keys, ranges. Throws `MsgpackError`
 * without a path; `unwritablePath` finds it.
 */
export class ValueMeasure {
  readonly #rules: WriterRules
  readonly #limits: MsgpackLimits
  #budget: WriteBudget

  constructor(rules: WriterRules) {
    this.#rules = rules
    this.#limits = rules.limits
    this.#budget = new WriteBudget(this.#limits)
  }

  get depthMax(): number {
    return this.#limits.depthMax
  }

  /** Size of a whole message. */
  message(value: unknown): number {
    return this.#counted(() => {
      const size = this.#size(value, 0)
      checkDensity(this.#limits.nodesMax - this.#budget.nodesLeft, size, this.#rules)
      return size
    })
  }

  /** Size of a value that stands inside so many containers. */
  size(value: unknown, depth: number): number {
    return this.#counted(() => this.#size(value, depth))
  }

  /** Counts nodes afresh for one value; a getter or codec that measures meanwhile has a count of its own. */
  #counted(measure: () => number): number {
    const outer = this.#budget
    this.#budget = new WriteBudget(this.#limits)
    try {
      this.#budget.takeNodes(1)
      return measure()
    } finally {
      this.#budget = outer
    }
  }

  #size(value: unknown, depth: number): number {
    switch (typeof value) {
      case 'string':
        return this.#text(value)
      case 'number':
        return numberSize(value)
      case 'boolean':
      case 'undefined':
        return 1
      case 'bigint':
        return bigintSize(value)
      case 'object':
        return value === null ? 1 : this.#object(value, depth)
      default:
        throw new MsgpackError('unsupported-value')
    }
  }

  #text(text: string): number {
    const size = textSize(text)
    if (size < 0) throw new MsgpackError('bad-text')
    if (size > this.#limits.textSizeMax) throw new MsgpackError('text-over-limit')
    return textHeadSize(size) + size
  }

  #object(value: object, depth: number): number {
    if (Array.isArray(value)) return this.#array(value, depth)
    if (isPlain(value)) return this.#record(value, depth)
    if (value instanceof Uint8Array) return this.#binary(value)
    if (value instanceof Map) return this.#map(value, depth)
    if (value instanceof Date || value instanceof MsgpackTimestamp) {
      const data = timestampSize(writableTimestamp(value, this.#rules))
      return extensionHeadSize(data) + data
    }
    const data = extensionData(value, this.#rules).data.length
    return extensionHeadSize(data) + data
  }

  #binary(value: Uint8Array): number {
    if (value.length > this.#limits.binarySizeMax) throw new MsgpackError('binary-over-limit')
    return binaryHeadSize(value.length) + value.length
  }

  #array(array: readonly unknown[], depth: number): number {
    this.#budget.enter(depth)
    this.#budget.takeNodes(array.length)
    let size = countHeadSize(array.length)
    for (let index = 0; index < array.length; index++) size += this.#size(array[index], depth + 1)
    return size
  }

  #record(record: Record<string, unknown>, depth: number): number {
    this.#budget.enter(depth)
    let size = 0
    let count = 0
    for (const key in record) {
      if (!Object.hasOwn(record, key)) continue
      const value = record[key]
      if (value === undefined) continue
      if (isForbiddenKey(key)) throw new MsgpackError('forbidden-key', { detail: key })
      this.#budget.takeKeys(1, ++count)
      size += this.#text(key) + this.#size(value, depth + 1)
    }
    return countHeadSize(count) + size
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): number {
    this.#budget.enter(depth)
    let size = 0
    let count = 0
    for (const [key, value] of map) {
      if (value === undefined) continue
      checkMapKey(key, map, this.#rules)
      this.#budget.takeKeys(1, ++count)
      size += this.#size(key, depth + 1) + this.#size(value, depth + 1)
    }
    return countHeadSize(count) + size
  }
}

/** Size of a bigint: as a number where one holds it, else 9. Throws when 64 bits do not hold it. */
export function bigintSize(value: bigint): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return numberSize(number)
  if (value < INT64_MIN || value > UINT64_MAX) throw new MsgpackError('integer-out-of-range')
  return 9
}
