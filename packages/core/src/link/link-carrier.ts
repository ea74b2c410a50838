import type { BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { Goodbye } from '@millrace/wire'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { CloseReason } from '../base/close-reason.ts'
import type { SharedKeyEncryption } from '../base/encryption-options.ts'
import type { PipeLimits } from '../base/options.ts'
import type { Carrier } from '../channel/carrier.ts'
import type { ChannelState } from '../channel/channel-state.ts'
import type { Conversation } from '../channel/conversation.ts'
import type { CarrierStatistics } from '../channel/statistics.ts'
import type { ChannelEncryptionOwner, ChannelEncryptionSteps } from '../ports/encryption.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import type { Protocol, StreamSession } from '../ports/protocol.ts'
import type { Link, LinkOwner } from '../ports/transport.ts'
import type { Turns } from '../turn/turns.ts'
import type { LinkCarrierOwner } from './link-carrier-owner.ts'
import { LinkEnding, type LinkEndingOwner } from './link-ending.ts'
import { LinkReceiver, type LinkReceiverOwner } from './link-receiver.ts'
import { LinkSender, type LinkSenderOwner } from './link-sender.ts'
import { LinkWatchdog, type LinkWatchdogOwner } from './link-watchdog.ts'
import { ReceiveThrottle } from './receive-throttle.ts'
import { SendQueue } from './send-queue.ts'
import { SessionContext, type SessionContextOwner } from './session-context.ts'
import { makeSession, SessionGuard } from './session-guard.ts'
import { UpgradableLink } from './upgradable-link.ts'
import { encryptionOf } from './without-encryption.ts'

/**
 * Carries one conversation over a link: conducts the session, the way in, the way out, the deadlines and the end. Link
 * events store what came and ask for a turn; all else happens in the pipe's turn, which `auto` runs inside of the event.
 */
export class LinkCarrier
  implements
    Carrier,
    ChannelEncryptionOwner,
    LinkEndingOwner,
    LinkOwner,
    LinkReceiverOwner,
    LinkSenderOwner,
    LinkWatchdogOwner,
    SessionContextOwner
{
  readonly conversation: Conversation
  readonly limits: PipeLimits
  readonly turns: Turns
  readonly pool: BlockPool
  readonly crypto: PlatformCrypto
  readonly link: UpgradableLink
  readonly sendQueue: SendQueue
  readonly out: SegmentBuffer
  readonly session: StreamSession
  readonly sender: LinkSender
  isReady = false
  isDirty = false
  readonly #owner: LinkCarrierOwner
  readonly watchdog: LinkWatchdog
  readonly context: SessionContext
  readonly guard: SessionGuard
  readonly throttle: ReceiveThrottle
  readonly ending: LinkEnding
  readonly #receiver: LinkReceiver
  #encryption: ChannelEncryptionSteps | undefined

  private constructor(owner: LinkCarrierOwner, conversation: Conversation, protocol: Protocol, link: Link) {
    this.#owner = owner
    this.conversation = conversation
    this.turns = owner.turns
    this.limits = owner.limits
    this.pool = owner.pool
    this.crypto = owner.crypto
    this.link = new UpgradableLink(link)
    this.throttle = new ReceiveThrottle(this.link, owner.limits)
    this.sendQueue = new SendQueue(owner.pool, this.link, conversation)
    this.out = this.sendQueue.buffer
    this.watchdog = new LinkWatchdog(this, owner.limits, owner.turns)
    this.context = new SessionContext(this)
    this.session = makeSession(protocol, this.context)
    this.guard = new SessionGuard(this.session, this)
    this.sender = new LinkSender(this)
    this.#receiver = new LinkReceiver(this, owner.incomplete)
    this.ending = new LinkEnding(this)
  }

  /** Throws `unsupported` or `handshake-failed`, and cuts the link, when the protocol makes no session. */
  static over(
    link: Link,
    owner: LinkCarrierOwner,
    conversation: Conversation,
    protocol: Protocol,
  ): LinkCarrier {
    try {
      const carrier = new LinkCarrier(owner, conversation, protocol, link)
      conversation.carrier = carrier
      return carrier
    } catch (error) {
      link.start({ received() {}, sent() {}, ended() {}, gone() {} })
      link.destroy()
      throw error
    }
  }

  get role(): 'accepted' | 'opened' {
    return this.conversation.role
  }

  get state(): ChannelState {
    return this.conversation.state
  }

  get isOpen(): boolean {
    return this.conversation.isOpen
  }

  get isConnected(): boolean {
    return this.link.state !== 'gone'
  }

  /** It ends: that calls no function of the program, and promises wait for it. */
  get isUrgent(): boolean {
    return this.state === 'closing' || this.state === 'closed'
  }

  get isFull(): boolean {
    return this.sendQueue.isFull
  }

  get mayReply(): boolean {
    return this.isOpen || this.ending.isSpeaking
  }

  get encryption(): ChannelEncryption | undefined {
    return this.link.encryption
  }

  get peerAddress(): string | undefined {
    return this.link.peerAddress
  }

  get heldBytes(): number {
    return this.guard.stored + this.link.storedBytes + this.sendQueue.queuedBytes
  }

  /** Begins: from here on the link may tell. */
  start(): void {
    this.link.start(this)
    this.watchdog.restart()
    this.turns.event(this)
  }

  heartbeatChanged(): void {
    this.watchdog.heartbeatChanged(this.conversation.heartbeat)
  }

  overflowChanged(): void {
    this.sendQueue.overflowChanged()
    if (this.out.size > 0) this.turns.dirty(this)
  }

  pauseChanged(): void {
    this.sendQueue.pauseChanged()
    this.sendQueue.owed()
    if (this.sendQueue.isFullOfAnswers) this.context.wait('owing')
    this.regulate()
    this.turns.later(this)
  }

  hold(state: 'held' | 'free'): void {
    this.context.hold(state)
  }

  /** The link has bytes that are no use to the session yet. */
  stored(): void {
    this.conversation.holds()
    if (this.link.below.speaks !== undefined) this.turns.event(this)
  }

  setEncryption(options: SharedKeyEncryption): Promise<void> {
    return this.#encryptionSteps().begin(options)
  }

  close(words: Pick<Goodbye, 'appCode' | 'text'>): void {
    this.ending.close(words)
  }

  destroy(reason: CloseReason = { code: 'destroyed' }): void {
    this.ending.destroy(reason)
  }

  fail(reason: CloseReason): void {
    this.ending.fail(reason)
  }

  get endReason(): CloseReason {
    return this.ending.endReason
  }

  statistics(): CarrierStatistics {
    return { ...this.sender.counts, storedBytes: this.guard.stored, storedMessages: 0 }
  }

  describe(): string {
    return this.link.describe()
  }

  invariants(): void {
    this.sendQueue.invariants()
    this.session.invariants?.()
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    // After a close nothing is read any more but the end of the link, and what lets the last words out.
    if (this.state === 'closed' || (this.state === 'closing' && !this.link.isHolding)) return
    this.#receiver.received(bytes, ownership)
  }

  sent(size: number): void {
    const { sendQueue } = this
    const wasAwaited = this.sender.isAwaited
    sendQueue.sent(size)
    this.conversation.holds()
    this.watchdog.flow(sendQueue.inFlight > 0 ? 'moving' : 'idle')
    if (sendQueue.isLow) this.conversation.wake('ready')
    if (wasAwaited && sendQueue.isLow) this.turns.event(this)
  }

  ended(): void {
    this.turns.event(this)
  }

  gone(): void {
    this.sendQueue.cut()
    this.conversation.wake('closed')
    this.watchdog.end()
    this.#encryption?.end({ code: 'link-ended' })
    if (this.state === 'closed') this.#owner.linkGone(this.conversation)
    else this.turns.event(this)
  }

  process(now: number): void {
    const context = this.context
    context.goOn('settling')
    if (!this.sendQueue.isOwing) context.goOn('owing')
    this.watchdog.turn()
    if (!context.isOver) this.guard.start(now)
    const stored = context.isOver ? undefined : this.#receiver.decode(now)
    if (this.out.size > 0) this.sendQueue.owed()
    if (this.state === 'open') this.sender.pour()
    if (this.out.size > 0) this.turns.dirty(this)
    if (this.sendQueue.isLow && this.isConnected) this.conversation.wake('ready')
    this.ending.follow()
    this.#receiver.regulate(stored)
    this.watchdog.turned()
    // Before others have their turn, and what was written has left.
    this.conversation.holds()
  }

  flush(): void {
    this.ending.speak()
    if (this.out.size > 0) this.sender.push('unless-left')
    this.conversation.holds()
  }

  regulate(): void {
    this.#receiver.regulate()
  }

  encryptionEnds(reason: CloseReason): void {
    this.#encryption?.end(reason)
  }

  linkGone(): void {
    this.#owner.linkGone(this.conversation)
  }

  sealed(): void {
    this.flush()
    if (this.sendQueue.inFlight > 0) this.watchdog.flow('waiting')
    this.regulate()
  }

  ask(data: Uint8Array): 'yes' | 'later' | Goodbye {
    return this.#owner.admit(this.conversation, data, () => this.turns.later(this))
  }

  opened(): void {
    const { conversation } = this
    const { heartbeat } = this.#owner
    if (heartbeat !== undefined && conversation.heartbeat === undefined && this.session.ping !== undefined)
      conversation.setHeartbeat(heartbeat)
    conversation.opened()
    // Code behind `await open()` runs after this turn: delivery waits until it has set its handlers.
    if (this.role !== 'opened') return
    this.context.wait('settling')
    this.turns.settle(this)
  }

  cipherStep(step: number, message: Uint8Array): void {
    this.#encryptionSteps().came(step, message)
  }

  sessionFailed(error: unknown): void {
    this.conversation.failed('the session failed', error)
    this.fail({ code: 'protocol-violation', what: 'the session failed on what the peer sent' })
  }

  ping(now: number): void {
    this.sender.pass(() => this.guard.ping(now))
  }

  signOfLife(): void {
    // Whatever else is on its way says as much.
    if (this.sendQueue.queuedBytes > 0 && !this.link.isHolding) return
    this.sender.pass(() => this.guard.pong())
  }

  #encryptionSteps(): ChannelEncryptionSteps {
    return (this.#encryption ??= encryptionOf(this))
  }
}
