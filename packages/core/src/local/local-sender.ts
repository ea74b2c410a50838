import type { MessageSender, SendResult } from '../channel/carrier.ts'
import type { Conversation } from '../channel/conversation.ts'
import { type BodyMaker, LatestValues, type LatestValuesOwner } from '../channel/latest-values.ts'
import type { MessageGuard } from '../session/message-guard.ts'
import type { TurnTaker } from '../turn/turn-taker.ts'
import type { Turns } from '../turn/turns.ts'
import { Call, type CloseTold } from './local-call.ts'
import type { LocalQueue } from './local-queue.ts'

/** What a sender needs of its carrier. */
export interface LocalSenderOwner extends TurnTaker {
  readonly turns: Turns
  readonly conversation: Conversation
  /** Ends the channel: its policy is `close`, and so many messages wait. */
  overflowed(queuedMessages: number): void
}

/** The other end, as far as messages go there. */
export interface LocalReceiver extends TurnTaker {
  readonly conversation: Conversation
  readonly turns: Turns
  /** What it has not read. Calls have negative numbers, so that plain messages need not be looked at. */
  readonly queue: LocalQueue
  /** Counts what comes, if a message has a rate. */
  readonly guard: MessageGuard | undefined
  /**
   * Whether it takes one more of this number by its rate, if it has a guard. It counts when it comes, as on a link; one over it is dropped and counted,
   * and a request with this id gets a fault.
   */
  admits(number: number, id?: number): boolean
}

/** The way out of one end of a local channel: into the queue of the other end, which reads it in a turn of its own pipe. */
export class LocalSender implements MessageSender, LatestValuesOwner {
  /** So many messages may wait at the other end. */
  queueMax: number
  /** They pass all that waits there, in its next turn. */
  readonly mustRepliesWait = false
  readonly #localQueueMax: number
  readonly #owner: LocalSenderOwner
  readonly #conversation: Conversation
  #peer!: LocalReceiver
  /** Where messages go: the queue of the other end. */
  #queue!: LocalQueue
  /** That of the other end. */
  #guard: MessageGuard | undefined
  #latest: LatestValues | undefined
  /** The other end has not ended. */
  isConnected = true

  constructor(owner: LocalSenderOwner, localQueueMax: number) {
    this.#owner = owner
    this.#conversation = owner.conversation
    this.queueMax = this.#localQueueMax = localQueueMax
  }

  get isFull(): boolean {
    return this.#queue.count >= this.queueMax
  }

  /** Says where messages go. Called once, before anything is sent. */
  connect(peer: LocalReceiver): void {
    this.#peer = peer
    this.#queue = peer.queue
    this.#guard = peer.guard
  }

  /** The overflow policy was set, or the other end is paused, or goes on: then only one message may wait there. */
  marksChanged(): void {
    const isPaused = this.#peer.conversation.isPaused && this.#conversation.overflowPolicy !== 'close'
    this.queueMax = isPaused ? 1 : this.#localQueueMax
  }

  send(number: number, body: unknown): SendResult {
    if (this.#conversation.state !== 'open' || !this.isConnected) return 'closed'
    if (this.#queue.count >= this.queueMax) return this.#overflowed(number, body)
    this.#conversation.messagesOut++
    if (this.#guard === undefined || this.#peer.admits(number)) this.#push(number, body)
    return 'queued'
  }

  sendLatest(number: number, make: BodyMaker): SendResult {
    if (this.#conversation.state !== 'open' || !this.isConnected) return 'closed'
    this.#latest ??= new LatestValues(this)
    this.#latest.set(number, make)
    return 'queued'
  }

  /** The other end has read what it was sent. */
  get hasRoom(): boolean {
    return this.#queue.count === 0 && this.#conversation.state === 'open'
  }

  failed(text: string, error: unknown): void {
    this.#conversation.failed(text, error)
  }

  /** There may be room: sends what waits for it. */
  pour(): void {
    this.#latest?.pour()
  }

  /** The other end has taken some of what it was sent. */
  taken(): void {
    const conversation = this.#conversation
    const { count } = this.#queue
    if (conversation.isDrainAwaited && count <= this.queueMax / 4) conversation.wake('ready')
    if (count === 0 && this.#latest?.isWaiting === true) this.#owner.turns.later(this.#owner)
  }

  /** Objects have no size: any number of bytes, or none. */
  get budgetBytes(): number {
    return this.isFull || this.#conversation.state !== 'open' ? 0 : Number.POSITIVE_INFINITY
  }

  encodeShared(): undefined {
    return undefined
  }

  sendShared(number: number, body: unknown): SendResult {
    return this.send(number, body)
  }

  sendRequest(id: number, number: number, body: unknown): void {
    this.#conversation.messagesOut++
    if (this.#guard === undefined || this.#peer.admits(number, id))
      this.#push(~number, new Call('request', id, body))
  }

  sendReply(id: number, number: number, body: unknown): void {
    this.#queue.replies++
    this.#conversation.messagesOut++
    this.#push(~number, new Call('reply', id, body))
  }

  sendFault(id: number, text: string): void {
    this.#queue.replies++
    this.#push(~0, new Call('fault', id, text))
  }

  /** The last words. */
  sendClose(words: CloseTold): void {
    this.#push(~0, new Call('close', 0, words))
  }

  #push(number: number, body: unknown): void {
    const peer = this.#peer
    this.#queue.push(number, body)
    if (!peer.isReady) peer.turns.later(peer)
  }

  #overflowed(number: number, body: unknown): SendResult {
    const queuedMessages = this.#queue.count
    const verdict = this.#conversation.overflowed({ bytes: 0, messages: queuedMessages })
    if (verdict === 'full') return 'full'
    if (verdict === 'close') {
      this.#owner.overflowed(queuedMessages)
      return 'closed'
    }
    this.#conversation.messagesOut++
    if (this.#guard !== undefined && !this.#peer.admits(number)) return 'queued'
    this.#supersede(this.#queue, number, body)
    this.#push(number, body)
    return 'queued'
  }

  /** Drops an older message of the same topic, or else the oldest. */
  #supersede(queue: LocalQueue, number: number, body: unknown): void {
    const { overflow, dispatch } = this.#conversation
    const key = dispatch.keyOf(number)
    const topic = overflow.topic(key, body)
    const isOlder = (other: number, otherBody: unknown) =>
      other === number && overflow.topic(key, otherBody) === topic
    if (topic !== undefined && queue.drop(isOlder)) overflow.superseded++
    else if (queue.drop((other) => other >= 0)) overflow.droppedOldest++
  }
}
