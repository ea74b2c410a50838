/** What has begun a frame. */
export interface IncompleteFrame {
  /** There is no room for it any more: its channel ends. */
  overflowed(storedBytes: number): void
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
