import { type BlockPool, ReceiveBuffer } from '@millrace/buffer'
import { noBytes } from '../base/no-bytes.ts'

/** Part type, sequence and size of a frame stand before it. */
const recordHeaderSize = 9

/** Where it is put together. */
const header = new Uint8Array(recordHeaderSize)
const headerView = new DataView(header.buffer)

/** Copies of whole frames that wait for a reader, one behind the other in one block of memory: a small frame costs little more than its bytes. */
export class HeldFrames {
  bytes: Uint8Array = noBytes
  /** What part brought the frame that is shown, its sequence, and where it lies: `bytes[from, to)`, until the next call. */
  type = 0
  sequence = 0
  from = 0
  to = 0
  readonly #buffer: ReceiveBuffer
  #shownSize = 0

  constructor(pool: BlockPool) {
    this.#buffer = new ReceiveBuffer(pool, { sizeMax: Number.MAX_SAFE_INTEGER })
  }

  /** What they cost in memory, in bytes. */
  size(): number {
    return this.#buffer.size
  }

  /** Adds a copy of the frame `[from, to)`. */
  hold(type: number, sequence: number, bytes: Uint8Array, from: number, to: number): void {
    header[0] = type
    headerView.setUint32(1, sequence, true)
    headerView.setUint32(5, to - from, true)
    this.#buffer.append(header)
    this.#buffer.append(bytes, from, to)
  }

  /** Moves to the next frame. False when there is none. */
  next(): boolean {
    this.#settle()
    const buffer = this.#buffer
    if (buffer.size === 0) return false
    this.bytes = buffer.bytes
    this.type = buffer.bytes[buffer.start]
    this.sequence = buffer.view.getUint32(buffer.start + 1, true)
    this.from = buffer.start + recordHeaderSize
    this.to = this.from + buffer.view.getUint32(buffer.start + 5, true)
    this.#shownSize = this.to - buffer.start
    return true
  }

  /** Forgets everything and gives the memory back. */
  release(): void {
    this.#shownSize = 0
    this.#buffer.release()
  }

  #settle(): void {
    if (this.#shownSize > 0) this.#buffer.consume(this.#shownSize)
    this.#shownSize = 0
  }
}
