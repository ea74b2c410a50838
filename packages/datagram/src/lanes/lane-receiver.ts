import type { BlockPool } from '@millrace/buffer'
import { noBytes } from '../base/no-bytes.ts'
import { u48End } from '../base/u48.ts'
import { ByteRuns } from './byte-runs.ts'
import { type FrameEnds, frameTooLarge } from './frame-ends.ts'

/**
 * The stream of one ordered lane on its receiving side: `receive` puts pieces in place, `next` shows the next whole frame,
 * `bytes[from, to)`, valid until the next call of either. What comes in order is shown right from the packet and copied by `keep` only; what
 * comes early, or is cut, is copied at once.
 */
export class LaneReceiver {
  bytes: Uint8Array = noBytes
  from = 0
  to = 0
  /** Offset that the peer must not send beyond. The owner raises it by what was `consumed`; the largest frame must fit above that. */
  windowEnd: number
  /** Bytes of all frames that were shown. Read only. */
  consumed = 0
  /** Why the stream can't be read any further; '' as long as it can. */
  violation = ''
  readonly #ends: FrameEnds
  readonly #pool: BlockPool
  /** Made when the first byte is to be stored: most lanes store none. */
  #runs: ByteRuns | undefined
  /** Without runs: what was passed over. */
  #passed = 0
  /** Size of the frame that was shown last and still lies in the runs. */
  #shownSize = 0
  /** What of the packet's bytes is not yet shown: `bytes[at, end)`, from offset `#start` on. Nothing is in the runs meanwhile. */
  #packet: Uint8Array = noBytes
  #packetAt = 0
  #packetEnd = 0

  constructor(pool: BlockPool, ends: FrameEnds, windowEnd: number) {
    this.#ends = ends
    this.#pool = pool
    this.windowEnd = windowEnd
  }

  /** What is stored costs so much memory. */
  get weight(): number {
    return this.#runs === undefined ? 0 : this.#runs.weight
  }

  /**
   * Takes `bytes[from, to)` of a packet, which belong to `offset`. They must stay as they are until `keep`. `'drop'`: they would
   * make too many gaps, and must not be acknowledged; any other text but '' says what the peer did wrong.
   */
  receive(offset: number, bytes: Uint8Array, from: number, to: number): string {
    const end = offset + to - from
    if (to <= from) return `a part of a stream has no bytes at ${offset}`
    if (end > this.windowEnd || end > u48End)
      return `a stream goes up to ${end}, its window to ${this.windowEnd}`
    this.#settle()
    if (this.#packetAt < this.#packetEnd) this.keep()
    const start = this.#start()
    if (offset > start || this.#runs?.isEmpty() === false)
      return this.#stored().insert(offset, bytes, from, to) === 'full' ? 'drop' : ''
    if (end <= start) return ''
    this.#packet = bytes
    this.#packetAt = from + start - offset
    this.#packetEnd = to
    return ''
  }

  /** Moves to the next whole frame. False when there is none yet, or after a violation. */
  next(): boolean {
    this.#settle()
    if (this.#packetAt < this.#packetEnd) {
      const end = this.#ends.read(this.#packet, this.#packetAt, this.#packetEnd)
      if (end > this.#packetAt && end <= this.#packetEnd) {
        this.bytes = this.#packet
        this.#show(this.#packetAt, end)
        this.#passOver(end - this.#packetAt)
        this.#packetAt = end
        return true
      }
      this.keep()
    }
    // All of it was shown: a lane that is idle holds no packet.
    this.#packet = noBytes
    return this.#nextStored()
  }

  /** Shows, together with the frame that was shown last, all whole ones that lie right behind it. Their codes and bodies are the caller's to find. */
  extend(): void {
    const isStored = this.#shownSize > 0
    const limit = isStored ? this.#runs!.head.end : this.#packetEnd
    let { to } = this
    for (;;) {
      const end = this.#ends.read(this.bytes, to, limit)
      if (end <= to || end > limit) break
      to = end
    }
    const more = to - this.to
    if (isStored) this.#shownSize += more
    else {
      this.#passOver(more)
      this.#packetAt = to
    }
    this.to = to
    this.consumed += more
  }

  /** The bytes of the packet are about to change: copies what was not shown of them, and lets go of the frame that was shown last. */
  keep(): void {
    this.#settle()
    if (this.#packetAt < this.#packetEnd)
      this.#stored().insert(this.#start(), this.#packet, this.#packetAt, this.#packetEnd)
    this.#packetAt = this.#packetEnd = 0
    this.#packet = noBytes
  }

  /** Forgets everything and gives the memory back. Nothing may be received any more. */
  release(): void {
    this.#packetAt = this.#packetEnd = this.#shownSize = 0
    this.#packet = this.bytes = noBytes
    this.#runs?.release()
  }

  /** Offset of the first byte that was not shown. */
  #start(): number {
    return this.#runs === undefined ? this.#passed : this.#runs.start
  }

  #stored(): ByteRuns {
    return (this.#runs ??= new ByteRuns(this.#pool, this.#passed))
  }

  /** So many bytes were shown right from the packet. */
  #passOver(size: number): void {
    if (this.#runs === undefined) this.#passed += size
    else this.#runs.passOver(size)
  }

  #nextStored(): boolean {
    this.bytes = noBytes
    if (this.#runs === undefined) return false
    const { head, start } = this.#runs
    if (head.size === 0 || this.violation !== '') return false
    const end = this.#ends.read(head.bytes, head.start, head.end)
    if (end === frameTooLarge) {
      this.violation = `a frame at ${start} of a stream is larger than ${this.#ends.bodySizeMax} bytes`
      return false
    }
    if (end <= head.start || end > head.end) return false
    this.bytes = head.bytes
    this.#show(head.start, end)
    this.#shownSize = end - head.start
    return true
  }

  #show(from: number, to: number): void {
    this.from = from
    this.to = to
    this.consumed += to - from
  }

  /** Lets go of the frame that was shown last. */
  #settle(): void {
    if (this.#shownSize === 0) return
    this.#runs!.consume(this.#shownSize)
    this.#shownSize = 0
  }
}
