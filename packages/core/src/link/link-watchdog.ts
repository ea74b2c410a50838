import type { CloseReason } from '../base/close-reason.ts'
import type { PipeLimits } from '../base/options.ts'
import type { HeartbeatFail } from '../channel/carrier.ts'
import type { ChannelState } from '../channel/channel-state.ts'
import { Deadline } from '../turn/deadline.ts'
import type { Turns, TurnTaker } from '../turn/turns.ts'
import { Deadlines } from './deadlines.ts'

/** What a guard needs of the carrier that it guards. */
export interface LinkWatchdogOwner extends TurnTaker {
  readonly state: ChannelState
  /** All bytes that have not left. */
  readonly queuedBytes: number
  ping(now: number): void
  /** Ends the channel, with last words to the peer. */
  fail(reason: CloseReason): void
  /** Ends the channel and cuts the link: nothing can be said to this peer. */
  destroy(reason: CloseReason): void
  /** The reason of the end that was asked for. */
  readonly endReason: CloseReason
  /** Runs the user's function for a silent peer; a close in it has this reason. */
  silent(reason: CloseReason, run: HeartbeatFail): void
}

/** Keeps one deadline for all those of a link, and acts on what the deadlines finds due. */
export class LinkWatchdog {
  readonly deadlines: Deadlines
  readonly #owner: LinkWatchdogOwner
  readonly #limits: PipeLimits
  readonly #turns: Turns
  readonly #deadline: Deadline
  #heartbeatFail: HeartbeatFail | undefined
  #isHeard = false
  #isOver = false

  constructor(owner: LinkWatchdogOwner, limits: PipeLimits, turns: Turns) {
    this.#owner = owner
    this.#limits = limits
    this.#turns = turns
    this.#deadline = new Deadline(turns, (now) => this.#due(now))
    this.deadlines = new Deadlines(limits, turns.now)
  }

  /** The channel is in a new state: its deadline counts from here. */
  restart(now: number): void {
    this.deadlines.restart(now)
    this.arm()
  }

  /** The link brought bytes: told to the heartbeat in the next turn, which knows the time. */
  heard(): void {
    this.#isHeard = true
  }

  /** A turn began. */
  turn(now: number): void {
    if (!this.#isHeard) return
    this.#isHeard = false
    this.deadlines.heartbeat?.heard(now)
  }

  setHeartbeat(intervalMs: number, timeoutMs: number, fail: HeartbeatFail | undefined, now: number): void {
    this.deadlines.expect(intervalMs, timeoutMs, now)
    this.#heartbeatFail = fail
    this.arm()
  }

  /** Something waits for the link to take it. */
  waiting(now: number): void {
    this.deadlines.flow('waiting', now)
    this.arm()
  }

  /** Sees to it that this guard is woken at the next deadline. */
  arm(): void {
    if (!this.#isOver) this.#deadline.set(this.deadlines.deadline(this.#owner.state, this.#turns.isQuiet))
  }

  /** The link is gone: nothing is left to guard. */
  end(): void {
    this.#isOver = true
    this.#deadline.cancel()
  }

  #due(now: number): void {
    this.turn(now)
    this.#act(now)
    // What may call functions of the program is looked at in its next turn.
    if (this.#turns.isQuiet) this.#turns.list(this.#owner)
    this.arm()
  }

  #act(now: number): void {
    const owner = this.#owner
    const { handshakeTimeoutMs, frameTimeoutMs } = this.#limits
    switch (this.deadlines.due(owner.state, now, this.#turns.isQuiet)) {
      case 'no-hello':
        return owner.fail({ code: 'handshake-timeout', timeoutMs: handshakeTimeoutMs })
      case 'no-end':
        // The link is cut now; when the platform says that it is gone is no deadline of ours.
        this.end()
        return owner.destroy(owner.endReason)
      case 'stalled': {
        const stalledMs = this.deadlines.stalledMs(now)
        return owner.destroy({ code: 'slow-reader', queuedBytes: owner.queuedBytes, stalledMs })
      }
      case 'frame-late':
        return owner.fail({
          code: 'protocol-violation',
          what: `a frame took longer than ${frameTimeoutMs} ms`,
        })
      case 'ping':
        return owner.ping(now)
      case 'silent':
        return this.#silent(now)
    }
  }

  /** The peer is silent: the user's function decides; without one, the channel ends. */
  #silent(now: number): void {
    const { heartbeat } = this.deadlines
    const reason: CloseReason = { code: 'heartbeat-timeout', silentMs: heartbeat?.silentMs(now) ?? 0 }
    if (this.#heartbeatFail === undefined) return this.#owner.destroy(reason)
    this.#owner.silent(reason, this.#heartbeatFail)
    heartbeat?.restart(now)
  }
}
