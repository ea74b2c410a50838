import { Heartbeat } from '@millrace/wire'
import type { HeartbeatSettings, PipeLimits } from '../base/options.ts'
import type { ChannelState } from '../channel/channel-state.ts'

const never = Number.POSITIVE_INFINITY

/** What a deadlines asks of its owner. */
export type DeadlinesDue =
  | 'nothing'
  | 'no-hello'
  | 'no-end'
  | 'stalled'
  | 'frame-late'
  | 'ping'
  | 'sign-of-life'
  | 'silent'

/** Whether a side reads its link, is paused, reads but holds back what it sends, or has read the peer's last words. */
export type LinkReading = 'on' | 'paused' | 'holding' | 'over'

/** How often a side that doesn't read tells its peer that it lives, in milliseconds: it can't hear how often the peer asks. */
const signOfLifeMs = 250

/**
 * Watches one link's deadlines: the hello, the end after a close, a peer that takes nothing, a frame that never ends, and
 * the heartbeat. Knows no clock: the owner asks when the deadline has come. Its times are those in which the loop looked; see `WatchedTime`.
 */
export class Deadlines {
  heartbeat: Heartbeat | undefined
  readonly #limits: PipeLimits
  #since: number
  #stalledSince = never
  #cutSince = never
  #reading: LinkReading = 'on'
  /** When the next sign of life is due; `never` while this side reads. */
  #signOfLifeAt = never

  constructor(limits: PipeLimits, now: number) {
    this.#limits = limits
    this.#since = now
  }

  /** The channel is in a new state: its deadline counts from here, and so does that of what waits for the link. */
  restart(now: number): void {
    this.#since = now
    if (this.#stalledSince < never) this.#stalledSince = now
  }

  /** Enables the heartbeat, or turns it off. */
  expect(settings: HeartbeatSettings | undefined, now: number): void {
    this.heartbeat =
      settings === undefined ? undefined : new Heartbeat(settings.intervalMs, settings.timeoutMs, now)
  }

  /** Something waits for the link (`waiting`), took a step (`moving`), or nothing does (`idle`). */
  flow(state: 'waiting' | 'moving' | 'idle', now: number): void {
    if (state === 'idle') this.#stalledSince = never
    else if (state === 'moving' || this.#stalledSince === never) this.#stalledSince = now
  }

  /** A frame has begun and not ended (`cut`), another one than before (`moved`), or none is open (`whole`). */
  frame(state: 'cut' | 'moved' | 'whole', now: number): void {
    if (state === 'whole') this.#cutSince = never
    else if (state === 'moved' || this.#cutSince === never) this.#cutSince = now
  }

  /** How this side reads. Returns true when that is new. */
  reading(state: LinkReading, now: number): boolean {
    if (state === this.#reading) return false
    this.#reading = state
    this.#signOfLifeAt = state === 'paused' || state === 'holding' ? now : never
    // What could not be heard was no silence, and what could not be read was not late.
    this.heartbeat?.restart(now)
    this.#cutSince = never
    return true
  }

  /** How long the peer has taken nothing, in milliseconds. */
  stalledMs(now: number): number {
    return now - this.#stalledSince
  }

  /**
   * What is due now. In a quiet turn nothing that the peer may have done in time is: what it sent has not been read. Nor is it pinged, as a
   * ping says that the program is alive.
   */
  due(state: ChannelState, now: number, isQuiet: boolean): DeadlinesDue {
    const { handshakeTimeoutMs, closeTimeoutMs, frameTimeoutMs } = this.#limits
    // The sums are those of `deadline`: a difference can be less than a time that has come, by a rounding, and would be asked for again at once.
    if (state === 'closing' || state === 'closed')
      return now >= this.#since + closeTimeoutMs ? 'no-end' : 'nothing'
    if (!isQuiet && state === 'handshaking' && now >= this.#since + handshakeTimeoutMs) return 'no-hello'
    if (now >= this.#stallsAt(state)) return 'stalled'
    if (isQuiet) return 'nothing'
    if (this.#isUnread() || now >= this.#signOfLifeAt) return this.#dueUnread(now)
    if (now >= this.#cutSince + frameTimeoutMs) return 'frame-late'
    if (state !== 'open' || this.heartbeat === undefined) return 'nothing'
    const due = this.heartbeat.due(now)
    return due === 'timeout' ? 'silent' : due
  }

  /** When `due` must be asked again; in a quiet turn, when it must be if the program gives none. */
  deadline(state: ChannelState, isQuiet: boolean): number {
    const { handshakeTimeoutMs, closeTimeoutMs, frameTimeoutMs } = this.#limits
    if (state === 'closing' || state === 'closed') return this.#since + closeTimeoutMs
    if (isQuiet) return this.#stallsAt(state)
    let at = Math.min(this.#stallsAt(state), this.#signOfLifeAt)
    if (this.#isUnread()) return at
    at = Math.min(at, this.#cutSince + frameTimeoutMs)
    if (state === 'handshaking') at = Math.min(at, this.#since + handshakeTimeoutMs)
    if (state === 'open' && this.heartbeat !== undefined) at = Math.min(at, this.heartbeat.deadline())
    return at
  }

  /** When a peer that takes nothing is due. It has as long for its hello as the program gives it, and so for ours. */
  #stallsAt(state: ChannelState): number {
    const at = this.#stalledSince + this.#limits.stallTimeoutMs
    return state === 'handshaking' ? Math.max(at, this.#since + this.#limits.handshakeTimeoutMs) : at
  }

  #isUnread(): boolean {
    return this.#reading === 'paused' || this.#reading === 'over'
  }

  #dueUnread(now: number): DeadlinesDue {
    if (now < this.#signOfLifeAt) return 'nothing'
    this.#signOfLifeAt = now + signOfLifeMs
    return 'sign-of-life'
  }
}
