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
  }

  /** How long the peer has been silent, in milliseconds. */
  silentMs(now: number): number {
    return now - this.#heardAt
  }

  /**
   * What is due now, when all has been read that came in time. When the question itself comes more than an interval late, the time in which it
   * wasn't asked doesn't count: a peer that was quiet was not asked either.
   */
  due(now: number): HeartbeatDue {
    const lateMs = now - this.deadline()
    if (lateMs > this.intervalMs) this.#heardAt += lateMs
    if (now >= this.#heardAt + this.timeoutMs) return 'timeout'
    if (now < Math.max(this.#heardAt, this.#pingedAt) + this.intervalMs) return 'nothing'
    this.#pingedAt = now
    return 'ping'
  }

  /** When `due` must be asked again. */
  deadline(): number {
    return Math.min(this.#heardAt + this.timeoutMs, Math.max(this.#heardAt, this.#pingedAt) + this.intervalMs)
  }

  /** Starts anew: the owner was told of a timeout and decided to go on. */
  restart(now: number): void {
    this.heard(now)
    this.#pingedAt = now
  }
}
