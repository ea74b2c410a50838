import type { BlockPool } from '@millrace/buffer'
import { ByteRuns, gapCountMax } from './byte-runs.ts'

/** What a frame that comes in pieces costs beside its bytes. */
export const incomingFrameOverhead = 256

/** One frame that comes in pieces. Memory is taken for what came, not for what was announced. */
export class IncomingFrame {
  /** The type of the part that would carry it whole. */
  readonly type: number
  /** Id or sequence. */
  readonly id: number
  /** Number of its message, if the parts say one. */
  readonly number: number
  /** Bytes of the whole frame. */
  readonly size: number
  /** When its first piece came. */
  readonly since: number
  readonly #runs: ByteRuns

  constructor(
    pool: BlockPool,
    { type, id, number, size, since }: Pick<IncomingFrame, 'type' | 'id' | 'number' | 'size' | 'since'>,
  ) {
    this.#runs = new ByteRuns(pool)
    this.type = type
    this.id = id
    this.number = number
    this.size = size
    this.since = since
  }

  /** Copies a piece to its place. The caller has checked that it lies inside. `'full'`: it would make too many gaps. */
  insert(
    offset: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    gapsMax = gapCountMax,
  ): 'stored' | 'full' {
    return this.#runs.insert(offset, bytes, from, to, gapsMax)
  }

  /** How many gaps there are between its pieces. */
  get gapCount(): number {
    return this.#runs.gapCount
  }

  isWhole(): boolean {
    return this.#runs.head.size === this.size
  }

  /** Where the frame lies once it is whole: `bytes[from, to)`, until `release`. */
  get place(): { readonly bytes: Uint8Array; readonly from: number; readonly to: number } {
    const { bytes, start, end } = this.#runs.head
    return { bytes, from: start, to: end }
  }

  /** What it costs in memory. */
  get weight(): number {
    return this.#runs.weight + incomingFrameOverhead
  }

  /** Gives the memory back. */
  release(): void {
    this.#runs.release()
  }
}
