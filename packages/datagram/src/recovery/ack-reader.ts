import { readVarint, varintSizeOf } from '@millrace/wire'
import { readU48, u48Size } from '../base/u48.ts'

/** An ack says its delay in units of 8 µs. */
export const ackDelayUnitsPerMs = 125

/** The most ranges that an ack can have: the first, and as many as its byte can count. */
export const ackRangesMax = 256

/**
 * Reads the body of an ack part, and shows its ranges from the highest down. One serves all connections: what it shows stays until the next `read`,
 * and the bytes are not needed any more.
 *
 *     largest number   6 bytes, little-endian
 *     delay            varint, in units of 8 µs
 *     further ranges   1 byte
 *     length - 1       varint: the first range ends with the largest number
 *     gap - 1          varint: how many numbers are missing below it          ┐ for each
 *     length - 1       varint                                                 ┘ further range
 */
export class AckReader {
  /** The lowest number of each range, the highest range first: the first `count` are those of the ack that was read. Not to be written. */
  readonly lows = new Float64Array(ackRangesMax)
  /** The highest number of each range. */
  readonly highs = new Float64Array(ackRangesMax)
  #count = 0
  #delayMs = 0
  #end = 0

  /** How many ranges there are, at least 1 after a `read` that found nothing wrong. */
  get count(): number {
    return this.#count
  }

  /** The largest number that is acknowledged. */
  get largest(): number {
    return this.highs[0]
  }

  /** How long the peer says it held the ack back, in milliseconds. Not to be trusted: up to 8,590 s. */
  get delayMs(): number {
    return this.#delayMs
  }

  /** Where the body ended. */
  get end(): number {
    return this.#end
  }

  /** Reads the body that begins at `at` and goes no further than `limit`. Returns '', or what is wrong with it; it shows no ranges then. */
  read(bytes: Uint8Array, view: DataView, at: number, limit: number): string {
    this.#count = 0
    if (limit - at < u48Size + 1) return 'an ack that is cut'
    const largest = readU48(view, at)
    let position = at + u48Size
    let next = position + varintSizeOf(bytes[position])
    if (next >= limit) return 'an ack that is cut'
    this.#delayMs = readVarint(bytes, position) / ackDelayUnitsPerMs
    const further = bytes[next]
    position = next + 1
    let high = largest
    for (let index = 0; index <= further; index++) {
      if (index > 0) {
        if (position >= limit || (next = position + varintSizeOf(bytes[position])) > limit)
          return 'an ack that is cut'
        high = this.lows[index - 1] - readVarint(bytes, position) - 2
        position = next
      }
      if (position >= limit || (next = position + varintSizeOf(bytes[position])) > limit)
        return 'an ack that is cut'
      const low = high - readVarint(bytes, position)
      if (low < 0) return 'an ack of numbers below 0'
      this.lows[index] = low
      this.highs[index] = high
      position = next
    }
    this.#count = further + 1
    this.#end = position
    return ''
  }
}
