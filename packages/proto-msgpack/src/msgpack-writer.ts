import { isForbiddenKey } from './forbidden-key.ts'
import { MsgpackError } from './msgpack-error.ts'
import type { MsgpackLimits } from './msgpack-limits.ts'
import { type MsgpackTarget, targetOf } from './msgpack-target.ts'
import { MsgpackTimestamp, TIMESTAMP_TYPE, timestampSize, writeTimestamp } from './msgpack-timestamp.ts'
import { unwritable } from './unwritable-path.ts'
import { textSize, writeText } from './utf8.ts'
import { isPlain } from './value-kind.ts'
import { bigintSize, ValueMeasure } from './value-measure.ts'
import { countHeadSize, isFixedExtension, numberSize } from './value-size.ts'
import { WriteBudget } from './write-budget.ts'
import { writeNumber } from './write-number.ts'
import {
  checkDensity,
  checkMapKey,
  extensionData,
  type MsgpackWriterOptions,
  type WriterRules,
  writableTimestamp,
  writerRules,
} from './writer-rules.ts'

/** Thrown inside only, so that a target that is too small costs no stack trace. */
const TARGET_ENDS: unique symbol = Symbol('target ends')
const BLOCK_SIZE = 8192
const BLOCK_REST_MIN = 1024
const NO_TARGET: MsgpackTarget = targetOf(0)

/**
 * Writes values in their shortest form. Throws `MsgpackError` for what cannot be written, naming the path; never
 * writes past the target. Borrows the target for the call only; hold one writer and reuse it.
 */
export class MsgpackWriter {
  readonly #rules: WriterRules
  readonly #limits: MsgpackLimits
  readonly #measure: ValueMeasure
  #budget: WriteBudget
  readonly #textSizeMax: number
  #bytes: Uint8Array = NO_TARGET.bytes
  #view: DataView = NO_TARGET.view
  #limit = 0
  #block = NO_TARGET
  #used = 0

  /** Throws `MsgpackError` with `bad-option` for options out of range. */
  constructor(options: MsgpackWriterOptions = {}) {
    this.#rules = writerRules(options)
    this.#limits = this.#rules.limits
    this.#measure = new ValueMeasure(this.#rules)
    this.#budget = new WriteBudget(this.#limits)
    this.#textSizeMax = this.#limits.textSizeMax
  }

  /** The exact size in bytes that `write` will take. Throws for what cannot be written, before anything is. */
  measure(value: unknown): number {
    try {
      return this.#measure.message(value)
    } catch (thrown) {
      throw unwritable(thrown, value, this.#measure)
    }
  }

  /**
   * Writes into the target from `offset` on and returns the end offset. Throws `target-too-small` when the target ends
   * first; whenever it throws, bytes after `offset` are undefined.
   */
  write(value: unknown, target: MsgpackTarget, offset: number): number {
    const end = this.tryWrite(value, target, offset)
    if (end < 0) throw new MsgpackError('target-too-small')
    return end
  }

  /** As `write`, but returns -1 when the target ends first. Faster than to measure where most values fit. */
  tryWrite(value: unknown, target: MsgpackTarget, offset: number): number {
    // An extension codec or a getter may come back to this writer in the middle: what was in use is put back.
    const bytes = this.#bytes
    const view = this.#view
    const limit = this.#limit
    const budget = this.#budget
    this.#bytes = target.bytes
    this.#view = target.view
    this.#limit = Math.min(target.bytes.length, target.view.byteLength)
    this.#budget = new WriteBudget(this.#limits)
    try {
      this.#budget.takeNodes(1)
      const end = this.#value(value, offset, 0)
      checkDensity(this.#limits.nodesMax - this.#budget.nodesLeft, end - offset, this.#rules)
      return end
    } catch (thrown) {
      if (thrown === TARGET_ENDS) return -1
      throw unwritable(thrown, value, this.#measure)
    } finally {
      this.#bytes = bytes
      this.#view = view
      this.#limit = limit
      this.#budget = budget
    }
  }

  /**
   * Encodes into new bytes, which the caller owns. Short results stand in one block of 8 KiB side by side, as those of
   * `Buffer.from` do: copy before the underlying `buffer` is transferred.
   */
  encode(value: unknown): Uint8Array {
    const block = this.#block.bytes.length - this.#used < BLOCK_REST_MIN ? targetOf(BLOCK_SIZE) : this.#block
    const start = block === this.#block ? this.#used : 0
    // The block counts as full meanwhile: a getter or codec that encodes too must not write to the same place.
    this.#block = NO_TARGET
    const end = this.tryWrite(value, block, start)
    this.#block = block
    if (end < 0) {
      this.#used = start
      const target = targetOf(this.measure(value))
      const size = this.write(value, target, 0)
      return target.bytes.subarray(0, size)
    }
    this.#used = end
    return new Uint8Array(block.bytes.buffer, start, end - start)
  }

  #room(offset: number, size: number): void {
    if (offset + size > this.#limit) throw TARGET_ENDS
  }

  #value(value: unknown, offset: number, depth: number): number {
    switch (typeof value) {
      case 'string':
        return this.#text(value, offset)
      case 'number':
        if (value >= 0 && value < 0x80 && (value & 0x7f) === value && !Object.is(value, -0)) {
          return this.#byte(value, offset)
        }
        return this.#number(value, offset)
      case 'boolean':
        return this.#byte(value ? 0xc3 : 0xc2, offset)
      case 'undefined':
        return this.#byte(0xc0, offset)
      case 'object':
        if (value === null) return this.#byte(0xc0, offset)
        if (Array.isArray(value)) return this.#array(value, offset, depth)
        if (isPlain(value)) return this.#record(value, offset, depth)
        return this.#instance(value, offset, depth)
      case 'bigint':
        return this.#bigint(value, offset)
      default:
        throw new MsgpackError('unsupported-value')
    }
  }

  #byte(byte: number, offset: number): number {
    this.#room(offset, 1)
    this.#bytes[offset] = byte
    return offset + 1
  }

  #number(value: number, offset: number): number {
    const size = numberSize(value)
    this.#room(offset, size)
    writeNumber(value, size, this.#bytes, this.#view, offset)
    return offset + size
  }

  #bigint(value: bigint, offset: number): number {
    const size = bigintSize(value)
    const number = Number(value)
    if (Number.isSafeInteger(number)) return this.#number(number, offset)
    this.#room(offset, size)
    this.#bytes[offset] = value < 0n ? 0xd3 : 0xcf
    this.#view.setBigUint64(offset + 1, BigInt.asUintN(64, value))
    return offset + size
  }

  #text(text: string, offset: number): number {
    const { length } = text
    if (length > 31 || length > this.#textSizeMax || offset + 1 + length > this.#limit) {
      return this.#longText(text, offset)
    }
    const bytes = this.#bytes
    const start = offset + 1
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index)
      if (unit > 0x7f) return this.#longText(text, offset)
      bytes[start + index] = unit
    }
    bytes[offset] = 0xa0 | length
    return start + length
  }

  #longText(text: string, offset: number): number {
    const size = textSize(text)
    if (size < 0) throw new MsgpackError('bad-text')
    if (size > this.#textSizeMax) throw new MsgpackError('text-over-limit')
    let at: number
    if (size < 0x20) at = this.#byte(0xa0 | size, offset)
    else at = size < 0x100 ? this.#head8(0xd9, size, offset) : this.#head(0xda, size, offset)
    this.#room(at, size)
    return writeText(text, this.#bytes, at)
  }

  #head8(head: number, size: number, offset: number): number {
    this.#room(offset, 2)
    this.#bytes[offset] = head
    this.#bytes[offset + 1] = size
    return offset + 2
  }

  /** A head with 16 bits of size or count, or the head after it with 32. */
  #head(head16: number, size: number, offset: number): number {
    const isShort = size < 0x1_0000
    this.#room(offset, isShort ? 3 : 5)
    this.#bytes[offset] = isShort ? head16 : head16 + 1
    if (isShort) this.#view.setUint16(offset + 1, size)
    else this.#view.setUint32(offset + 1, size)
    return offset + (isShort ? 3 : 5)
  }

  #array(array: readonly unknown[], offset: number, depth: number): number {
    const count = array.length
    this.#budget.enter(depth)
    this.#budget.takeNodes(count)
    let at = count < 0x10 ? this.#byte(0x90 | count, offset) : this.#head(0xdc, count, offset)
    for (let index = 0; index < count; index++) at = this.#value(array[index], at, depth + 1)
    return at
  }

  #record(record: Record<string, unknown>, offset: number, depth: number): number {
    this.#budget.enter(depth)
    let at = offset + 1
    let count = 0
    for (const key in record) {
      if (!Object.hasOwn(record, key)) continue
      const value = record[key]
      if (value === undefined) continue
      if (isForbiddenKey(key)) throw new MsgpackError('forbidden-key', { detail: key })
      count++
      at = this.#value(value, this.#text(key, at), depth + 1)
    }
    return this.#countHead(count, offset, at)
  }

  #map(map: ReadonlyMap<unknown, unknown>, offset: number, depth: number): number {
    this.#budget.enter(depth)
    let at = offset + 1
    let count = 0
    for (const [key, value] of map) {
      if (value === undefined) continue
      checkMapKey(key, map, this.#rules)
      count++
      at = this.#value(value, this.#value(key, at, depth + 1), depth + 1)
    }
    return this.#countHead(count, offset, at)
  }

  /** Puts the head before the pairs in `[offset + 1, end)`: their count is known only now, as undefined ones are left out. */
  #countHead(count: number, offset: number, end: number): number {
    this.#budget.takeKeys(count, count)
    if (count < 0x10) {
      this.#byte(0x80 | count, offset)
      return end
    }
    const more = countHeadSize(count) - 1
    this.#room(end, more)
    this.#bytes.copyWithin(offset + 1 + more, offset + 1, end)
    this.#head(0xde, count, offset)
    return end + more
  }

  #instance(value: object, offset: number, depth: number): number {
    if (value instanceof Uint8Array) return this.#binary(value, offset)
    if (value instanceof Map) return this.#map(value, offset, depth)
    if (value instanceof Date || value instanceof MsgpackTimestamp) return this.#timestamp(value, offset)
    const { type, data } = extensionData(value, this.#rules)
    const at = this.#extensionHead(type, data.length, offset)
    this.#bytes.set(data, at)
    return at + data.length
  }

  #binary(value: Uint8Array, offset: number): number {
    const size = value.length
    if (size > this.#limits.binarySizeMax) throw new MsgpackError('binary-over-limit')
    const at = size < 0x100 ? this.#head8(0xc4, size, offset) : this.#head(0xc5, size, offset)
    this.#room(at, size)
    this.#bytes.set(value, at)
    return at + size
  }

  #timestamp(value: Date | MsgpackTimestamp, offset: number): number {
    const timestamp = writableTimestamp(value, this.#rules)
    const size = timestampSize(timestamp)
    const at = this.#extensionHead(TIMESTAMP_TYPE, size, offset)
    writeTimestamp(timestamp, this.#view, at)
    return at + size
  }

  /** Head and type; also checks the room for the data. */
  #extensionHead(type: number, size: number, offset: number): number {
    let at: number
    if (isFixedExtension(size)) at = this.#byte(0xd4 + Math.log2(size), offset)
    else at = size < 0x100 ? this.#head8(0xc7, size, offset) : this.#head(0xc8, size, offset)
    at = this.#byte(type & 0xff, at)
    this.#room(at, size)
    return at
  }
}
