import type { BlockPool, SegmentBuffer } from '@millrace/buffer'
import type { Goodbye } from '@millrace/wire'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import { type CloseReason, describeReason, goodbyeOf, linkReason } from '../base/close-reason.ts'
import { MillraceError } from '../base/millrace-error.ts'
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
import { Traffic } from '../channel/channel-counters.ts'
import type { ChannelState } from '../channel/channel-state.ts'
import { EndBell } from '../channel/close-notifier.ts'
import { Dispatch } from '../channel/dispatch.ts'
import type { SharedKeyEncryption } from '../encryption/encryption.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import type { Protocol, Session } from '../ports/protocol.ts'
import type { Link } from '../ports/transport.ts'
import type { Turns, TurnTaker } from '../turn/turns.ts'
import { LinkGuard, type LinkGuardOwner } from './link-watchdog.ts'
import { Reading } from './receive-throttle.ts'
import { Outflow } from './send-queue.ts'
import { SessionSeat, type SessionSeatOwner } from './session-context.ts'
import { LinkGate, type LinkGateOwner } from './upgradable-link.ts'

/**
 * Carries one channel over a link: conducts the session, the outflow and the vigil, and decides how the channel ends.
 * Link events only store; all else happens in the pipe's turn.
 */
export class LinkCarrier
  implements Carrier, CallsOwner, LinkGuardOwner, LinkGateOwner, SessionSeatOwner, TurnTaker
{
  readonly role: 'accepted' | 'opened'
  readonly limits: PipeLimits
  readonly turns: Turns
  readonly pool: BlockPool
  readonly crypto: PlatformCrypto | undefined
  readonly out: SegmentBuffer
  link: Link
  readonly outflow: Outflow
  readonly session: Session
  readonly gate: LinkGate
  readonly dispatch: Dispatch
  readonly bell = new EndBell()
  readonly calls: Calls
  isReady = false
  isDirty = false
  state: ChannelState = 'handshaking'

  readonly #owner: CarrierOwner
  readonly #guard: LinkGuard
  readonly #seat: SessionSeat
  /** The reason that a close in progress will have. */
  #failing: CloseReason | undefined
  readonly #reading: Reading
  #linkState: 'open' | 'ended' | 'gone' = 'open'
  #linkError: unknown
  #isStarted = false
  /** The last words, from a close to the end of its turn. */
  #parting: Goodbye | undefined
  readonly #traffic = new Traffic()

  constructor(owner: CarrierOwner, protocol: Protocol, link: Link, role: 'accepted' | 'opened') {
    this.#owner = owner
    this.turns = owner.turns
    this.role = role
    this.limits = owner.limits
    this.pool = owner.pool
    this.crypto = owner.crypto
    this.link = link
    this.gate = new LinkGate(this)
    this.#reading = new Reading(link, owner.limits)
    this.outflow = new Outflow(owner.pool, owner.limits, link, owner.overflow)
    this.out = this.outflow.buffer
    this.#guard = new LinkGuard(this, owner.limits, owner.turns)
    if (protocol.session === undefined) {
      throw new MillraceError('unsupported', `the protocol '${protocol.label}' works on datagrams only`)
    }
    this.calls = new Calls(this, this.outflow)
    this.dispatch = new Dispatch(protocol.keys, this.calls)
    this.#seat = new SessionSeat(this)
    this.session = this.calls.session = protocol.session(this.#seat)
  }

  /** Begins: from here on the link may tell. */
  start(now: number): void {
    this.link.start(this.gate)
    this.#guard.restart(now)
    this.turns.event(this)
  }

  send(number: number, body: unknown): SendResult {
    if (this.state !== 'open') return 'closed'
    if (this.outflow.isFull) return this.#overflowed(number, body, undefined)
    this.session.encode(number, body)
    this.#traffic.messagesOut++
    if (this.outflow.isBlockFull) this.#push()
    else if (!this.isDirty) this.turns.dirty(this)
    return 'queued'
  }

  encodeShared(number: number, body: unknown): Uint8Array | undefined {
    return this.session.encodeShared?.(number, body)
  }

  sendShared(number: number, body: unknown, bytes: Uint8Array): SendResult {
    if (this.state !== 'open') return 'closed'
    if (this.outflow.isFull) return this.#overflowed(number, body, bytes)
    this.out.appendShared(bytes)
    this.#traffic.messagesOut++
    if (!this.isDirty) this.turns.dirty(this)
    return 'queued'
  }

  drained(): Promise<'ready' | 'closed'> {
    return this.isOpen ? this.outflow.drained() : Promise.resolve('closed')
  }

  setHeartbeat(intervalMs: number, timeoutMs: number, fail: HeartbeatFail | undefined): void {
    this.#guard.setHeartbeat(intervalMs, timeoutMs, fail, this.turns.loop.now())
  }

  setOverflow(policy: OverflowPolicy, options: OverflowOptions): void {
    this.outflow.setPolicy(policy, options)
    if (this.out.size > 0) this.turns.dirty(this)
  }

  hold(state: 'held' | 'free'): void {
    this.#seat.hold(state)
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
    if (this.outflow.isHeld) this.#seat.mute()
    else this.#seat.wait('over')
    this.#reading.set('on')
    this.#guard.restart(this.turns.loop.now())
    this.turns.dirty(this)
  }

  statistics(): ChannelStatistics {
    return this.#traffic.statistics(this.outflow, this.dispatch, this.session.stored)
  }

  describe(): string {
    return `${this.link.describe()} ${this.#stateText}`
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    // After a close nothing is read any more but the end of the link, and what lets the last words out.
    if (this.state === 'closed' || (this.state === 'closing' && !this.outflow.isHeld)) return
    const session = this.session
    this.#traffic.bytesIn += bytes.length
    this.#guard.heard()
    session.receive(ownership === 'lent' && session.keep === undefined ? new Uint8Array(bytes) : bytes)
    this.turns.event(this)
    this.#reading.regulate(session.stored)
    if (ownership === 'lent') session.keep?.()
  }

  sent(size: number): void {
    const outflow = this.outflow
    outflow.inFlight -= size
    // The time of the last turn may be long past: what the peer took, it took now.
    this.#guard.vigil.flow(outflow.inFlight > 0 ? 'moving' : 'idle', this.turns.loop.now())
    if (outflow.isAwaited && outflow.isLow) this.turns.event(this)
  }

  ended(): void {
    if (this.#linkState === 'open') this.#linkState = 'ended'
    this.turns.event(this)
  }

  gone(error?: unknown): void {
    this.#linkState = 'gone'
    this.#linkError = error
    this.outflow.cut()
    this.#guard.end()
    if (this.state === 'closed') this.#owner.linkGone(this)
    else this.turns.event(this)
  }

  process(now: number): void {
    const seat = this.#seat
    seat.goOn('settling')
    if (this.outflow.isLow) this.#owe('settled')
    this.#guard.turn(now)
    if (!this.#isStarted) this.session.start(now)
    this.#isStarted = true
    if (seat.mayDeliver) this.#decode(now)
    if (this.state === 'open') this.outflow.pour()
    if (this.out.size > 0) this.turns.dirty(this)
    if (this.outflow.isLow) this.outflow.wake('ready')
    this.#followLink()
    if (this.state === 'closing') this.#reading.set('on')
    else this.#reading.regulate(this.session.stored)
    this.#guard.arm()
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
    if (this.outflow.isBlockFull) this.#push()
    else this.turns.dirty(this)
    // Answers are owed whatever the marks say; but whoever doesn't take them is not heard any further.
    if (this.outflow.isOwing) this.#owe('owed')
  }

  flush(): void {
    if (this.#parting !== undefined && !this.outflow.isHeld) this.#part(this.#parting)
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
      this.#seat.wait('settling')
      this.turns.settle(this)
    }
    return this.bell.reason === undefined ? 'yes' : 'no'
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
    return this.outflow.queued
  }

  get endReason(): CloseReason {
    return this.outflow.loss ?? this.#failing ?? { code: 'destroyed' }
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
    if (this.outflow.isOwing && this.out.size > 0) this.#owe('owed')
    const isCut = this.#seat.mayDeliver && this.session.stored > 0 && this.session.isHolding !== true
    this.#guard.vigil.frame(!isCut ? 'whole' : this.dispatch.messagesIn === before ? 'cut' : 'moved', now)
  }

  #overflowed(number: number, body: unknown, shared: Uint8Array | undefined): SendResult {
    if (this.#linkState === 'gone') return 'closed'
    this.#owner.overflowed(this, this.queuedBytes)
    const verdict = this.outflow.judge()
    if (verdict === 'full') return 'full'
    if (verdict === 'close') {
      this.fail({ code: 'overflow', queuedBytes: this.queuedBytes })
      return 'closed'
    }
    this.outflow.queueLate(this.dispatch.keyOf(number), body, shared ?? this.encodeShared(number, body))
    this.#traffic.messagesOut++
    return 'queued'
  }

  /** The link ended or is gone: once all its bytes are read, so is the channel. */
  #followLink(): void {
    if (this.#linkState === 'open' || this.state === 'closed') return
    if (this.state === 'closing') return this.#finish(linkReason(this.#linkError, this.endReason), undefined)
    if (!this.#seat.mayDeliver && this.session.stored > 0) return
    if (this.#linkError === undefined) this.#finish(this.session.linkEnded(), undefined)
    else this.#finish(linkReason(this.#linkError), undefined)
  }

  /** While the peer is owed more than the high-water mark, nothing more of it is read. */
  #owe(state: 'owed' | 'settled'): void {
    this.outflow.isOwed = state === 'owed'
    if (state === 'owed') this.#seat.wait('owing')
    else this.#seat.goOn('owing')
  }

  #push(report?: 'unless-left'): void {
    this.outflow.flush(report)
    // In the middle of the program, the time of the last turn may be long past.
    if (this.outflow.inFlight > 0) this.#guard.waiting(this.turns.loop.now())
    else if (this.outflow.isAwaited && !this.outflow.isHeld) this.turns.later(this)
  }

  /** The end of the turn in which the channel was closed: all that was written stands before the last words. */
  #part(goodbye: Goodbye): void {
    this.#parting = undefined
    this.#seat.wait('over')
    this.outflow.pourAll()
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
    this.#seat.wait('over')
    this.outflow.end()
    this.session.release()
    this.calls.end(reason)
    this.dispatch.end()
    this.#reading.set('on')
    this.#parting = undefined
    this.#owner.ended(this, reason)
    if (this.#linkState === 'gone') return this.#owner.linkGone(this)
    this.#guard.restart(this.turns.loop.now())
  }

  get #stateText(): string {
    const { reason } = this.bell
    return reason === undefined ? this.state : `closed (${describeReason(reason)})`
  }
}
