import { copyBytes } from '@millrace/buffer'

/** Frames are gathered up to so many bytes. */
const gatheredMax = 65_536

const nothing = new Uint8Array(0)

/** Who takes frames. */
export interface FramesTaker {
  /** Whole frames: `bytes`, lent for the call. */
  frames(bytes: Uint8Array): void
}

/**
 * Gathers the frames of one packet, so that its taker is called once and not for each. A run of frames that lie one behind the other is handed on where it lies; what
 * lies apart is copied together. One serves all connections: it is empty after `flush`.
 */
export class FrameGatherer {
  readonly #gathered = new Uint8Array(gatheredMax)
  #size = 0
  #run: Uint8Array = nothing
  #from = 0
  #to = 0

  /** Adds whole frames that stay where they are until `flush`. */
  add(bytes: Uint8Array, from: number, to: number, taker: FramesTaker): void {
    if (bytes === this.#run && from === this.#to) {
      this.#to = to
      return
    }
    this.#pushRun(taker)
    this.#run = bytes
    this.#from = from
    this.#to = to
  }

  /** Adds whole frames that will not stay. */
  addPassing(bytes: Uint8Array, from: number, to: number, taker: FramesTaker): void {
    this.#pushRun(taker)
    this.#push(bytes, from, to, taker)
  }

  /** Hands on what was gathered. */
  flush(taker: FramesTaker): void {
    if (this.#size > 0) this.#pushRun(taker)
    this.#flushGathered(taker)
    const run = this.#run
    if (run === nothing) return
    this.#run = nothing
    taker.frames(run.subarray(this.#from, this.#to))
  }

  #pushRun(taker: FramesTaker): void {
    const run = this.#run
    if (run === nothing) return
    this.#run = nothing
    this.#push(run, this.#from, this.#to, taker)
  }

  #push(bytes: Uint8Array, from: number, to: number, taker: FramesTaker): void {
    const size = to - from
    if (this.#size + size > gatheredMax) this.#flushGathered(taker)
    if (size > gatheredMax) {
      taker.frames(bytes.subarray(from, to))
      return
    }
    copyBytes(this.#gathered, this.#size, bytes, from, to)
    this.#size += size
  }

  #flushGathered(taker: FramesTaker): void {
    const size = this.#size
    if (size === 0) return
    this.#size = 0
    taker.frames(this.#gathered.subarray(0, size))
  }
}
