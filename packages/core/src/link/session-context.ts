import type { BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { Goodbye } from '@millrace/wire'
import type { CloseReason } from '../base/close-reason.ts'
import type { PipeLimits } from '../base/options.ts'
import type { Conversation } from '../channel/conversation.ts'
import type { Dispatch } from '../channel/dispatch.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import type { SessionHost } from '../ports/protocol.ts'
import { turnBudget } from '../turn/turn-budget.ts'
import type { TurnTaker } from '../turn/turn-taker.ts'
import type { Turns } from '../turn/turns.ts'

/** What a context needs of the carrier that it stands in for. */
export interface SessionContextOwner extends TurnTaker {
  readonly turns: Turns
  readonly role: 'accepted' | 'opened'
  readonly limits: PipeLimits
  readonly pool: BlockPool
  readonly out: SegmentBuffer
  readonly conversation: Conversation
  readonly crypto: PlatformCrypto
  readonly sendQueue: { readonly isOwing: boolean }
  /** Whether the channel may open; if not, what the peer is told. */
  ask(data: Uint8Array): 'yes' | 'later' | Goodbye
  opened(): void
  readonly ending: { farewell(goodbye: Goodbye): void }
  fail(reason: CloseReason): void
  cipherStep(step: number, message: Uint8Array): void
}

const noData = new Uint8Array(0)

/** Why messages wait: their reader is behind, the opener has not set its handlers, the peer is owed replies, the channel is over. */
const causes = { held: 1, settling: 2, owing: 4, over: 8 } as const

/** Why messages wait. */
export type WaitCause = keyof typeof causes

/** All that a session sees of the carrier it works for. */
export class SessionContext implements SessionHost {
  readonly pool: BlockPool
  readonly out: SegmentBuffer
  mayDeliver = true
  isOver = false
  /** Frames that the session has told of, so that a peer is seen to get on. */
  framesIn = 0
  allowance = 0
  /** The session has spent its budget, and may have more to do. */
  isSpent = false
  /** What it was allowed in this turn so far. */
  #granted = 0
  #isTimed = false
  readonly #owner: SessionContextOwner
  readonly #conversation: Conversation
  readonly #dispatch: Dispatch
  #waiting = 0
  #isMuted = false

  constructor(owner: SessionContextOwner) {
    this.pool = owner.pool
    this.out = owner.out
    this.#owner = owner
    this.#conversation = owner.conversation
    this.#dispatch = owner.conversation.dispatch
  }

  /** The channel has its turn. */
  beginTurn(): void {
    this.isSpent = this.#isTimed = false
    this.allowance = this.#granted = turnBudget.firstSliceBytes
  }

  refill(): boolean {
    const { turns } = this.#owner
    // A frame may be larger than what was left for it.
    const done = this.#granted - this.allowance
    const share = turns.rounds.shareLeft(this.#isTimed ? 'again' : 'first')
    this.#isTimed = true
    // One that is alone goes on while it has time: no other would gain by its waiting.
    const left = turns.isAlone ? turnBudget.bytes : turnBudget.bytes - done
    this.isSpent = left <= 0 || share <= 0
    if (this.isSpent) return false
    // What is slow gets no more than will fit into its time, by what it took so far.
    const fitting = Math.ceil((Math.max(done, 1) * share) / (1 - share))
    const slice = Math.min(Math.max(done, turnBudget.sliceBytes), turnBudget.sliceBytesMax)
    this.allowance = Math.min(left, slice, fitting)
    this.#granted = done + this.allowance
    return true
  }

  /** Postponed without a look: the round has taken too long already. */
  postpone(): void {
    this.isSpent = true
  }

  /** Messages wait from now on, for this cause among others. */
  wait(cause: WaitCause): void {
    if (this.#isMuted && cause !== 'over') return
    this.#waiting |= causes[cause]
    if (cause === 'over') this.isOver = true
    this.mayDeliver = false
  }

  /** This cause is over. Messages come again when no other is left. */
  goOn(cause: WaitCause): void {
    this.#waiting &= ~causes[cause]
    this.mayDeliver = this.#waiting === 0
  }

  /** A reader is behind, or has caught up. */
  hold(state: 'held' | 'free'): void {
    if (state === 'held') return this.wait('held')
    this.goOn('held')
    this.#owner.turns.later(this.#owner)
  }

  /** Messages are not delivered any more; but what else comes is read, whatever they waited for. */
  mute(): void {
    this.#isMuted = true
    this.#waiting = 0
    this.mayDeliver = true
  }

  get isOwing(): boolean {
    return this.#owner.sendQueue.isOwing
  }

  get role(): 'accepted' | 'opened' {
    return this.#owner.role
  }

  get limits(): PipeLimits {
    return this.#owner.limits
  }

  get openData(): Uint8Array {
    return this.role === 'opened' ? this.#conversation.openData : noData
  }

  random(size: number): Uint8Array {
    return this.#owner.crypto.random(size)
  }

  admit(data: Uint8Array = noData): 'yes' | 'no' | 'later' {
    const answer = this.#owner.ask(data)
    if (answer === 'later') return answer
    if (answer === 'yes') {
      if (this.role === 'accepted' && data.length > 0) this.#conversation.openData = data
      return answer
    }
    const { code: why, appCode, text } = answer
    this.#owner.fail({ code: 'refused', why, appCode, text })
    return 'no'
  }

  opened(): void {
    this.#owner.opened()
  }

  deliver(number: number, body: unknown, key?: string): void {
    this.framesIn++
    if (!this.#isMuted) this.#dispatch.deliver(number, body, key)
  }

  requested(id: number, number: number, body: unknown, key?: string): void {
    this.framesIn++
    if (!this.#isMuted) this.#dispatch.request(id, number, body, key)
  }

  limited(number = -1): void {
    this.#dispatch.limited++
    // A request over its rate is answered, too.
    if (this.isOwing) this.wait('owing')
    this.#conversation.limited(number)
  }

  awaited(id: number): number {
    return this.#conversation.awaited(id)
  }

  replied(id: number, body: unknown): void {
    this.framesIn++
    if (!this.#isMuted) this.#conversation.replied(id, body)
  }

  faulted(id: number, text: string): void {
    this.framesIn++
    if (!this.#isMuted) this.#conversation.faulted(id, text)
  }

  ponged(roundTripMs: number): void {
    this.framesIn++
    this.#conversation.roundTripMs = roundTripMs
  }

  farewell(goodbye: Goodbye): void {
    this.#owner.ending.farewell(goodbye)
  }

  fail(reason: CloseReason): void {
    this.#owner.fail(reason)
  }

  cipherStep(step: number, message: Uint8Array): void {
    this.#owner.cipherStep(step, message)
  }

  wake(): void {
    this.#owner.turns.later(this.#owner)
  }
}
