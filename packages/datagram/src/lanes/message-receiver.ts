import type { BlockPool } from '@millrace/buffer'
import { gapCountMax } from './byte-runs.ts'
import { IdRing } from './id-ring.ts'
import { IncomingFrame } from './incoming-frame.ts'
import { messageWindow, partType, sequenceMask } from './part-types.ts'

/** The most gaps between the pieces of all frames: each costs more than the bytes that it parts. */
export const messageGapCountMax = 1024

/**
 * Unordered, reliable messages on their receiving side: takes each id once, and puts frames in pieces together. Their bytes count for one window:
 * those of a whole frame as soon as its first piece is there.
 */
export class MessageReceiver {
  /** Bytes of all frames that the peer may begin. The owner raises it by what was `consumed`; the largest frame must fit. */
  windowEnd: number
  /** Bytes of all frames that were shown. The owner of the frames counts them. */
  consumed = 0
  /** The frame that the last piece made whole; the caller's now, to release. */
  completed: IncomingFrame | undefined
  readonly #pool: BlockPool
  /** From the least id that has not come whole on: what came of each, or that it came whole. */
  readonly #frames: IdRing<IncomingFrame | typeof taken>
  #begun = 0
  #incompleteCount = 0
  /** Of all incomplete frames. */
  #gapCount = 0

  /** `firstId`: as that of the sender. */
  constructor(pool: BlockPool, windowEnd: number, firstId = 0) {
    this.#pool = pool
    this.windowEnd = windowEnd
    this.#frames = new IdRing(firstId)
  }

  /** What the incomplete frames cost in memory. */
  get weight(): number {
    if (this.#incompleteCount === 0) return 0
    return this.#frames
      .values()
      .reduce((sum, frame) => sum + (frame instanceof IncomingFrame ? frame.weight : 0), 0)
  }

  /** A whole frame of so many bytes came. `'new'`: it is to be shown; `'seen'`: it was before; else what the peer did wrong. */
  whole(wireId: number, size: number): string {
    const id = this.#idOf(wireId)
    if (id === farAhead) return idTooFar(wireId, this.#frames.lowest)
    if (id === taken) return 'seen'
    const frame = this.#frameOf(id)
    if (frame === undefined) {
      const violation = this.#begin(size)
      if (violation !== '') return violation
    } else {
      if (frame.size !== size) return contradictoryTotal(wireId, frame.size, size)
      this.#gapCount -= frame.gapCount
      frame.release()
    }
    this.#take(id)
    return 'new'
  }

  /** A piece came, which lies inside of its frame. `''`: stored, see `completed`; `'drop'`: it must not be acknowledged; else what the peer did wrong. */
  piece(wireId: number, total: number, offset: number, bytes: Uint8Array, from: number, to: number): string {
    this.completed = undefined
    const id = this.#idOf(wireId)
    if (id === farAhead) return idTooFar(wireId, this.#frames.lowest)
    if (id === taken) return ''
    let frame = this.#frameOf(id)
    if (frame === undefined) {
      const violation = this.#begin(total)
      if (violation !== '') return violation
      frame = new IncomingFrame(this.#pool, { type: partType.message, id, number: 0, size: total, since: 0 })
      this.#frames.set(id, frame)
      this.#incompleteCount++
    }
    if (frame.size !== total) return contradictoryTotal(wireId, frame.size, total)
    const { gapCount } = frame
    const gapsMax = Math.min(gapCountMax, gapCount + messageGapCountMax - this.#gapCount)
    if (frame.insert(offset, bytes, from, to, gapsMax) === 'full') return 'drop'
    this.#gapCount += frame.gapCount - gapCount
    if (!frame.isWhole()) return ''
    this.completed = frame
    this.#take(id)
    return ''
  }

  /** Forgets the incomplete frames and gives their memory back. */
  release(): void {
    for (const frame of this.#frames.values()) if (frame instanceof IncomingFrame) frame.release()
    this.#frames.clear()
    this.#incompleteCount = this.#gapCount = 0
  }

  #idOf(wireId: number): number {
    const { lowest } = this.#frames
    const ahead = (wireId - lowest) & sequenceMask
    if (ahead > sequenceMask >>> 1) return taken
    if (ahead >= messageWindow) return farAhead
    return this.#frames.get(lowest + ahead) === taken ? taken : lowest + ahead
  }

  /** What came of a frame that is not whole. */
  #frameOf(id: number): IncomingFrame | undefined {
    const frame = this.#frames.get(id)
    return frame === taken ? undefined : frame
  }

  #begin(size: number): string {
    if (this.#begun + size > this.windowEnd)
      return `unordered messages take ${this.#begun + size} bytes, their window ends at ${this.windowEnd}`
    this.#begun += size
    return ''
  }

  #take(id: number): void {
    const frames = this.#frames
    if (frames.get(id) !== undefined) this.#incompleteCount--
    // The next one in their order, which most are, needs no place.
    if (id !== frames.lowest) frames.set(id, taken)
    else
      do frames.advance()
      while (frames.get(frames.lowest) === taken)
  }
}

const taken = -1
const farAhead = -2

function idTooFar(id: number, lowest: number): string {
  return `unordered message ${id} is ${messageWindow} or more ahead of ${lowest & sequenceMask}, which has not come`
}

function contradictoryTotal(id: number, first: number, second: number): string {
  return `unordered message ${id} had ${first} bytes, and now has ${second}`
}
