import type { BlockPool } from '@millrace/buffer'
import { IncomingFrame } from './incoming-frame.ts'
import { isAhead } from './latest-sequences.ts'
import { lossyFrameSizeMax, partType, sequencedMask, sequenceMask } from './part-types.ts'

/** The most frames that come in pieces at the same time. */
export const incompleteCountMax = 8

/** The most bytes of all of them, as announced. */
export const incompleteBytesMax = lossyFrameSizeMax

/** After so long a lossy frame that isn't whole is given up. */
export const incompleteMs = 1000

/** What a piece says of its frame. */
export interface PieceHeader {
  readonly type: number
  readonly number: number
  readonly id: number
  readonly size: number
}

/**
 * Frames of one connection that come in pieces, at most `incompleteCountMax` and `incompleteBytesMax`, with those that are whole and were not
 * shown yet. There are two kinds:
 *
 * - `'lossy'`, unreliable and sequenced frames: a new one takes the place of the oldest, and each is given up after `incompleteMs`.
 * - `'newest'`: nothing is given up, as pieces that were acknowledged don't come again. A new one for which there is no place is refused, so
 *   that its packet isn't acknowledged; it takes the place of an older one of its own number.
 */
export class IncompleteFrames {
  /** Frames that were given up. Read only. */
  dropped = 0
  /** The frame that the last piece made whole: the caller shows it and gives it to `remove`. */
  completed: IncomingFrame | undefined
  readonly #pool: BlockPool
  readonly #kind: 'lossy' | 'newest'
  /** Oldest first. */
  readonly #frames: IncomingFrame[] = []
  #bytes = 0

  constructor(pool: BlockPool, kind: 'lossy' | 'newest') {
    this.#pool = pool
    this.#kind = kind
  }

  /** How many frames there are. */
  get count(): number {
    return this.#frames.length
  }

  /** What they cost in memory. */
  get weight(): number {
    return this.#frames.reduce((sum, frame) => sum + frame.weight, 0)
  }

  /** When `expire` is to be called; `Infinity` if there is nothing to give up. */
  get deadline(): number {
    if (this.#kind === 'newest') return Number.POSITIVE_INFINITY
    const oldest = this.#frames.find((frame) => !frame.isWhole())
    return oldest === undefined ? Number.POSITIVE_INFINITY : oldest.since + incompleteMs
  }

  /** Takes a piece that lies inside of its frame. `''`, see `completed`; `'drop'`: it must not be acknowledged; else what the peer did wrong. */
  receive(
    header: PieceHeader,
    offset: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    now: number,
  ): string {
    this.completed = undefined
    let frame = this.#find(header)
    if (frame === undefined) {
      if (this.#kind === 'newest' && !this.#replaceOlder(header)) return ''
      if (!this.#makeRoom(header.size)) return this.#withoutRoom()
      frame = new IncomingFrame(this.#pool, { ...header, since: now })
      this.#frames.push(frame)
      this.#bytes += header.size
    }
    if (frame.size !== header.size)
      return `message ${header.number} with sequence ${header.id} had ${frame.size} bytes, and now has ${header.size}`
    if (frame.isWhole()) return ''
    if (frame.insert(offset, bytes, from, to) === 'full') return this.#kind === 'newest' ? 'drop' : ''
    if (frame.isWhole()) this.completed = frame
    return ''
  }

  /** A frame of this number with this sequence is whole: older ones that aren't are given up. */
  supersede(type: number, number: number, id: number): void {
    for (let index = this.#frames.length - 1; index >= 0; index--) {
      const frame = this.#frames[index]
      if (frame.type !== type || frame.number !== number || frame.isWhole()) continue
      if (frame.id === id || isAhead(id, frame.id, maskOf(type))) this.#drop(index)
    }
  }

  /** Gives up what took too long. */
  expire(now: number): void {
    if (this.#kind === 'newest') return
    for (let index = this.#frames.length - 1; index >= 0; index--) {
      const frame = this.#frames[index]
      if (!frame.isWhole() && frame.since + incompleteMs <= now) this.#giveUp(index)
    }
  }

  /** A frame was shown: gives its memory back. */
  remove(frame: IncomingFrame): void {
    this.#drop(this.#frames.indexOf(frame))
  }

  /** Forgets everything and gives the memory back. */
  release(): void {
    for (const frame of this.#frames) frame.release()
    this.#frames.length = 0
    this.#bytes = 0
  }

  #find({ type, number, id }: PieceHeader): IncomingFrame | undefined {
    return this.#frames.find((frame) => frame.id === id && frame.number === number && frame.type === type)
  }

  /** Drops an older value of the same number, for its sender sends no more of it. False if there is a newer one. */
  #replaceOlder({ number, id }: PieceHeader): boolean {
    const index = this.#frames.findIndex((frame) => frame.number === number && !frame.isWhole())
    if (index < 0) return true
    if (!isAhead(id, this.#frames[index].id, sequenceMask)) return false
    this.#drop(index)
    return true
  }

  #makeRoom(size: number): boolean {
    while (this.#frames.length >= incompleteCountMax || this.#bytes + size > incompleteBytesMax) {
      if (this.#kind === 'newest') return false
      const oldest = this.#frames.findIndex((frame) => !frame.isWhole())
      if (oldest < 0) return false
      this.#giveUp(oldest)
    }
    return true
  }

  #withoutRoom(): string {
    if (this.#kind === 'newest') return 'drop'
    this.dropped++
    return ''
  }

  #giveUp(index: number): void {
    this.dropped++
    this.#drop(index)
  }

  #drop(index: number): void {
    const [frame] = this.#frames.splice(index, 1)
    this.#bytes -= frame.size
    frame.release()
  }
}

function maskOf(type: number): number {
  return type === partType.sequenced ? sequencedMask : sequenceMask
}
