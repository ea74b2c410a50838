import type { CloseReason } from '../base/close-reason.ts'
import type { PipeLimits } from '../base/options.ts'
import type { Link } from '../ports/transport.ts'
import type { Turns } from '../turn/turns.ts'
import { StuckFrames } from './stuck-frames.ts'

/** What has begun a frame. */
export interface IncompleteFrame {
  /** There is no room for it any more: its channel ends. */
  overflowed(storedBytes: number): void
}

/** What the watch needs of the carrier of the link. */
export interface FramesInPartsOwner {
  readonly link: { readonly below: Link; readonly storedBytes: number }
  readonly context: { readonly mayDeliver: boolean }
  readonly conversation: { readonly bytesIn: number }
  readonly limits: PipeLimits
  readonly turns: Turns
  /** Ends the channel for this reason. */
  fail(reason: CloseReason): void
}

/** Frames of fewer bytes are not counted: what ends in the middle of a small message is usual. */
const countedMin = 4096

/**
 * The bytes of frames that have begun and not ended, over all channels of a factory: a peer may have one of `messageSizeMax`, but not all of them
 * together. Above the limit, the channels with the oldest frames end.
 */
export class IncompleteFrames {
  readonly #bytesMax: number
  /** In the order in which they began. */
  readonly #sizes = new Map<IncompleteFrame, number>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** In bytes, of the frames that are counted. */
  get bytes(): number {
    return this.#bytes
  }

  /** So much is stored of a frame that has not ended. `moved`: of another one than before. */
  grew(frame: IncompleteFrame, storedBytes: number, kind: 'cut' | 'moved'): void {
    if (kind === 'moved' || storedBytes < countedMin) this.ended(frame)
    if (storedBytes < countedMin) return
    this.#bytes += storedBytes - (this.#sizes.get(frame) ?? 0)
    this.#sizes.set(frame, storedBytes)
    if (this.#bytes > this.#bytesMax) this.#makeRoom()
  }

  /** Watches those that a link puts together from parts; undefined for other links. */
  inParts(owner: FramesInPartsOwner, frame: IncompleteFrame): FramesInParts | undefined {
    return owner.link.below.speaks === undefined ? undefined : new FramesInParts(owner, frame, this)
  }

  /** It has ended, one way or the other. */
  ended(frame: IncompleteFrame): void {
    if (this.#sizes.size === 0) return
    const size = this.#sizes.get(frame)
    if (size === undefined) return
    this.#sizes.delete(frame)
    this.#bytes -= size
  }

  #makeRoom(): void {
    for (const [frame, size] of this.#sizes) {
      if (this.#bytes <= this.#bytesMax) return
      this.ended(frame)
      frame.overflowed(size)
    }
  }
}

/** A link over datagrams hands on whole frames only: what it stores are frames that have begun and not ended. Counts their bytes, and ends a channel whose frames are stuck. */
export class FramesInParts {
  readonly #owner: FramesInPartsOwner
  readonly #frame: IncompleteFrame
  readonly #incomplete: IncompleteFrames
  readonly #stuck: StuckFrames

  constructor(owner: FramesInPartsOwner, frame: IncompleteFrame, incomplete: IncompleteFrames) {
    this.#owner = owner
    this.#frame = frame
    this.#incomplete = incomplete
    this.#stuck = new StuckFrames(owner.limits.frameTimeoutMs)
  }

  /** A turn has read all that came; with `hasMoved` a frame, or more. */
  look(hasMoved: boolean): void {
    const { context, conversation, link, turns } = this.#owner
    const storedBytes = context.mayDeliver ? link.storedBytes : 0
    if (storedBytes === 0) this.#incomplete.ended(this.#frame)
    else this.#incomplete.grew(this.#frame, storedBytes, hasMoved ? 'moved' : 'cut')
    const what = this.#stuck.lateness(storedBytes, conversation.bytesIn, link.below, turns.watched)
    if (what !== '') this.#owner.fail({ code: 'protocol-violation', what })
  }
}
