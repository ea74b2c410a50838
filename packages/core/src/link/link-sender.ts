import type { CloseReason } from '../base/close-reason.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { MessageSender, SendResult } from '../channel/carrier.ts'
import type { Conversation } from '../channel/conversation.ts'
import { type BodyMaker, LatestValues, type LatestValuesOwner } from '../channel/latest-values.ts'
import type { CarrierStatistics } from '../channel/statistics.ts'
import type { Session } from '../ports/protocol.ts'
import type { TurnTaker } from '../turn/turn-taker.ts'
import type { Turns } from '../turn/turns.ts'
import type { LinkWatchdog } from './link-watchdog.ts'
import type { SendQueue } from './send-queue.ts'
import type { SessionContext } from './session-context.ts'
import type { UpgradableLink } from './upgradable-link.ts'

/** A link of which nothing else is known has room while less than so many bytes wait. */
const latestRoom = 16_384

/** What a sender needs of its carrier. */
export interface LinkSenderOwner extends TurnTaker {
  readonly conversation: Conversation
  readonly turns: Turns
  readonly link: UpgradableLink
  readonly sendQueue: SendQueue
  readonly session: Session
  readonly watchdog: LinkWatchdog
  readonly context: SessionContext
  /** Ends the channel for this reason, and tells the peer. */
  fail(reason: CloseReason): void
}

/** The way out of one channel: the session encodes into the send queue, which goes to the link at the end of the turn, or when a block is full. */
export class LinkSender implements MessageSender, LatestValuesOwner {
  readonly #owner: LinkSenderOwner
  readonly #conversation: Conversation
  readonly #session: Session
  readonly #queue: SendQueue
  #latest: LatestValues | undefined

  constructor(owner: LinkSenderOwner) {
    this.#owner = owner
    this.#conversation = owner.conversation
    this.#session = owner.session
    this.#queue = owner.sendQueue
  }

  /** Whether something waits for the link to take more. */
  get isAwaited(): boolean {
    return this.#queue.isAwaited || this.#conversation.isDrainAwaited || this.#latest?.isWaiting === true
  }

  get mustRepliesWait(): boolean {
    return this.#queue.isFull && this.#queue.isFullOfAnswers
  }

  send(number: number, body: unknown): SendResult {
    if (this.#conversation.state !== 'open') return 'closed'
    if (this.#queue.isFull) return this.#overflowed(number, body, undefined)
    if (this.#session.encode(number, body) === 'too-large') return this.#tooLarge(number)
    this.#conversation.messagesOut++
    this.#wrote()
    return 'queued'
  }

  sendLatest(number: number, make: BodyMaker): SendResult {
    if (this.#conversation.state !== 'open') return 'closed'
    this.#latest ??= new LatestValues(this)
    this.#latest.set(number, make)
    return 'queued'
  }

  /** What left and what waits, and what is known of the way. */
  get counts(): Pick<CarrierStatistics, 'network' | 'bytesOut' | 'queuedBytes' | 'queuedMessages'> {
    const { bytesOut, queuedBytes } = this.#queue
    return { network: this.#owner.link.network?.(), bytesOut, queuedBytes, queuedMessages: 0 }
  }

  /** So many bytes leave at once if they are sent now; over a link that doesn't say, so many are not refused. */
  get budgetBytes(): number {
    if (this.#conversation.state !== 'open') return 0
    const { budgetBytes } = this.#owner.link
    return budgetBytes === undefined
      ? this.#queue.freeBytes
      : Math.max(0, budgetBytes - this.#queue.buffer.size)
  }

  get hasRoom(): boolean {
    if (this.#queue.isFull || this.#conversation.state !== 'open') return false
    return this.#owner.link.budgetBytes === undefined
      ? this.#queue.queuedBytes < latestRoom
      : this.budgetBytes > 0
  }

  failed(text: string, error: unknown): void {
    this.#conversation.failed(text, error)
  }

  /** There may be room: sends what waits for it. */
  pour(): void {
    this.#queue.pour()
    this.#latest?.pour()
  }

  encodeShared(number: number, body: unknown): Uint8Array | undefined {
    return this.#session.encodeShared?.(number, body)
  }

  sendShared(number: number, body: unknown, bytes: Uint8Array): SendResult {
    if (this.#conversation.state !== 'open') return 'closed'
    if (this.#queue.isFull) return this.#overflowed(number, body, bytes)
    if (this.#session.peerLimit?.takesFrame(bytes) === false) return this.#tooLarge(number)
    this.#queue.buffer.appendShared(bytes)
    this.#conversation.messagesOut++
    this.#dirty()
    return 'queued'
  }

  /** Throws `unsupported` where the protocol has no requests, and for a body that doesn't fit, or that the peer doesn't take. */
  sendRequest(id: number, number: number, body: unknown): void {
    if (this.#session.encodeRequest === undefined) {
      throw new MillraceError('unsupported', 'this protocol has no requests')
    }
    if (this.#session.encodeRequest(id, number, body) === 'too-large') {
      this.#tooLarge(number)
      const key = this.#conversation.dispatch.keyOf(number)
      const text = `the request '${key}' is larger than the peer takes: ${this.#session.peerLimit?.peerSizeMax} bytes, its messageSizeMax`
      throw new MillraceError('message-too-large', text)
    }
    this.#conversation.messagesOut++
    this.#wrote()
  }

  sendReply(id: number, number: number, body: unknown): void {
    const { size } = this.#queue.buffer
    if (this.#session.encodeReply?.(id, number, body) === 'too-large') {
      this.#tooLarge(number)
      return this.sendFault(id, 'the reply is larger than messageSizeMax of the side that asked')
    }
    this.#conversation.messagesOut++
    this.#answered(size)
  }

  sendFault(id: number, text: string): void {
    const { size } = this.#queue.buffer
    this.#session.encodeFault?.(id, text)
    this.#answered(size)
  }

  /** Writes what says that this side lives. While the link holds all else back for a cipher, that passes it in clear: it tells nothing. */
  pass(write: () => void): void {
    const { link, turns } = this.#owner
    if (!link.isHolding) {
      write()
      return turns.dirty(this.#owner)
    }
    this.push()
    write()
    link.pass(this.#queue.buffer.take())
  }

  /** Hands what was written to the link. */
  push(report?: 'unless-left'): void {
    const wasAwaited = this.isAwaited
    this.#queue.flush(report)
    // What this side holds back is not the peer's to take.
    if (this.#owner.link.isHolding) return
    if (this.#queue.inFlight > 0) this.#owner.watchdog.flow('waiting')
    else if (wasAwaited) this.#owner.turns.later(this.#owner)
  }

  #overflowed(number: number, body: unknown, shared: Uint8Array | undefined): SendResult {
    if (this.#owner.link.state === 'gone') return 'closed'
    const { queuedBytes } = this.#queue
    const verdict = this.#conversation.overflowed({ bytes: queuedBytes, messages: 0 })
    if (verdict === 'full') return 'full'
    if (verdict === 'close') {
      this.#owner.fail({ code: 'overflow', queuedBytes, queuedMessages: 0 })
      return 'closed'
    }
    const bytes = shared ?? this.encodeShared(number, body)
    if (bytes !== undefined && this.#session.peerLimit?.takesFrame(bytes) === false)
      return this.#tooLarge(number)
    this.#queue.queueLate(this.#conversation.dispatch.keyOf(number), body, bytes)
    this.#conversation.messagesOut++
    this.#dirty()
    return 'queued'
  }

  #tooLarge(number: number): 'too-large' {
    this.#conversation.tooLarge(number, this.#session.peerLimit?.peerSizeMax)
    return 'too-large'
  }

  /** An answer was written behind so many bytes. It ignores the marks: of a peer that takes none, no more requests are read. */
  #answered(sizeBefore: number): void {
    const queue = this.#queue
    queue.answered(queue.buffer.size - sizeBefore)
    this.#wrote()
    if (queue.isFullOfAnswers) this.#owner.context.wait('owing')
  }

  #wrote(): void {
    if (this.#queue.isBlockFull) this.push()
    this.#dirty()
  }

  #dirty(): void {
    if (!this.#owner.isDirty) this.#owner.turns.dirty(this.#owner)
  }
}
