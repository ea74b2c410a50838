import type { MsgpackTarget } from './msgpack-target.ts'
import type { MsgpackWriter } from './msgpack-writer.ts'

/** Bodies up to so many bytes are written once; larger ones are measured first. */
const DRAFT_SIZE = 8192

/** To measure a body takes as long as to write it: a small one is written here when its size is asked for, and copied when it is to be written. */
export class MsgpackDraft {
  readonly #writer: MsgpackWriter
  readonly #bytes = new Uint8Array(DRAFT_SIZE)
  readonly #target: MsgpackTarget = { bytes: this.#bytes, view: new DataView(this.#bytes.buffer) }
  #isWriting = false
  /** The size of the body that stands here, or -1. */
  #size = -1

  constructor(writer: MsgpackWriter) {
    this.#writer = writer
  }

  /** The size of a body, in bytes. */
  sizeOf(body: unknown): number {
    this.#size = this.#draftOf(body)
    return this.#size < 0 ? this.#writer.measure(body) : this.#size
  }

  /** Writes the body that was measured last, and returns its end. */
  write(body: unknown, target: MsgpackTarget, start: number): number {
    const size = this.#size
    if (size < 0) return this.#writer.write(body, target, start)
    target.bytes.set(this.#bytes.subarray(0, size), start)
    return start + size
  }

  /** Writes a body here; -1 if it is too large, or if another is being written: a getter may send as well. */
  #draftOf(body: unknown): number {
    if (this.#isWriting) return -1
    this.#isWriting = true
    try {
      return this.#writer.tryWrite(body, this.#target, 0)
    } finally {
      this.#isWriting = false
    }
  }
}
