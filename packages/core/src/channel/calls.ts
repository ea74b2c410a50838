import type { CloseReason } from '../base/close-reason.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { PipeLimits } from '../base/options.ts'
import type { SendQueue } from '../link/send-queue.ts'
import type { Session } from '../ports/protocol.ts'
import type { Turns } from '../turn/turns.ts'
import type { DispatchOwner } from './dispatch.ts'
import { PendingRequests, type RequestOptions } from './pending-requests.ts'

/** What the calls need of their channel. */
export interface CallsOwner {
  readonly limits: PipeLimits
  readonly turns: Turns
  /** Why nothing can be said, or `undefined` while the channel is open. */
  readonly closedText: string | undefined
  /** Whether an answer can still leave: it can in the very turn in which the channel was closed. */
  readonly mayAnswer: boolean
  hold(state: 'held'): void
  /** A handler threw. */
  handlerFailed(error: unknown, key: string): void
  /** Something was written. */
  wrote(messages: number): void
}

/** The requests and replies of one channel over a link, both ways. */
export class Calls implements DispatchOwner {
  readonly #owner: CallsOwner
  /** Set once, before the first call. */
  session!: Session
  readonly #sendQueue: SendQueue
  #requests: PendingRequests | undefined

  constructor(owner: CallsOwner, sendQueue: SendQueue) {
    this.#owner = owner
    this.#sendQueue = sendQueue
  }

  get maxRequests(): number {
    return this.#owner.limits.maxRequests
  }

  hold(state: 'held'): void {
    this.#owner.hold(state)
  }

  handlerFailed(error: unknown, key: string): void {
    this.#owner.handlerFailed(error, key)
  }

  /** Sends a request and waits for its reply. */
  request(key: string, number: number, body: unknown, options: RequestOptions): Promise<unknown> {
    const session = this.session
    const { closedText, limits, turns } = this.#owner
    if (closedText !== undefined) {
      return Promise.reject(new MillraceError('channel-closed', `cannot request '${key}': ${closedText}`))
    }
    if (session.encodeRequest === undefined) {
      return Promise.reject(new MillraceError('unsupported', 'this protocol has no requests'))
    }
    if (this.#sendQueue.isFull) {
      const text = `cannot request '${key}': the channel is full; wait for drained()`
      return Promise.reject(new MillraceError('request-limit', text))
    }
    this.#requests ??= new PendingRequests(turns, limits.maxRequests, limits.requestTimeoutMs)
    return this.#requests.start(key, number, options, (id) => {
      session.encodeRequest?.(id, number, body)
      this.#owner.wrote(1)
    })
  }

  /** Answers the peer's request. A body that doesn't fit the contract becomes a fault, and is thrown on this side. */
  reply(id: number, number: number, body: unknown): void {
    if (!this.#owner.mayAnswer) return
    this.session.encodeReply?.(id, number, body)
    this.#owner.wrote(1)
  }

  /** Tells the peer that its request has no answer. */
  fault(id: number, text: string): void {
    if (!this.#owner.mayAnswer) return
    this.session.encodeFault?.(id, text)
    this.#owner.wrote(0)
  }

  /** The key's number of a request that waits, or -1. */
  awaited(id: number): number {
    return this.#requests?.awaited(id) ?? -1
  }

  replied(id: number, body: unknown): void {
    this.#requests?.replied(id, body)
  }

  faulted(id: number, text: string): void {
    this.#requests?.faulted(id, text)
  }

  /** The channel ended: nothing will be answered any more. */
  end(reason: CloseReason): void {
    this.#requests?.end(reason)
  }
}
