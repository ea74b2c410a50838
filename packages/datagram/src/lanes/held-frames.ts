import { type BlockPool, ReceiveBuffer } from '@millrace/buffer'

/** Part type, sequence and size of a frame stand before it. */
const recordHeaderSize = 9

/** Copies of whole frames that wait for a reader, one behind the other in one block of memory: a small frame costs little more than its bytes. */
export class HeldFrames {
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(this.bytes.buffer)
  /** What part brought the frame that is shown, its sequence, and where it lies: `bytes[from, to)`, until the next call. */
  type = 0
  sequence = 0
  from = 0
  to = 0
  readonly #buffer: ReceiveBuffer
  readonly #header = new Uint8Array(recordHeaderSize)
  readonly #headerView = new DataView(this.#header.buffer)
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
    this.#header[0] = type
    this.#headerView.setUint32(1, sequence, true)
    this.#headerView.setUint32(5, to - from, true)
    this.#buffer.append(this.#header)
    this.#buffer.append(bytes, from, to)
  }

  /** Moves to the next frame. False when there is none. */
  next(): boolean {
    this.#settle()
    const buffer = this.#buffer
    if (buffer.size === 0) return false
    this.bytes = buffer.bytes
    this.view = buffer.view
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
