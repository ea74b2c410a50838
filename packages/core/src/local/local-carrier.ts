import type { ChannelEncryption } from '../base/channel-encryption.ts'
import { type CloseReason, overRateText } from '../base/close-reason.ts'
import type { SharedKeyEncryption } from '../base/encryption-options.ts'
import type { KeyTable } from '../base/key-table.ts'
import { sideOf } from '../base/message-traits.ts'
import type { PipeLimits, RatePolicy } from '../base/options.ts'
import type { Carrier } from '../channel/carrier.ts'
import type { Conversation } from '../channel/conversation.ts'
import { decodedWeight } from '../channel/decoded-weight.ts'
import type { CarrierStatistics } from '../channel/statistics.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import { MessageGuard } from '../session/message-guard.ts'
import type { AwaitedDeadline } from '../turn/deadline.ts'
import type { TurnTaker } from '../turn/turn-taker.ts'
import type { Turns } from '../turn/turns.ts'
import { type Call, type CloseTold, closed, isReply, toldOf } from './local-call.ts'
import { LocalQueue } from './local-queue.ts'
import { LocalSender, type LocalSenderOwner } from './local-sender.ts'
import { LocalUpgrade } from './local-upgrade.ts'

/** What a carrier needs of the pipe of its channel. */
export interface LocalCarrierOwner {
  readonly limits: PipeLimits
  readonly overRate: RatePolicy
  readonly turns: Turns
  readonly keys: KeyTable
  /** What the platform lends for encryption. */
  readonly crypto: PlatformCrypto
  /** Nothing is left of an ended channel. */
  linkGone(conversation: Conversation): void
}

/**
 * Carries a conversation between two ends in one process. Bodies pass as they are: the receiver gets the very object
 * that was sent, so the sender must not change it any more. What one end does is seen by the other in the turn of its own pipe, never
 * inside of the call.
 */
export class LocalCarrier implements Carrier, LocalSenderOwner, TurnTaker {
  readonly conversation: Conversation
  readonly turns: Turns
  readonly sender: LocalSender
  isReady = false
  isDirty = false

  readonly #owner: LocalCarrierOwner
  #peer!: LocalCarrier
  /** What the peer sent. Calls have negative numbers, so that plain messages need not be looked at. */
  readonly queue = new LocalQueue()
  readonly guard: MessageGuard | undefined
  /** The number of the first message over its rate of which the pipe was not told yet. */
  #excess: number | undefined
  #isHeld = false
  #mayDeliver = false
  /** What is said at an orderly end in progress, until the end of the turn. */
  #goodbye: CloseTold | undefined
  #closing: ReturnType<typeof closed> | undefined
  /** The other end has ended: why this one does, once it has read what was sent before. */
  #peerEnd: CloseReason | undefined
  readonly #late: AwaitedDeadline
  readonly #upgrade: LocalUpgrade

  private constructor(owner: LocalCarrierOwner, conversation: Conversation) {
    this.#owner = owner
    this.conversation = conversation
    this.turns = owner.turns
    this.sender = new LocalSender(this, owner.limits.localQueueMax)
    const peer = sideOf(conversation.role === 'opened' ? 'accepted' : 'opened')
    const guard = new MessageGuard(owner.keys, peer, owner.limits)
    if (guard.isLimiting) this.guard = guard
    this.#late = owner.turns.awaitedDeadline({ due: () => this.#giveUp() })
    this.#upgrade = new LocalUpgrade(owner, conversation, (reason) => this.fail(reason))
    conversation.carrier = this
  }

  /** Two ends that are connected. */
  static pair(
    opening: LocalCarrierOwner,
    opened: Conversation,
    accepting: LocalCarrierOwner,
    accepted: Conversation,
  ): [opened: LocalCarrier, accepted: LocalCarrier] {
    const near = new LocalCarrier(opening, opened)
    const far = new LocalCarrier(accepting, accepted)
    near.#connect(far)
    far.#connect(near)
    LocalUpgrade.connect(near.#upgrade, far.#upgrade)
    return [near, far]
  }

  get isConnected(): boolean {
    return this.sender.isConnected
  }

  /** It ends: that calls no function of the program, and promises wait for it. */
  get isUrgent(): boolean {
    return this.conversation.state === 'closing' || this.conversation.state === 'closed'
  }

  get isFull(): boolean {
    return this.sender.isFull
  }

  get mayReply(): boolean {
    return this.conversation.isOpen || this.#goodbye !== undefined
  }

  /** What is known of its encryption, from its handshake on. Nothing leaves the process, so nothing is sealed. */
  get encryption(): ChannelEncryption | undefined {
    return this.#upgrade.encryption
  }

  set encryption(encryption: ChannelEncryption | undefined) {
    this.#upgrade.encryption = encryption
  }

  get peerAddress(): undefined {
    return undefined
  }

  /** Opens this end. */
  open(): void {
    if (this.conversation.state !== 'handshaking') return
    this.conversation.opened()
    if (this.conversation.role === 'accepted') this.hold('free')
  }

  /** Code behind `await open()` had a turn to set its handlers: messages may come. */
  settle(): void {
    if (!this.#isHeld) this.hold('free')
  }

  /** Ends in one process can't lose sight of each other: the heartbeat never fails. */
  heartbeatChanged(): void {}

  overflowChanged(): void {
    this.sender.marksChanged()
  }

  /** The size of what waits is not known: messages count as the smallest. */
  get heldBytes(): number {
    return this.queue.count * decodedWeight(0)
  }

  pauseChanged(): void {
    this.#peer.sender.marksChanged()
    this.turns.later(this)
  }

  hold(state: 'held' | 'free'): void {
    this.#isHeld = state === 'held'
    this.#mayDeliver = !this.#isHeld && this.conversation.state === 'open'
    if (this.#mayDeliver) this.turns.later(this)
  }

  setEncryption(options: SharedKeyEncryption): Promise<void> {
    return this.#upgrade.begin(options)
  }

  close(words: CloseTold): void {
    const reason = closed('local', words)
    if (this.conversation.state === 'handshaking') {
      this.#peer.#hangUp(closed('remote', words))
      return this.#conclude(reason)
    }
    if (!this.conversation.closing()) return
    this.#mayDeliver = false
    this.#closing = reason
    this.#goodbye = words
    this.turns.dirty(this)
    this.turns.later(this)
    // The other pipe may be driven by a program that gives it no turn: its end then learns of this later.
    this.#late.setIn(this.#owner.limits.closeTimeoutMs)
  }

  destroy(): void {
    this.#peer.#hangUp({ code: 'link-ended' })
    this.#conclude({ code: 'destroyed' })
  }

  /** Ends both sides. */
  fail(reason: CloseReason): void {
    this.#peer.#hangUp(toldOf(reason))
    this.#conclude(reason)
  }

  admits(number: number, id?: number): boolean {
    const { overRate } = this.#owner
    // Behind the first one that ends the channel nothing comes, and no request has another answer.
    const isEnding = overRate === 'close' && this.#excess !== undefined
    if (!isEnding && this.guard!.admits(number, this.turns.now)) return true
    this.conversation.dispatch.limited++
    if (id !== undefined && overRate !== 'close') this.conversation.fault(id, overRateText())
    if (overRate === 'drop') return false
    this.#excess ??= number
    this.turns.later(this)
    return false
  }

  statistics(): CarrierStatistics {
    const queuedMessages = this.#peer.queue.count
    return { bytesOut: 0, queuedBytes: 0, queuedMessages, storedBytes: 0, storedMessages: this.queue.count }
  }

  describe(): string {
    return 'local'
  }

  process(): void {
    const { queue } = this
    this.sender.pour()
    const { dispatch } = this.conversation
    // Before any is taken: a turn takes all that came.
    this.conversation.holds()
    // What comes in meanwhile waits for the next turn: two ends that answer each other let the rest of the pipe live.
    for (let left = queue.count; left > 0 && this.#mayDeliver && queue.count > 0; left--) {
      queue.next()
      if (queue.number < 0) this.#called(queue.body as Call, ~queue.number)
      else dispatch.deliver(queue.number, queue.body)
    }
    if (!this.#mayDeliver && queue.replies > 0) this.#passReplies()
    this.#tellExcess()
    // An end that closes takes what comes and delivers nothing, so that the other one never waits for its room.
    if (this.conversation.state === 'closing') queue.clear()
    else queue.forget()
    if (this.#mayDeliver && queue.count > 0) this.turns.later(this)
    this.#followPeer()
    this.conversation.holds()
    if (this.conversation.state === 'closed') return
    this.#peer.sender.taken()
  }

  overflowed(queuedMessages: number): void {
    this.fail({ code: 'overflow', queuedBytes: 0, queuedMessages })
  }

  /** The end of the turn in which the channel was closed: all that was sent stands before the last words. */
  flush(): void {
    const words = this.#goodbye
    if (words === undefined) return
    this.#goodbye = undefined
    const peer = this.#peer
    const { state } = peer.conversation
    if (state === 'open' || state === 'handshaking') return this.sender.sendClose(words)
    // Ends that close at the same time needn't wait for each other: each has its own reason.
    if (peer.#closing !== undefined) peer.#hangUp(peer.#closing)
    this.#hangUp(this.#closing ?? { code: 'link-ended' })
  }

  #connect(peer: LocalCarrier): void {
    this.#peer = peer
    this.sender.connect(peer)
  }

  /** The other end has ended, and this one does in its turn. */
  #hangUp(reason: CloseReason): void {
    if (this.conversation.state === 'closed') return
    this.#peerEnd ??= reason
    this.sender.isConnected = false
    this.conversation.wake('closed')
    this.turns.later(this)
  }

  /** The other end has ended: once all that it sent is read, so has this one. */
  #followPeer(): void {
    if (this.#peerEnd === undefined) return
    if (this.conversation.state === 'open' && !this.#mayDeliver && this.queue.count > 0) return
    if (this.#mayDeliver && this.queue.count > 0) return
    this.#conclude(this.#closing ?? this.#peerEnd)
  }

  /** The other end did not read the last words in time: that they stand in its queue is all that it will hear. */
  #giveUp(): void {
    const reason = this.#closing
    if (reason !== undefined && this.#peer.conversation.state === 'open')
      this.#peer.#hangUp({ ...reason, by: 'remote' })
    this.#conclude(reason ?? { code: 'destroyed' })
  }

  /** The other end sent more than a rate allows: the pipe hears of it in its turn, behind what came before. */
  #tellExcess(): void {
    const number = this.#excess
    this.#excess = undefined
    if (number !== undefined) this.conversation.limited(number)
  }

  #passReplies(): void {
    this.queue.extract(
      (number, body) => number < 0 && isReply(body as Call),
      (body) => this.#called(body as Call, 0),
    )
  }

  #called(call: Call, number: number): void {
    const { conversation } = this
    if (isReply(call)) this.queue.replies--
    switch (call.kind) {
      case 'request':
        return conversation.dispatch.request(call.id, number, call.body)
      case 'reply':
        return conversation.replied(call.id, call.body)
      case 'fault':
        return conversation.faulted(call.id, String(call.body))
      case 'close': {
        const words = call.body as CloseTold
        this.#peer.#hangUp(closed('local', words))
        this.#conclude(closed('remote', words))
      }
    }
  }

  #conclude(reason: CloseReason): void {
    if (this.conversation.state === 'closed') return
    this.#mayDeliver = false
    this.#goodbye = undefined
    this.#late.cancel()
    this.#upgrade.end()
    this.conversation.end(reason)
    this.#owner.linkGone(this.conversation)
  }
}
