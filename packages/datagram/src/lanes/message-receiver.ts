import type { BlockPool } from '@millrace/buffer'
import { gapCountMax } from './byte-runs.ts'
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
  /** The least id that has not come whole: ids from there on are looked up by their lowest bits. */
  #lowestId: number
  readonly #isTaken = new Uint8Array(messageWindow)
  readonly #frames: (IncomingFrame | undefined)[] = new Array<undefined>(messageWindow).fill(undefined)
  #begun = 0
  #incompleteCount = 0
  /** Of all incomplete frames. */
  #gapCount = 0

  /** `firstId`: as that of the sender. */
  constructor(pool: BlockPool, windowEnd: number, firstId = 0) {
    this.#pool = pool
    this.windowEnd = windowEnd
    this.#lowestId = firstId
  }

  /** What the incomplete frames cost in memory. */
  get weight(): number {
    if (this.#incompleteCount === 0) return 0
    return this.#frames.reduce((sum, frame) => sum + (frame?.weight ?? 0), 0)
  }

  /** A whole frame of so many bytes came. `'new'`: it is to be shown; `'seen'`: it was before; else what the peer did wrong. */
  whole(wireId: number, size: number): string {
    const id = this.#idOf(wireId)
    if (id === farAhead) return idTooFar(wireId, this.#lowestId)
    if (id === taken) return 'seen'
    const slot = id % messageWindow
    const frame = this.#frames[slot]
    if (frame === undefined) {
      const violation = this.#begin(size)
      if (violation !== '') return violation
    } else {
      if (frame.size !== size) return contradictoryTotal(wireId, frame.size, size)
      this.#gapCount -= frame.gapCount
      frame.release()
    }
    this.#take(slot)
    return 'new'
  }

  /** A piece came, which lies inside of its frame. `''`: stored, see `completed`; `'drop'`: it must not be acknowledged; else what the peer did wrong. */
  piece(wireId: number, total: number, offset: number, bytes: Uint8Array, from: number, to: number): string {
    this.completed = undefined
    const id = this.#idOf(wireId)
    if (id === farAhead) return idTooFar(wireId, this.#lowestId)
    if (id === taken) return ''
    const slot = id % messageWindow
    let frame = this.#frames[slot]
    if (frame === undefined) {
      const violation = this.#begin(total)
      if (violation !== '') return violation
      frame = new IncomingFrame(this.#pool, { type: partType.message, id, number: 0, size: total, since: 0 })
      this.#frames[slot] = frame
      this.#incompleteCount++
    }
    if (frame.size !== total) return contradictoryTotal(wireId, frame.size, total)
    const { gapCount } = frame
    const gapsMax = Math.min(gapCountMax, gapCount + messageGapCountMax - this.#gapCount)
    if (frame.insert(offset, bytes, from, to, gapsMax) === 'full') return 'drop'
    this.#gapCount += frame.gapCount - gapCount
    if (!frame.isWhole()) return ''
    this.completed = frame
    this.#take(slot)
    return ''
  }

  /** Forgets the incomplete frames and gives their memory back. */
  release(): void {
    for (const frame of this.#frames) frame?.release()
    this.#frames.fill(undefined)
    this.#incompleteCount = this.#gapCount = 0
  }

  #idOf(wireId: number): number {
    const ahead = (wireId - this.#lowestId) & sequenceMask
    if (ahead > sequenceMask >>> 1) return taken
    if (ahead >= messageWindow) return farAhead
    const id = this.#lowestId + ahead
    return this.#isTaken[id % messageWindow] === 1 ? taken : id
  }

  #begin(size: number): string {
    if (this.#begun + size > this.windowEnd)
      return `unordered messages take ${this.#begun + size} bytes, their window ends at ${this.windowEnd}`
    this.#begun += size
    return ''
  }

  #take(slot: number): void {
    if (this.#frames[slot] !== undefined) this.#incompleteCount--
    this.#frames[slot] = undefined
    this.#isTaken[slot] = 1
    while (this.#isTaken[this.#lowestId % messageWindow] === 1) {
      this.#isTaken[this.#lowestId % messageWindow] = 0
      this.#lowestId++
    }
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
