import { ByteQueue } from '../base/byte-queue.ts'

interface Early {
  readonly seq: number
  readonly bytes: Uint8Array
}

/** The receiving half of TCP: puts in order what comes, holds what comes early, and says how much more it takes. */
export class TcpReceiver {
  readonly #capacity: number
  readonly #inbox = new ByteQueue()
  /** Behind a hole, in order of `seq`; together within the capacity, as no peer may send more than the window. */
  readonly #early: Early[] = []
  #next = 0
  #endSeq = -1

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** The first byte that has not come. */
  get next(): number {
    return this.#next
  }

  /** How many bytes behind `next` it would take. */
  get window(): number {
    return Math.max(0, this.#capacity - this.#inbox.size)
  }

  /** Bytes that the program has not read. */
  get unread(): number {
    return this.#inbox.size
  }

  /** Whether all came, and the end. */
  get hasEnd(): boolean {
    return this.#endSeq >= 0 && this.#next > this.#endSeq
  }

  /** A segment came; of what is beyond the window nothing is kept. */
  arrived(seq: number, bytes: Uint8Array, end: 'more' | 'fin'): void {
    if (end === 'fin') this.#endSeq = seq + bytes.length
    const last = Math.min(seq + bytes.length, this.#next + this.window)
    if (last > seq) this.#store(seq, last - seq < bytes.length ? bytes.subarray(0, last - seq) : bytes)
    if (this.#next === this.#endSeq) this.#next++
  }

  /** Takes out what came, at most `sizeMax` bytes: a copy. */
  take(sizeMax: number): Uint8Array<ArrayBuffer> {
    return this.#inbox.take(sizeMax)
  }

  #store(seq: number, bytes: Uint8Array): void {
    if (seq > this.#next) return this.#storeEarly(seq, bytes)
    this.#append(seq, bytes)
    while (this.#early.length > 0 && this.#early[0].seq <= this.#next) {
      const early = this.#early.shift() as Early
      this.#append(early.seq, early.bytes)
    }
  }

  #storeEarly(seq: number, bytes: Uint8Array): void {
    const at = this.#early.findIndex((early) => early.seq >= seq)
    if (at < 0) this.#early.push({ seq, bytes })
    else if (this.#early[at].seq > seq) this.#early.splice(at, 0, { seq, bytes })
    else if (this.#early[at].bytes.length < bytes.length) this.#early[at] = { seq, bytes }
  }

  #append(seq: number, bytes: Uint8Array): void {
    const fresh = seq === this.#next ? bytes : bytes.subarray(this.#next - seq)
    if (fresh.length === 0 || seq + bytes.length <= this.#next) return
    this.#inbox.append(fresh)
    this.#next += fresh.length
  }
}
