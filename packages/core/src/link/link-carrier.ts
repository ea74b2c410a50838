import type { BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { Goodbye } from '@millrace/wire'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import { type CloseReason, describeReason, goodbyeOf, linkReason } from '../base/close-reason.ts'
import type { OverflowPolicy, PipeLimits } from '../base/options.ts'
import { Calls, type CallsOwner } from '../channel/calls.ts'
import type {
  Carrier,
  CarrierOwner,
  ChannelStatistics,
  HeartbeatFail,
  OverflowOptions,
  SendResult,
} from '../channel/carrier.ts'
import { ChannelCounters } from '../channel/channel-counters.ts'
import type { ChannelState } from '../channel/channel-state.ts'
import { CloseNotifier } from '../channel/close-notifier.ts'
import { Dispatch } from '../channel/dispatch.ts'
import type { SharedKeyEncryption } from '../encryption/encryption.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import type { Protocol, StreamSession } from '../ports/protocol.ts'
import type { Link } from '../ports/transport.ts'
import type { Turns, TurnTaker } from '../turn/turns.ts'
import { LinkWatchdog, type LinkWatchdogOwner } from './link-watchdog.ts'
import { ReceiveThrottle } from './receive-throttle.ts'
import { SendQueue } from './send-queue.ts'
import { SessionContext, type SessionContextOwner } from './session-context.ts'
import { UpgradableLink, type UpgradableLinkOwner } from './upgradable-link.ts'

/**
 * Carries one channel over a link: conducts the session, the send queue and the deadlines, and decides how the channel ends.
 * Link events only store; all else happens in the pipe's turn.
 */
export class LinkCarrier
  implements Carrier, CallsOwner, LinkWatchdogOwner, UpgradableLinkOwner, SessionContextOwner, TurnTaker
{
  readonly role: 'accepted' | 'opened'
  readonly limits: PipeLimits
  readonly turns: Turns
  readonly pool: BlockPool
  readonly crypto: PlatformCrypto | undefined
  readonly out: SegmentBuffer
  link: Link
  readonly sendQueue: SendQueue
  readonly session: StreamSession
  readonly gate: UpgradableLink
  readonly dispatch: Dispatch
  readonly closeNotifier = new CloseNotifier()
  readonly calls: Calls
  isReady = false
  isDirty = false
  state: ChannelState = 'handshaking'

  readonly #owner: CarrierOwner
  readonly #watchdog: LinkWatchdog
  readonly #context: SessionContext
  #failing: CloseReason | undefined
  readonly #reading: ReceiveThrottle
  #linkState: 'open' | 'ended' | 'gone' = 'open'
  #linkError: unknown
  #isStarted = false
  #parting: Goodbye | undefined
  readonly #traffic = new ChannelCounters()

  constructor(owner: CarrierOwner, protocol: Protocol, link: Link, role: 'accepted' | 'opened') {
    this.#owner = owner
    this.turns = owner.turns
    this.role = role
    this.limits = owner.limits
    this.pool = owner.pool
    this.crypto = owner.crypto
    this.link = link
    this.gate = new UpgradableLink(this)
    this.#reading = new ReceiveThrottle(link, owner.limits)
    this.sendQueue = new SendQueue(owner.pool, owner.limits, link, owner.overflow)
    this.out = this.sendQueue.buffer
    this.#watchdog = new LinkWatchdog(this, owner.limits, owner.turns)
    this.calls = new Calls(this, this.sendQueue)
    this.dispatch = new Dispatch(protocol.keys, this.calls)
    this.#context = new SessionContext(this)
    this.session = this.calls.session = protocol.session!(this.#context)
  }

  /** Begins: from here on the link may tell. */
  start(now: number): void {
    this.link.start(this.gate)
    this.#watchdog.restart(now)
    this.turns.event(this)
  }

  send(number: number, body: unknown): SendResult {
    if (this.state !== 'open') return 'closed'
    if (this.sendQueue.isFull) return this.#overflowed(number, body, undefined)
    this.session.encode(number, body)
    this.#traffic.messagesOut++
    if (this.sendQueue.isBlockFull) this.#push()
    else if (!this.isDirty) this.turns.dirty(this)
    return 'queued'
  }

  encodeShared(number: number, body: unknown): Uint8Array | undefined {
    return this.session.encodeShared?.(number, body)
  }

  sendShared(number: number, body: unknown, bytes: Uint8Array): SendResult {
    if (this.state !== 'open') return 'closed'
    if (this.sendQueue.isFull) return this.#overflowed(number, body, bytes)
    this.out.appendShared(bytes)
    this.#traffic.messagesOut++
    if (!this.isDirty) this.turns.dirty(this)
    return 'queued'
  }

  drained(): Promise<'ready' | 'closed'> {
    return this.isOpen ? this.sendQueue.drained() : Promise.resolve('closed')
  }

  setHeartbeat(intervalMs: number, timeoutMs: number, fail: HeartbeatFail | undefined): void {
    this.#watchdog.setHeartbeat(intervalMs, timeoutMs, fail, this.turns.now)
  }

  setOverflow(policy: OverflowPolicy, options: OverflowOptions): void {
    this.sendQueue.setPolicy(policy, options)
    if (this.out.size > 0) this.turns.dirty(this)
  }

  hold(state: 'held' | 'free'): void {
    this.#context.hold(state)
  }

  setEncryption(options: SharedKeyEncryption): Promise<void> {
    return this.gate.encryption.begin(options)
  }

  close(text: string): void {
    if (this.state !== 'open' && this.state !== 'handshaking') return
    if (this.#failing !== undefined) return this.fail(this.#failing)
    const goodbye: Goodbye = { code: 'closed', text }
    const reason: CloseReason = { code: 'closed', by: 'local', text }
    if (this.state === 'handshaking') return this.#finish(reason, goodbye)
    this.state = 'closing'
    this.#failing = reason
    this.#parting = goodbye
    if (this.sendQueue.isHeld) this.#context.mute()
    else this.#context.wait('over')
    this.#reading.set('on')
    this.#watchdog.restart(this.turns.now)
    this.turns.dirty(this)
  }

  statistics(): ChannelStatistics {
    return this.#traffic.statistics(this.sendQueue, this.dispatch, this.session.stored)
  }

  describe(): string {
    return `${this.link.describe()} ${this.#stateText}`
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    // After a close nothing is read any more but the end of the link, and what lets the last words out.
    if (this.state === 'closed' || (this.state === 'closing' && !this.sendQueue.isHeld)) return
    const session = this.session
    this.#traffic.bytesIn += bytes.length
    this.#watchdog.heard()
    session.receive(ownership === 'lent' && session.keep === undefined ? new Uint8Array(bytes) : bytes)
    this.turns.event(this)
    this.#reading.regulate(session.stored)
    if (ownership === 'lent') session.keep?.()
  }

  sent(size: number): void {
    const sendQueue = this.sendQueue
    sendQueue.inFlight -= size
    this.#watchdog.deadlines.flow(sendQueue.inFlight > 0 ? 'moving' : 'idle', this.turns.now)
    if (sendQueue.isLow) sendQueue.wake('ready')
    if (sendQueue.isAwaited && sendQueue.isLow) this.turns.event(this)
  }

  ended(): void {
    if (this.#linkState === 'open') this.#linkState = 'ended'
    this.turns.event(this)
  }

  gone(error?: unknown): void {
    this.#linkState = 'gone'
    this.#linkError = error
    this.sendQueue.cut()
    this.#watchdog.end()
    if (this.state === 'closed') this.#owner.linkGone(this)
    else this.turns.event(this)
  }

  process(now: number): void {
    const context = this.#context
    context.goOn('settling')
    if (this.sendQueue.isLow) this.#owe('settled')
    this.#watchdog.turn(now)
    if (!this.#isStarted) this.session.start(now)
    this.#isStarted = true
    if (!context.isOver) this.#decode(now)
    if (this.state === 'open') this.sendQueue.pour()
    if (this.out.size > 0) this.turns.dirty(this)
    if (this.sendQueue.isLow) this.sendQueue.wake('ready')
    this.#followLink()
    if (this.state === 'closing') this.#reading.set('on')
    else this.#reading.regulate(this.session.stored)
    this.#watchdog.arm()
  }

  get isUrgent(): boolean {
    return this.state === 'closing' || this.state === 'closed'
  }

  get isOpen(): boolean {
    return this.state === 'open' && this.#linkState !== 'gone'
  }

  get encryption(): ChannelEncryption | undefined {
    return this.link.encryption
  }

  get closedText(): string | undefined {
    return this.isOpen ? undefined : `the channel is ${this.#stateText}`
  }

  get mayAnswer(): boolean {
    return this.isOpen || this.#parting !== undefined
  }

  handlerFailed(error: unknown, key: string): void {
    this.#owner.failed(`the handler of '${key}' failed`, error, this)
  }

  wrote(messages: number): void {
    this.#traffic.messagesOut += messages
    if (this.sendQueue.isBlockFull) this.#push()
    else this.turns.dirty(this)
    // Answers are owed whatever the marks say; but whoever doesn't take them is not heard any further.
    if (this.sendQueue.isOwing) this.#owe('owed')
  }

  flush(): void {
    if (this.#parting !== undefined && !this.sendQueue.isHeld) this.#part(this.#parting)
    if (this.out.size > 0) this.#push('unless-left')
  }

  open(greet: (() => void) | undefined): 'yes' | 'no' {
    const answer = this.#owner.mayOpen()
    if (answer !== 'yes') {
      this.#finish({ code: 'refused', why: answer.code, text: answer.text }, answer)
      return 'no'
    }
    greet?.()
    this.state = 'open'
    this.#owner.opened(this)
    // Whoever awaits `open()` runs after this turn: his handlers must stand before the first message is delivered.
    if (this.role === 'opened') {
      this.#context.wait('settling')
      this.turns.settle(this)
    }
    return this.closeNotifier.reason === undefined ? 'yes' : 'no'
  }

  ponged(roundTripMs: number): void {
    this.#traffic.roundTripMs = roundTripMs
  }

  farewell(goodbye: Goodbye): void {
    const { code, text } = goodbye
    if (this.state === 'closing') return
    if (this.state === 'handshaking') return this.#finish({ code: 'refused', why: code, text }, undefined)
    const words = code === 'closed' ? text : `${code}${text === '' ? '' : `: ${text}`}`
    this.#finish({ code: 'closed', by: 'remote', text: words }, undefined)
  }

  fail(reason: CloseReason): void {
    this.#finish(reason, goodbyeOf(reason))
  }

  get queuedBytes(): number {
    return this.sendQueue.queued
  }

  get endReason(): CloseReason {
    return this.sendQueue.loss ?? this.#failing ?? { code: 'destroyed' }
  }

  ping(now: number): void {
    this.session.ping?.(now)
    this.turns.dirty(this)
  }

  silent(reason: CloseReason, run: HeartbeatFail): void {
    this.#failing = reason
    try {
      run()
    } catch (error) {
      this.#owner.failed('the function for a failed heartbeat failed', error, this)
    }
    if (this.state === 'open') this.#failing = undefined
  }

  destroy(reason: CloseReason = { code: 'destroyed' }): void {
    this.#conclude(reason)
    this.link.destroy()
  }

  #decode(now: number): void {
    const before = this.dispatch.messagesIn
    try {
      this.session.process(now)
    } catch (error) {
      // Handlers are watched by the dispatch: what arrives here is a fault of the session itself.
      this.#owner.failed('the session failed', error, this)
      this.fail({ code: 'protocol-violation', what: 'the session failed on what the peer sent' })
    }
    if (this.sendQueue.isOwing && this.out.size > 0) this.#owe('owed')
    const isCut = this.#context.mayDeliver && this.session.stored > 0 && this.session.isHolding !== true
    this.#watchdog.deadlines.frame(
      !isCut ? 'whole' : this.dispatch.messagesIn === before ? 'cut' : 'moved',
      now,
    )
  }

  #overflowed(number: number, body: unknown, shared: Uint8Array | undefined): SendResult {
    if (this.#linkState === 'gone') return 'closed'
    this.#owner.overflowed(this, this.queuedBytes)
    const verdict = this.sendQueue.judge()
    if (verdict === 'full') return 'full'
    if (verdict === 'close') {
      this.fail({ code: 'overflow', queuedBytes: this.queuedBytes })
      return 'closed'
    }
    this.sendQueue.queueLate(this.dispatch.keyOf(number), body, shared ?? this.encodeShared(number, body))
    this.#traffic.messagesOut++
    return 'queued'
  }

  /** The link ended or is gone: once all its bytes are read, so is the channel. */
  #followLink(): void {
    if (this.#linkState === 'open' || this.state === 'closed') return
    if (this.state === 'closing') return this.#finish(linkReason(this.#linkError, this.endReason), undefined)
    if (!this.#context.mayDeliver && this.session.stored > 0) return
    if (this.#linkError === undefined) this.#finish(this.session.linkEnded(), undefined)
    else this.#finish(linkReason(this.#linkError), undefined)
  }

  /** While the peer is owed more than the high-water mark, nothing more of it is read. */
  #owe(state: 'owed' | 'settled'): void {
    this.sendQueue.isOwed = state === 'owed'
    if (state === 'owed') this.#context.wait('owing')
    else this.#context.goOn('owing')
  }

  #push(report?: 'unless-left'): void {
    this.sendQueue.flush(report)
    if (this.sendQueue.inFlight > 0) this.#watchdog.waiting(this.turns.now)
    else if (this.sendQueue.isAwaited && !this.sendQueue.isHeld) this.turns.later(this)
  }

  /** The end of the turn in which the channel was closed: all that was written stands before the last words. */
  #part(goodbye: Goodbye): void {
    this.#parting = undefined
    this.#context.wait('over')
    this.sendQueue.pourAll()
    this.session.goodbye?.(goodbye)
    this.flush()
    this.link.end()
  }

  /** Ends the channel for this reason, with last words to the peer if there are any, and then the link. */
  #finish(reason: CloseReason, goodbye: Goodbye | undefined): void {
    if (this.state === 'closed') return
    if (goodbye !== undefined && this.#linkState !== 'gone') this.session.goodbye?.(goodbye)
    this.flush()
    this.#conclude(reason)
    if (this.#linkState !== 'gone') this.link.end()
  }

  /** The channel is over: everyone who waits for something of it is told. */
  #conclude(reason: CloseReason): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.#context.wait('over')
    this.sendQueue.end()
    this.session.release()
    this.calls.end(reason)
    this.dispatch.end()
    this.#reading.set('on')
    this.#parting = undefined
    this.#owner.ended(this, reason)
    if (this.#linkState === 'gone') return this.#owner.linkGone(this)
    this.#watchdog.restart(this.turns.now)
  }

  get #stateText(): string {
    const { reason } = this.closeNotifier
    return reason === undefined ? this.state : `closed (${describeReason(reason)})`
  }
}
