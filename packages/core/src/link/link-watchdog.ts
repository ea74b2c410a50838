import type { CloseReason } from '../base/close-reason.ts'
import type { HeartbeatSettings, PipeLimits } from '../base/options.ts'
import type { ChannelState } from '../channel/channel-state.ts'
import type { Deadline, DeadlineTarget } from '../turn/deadline.ts'
import type { TurnTaker } from '../turn/turn-taker.ts'
import type { Turns } from '../turn/turns.ts'
import { clockTime } from '../turn/watched-time.ts'
import { Deadlines, type LinkReading } from './deadlines.ts'

/** What a watchdog needs of the carrier of the link. */
export interface LinkWatchdogOwner extends TurnTaker {
  readonly state: ChannelState
  readonly sendQueue: { readonly queuedBytes: number }
  readonly ending: {
    /** Runs the user's function for a silent peer; a close in it has this reason. */
    silent(reason: CloseReason, fail: () => void): void
  }
  ping(now: number): void
  /** Tells the peer, unasked, that this side lives. */
  signOfLife(): void
  /** Ends the channel, with last words to the peer. */
  fail(reason: CloseReason): void
  /** Ends the channel and cuts the link: nothing can be said to this peer. */
  destroy(reason: CloseReason): void
  /** The reason of the end that was asked for. */
  readonly endReason: CloseReason
}

/** Keeps one deadline for all those of a link, and acts on what it finds due. All times are those in which the loop looked; see `WatchedTime`. */
export class LinkWatchdog implements DeadlineTarget {
  readonly #deadlines: Deadlines
  readonly #owner: LinkWatchdogOwner
  readonly #limits: PipeLimits
  readonly #turns: Turns
  readonly #deadline: Deadline
  #heartbeatFail: (() => void) | undefined
  #isHeard = false
  /** When something was due in a quiet turn, which must not act on it. What became due behind that is not looked for yet. */
  #putOffAt = Number.POSITIVE_INFINITY
  #isOver = false

  constructor(owner: LinkWatchdogOwner, limits: PipeLimits, turns: Turns) {
    this.#owner = owner
    this.#limits = limits
    this.#turns = turns
    this.#deadline = turns.deadline(this)
    this.#deadlines = new Deadlines(limits, turns.watched)
  }

  /** The channel is in a new state: its deadline counts from here. */
  restart(): void {
    this.#deadlines.restart(this.#turns.watched)
    this.arm()
  }

  /** The link brought bytes: told to the heartbeat in the next turn, which knows the time. */
  heard(): void {
    this.#isHeard = true
  }

  /** A turn began. */
  turn(): void {
    if (!this.#isHeard) return
    this.#isHeard = false
    this.#deadlines.heartbeat?.heard(this.#turns.watched)
  }

  /** A turn ends, in which all was read: acts on what was put off for it. */
  turned(): void {
    const at = this.#putOffAt
    if (at < Number.POSITIVE_INFINITY && !this.#turns.isQuiet) {
      this.#putOffAt = Number.POSITIVE_INFINITY
      this.#act(at)
    }
    this.arm()
  }

  heartbeatChanged(settings: HeartbeatSettings | undefined): void {
    this.#deadlines.expect(settings, this.#turns.watched)
    this.#heartbeatFail = settings?.fail
    this.arm()
  }

  /** Something waits for the link to take it (`waiting`), the link took a part of it (`moving`), or nothing waits (`idle`). */
  flow(state: 'waiting' | 'moving' | 'idle'): void {
    this.#deadlines.flow(state, this.#turns.watched)
    if (state === 'waiting') this.arm()
  }

  /** Whether this side reads the link; `holding`: it does, but holds back what it sends; `over`: nothing more will come. While it doesn't read, the peer can't be heard, and can't be late. */
  reading(state: LinkReading): void {
    if (this.#deadlines.reading(state, this.#turns.watched)) this.arm()
  }

  /** A frame has begun and not ended (`cut`), another one than before (`moved`), or none is open (`whole`). */
  frame(state: 'cut' | 'moved' | 'whole'): void {
    this.#deadlines.frame(state, this.#turns.watched)
  }

  /** Sees to it that this guard is woken at the next deadline. */
  arm(): void {
    if (this.#isOver) return
    const { now, watched, isQuiet } = this.#turns
    this.#deadline.set(clockTime(this.#deadlines.deadline(this.#owner.state, isQuiet), now, watched))
  }

  /** The link is gone: nothing is left to guard. */
  end(): void {
    this.#isOver = true
    this.#deadline.cancel()
  }

  due(): void {
    this.turn()
    this.#act(this.#turns.watched)
    // What may call functions of the program is looked at in its next turn.
    if (this.#turns.isQuiet) {
      this.#putOffAt = this.#turns.watched
      this.#turns.list(this.#owner)
    }
    this.arm()
  }

  #act(watched: number): void {
    const owner = this.#owner
    const { handshakeTimeoutMs, frameTimeoutMs } = this.#limits
    switch (this.#deadlines.due(owner.state, watched, this.#turns.isQuiet)) {
      case 'no-hello':
        return owner.fail({ code: 'handshake-timeout', timeoutMs: handshakeTimeoutMs })
      case 'no-end':
        // The link is cut now; when the platform says that it is gone is no deadline of ours.
        this.end()
        return owner.destroy(owner.endReason)
      case 'stalled': {
        const stalledMs = this.#deadlines.stalledMs(watched)
        return owner.destroy({ code: 'slow-reader', queuedBytes: owner.sendQueue.queuedBytes, stalledMs })
      }
      case 'frame-late':
        return owner.fail({
          code: 'protocol-violation',
          what: `a frame took longer than ${frameTimeoutMs} ms`,
        })
      case 'ping':
        return owner.ping(this.#turns.now)
      case 'sign-of-life':
        return owner.signOfLife()
      case 'silent':
        return this.#silent(watched)
    }
  }

  /** The peer is silent: the user's function decides; without one, the channel ends. */
  #silent(watched: number): void {
    const { heartbeat } = this.#deadlines
    const reason: CloseReason = { code: 'heartbeat-timeout', silentMs: heartbeat?.silentMs(watched) ?? 0 }
    if (this.#heartbeatFail === undefined) return this.#owner.destroy(reason)
    this.#owner.ending.silent(reason, this.#heartbeatFail)
    heartbeat?.restart(watched)
  }
}
