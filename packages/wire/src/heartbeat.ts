/** What a heartbeat asks of its owner. */
export type HeartbeatDue = 'nothing' | 'ping' | 'timeout'

/**
 * Decides when to ping and when to give up. The owner sends, and the owner closes. Anything that the peer says counts
 * as a sign of life, so a busy channel is never pinged. Knows no clock: `now` is in milliseconds, monotonic.
 */
export class Heartbeat {
  readonly intervalMs: number
  readonly timeoutMs: number
  #heardAt: number
  #pingedAt: number
  /** Set when the time is over, until the link had one more chance to bring what it holds. */
  #suspectedAt = -1

  /** `timeoutMs` without a word is one too many; after `intervalMs` without one, the peer is asked for it. */
  constructor(intervalMs: number, timeoutMs: number, now: number) {
    this.intervalMs = intervalMs
    this.timeoutMs = timeoutMs
    this.#heardAt = now
    this.#pingedAt = now
  }

  /** The peer said something. */
  heard(now: number): void {
    this.#heardAt = now
    this.#suspectedAt = -1
  }

  /** How long the peer has been silent, in milliseconds. */
  silentMs(now: number): number {
    return now - this.#heardAt
  }

  /**
   * What is due now. This side's own stalls end no channel: a timeout is told only at the second question after the time was
   * over, at a later `now`, so that the peer's bytes are found in the link first; and when the question itself comes more
   * than an interval late, the time in which it wasn't asked doesn't count.
   */
  due(now: number): HeartbeatDue {
    const lateMs = now - this.deadline()
    if (lateMs > this.intervalMs) {
      this.#heardAt += lateMs
      this.#suspectedAt = -1
    }
    if (now - this.#heardAt >= this.timeoutMs) {
      if (this.#suspectedAt >= 0 && now > this.#suspectedAt) return 'timeout'
      if (this.#suspectedAt < 0) this.#suspectedAt = now
      return 'nothing'
    }
    if (now - Math.max(this.#heardAt, this.#pingedAt) < this.intervalMs) return 'nothing'
    this.#pingedAt = now
    return 'ping'
  }

  /** When `due` must be asked again. */
  deadline(): number {
    if (this.#suspectedAt >= 0) return this.#suspectedAt + 1
    return Math.min(this.#heardAt + this.timeoutMs, Math.max(this.#heardAt, this.#pingedAt) + this.intervalMs)
  }

  /** Starts anew: the owner was told of a timeout and decided to go on. */
  restart(now: number): void {
    this.heard(now)
    this.#pingedAt = now
  }
}
