import type { Wake } from '@millrace/timer'
import { ByteQueue } from '../base/byte-queue.ts'
import type { Scheduler } from '../time/scheduler.ts'

/** The largest payload of a segment, in bytes: what Ethernet leaves. */
export const segmentMax = 1460

const windowStart = 10 * segmentMax
const timeoutStartMs = 1000
const timeoutMinMs = 200
const timeoutMaxMs = 120_000
/** So many times is a segment sent again before the connection is given up: about a quarter of an hour, as by Linux. */
const retriesMax = 15

/** What a sender tells its socket. */
export interface TcpSenderOwner {
  /** Sends a segment. The bytes are its own. */
  transmit(seq: number, bytes: Uint8Array, end: 'more' | 'fin'): void
  /** There is room for more. */
  roomMade(): void
  /** The peer has all, and knows of the end. */
  allAcked(): void
  /** The peer has not answered for too long. */
  timedOut(): void
}

/**
 * The sending half of TCP: what is sent when, and when again. Slow start, congestion avoidance, fast retransmit and recovery by RFC 5681 and
 * 6582, timeouts by RFC 6298. No selective acknowledgements, no delayed ones, no Nagle.
 */
export class TcpSender {
  readonly #time: Scheduler
  readonly #owner: TcpSenderOwner
  readonly #capacity: number
  /** From `#una` on. */
  readonly #bytes = new ByteQueue()
  /** The first byte that isn't acknowledged, the next to send, and all that ever was sent. */
  #una = 0
  #next = 0
  #sentUpTo = 0
  /** Where the bytes end so far. */
  #end = 0
  #isEnding = false
  #isClosed = false
  #peerWindow = segmentMax
  #window = windowStart
  #threshold = Number.POSITIVE_INFINITY
  #repeats = 0
  /** While lost segments are sent again after three repeated acknowledgements: up to here. */
  #recoverTo = -1
  #smoothMs = -1
  #varianceMs = 0
  #timeoutMs = timeoutStartMs
  #retries = 0
  #timedSeq = -1
  #timedAt = 0
  #deadline = Number.POSITIVE_INFINITY
  #timer: Wake | undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(time: Scheduler, owner: TcpSenderOwner, capacity: number) {
    this.#time = time
    this.#owner = owner
    this.#capacity = capacity
  }

  /** How many bytes it would take now. */
  get room(): number {
    return this.#isEnding ? 0 : Math.max(0, this.#capacity - this.#bytes.size)
  }

  /** The number of the next byte, for segments without any. */
  get next(): number {
    return this.#next
  }

  /** Takes bytes, at most `room`. */
  append(bytes: Uint8Array): void {
    this.#bytes.append(bytes)
    this.#end += bytes.length
  }

  /** An end follows the last byte. */
  end(): void {
    this.#isEnding = true
    this.push()
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#bytes.drop(this.#bytes.size)
  }

  /** The peer says how far it has come, and how much more it takes. `bare`: in a segment without bytes. */
  acked(ack: number, window: number, kind: 'bare' | 'with-bytes'): void {
    if (ack > this.#sentUpTo) return
    const windowBefore = this.#peerWindow
    this.#peerWindow = window
    if (ack > this.#una) this.#advance(ack)
    else if (ack < this.#una) return
    else if (window === 0) this.#retries = 0
    // What asked whether the window is open was not taken.
    else if (windowBefore === 0) this.#next = this.#una
    else if (this.#next > this.#una && kind === 'bare' && window === windowBefore) this.#repeated()
    this.push()
    if (this.#isEnding && this.#una > this.#end) this.#owner.allAcked()
  }

  /** Sends what the windows allow. */
  push(): void {
    if (this.#isClosed) return
    for (;;) {
      const waiting = this.#end - this.#next
      const usable = this.#una + Math.min(this.#window, this.#peerWindow) - this.#next
      const size = Math.min(segmentMax, waiting, usable)
      // Not a crumb of what is there, as long as acknowledgements will make the window larger.
      if (size <= 0 || (size < Math.min(segmentMax, waiting) && this.#next > this.#una)) break
      this.#transmit(size)
    }
    if (this.#isEnding && this.#next === this.#end) this.#transmit(0)
    this.#setTimer()
  }

  #transmit(size: number): void {
    const seq = this.#next
    const bytes = this.#bytes.copy(seq - this.#una, size)
    const isLast = this.#isEnding && seq + size === this.#end
    this.#next = seq + size + (isLast ? 1 : 0)
    const isAgain = seq < this.#sentUpTo
    this.#sentUpTo = Math.max(this.#sentUpTo, this.#next)
    if (this.#timedSeq < 0 && !isAgain) {
      this.#timedSeq = seq
      this.#timedAt = this.#time.now()
    }
    this.#owner.transmit(seq, bytes, isLast ? 'fin' : 'more')
  }

  /** Sends the first segment that isn't acknowledged once more. */
  #transmitFirst(): void {
    const next = this.#next
    this.#next = this.#una
    // A sample of a segment that was sent twice would say nothing.
    this.#timedSeq = -1
    this.#transmit(Math.min(segmentMax, this.#bytes.size))
    this.#next = Math.max(next, this.#next)
  }

  #advance(ack: number): void {
    if (this.#timedSeq >= 0 && ack > this.#timedSeq) this.#sample()
    const size = ack - this.#una
    this.#bytes.drop(Math.min(size, this.#bytes.size))
    this.#una = ack
    this.#next = Math.max(this.#next, ack)
    this.#retries = 0
    this.#timeoutMs = this.#smoothMs < 0 ? timeoutStartMs : this.#usualTimeout()
    this.#deadline = this.#time.now() + this.#timeoutMs
    if (this.#recoverTo < 0) {
      this.#repeats = 0
      this.#window +=
        this.#window < this.#threshold ? Math.min(size, segmentMax) : (segmentMax * segmentMax) / this.#window
    } else if (ack >= this.#recoverTo) {
      this.#recoverTo = -1
      this.#repeats = 0
      this.#window = this.#threshold
    } else this.#transmitFirst()
    this.#owner.roomMade()
  }

  #repeated(): void {
    this.#repeats++
    if (this.#recoverTo >= 0) {
      this.#window += segmentMax
      return
    }
    if (this.#repeats !== 3) return
    this.#recoverTo = this.#sentUpTo
    this.#halve()
    this.#window = this.#threshold + 3 * segmentMax
    this.#transmitFirst()
  }

  #halve(): void {
    this.#threshold = Math.max((this.#next - this.#una) / 2, 2 * segmentMax)
  }

  #sample(): void {
    const measured = this.#time.now() - this.#timedAt
    this.#timedSeq = -1
    if (this.#smoothMs < 0) {
      this.#smoothMs = measured
      this.#varianceMs = measured / 2
      return
    }
    this.#varianceMs = 0.75 * this.#varianceMs + 0.25 * Math.abs(this.#smoothMs - measured)
    this.#smoothMs = 0.875 * this.#smoothMs + 0.125 * measured
  }

  #usualTimeout(): number {
    return Math.min(timeoutMaxMs, Math.max(timeoutMinMs, this.#smoothMs + 4 * this.#varianceMs))
  }

  /** One entry of the agenda at a time: it looks whether the deadline has moved. */
  #setTimer(): void {
    const isWaiting = this.#next > this.#una || (this.#peerWindow === 0 && this.#bytes.size > 0)
    if (!isWaiting) this.#deadline = Number.POSITIVE_INFINITY
    else if (this.#deadline === Number.POSITIVE_INFINITY) this.#deadline = this.#time.now() + this.#timeoutMs
    if (this.#deadline >= this.#timerAt) return
    this.#timer?.cancel()
    this.#timerAt = this.#deadline
    this.#timer = this.#time.at(this.#deadline, () => {
      this.#timerAt = Number.POSITIVE_INFINITY
      if (this.#isClosed) return
      if (this.#deadline <= this.#time.now()) this.#timeOut()
      this.#setTimer()
    })
  }

  #timeOut(): void {
    if (++this.#retries > retriesMax) {
      this.close()
      return this.#owner.timedOut()
    }
    this.#timeoutMs = Math.min(timeoutMaxMs, this.#timeoutMs * 2)
    this.#deadline = this.#time.now() + this.#timeoutMs
    this.#timedSeq = -1
    if (this.#peerWindow === 0) {
      // One byte asks whether it still is.
      this.#next = this.#una
      this.#transmit(Math.min(1, this.#bytes.size))
      return
    }
    this.#halve()
    this.#window = segmentMax
    this.#recoverTo = -1
    this.#repeats = 0
    this.#next = this.#una
    this.#transmit(Math.min(segmentMax, this.#peerWindow, this.#bytes.size))
  }
}
