import type { FrameTarget, FrameViolation } from '@millrace/wire'
import type { MessageTraits } from '../base/message-traits.ts'
import type { ByteSource } from './codec.ts'

/** One frame, shown in place: its body is `bytes[bodyStart, bodyEnd)`, valid until the next one is asked for. */
export interface FrameView extends ByteSource {
  /** What the frame is: its first byte. */
  readonly code: number
  readonly bodyStart: number
  readonly bodyEnd: number
}

/** Where a session gets its frames from: a stream that is cut into frames, or packets that hold them. */
export interface FrameSource extends FrameView {
  /** The largest body of a message that is accepted, in bytes. The session changes it between frames. */
  bodySizeMax: number
  /** By message number, the size of messages that have always the same one; -1 for all others. The session sets it once. */
  fixedSizes: Int32Array
  /** Set once, and for good: no frame can be told from the next any more. */
  readonly violation: FrameViolation | undefined
  /** What the bytes that are not shown yet cost in memory. */
  readonly weight: number
  /** Moves to the next whole frame. False when there is none yet, or after a violation. */
  next(): boolean
  /** All frames were read: lets go of what was shown last. */
  rest(): void
  /** Forgets everything and gives the memory back. */
  release(): void
}

/** Where a session writes its frames: `reserve`, write in place, `commit`. A `SegmentBuffer` is one. */
export interface FrameSink extends FrameTarget {
  /** Makes room for so many bytes in one piece, and returns where they begin. May change `bytes` and `view`. */
  reserve(size: number): number
  /** What was written up to here belongs to the output. */
  commit(end: number): void
}

/** How to find the frames of one session in its bytes, and what is said of the messages in them. */
export interface FrameTable {
  /** By message number below 128, the size of messages that have always the same one and travel without it; -1 for all others. */
  readonly fixedSizes: Int32Array
  /** The largest body of a frame that this side accepts, in bytes. */
  readonly bodySizeMax: number
  /** What is said of a message, by its number; of numbers that the contract doesn't have, the defaults. */
  traits(number: number): MessageTraits
}
