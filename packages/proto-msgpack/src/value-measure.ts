import { isForbiddenKey } from './forbidden-key.ts'
import { MsgpackError } from './msgpack-error.ts'
import type { MsgpackExtension } from './msgpack-extension.ts'
import type { MsgpackLimits } from './msgpack-limits.ts'
import { isTimestampValid, MsgpackTimestamp, timestampOf, timestampSize } from './msgpack-timestamp.ts'
import { textSize } from './utf8.ts'
import { isMapKey, isPlain } from './value-kind.ts'
import { binaryHeadSize, countHeadSize, extensionHeadSize, numberSize, textHeadSize } from './value-size.ts'

const INT64_MIN = -0x8000_0000_0000_0000n
const UINT64_MAX = 0xffff_ffff_ffff_ffffn

/**
 * Computes encoded sizes and is the judge of what can be written: limits, kinds, keys, ranges. Throws `MsgpackError`
 * without a path; `unwritablePath` finds it.
 */
export class ValueMeasure {
  readonly #limits: MsgpackLimits
  readonly #extensions: readonly MsgpackExtension[]
  #nodesLeft = 0

  constructor(limits: MsgpackLimits, extensions: readonly MsgpackExtension[]) {
    this.#limits = limits
    this.#extensions = extensions
  }

  get depthMax(): number {
    return this.#limits.depthMax
  }

  /** Size of a value that stands inside so many containers. */
  size(value: unknown, depth: number): number {
    const outer = this.#nodesLeft
    this.#nodesLeft = this.#limits.nodesMax
    try {
      this.#count(1)
      return this.#size(value, depth)
    } finally {
      this.#nodesLeft = outer
    }
  }

  #count(nodes: number): void {
    if (nodes > this.#nodesLeft) throw new MsgpackError('nodes-over-limit')
    this.#nodesLeft -= nodes
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
    if (isPlain(value)) return this.#record(value, depth)
    if (Array.isArray(value)) return this.#array(value, depth)
    if (value instanceof Uint8Array) return this.#binary(value)
    if (value instanceof Map) return this.#map(value, depth)
    if (value instanceof Date || value instanceof MsgpackTimestamp) {
      const data = timestampSize(writableTimestamp(value))
      return extensionHeadSize(data) + data
    }
    const data = extensionData(value, this.#extensions, this.#limits).data.length
    return extensionHeadSize(data) + data
  }

  #binary(value: Uint8Array): number {
    if (value.length > this.#limits.binarySizeMax) throw new MsgpackError('binary-over-limit')
    return binaryHeadSize(value.length) + value.length
  }

  #array(array: readonly unknown[], depth: number): number {
    this.#enter(depth)
    this.#count(array.length)
    let size = countHeadSize(array.length)
    for (let index = 0; index < array.length; index++) size += this.#size(array[index], depth + 1)
    return size
  }

  #record(record: Record<string, unknown>, depth: number): number {
    this.#enter(depth)
    let size = 0
    let count = 0
    for (const key in record) {
      if (!Object.hasOwn(record, key)) continue
      const value = record[key]
      if (value === undefined) continue
      if (++count > this.#limits.keysMax) throw new MsgpackError('keys-over-limit')
      if (isForbiddenKey(key)) throw new MsgpackError('forbidden-key', { detail: key })
      this.#count(1)
      size += this.#text(key) + this.#size(value, depth + 1)
    }
    return countHeadSize(count) + size
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): number {
    this.#enter(depth)
    let size = 0
    let count = 0
    for (const [key, value] of map) {
      if (value === undefined) continue
      if (++count > this.#limits.keysMax) throw new MsgpackError('keys-over-limit')
      checkMapKey(key, map)
      this.#count(1)
      size += this.#size(key, depth + 1) + this.#size(value, depth + 1)
    }
    return countHeadSize(count) + size
  }

  #enter(depth: number): void {
    if (depth >= this.#limits.depthMax) throw new MsgpackError('depth-over-limit')
  }
}

/** Throws for a key that a `Map` may not have on the wire. */
export function checkMapKey(key: unknown, map: ReadonlyMap<unknown, unknown>): void {
  if (!isMapKey(key, map)) throw new MsgpackError(typeof key === 'bigint' ? 'duplicate-key' : 'bad-key')
  if (typeof key === 'string' && isForbiddenKey(key)) throw new MsgpackError('forbidden-key', { detail: key })
}

/** Size of a bigint: as a number where one holds it, else 9. Throws when 64 bits do not hold it. */
export function bigintSize(value: bigint): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return numberSize(number)
  if (value < INT64_MIN || value > UINT64_MAX) throw new MsgpackError('integer-out-of-range')
  return 9
}

/** A timestamp in range, or throws. */
export function writableTimestamp(value: Date | MsgpackTimestamp): MsgpackTimestamp {
  const timestamp = value instanceof Date ? timestampOf(value) : value
  if (!isTimestampValid(timestamp)) throw new MsgpackError('bad-timestamp')
  return timestamp
}

/** Asks the registered codecs for the data of a class instance. Throws when none takes it, or the one that does fails. */
export function extensionData(
  value: object,
  extensions: readonly MsgpackExtension[],
  { extSizeMax }: MsgpackLimits,
): { readonly type: number; readonly data: Uint8Array } {
  let data: unknown
  let type = -1
  try {
    const extension = extensions.find(({ matches }) => matches(value))
    if (extension !== undefined) {
      type = extension.type
      data = extension.encode(value)
    }
  } catch (cause) {
    throw new MsgpackError('extension-failed', { cause })
  }
  if (type < 0) throw new MsgpackError('unsupported-value')
  if (!(data instanceof Uint8Array)) throw new MsgpackError('extension-failed')
  if (data.length > extSizeMax) throw new MsgpackError('extension-over-limit')
  return { type, data }
}
