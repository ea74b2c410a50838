import { type BlockPool, ReceiveBuffer } from '@millrace/buffer'
import type { FrameView } from '../ports/framing.ts'

/** Before each body stand its size and its code. */
const entryHeaderSize = 8

const noBytes = new Uint8Array(0)
const noView = new DataView(noBytes.buffer)

/** Frames that wait for a reader that is behind, in their order, copied so that the bytes around them can go. */
export class HeldFrames implements FrameView {
  bytes: Uint8Array = noBytes
  view: DataView = noView
  code = 0
  bodyStart = 0
  bodyEnd = 0
  readonly #buffer: ReceiveBuffer
  /** The size of the entry that is shown. */
  #shown = 0

  constructor(pool: BlockPool) {
    // Its owner counts the bytes, and pauses the link.
    this.#buffer = new ReceiveBuffer(pool, { sizeMax: Number.MAX_SAFE_INTEGER })
  }

  /** The bytes that wait, without the frame that is shown. */
  get size(): number {
    return this.#buffer.size - this.#shown
  }

  /** Copies a frame behind the others. It may be shown with another code than it came with. */
  push({ bytes, bodyStart, bodyEnd }: FrameView, code: number): void {
    const buffer = this.#buffer
    const size = bodyEnd - bodyStart
    buffer.reserve(entryHeaderSize + size)
    buffer.view.setUint32(buffer.end, size, true)
    buffer.view.setUint32(buffer.end + 4, code, true)
    buffer.end += entryHeaderSize
    buffer.append(bytes, bodyStart, bodyEnd)
  }

  /** Moves to the next frame. False when none is left; then no memory is held either. */
  next(): boolean {
    const buffer = this.#buffer
    buffer.consume(this.#shown)
    this.#shown = 0
    if (buffer.size === 0) {
      this.release()
      return false
    }
    const { view, start } = buffer
    this.bytes = buffer.bytes
    this.view = view
    this.code = view.getUint32(start + 4, true)
    this.bodyStart = start + entryHeaderSize
    this.bodyEnd = this.bodyStart + view.getUint32(start, true)
    this.#shown = this.bodyEnd - start
    return true
  }

  /** Forgets everything and gives the memory back. */
  release(): void {
    this.#buffer.release()
    this.#shown = 0
    this.bytes = noBytes
    this.view = noView
  }
}
