import type { SegmentBatch } from '@millrace/buffer'

/** A batch on its way, and what of it has not left yet. */
interface Leaving {
  readonly batch: SegmentBatch
  left: number
}

/**
 * Batches that a socket doesn't take at once, cut into pieces. A system tells when the whole of a write has left, and Node makes one write of all that
 * waits: by pieces that follow each other, a reader that is slow is seen to read.
 */
export class PieceQueue {
  readonly #batches: Leaving[] = []
  /** Where the next piece begins: a batch, a segment of it, a byte of that. */
  #index = 0
  #segment = 0
  #offset = 0

  /** Whether there is a piece to be written. */
  get isWaiting(): boolean {
    return this.#index < this.#batches.length
  }

  push(batch: SegmentBatch): void {
    this.#batches.push({ batch, left: batch.size })
  }

  /** The next piece, of so many bytes at most, as parts to be written in this order. */
  take(sizeMax: number): Uint8Array[] {
    const parts: Uint8Array[] = []
    for (let room = sizeMax; room > 0 && this.isWaiting; ) {
      const { segments } = this.#batches[this.#index].batch
      const segment = segments[this.#segment]
      const part = segment.subarray(this.#offset, this.#offset + room)
      parts.push(part)
      room -= part.length
      this.#offset += part.length
      if (this.#offset < segment.length) break
      this.#offset = 0
      if (++this.#segment < segments.length) continue
      this.#segment = 0
      this.#index++
    }
    return parts
  }

  /** The system has taken so many bytes more: the memory of batches that have left goes back. */
  left(size: number): void {
    for (let rest = size; rest > 0; ) {
      const first = this.#batches[0]
      const taken = Math.min(rest, first.left)
      first.left -= taken
      rest -= taken
      if (first.left > 0) return
      this.#batches.shift()
      this.#index--
      first.batch.release()
    }
  }

  /** Gives the memory of all batches back. */
  release(): void {
    for (const { batch } of this.#batches.splice(0)) batch.release()
    this.#index = 0
  }
}
