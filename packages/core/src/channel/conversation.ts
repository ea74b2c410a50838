import { runCallback } from '../base/callback.ts'
import { type CloseReason, describeReason } from '../base/close-reason.ts'
import type { SharedKeyEncryption } from '../base/encryption-options.ts'
import type { KeyTable } from '../base/key-table.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { HeartbeatSettings, OverflowPolicy, PipeLimits } from '../base/options.ts'
import type { Turns } from '../turn/turns.ts'
import type { ByteHolder } from './byte-account.ts'
import type { Carrier } from './carrier.ts'
import { type ChannelEvent, type ChannelState, nextState } from './channel-state.ts'
import type { ConversationOwner } from './conversation-owner.ts'
import { Dispatch, type DispatchOwner, type HoldCause } from './dispatch.ts'
import { noOverflow, Overflow, type OverflowOptions, type OverflowOwner } from './overflow.ts'
import { PendingRequests, type RequestOptions } from './pending-requests.ts'
import type { ChannelStatistics } from './statistics.ts'

const noData = new Uint8Array(0)

const holdCauses: Readonly<Record<HoldCause, number>> = { reading: 1, handling: 2 }

/** A function of the program that hears of the end. */
export type EndListener = (reason: CloseReason, channel: unknown) => unknown

/** The list with one more, made to measure: an array that grows by itself takes room for seventeen. */
function appended<T>(list: readonly T[] | undefined, item: T): readonly T[] {
  return list === undefined ? [item] : [...list, item]
}

/**
 * The user's half of a channel: its state, its handlers, its requests, its settings and counters. Everything that must outlive the link
 * that carries it just now, and every rule that is the same whatever carries it. Owns the facts whether the channel is over, and why.
 */
export class Conversation implements ByteHolder, DispatchOwner, OverflowOwner {
  readonly role: 'accepted' | 'opened'
  readonly limits: PipeLimits
  readonly dispatch: Dispatch
  /** What carries the messages now. Set before anything else happens. */
  carrier!: Carrier
  /** Why the channel ended; undefined while it hasn't. */
  reason: CloseReason | undefined
  /** What the opener said about itself. */
  openData: Uint8Array = noData
  heartbeat: HeartbeatSettings | undefined
  heldBytes = 0
  messagesOut = 0
  bytesIn = 0
  roundTripMs = Number.NaN
  #state: ChannelState = 'handshaking'
  #overflow: Overflow | undefined
  readonly #owner: ConversationOwner<Conversation>
  #requests: PendingRequests | undefined
  #endWaiters: readonly ((reason: CloseReason) => void)[] | undefined
  #endListeners: readonly EndListener[] | undefined
  #isEndTold = false
  #holds = 0
  #drainWaiters: ((result: 'ready' | 'closed') => void)[] | undefined

  constructor(owner: ConversationOwner<Conversation>, keys: KeyTable, role: 'accepted' | 'opened') {
    this.#owner = owner
    this.role = role
    this.limits = owner.limits
    this.dispatch = new Dispatch(keys, this)
  }

  get turns(): Turns {
    return this.#owner.turns
  }

  get state(): ChannelState {
    return this.#state
  }

  /** What a full channel does. */
  get overflowPolicy(): OverflowPolicy {
    return this.#overflow?.policy ?? this.#owner.overflow
  }

  /** The policy with its counts. Made when it is needed first: few channels are ever full. */
  get overflow(): Overflow {
    return (this.#overflow ??= new Overflow(this.#owner.overflow, this))
  }

  get isOpen(): boolean {
    return this.#state === 'open' && this.carrier.isConnected
  }

  /** Both sides have agreed. */
  opened(): void {
    if (this.#move('agreed')) this.#owner.opened(this)
  }

  /** This side closes in order. False when there is nothing to close. */
  closing(): boolean {
    return this.#move('closing')
  }

  /** The channel is over: everything that waits for something of it is told, once. */
  end(reason: CloseReason): void {
    if (!this.#move('ended')) return
    this.reason = reason
    for (const resolve of this.#endWaiters ?? []) resolve(reason)
    this.#endWaiters = undefined
    this.wake('closed')
    this.#requests?.end(reason)
    this.dispatch.end()
    this.#owner.account?.ended(this)
    this.#owner.ended(this, reason)
  }

  /** Resolves a promise at the end, or at once if it has come. */
  settle(resolve: (reason: CloseReason) => void): void {
    if (this.reason !== undefined) resolve(this.reason)
    else this.#endWaiters = appended(this.#endWaiters, resolve)
  }

  /** Calls `listener` with the channel when the end is told, or at once if it was. */
  onEnd(listener: EndListener): void {
    if (this.reason !== undefined && this.#isEndTold) this.#tellEnd(listener, this.reason)
    else this.#endListeners = appended(this.#endListeners, listener)
  }

  /** Calls it no more. */
  offEnd(listener: EndListener): void {
    this.#endListeners = this.#endListeners?.filter((other) => other !== listener)
  }

  get hasEndListeners(): boolean {
    return this.#endListeners !== undefined && this.#endListeners.length > 0
  }

  /** Tells the program's functions of the end. Called once, by the owner, when they may be called. */
  tellEnd(reason: CloseReason): void {
    const listeners = this.#endListeners ?? []
    this.#endListeners = undefined
    this.#isEndTold = true
    for (const listener of listeners) this.#tellEnd(listener, reason)
  }

  /** Resolves when a full channel has room again (`ready`), or has ended (`closed`). */
  drained(): Promise<'ready' | 'closed'> {
    if (!this.isOpen) return Promise.resolve('closed')
    if (!this.carrier.isFull) return Promise.resolve('ready')
    return new Promise((resolve) => void (this.#drainWaiters ??= []).push(resolve))
  }

  /** Whether the program waits for room. */
  get isDrainAwaited(): boolean {
    return this.#drainWaiters !== undefined
  }

  /** Tells those who wait for room that there is some, or never will be. */
  wake(result: 'ready' | 'closed'): void {
    const waiters = this.#drainWaiters
    this.#drainWaiters = undefined
    for (const resolve of waiters ?? []) resolve(result)
  }

  setOverflow(policy: OverflowPolicy, options: OverflowOptions): void {
    this.overflow.set(policy, options)
    this.carrier.overflowChanged()
  }

  /** Encrypts the channel. Rejects with whatever is wrong. */
  setEncryption(options: SharedKeyEncryption): Promise<void> {
    if (!this.isOpen) {
      const text = `cannot encrypt: the channel is ${this.stateText}`
      return Promise.reject(new MillraceError('channel-closed', text))
    }
    try {
      return this.carrier.setEncryption(options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  setHeartbeat(settings: HeartbeatSettings): void {
    this.heartbeat = settings
    this.carrier.heartbeatChanged()
  }

  /** A message met a full channel: returns what becomes of it by the policy, and tells those who trace. */
  overflowed(queued: { readonly bytes: number; readonly messages: number }): 'full' | 'queue' | 'close' {
    this.#owner.overflowed(this, queued)
    return this.overflow.judge()
  }

  /** A message is larger than the peer takes: counts it, and tells. */
  tooLarge(number: number, peerSizeMax: number | undefined): void {
    this.overflow.tooLarge++
    this.#owner.tooLarge(this, this.dispatch.keyOf(number), peerSizeMax)
  }

  /** A message was dropped by its rate, and counted. Called in the turn of its pipe. */
  limited(number: number): void {
    if (this.#state === 'open') this.#owner.limited(this, number)
  }

  /** Sends a request and waits for its reply. */
  request(key: string, number: number, body: unknown, options: RequestOptions): Promise<unknown> {
    if (!this.isOpen) {
      const text = `cannot request '${key}': the channel is ${this.stateText}`
      return Promise.reject(new MillraceError('channel-closed', text))
    }
    if (this.carrier.isFull) {
      const text = `cannot request '${key}': the channel is full; wait for drained()`
      return Promise.reject(new MillraceError('request-limit', text))
    }
    const { limits, turns } = this.#owner
    this.#requests ??= new PendingRequests(turns, limits.maxRequests, limits.requestTimeoutMs)
    return this.#requests.start(key, number, options, (id) =>
      this.carrier.sender.sendRequest(id, number, body),
    )
  }

  /** The key's number of a request that waits for its reply, or -1. */
  awaited(id: number): number {
    return this.#requests?.awaited(id) ?? -1
  }

  replied(id: number, body: unknown): void {
    this.#requests?.replied(id, body)
  }

  faulted(id: number, text: string): void {
    this.#requests?.faulted(id, text)
  }

  /** Whether it holds so much, and all channels together do, that nothing more is taken of its peer than what it had done with. */
  get isPaused(): boolean {
    return this.#owner.account?.isPaused(this) === true
  }

  /** How many bytes may wait here, as far as all channels together matter. */
  get room(): number {
    return this.#owner.account?.roomOf(this) ?? Number.POSITIVE_INFINITY
  }

  countHeld(): number {
    return this.carrier.heldBytes + this.dispatch.decodedBytes
  }

  /** What it holds may have changed. Told once a turn, not for each message. */
  holds(): void {
    const bytes = this.countHeld()
    if (bytes !== this.heldBytes && this.reason === undefined) this.#owner.account?.changed(this, bytes)
  }

  /** More comes although it is paused, since its link can't pause. */
  cannotPause(): void {
    this.#owner.account?.end(this)
  }

  get receiveHighWaterBytes(): number {
    return Math.min(this.limits.receiveHighWaterBytes, this.room)
  }

  get frameSize(): number {
    return this.carrier.session?.frameSize ?? 0
  }

  wait(cause: HoldCause): void {
    this.#holds |= holdCauses[cause]
    this.carrier.hold('held')
  }

  goOn(cause: HoldCause): void {
    this.#holds &= ~holdCauses[cause]
    if (this.#holds === 0) this.carrier.hold('free')
  }

  /** Something of the program's, or of a plug-in's, threw. */
  failed(text: string, error: unknown): void {
    this.#owner.failed(text, error, this)
  }

  /** Replies to the peer's request. Throws for a body that doesn't fit the contract. */
  reply(id: number, number: number, body: unknown): void {
    if (this.carrier.mayReply) this.carrier.sender.sendReply(id, number, body)
  }

  /** Tells the peer that its request has no reply. */
  fault(id: number, text: string): void {
    if (this.carrier.mayReply) this.carrier.sender.sendFault(id, text)
  }

  statistics(): ChannelStatistics {
    const { messagesOut, bytesIn, roundTripMs } = this
    return {
      messagesOut,
      bytesIn,
      ...this.dispatch.counts,
      ...this.carrier.statistics(),
      ...(this.#overflow?.counts ?? noOverflow),
      heldBytes: this.countHeld(),
      roundTripMs,
    }
  }

  describe(): string {
    return `${this.carrier.describe()} ${this.stateText}${this.isPaused ? ', paused' : ''}`
  }

  get stateText(): string {
    return this.reason === undefined ? this.#state : `closed (${describeReason(this.reason)})`
  }

  #move(event: ChannelEvent): boolean {
    const state = nextState(this.#state, event)
    if (state === undefined) return false
    this.#state = state
    return true
  }

  #tellEnd(listener: EndListener, reason: CloseReason): void {
    runCallback(
      () => listener(reason, this.dispatch.channel),
      (error) => this.failed("a handler of 'close' failed", error),
    )
  }
}
