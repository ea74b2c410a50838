import type { BlockPool } from '@millrace/buffer'
import { frameNumberMax } from '@millrace/wire'
import { messageNumber } from './frame-ends.ts'
import type { IncomingFrame } from './incoming-frame.ts'
import { IncompleteFrames } from './incomplete-frames.ts'
import { LatestSequences } from './latest-sequences.ts'
import type { PartCursor } from './part-cursor.ts'
import { lossyFrameSizeMax, partType, sequencedMask, sequenceMask } from './part-types.ts'

/**
 * Unreliable, sequenced and newest messages on their receiving side: refuses what is older than what came, and puts frames in pieces together.
 */
export class LossyReceiver {
  /** The frame that the last piece made whole: the caller shows it and gives it to `remove`. */
  completed: IncomingFrame | undefined
  readonly #pool: BlockPool
  // Made when the first piece comes.
  #lossy: IncompleteFrames | undefined
  #newest: IncompleteFrames | undefined
  readonly #latestSequenced = new LatestSequences(sequencedMask)
  readonly #latestNewest = new LatestSequences(sequenceMask)

  constructor(pool: BlockPool) {
    this.#pool = pool
  }

  /** Frames in pieces that were given up. */
  get dropped(): number {
    return this.#lossy?.dropped ?? 0
  }

  /** What frames in pieces cost in memory. */
  get weight(): number {
    return (this.#lossy?.weight ?? 0) + (this.#newest?.weight ?? 0)
  }

  /** When `expire` is to be called; `Infinity` if there is nothing to give up. */
  get deadline(): number {
    return this.#lossy === undefined ? Number.POSITIVE_INFINITY : this.#lossy.deadline
  }

  /** The frame `[from, to)` came whole. `'new'`: it is to be shown; `'old'`: it isn't; else what the peer did wrong. */
  whole(type: number, sequence: number, bytes: Uint8Array, from: number, to: number): string {
    if (type === partType.unreliable) return 'new'
    const number = messageNumber(bytes, from, to)
    if (number < 0 || number > frameNumberMax) return noNumber(bytes[from])
    return this.#take(type, number, sequence) ? 'new' : 'old'
  }

  /** Takes a part of type `partType.piece`. `''`: see `completed`; `'drop'`: it must not be acknowledged; else what the peer did wrong. */
  piece(cursor: PartCursor, bytes: Uint8Array, now: number): string {
    this.completed = undefined
    const type = cursor.u8()
    if (type < partType.unreliable || type > partType.newest)
      return `no frame of part type ${type} comes in such pieces`
    const number = type === partType.unreliable ? 0 : cursor.varint()
    if (number > frameNumberMax) return `message number ${number} is above ${frameNumberMax}`
    const id = cursor.varint()
    const violation = cursor.piece(lossyFrameSizeMax)
    if (violation !== '') return violation
    if (type === partType.sequenced && id > sequencedMask)
      return `sequence ${id} of a sequenced message is above ${sequencedMask}`
    if (type !== partType.unreliable && !this.#latestOf(type).isNewer(number, id)) return ''
    const frames = this.#framesFor(type)
    const { at, total, offset, size } = cursor
    const answer = frames.receive({ type, number, id, size: total }, offset, bytes, at, at + size, now)
    this.completed = frames.completed
    return answer
  }

  /** A frame in pieces is whole. `'new'`: it is to be shown; `'old'`: it isn't; else what the peer did wrong. */
  takeCompleted({ type, number, id, place: { bytes, from, to } }: IncomingFrame): string {
    if (type === partType.unreliable) return 'new'
    if (messageNumber(bytes, from, to) !== number)
      return `pieces of message ${number} make a frame of another one`
    return this.#take(type, number, id) ? 'new' : 'old'
  }

  /** Whether nothing newer came than the frame `[from, to)`, which was taken as new. */
  isLatest(type: number, sequence: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (type !== partType.sequenced && type !== partType.newest) return true
    return this.#latestOf(type).latest(messageNumber(bytes, from, to)) === sequence
  }

  /** A frame in pieces was shown: gives its memory back. */
  remove(frame: IncomingFrame): void {
    this.#framesOf(frame.type)?.remove(frame)
  }

  /** Gives up lossy frames that did not become whole in time. */
  expire(now: number): void {
    this.#lossy?.expire(now)
  }

  /** Forgets what came in pieces and gives the memory back. */
  release(): void {
    this.#lossy?.release()
    this.#newest?.release()
  }

  #take(type: number, number: number, sequence: number): boolean {
    const latest = this.#latestOf(type)
    if (!latest.isNewer(number, sequence)) return false
    latest.take(number, sequence)
    const frames = this.#framesOf(type)
    if (frames !== undefined && frames.count > 0) frames.supersede(type, number, sequence)
    return true
  }

  #latestOf(type: number): LatestSequences {
    return type === partType.newest ? this.#latestNewest : this.#latestSequenced
  }

  #framesOf(type: number): IncompleteFrames | undefined {
    return type === partType.newest ? this.#newest : this.#lossy
  }

  #framesFor(type: number): IncompleteFrames {
    if (type === partType.newest) return (this.#newest ??= new IncompleteFrames(this.#pool, 'newest'))
    return (this.#lossy ??= new IncompleteFrames(this.#pool, 'lossy'))
  }
}

function noNumber(code: number): string {
  return `a frame with code ${code} is no message with a number up to ${frameNumberMax}, so none is newer than another`
}
