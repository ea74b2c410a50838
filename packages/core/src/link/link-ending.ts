import type { SegmentBuffer } from '@millrace/buffer'
import type { Goodbye } from '@millrace/wire'
import { runCallback } from '../base/callback.ts'
import { type CloseReason, goodbyeOf, linkReason } from '../base/close-reason.ts'
import type { ChannelState } from '../channel/channel-state.ts'
import type { Conversation } from '../channel/conversation.ts'
import type { TurnTaker } from '../turn/turn-taker.ts'
import type { Turns } from '../turn/turns.ts'
import type { LinkWatchdog } from './link-watchdog.ts'
import type { SendQueue } from './send-queue.ts'
import type { SessionContext } from './session-context.ts'
import type { SessionGuard } from './session-guard.ts'
import type { UpgradableLink } from './upgradable-link.ts'

/** What an ending needs of its carrier. */
export interface LinkEndingOwner extends TurnTaker {
  readonly conversation: Conversation
  readonly turns: Turns
  readonly link: UpgradableLink
  readonly sendQueue: SendQueue
  readonly out: SegmentBuffer
  readonly guard: SessionGuard
  readonly context: SessionContext
  readonly watchdog: LinkWatchdog
  /** Reads what comes again, if it did not. */
  regulate(): void
  /** The channel ended for this reason: nothing encrypts it any more. */
  encryptionEnds(reason: CloseReason): void
  /** The link of the ended channel is gone too. */
  linkGone(): void
}

/** An orderly end in progress. */
interface Closing {
  readonly reason: CloseReason
  /** The last words, until they are said at the end of the turn. */
  goodbye: Goodbye | undefined
}

/** The one way out of a channel over a link: every end goes through here, in order or not, with its last words if there are any. */
export class LinkEnding {
  readonly #owner: LinkEndingOwner
  #closing: Closing | undefined
  /** The reason that an end has which the program causes while it is asked about a silent peer. */
  #silence: CloseReason | undefined

  constructor(owner: LinkEndingOwner) {
    this.#owner = owner
  }

  /** Whether the channel closes, and the last words are still to be said: replies stand before them. */
  get isSpeaking(): boolean {
    return this.#closing?.goodbye !== undefined
  }

  close(words: Pick<Goodbye, 'appCode' | 'text'>): void {
    const reason: CloseReason = this.#silence ?? { code: 'closed', by: 'local', why: 'closed', ...words }
    const goodbye = this.#silence === undefined ? ({ code: 'closed', ...words } as const) : goodbyeOf(reason)
    if (this.#state() === 'handshaking' || this.#silence !== undefined) return this.#finish(reason, goodbye)
    if (!this.#owner.conversation.closing()) return
    this.#closing = { reason, goodbye }
    if (this.#owner.link.isHolding) this.#owner.context.mute()
    else this.#owner.context.wait('over')
    this.#owner.regulate()
    this.#owner.watchdog.restart()
    this.#owner.turns.dirty(this.#owner)
  }

  destroy(reason: CloseReason): void {
    this.#conclude(reason)
    this.#owner.link.destroy()
  }

  /** Ends the channel for this reason, and tells the peer. */
  fail(reason: CloseReason): void {
    this.#finish(reason, goodbyeOf(reason))
  }

  farewell(goodbye: Goodbye): void {
    const { code: why, appCode, text } = goodbye
    if (this.#state() === 'closing') return
    if (this.#state() === 'handshaking')
      return this.#finish({ code: 'refused', why, appCode, text }, undefined)
    if (why === 'encryption-failed') return this.#finish({ code: why, what: text }, undefined)
    this.#finish({ code: 'closed', by: 'remote', why, appCode, text }, undefined)
  }

  /** The reason of an end that was asked for, or of what is lost by it. */
  get endReason(): CloseReason {
    const loss = this.#owner.link.lossWith(this.#owner.out.size)
    return loss ?? this.#closing?.reason ?? { code: 'destroyed' }
  }

  silent(reason: CloseReason, fail: () => void): void {
    this.#silence = reason
    runCallback(fail, (error) =>
      this.#owner.conversation.failed('the function for a failed heartbeat failed', error),
    )
    this.#silence = undefined
  }

  /** The link ended or is gone: once all its bytes are read, so is the channel. */
  follow(): void {
    const { link } = this.#owner
    if (link.state === 'open' || this.#state() === 'closed') return
    if (this.#state() === 'closing') return this.#finish(linkReason(link.error, this.endReason), undefined)
    const { context } = this.#owner
    if ((!context.mayDeliver || context.isSpent) && this.#owner.guard.stored > 0) return
    this.#finish(link.error === undefined ? this.#owner.guard.linkEnded() : linkReason(link.error), undefined)
  }

  /** The end of the turn in which the channel was closed: all that was written stands before the last words. */
  speak(): void {
    const closing = this.#closing
    const goodbye = closing?.goodbye
    if (closing === undefined || goodbye === undefined || this.#owner.link.isHolding) return
    closing.goodbye = undefined
    this.#owner.context.wait('over')
    this.#owner.sendQueue.pourAll()
    this.#owner.guard.goodbye(goodbye)
    this.#owner.flush(this.#owner.turns.now)
    this.#owner.link.end()
  }

  /** Ends the channel for this reason, with last words to the peer if there are any, and then the link. */
  #finish(reason: CloseReason, goodbye: Goodbye | undefined): void {
    if (this.#state() === 'closed') return
    if (goodbye !== undefined && this.#isConnected()) this.#sayLast(goodbye)
    this.#owner.flush(this.#owner.turns.now)
    this.#conclude(reason)
    if (this.#isConnected()) this.#owner.link.end()
  }

  /** The last words leave at once, even if all else is held: it will never be sealed now. */
  #sayLast(goodbye: Goodbye): void {
    if (this.#owner.link.isHolding) {
      this.#owner.out.release()
      this.#owner.link.discardHeld()
    }
    this.#owner.guard.goodbye(goodbye)
  }

  /** The carrier's part of the end: it gives everything back, and the conversation tells of it. */
  #conclude(reason: CloseReason): void {
    if (this.#state() === 'closed') return
    this.#owner.context.wait('over')
    this.#closing = undefined
    this.#owner.sendQueue.end()
    this.#owner.encryptionEnds(reason)
    this.#owner.conversation.end(reason)
    this.#owner.regulate()
    this.#owner.guard.release()
    if (!this.#isConnected()) return this.#owner.linkGone()
    this.#owner.watchdog.restart()
  }

  #state(): ChannelState {
    return this.#owner.conversation.state
  }

  #isConnected(): boolean {
    return this.#owner.link.state !== 'gone'
  }
}
