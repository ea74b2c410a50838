import type { CloseReason } from '../base/close-reason.ts'
import type { PipeLimits } from '../base/options.ts'
import type { Conversation } from '../channel/conversation.ts'
import type { StreamSession } from '../ports/protocol.ts'
import { turnBudget } from '../turn/turn-budget.ts'
import type { TurnTaker } from '../turn/turn-taker.ts'
import type { Turns } from '../turn/turns.ts'
import type { FramesInParts, IncompleteFrame, IncompleteFrames } from './incomplete-frames.ts'
import type { LinkWatchdog } from './link-watchdog.ts'
import type { ReceiveThrottle } from './receive-throttle.ts'
import type { SessionContext } from './session-context.ts'
import type { SessionGuard } from './session-guard.ts'
import type { UpgradableLink } from './upgradable-link.ts'

/** What a receiver needs of its carrier. */
export interface LinkReceiverOwner extends TurnTaker {
  readonly conversation: Conversation
  readonly turns: Turns
  readonly session: StreamSession
  readonly link: UpgradableLink
  readonly guard: SessionGuard
  readonly context: SessionContext
  readonly watchdog: LinkWatchdog
  readonly limits: PipeLimits
  readonly throttle: ReceiveThrottle
  /** Ends the channel for this reason. */
  fail(reason: CloseReason): void
}

/** The way in of one channel: the session stores what the link brings, and decodes it in the turn. */
export class LinkReceiver implements IncompleteFrame {
  readonly #owner: LinkReceiverOwner
  readonly #incomplete: IncompleteFrames | undefined
  readonly #inParts: FramesInParts | undefined

  constructor(owner: LinkReceiverOwner, incomplete: IncompleteFrames | undefined) {
    this.#owner = owner
    this.#incomplete = incomplete
    this.#inParts = incomplete?.inParts(owner, this)
  }

  /** The link brought bytes. */
  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    const owner = this.#owner
    owner.conversation.bytesIn += bytes.length
    owner.watchdog.heard()
    owner.guard.receive(bytes, ownership)
    owner.turns.event(owner)
    // With `auto` the turn has run, has regulated, and may have ended the channel.
    if (owner.isReady) {
      this.regulate()
      owner.conversation.holds()
    }
    if (ownership === 'lent') owner.guard.keep()
  }

  /** Decodes what is stored, and notes whether the peer gets on with its frames. Returns what is stored then. */
  decode(now: number): number {
    const { context, guard, session, turns, watchdog } = this.#owner
    const { rounds } = turns
    const before = context.framesIn
    context.beginTurn()
    if (rounds.isCrowded && guard.stored > turnBudget.sliceBytes) context.postpone()
    else guard.process(now)
    if (context.isSpent) rounds.postpone(this.#owner)
    const { stored } = guard
    const isOpen = stored > 0 && context.mayDeliver && !context.isSpent && session.isHolding !== true
    const state = !isOpen ? 'whole' : context.framesIn !== before ? 'moved' : 'cut'
    watchdog.frame(state)
    if (state !== 'whole') this.#incomplete?.grew(this, stored, state)
    else if (this.#inParts === undefined) this.#incomplete?.ended(this)
    else this.#inParts.look(context.framesIn !== before)
    return stored
  }

  overflowed(storedBytes: number): void {
    this.#owner.fail({ code: 'receive-overflow', storedBytes })
  }

  /**
   * Lets the link rest while too much is stored, or the channel is paused. After a close everything is read, for the end of the link stands behind
   * it. `stored`: what the session has, if that is known.
   */
  regulate(stored = this.#owner.guard.stored): void {
    const { context, conversation, link, session, throttle, watchdog } = this.#owner
    const { isPaused, state: life } = conversation
    if (life === 'closed') this.#incomplete?.ended(this)
    const counted = life === 'open' ? stored : 0
    const state = throttle.regulate(counted, context.isSpent, isPaused && life === 'open')
    if (state === 'overflow') return isPaused ? conversation.cannotPause() : this.overflowed(counted)
    // A peer that has said its last words may be silent, while messages that it sent before still wait for their reader.
    const isAtEnd = link.state !== 'open' || session.isAtEnd === true
    const isHolding = state === 'on' && link.isHolding
    watchdog.reading(isAtEnd ? 'over' : isHolding ? 'holding' : state)
  }
}
