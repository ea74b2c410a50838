/** So much may leave at once after a rest, in milliseconds of the rate. */
export const burstMs = 4

/**
 * A sender that waited for tokens, and is woken late, may make up for so much, in milliseconds. It is more than the timers of a loop are late by themselves: one
 * that has a game's ticks of 16 ms, or shares its processor, would believe the path slower with each round, as it only ever measures what it sent.
 */
export const lateMsMax = 25

/** A sender that has waited for so long, in milliseconds, isn't late: its process stood still, as no loop of a game does, and makes up for nothing. */
const waitMsMax = 150

/** What is worth waking for, in milliseconds of the rate: a timer can't be finer. */
export const quantumMs = 1

/**
 * Spreads packets over time: a bucket of tokens, in bytes, that fills at the pacing rate. It holds `burstMs` worth, at least two packets, and `lateMsMax` worth where the
 * sender waited for them. A packet may leave while there is any token, and the bucket owes the rest of it then, so that a small one never waits for a large one's worth.
 */
export class Pacer {
  #mtu: number
  #rate: number
  #tokens: number
  #at = Number.NEGATIVE_INFINITY
  /** A sender waits for tokens, and for nothing else. */
  #isAwaited = false

  /** `rate` in bytes per millisecond; `firstBurst` bytes may leave at once in the beginning (RFC 9002, 7.7). */
  constructor(mtu: number, rate: number, firstBurst: number) {
    this.#mtu = mtu
    this.#rate = rate
    this.#tokens = firstBurst
  }

  /** Bytes per millisecond. */
  get rate(): number {
    return this.#rate
  }

  /** Another rate from now on. */
  setRate(rate: number, now: number): void {
    this.#fill(now)
    this.#rate = rate
  }

  /** The size of a full packet. */
  setMtu(mtu: number): void {
    this.#mtu = mtu
  }

  /** Begins anew, on another path. */
  restart(rate: number, firstBurst: number, now: number): void {
    this.#rate = rate
    this.#tokens = firstBurst
    this.#at = now
  }

  /** Bytes that may leave now: 0, or at least a full packet. */
  available(now: number): number {
    this.#fill(now)
    return this.#tokens <= 0 ? 0 : Math.max(this.#tokens, this.#mtu)
  }

  /** Bytes have left. */
  take(size: number, now: number): void {
    this.#fill(now)
    this.#tokens -= size
  }

  /**
   * Returns when it is worth asking again. For a sender that has something to send, and may send it once there are tokens: it is late if it comes after that. One that
   * has nothing to send, waits for its window, or only wants to know how much could leave, makes up for nothing.
   */
  wait(): number {
    if (this.#tokens > 0) return this.#at
    this.#isAwaited = true
    const quantum = Math.min(Math.max(this.#rate * quantumMs, this.#mtu), this.#capacity())
    return this.#at + (quantum - this.#tokens) / this.#rate
  }

  #fill(now: number): void {
    const elapsed = now - this.#at
    if (elapsed <= 0) return
    this.#at = now
    // Time begins with the first question.
    if (elapsed === Number.POSITIVE_INFINITY) return
    const lateMs = this.#isAwaited && elapsed < waitMsMax ? Math.min(elapsed, lateMsMax) : 0
    this.#isAwaited = false
    const capacity = Math.max(this.#capacity(), lateMs * this.#rate)
    // The first burst, and what made up for a late timer, may be above the capacity: it isn't cut, but doesn't grow.
    if (this.#tokens < capacity) this.#tokens = Math.min(capacity, this.#tokens + elapsed * this.#rate)
  }

  #capacity(): number {
    return Math.max(2 * this.#mtu, this.#rate * burstMs)
  }
}
