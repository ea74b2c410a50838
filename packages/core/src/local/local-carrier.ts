import type { ChannelEncryption } from '../base/channel-encryption.ts'
import { type CloseReason, describeReason } from '../base/close-reason.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { OverflowPolicy } from '../base/options.ts'
import type {
  Carrier,
  CarrierOwner,
  ChannelStatistics,
  HeartbeatFail,
  OverflowOptions,
  SendResult,
} from '../channel/carrier.ts'
import type { ChannelState } from '../channel/channel-state.ts'
import { CloseNotifier } from '../channel/close-notifier.ts'
import { Dispatch, type DispatchOwner } from '../channel/dispatch.ts'
import { PendingRequests, type RequestOptions } from '../channel/pending-requests.ts'
import {
  checkEncryption,
  type HandshakePlan,
  planHandshake,
  type SharedKeyEncryption,
} from '../encryption/encryption.ts'
import type { Protocol } from '../ports/protocol.ts'
import { Deadline } from '../turn/deadline.ts'
import type { TurnTaker } from '../turn/turns.ts'
import { handshakeLocally } from './local-encryption.ts'
import { LocalQueue } from './local-queue.ts'

/** What lies in the queue in place of a body that belongs to a call. */
class Call {
  readonly kind: 'request' | 'reply' | 'fault' | 'close'
  readonly id: number
  readonly body: unknown

  constructor(kind: 'request' | 'reply' | 'fault' | 'close', id: number, body: unknown) {
    this.kind = kind
    this.id = id
    this.body = body
  }
}

/**
 * Carries a channel whose other end is in the same process. Bodies pass as they are: the receiver gets the very object
 * that was sent, so the sender must not change it any more. Handlers run in the receiving pipe's turn, never inside
 * `send`.
 */
export class LocalCarrier implements Carrier, DispatchOwner, TurnTaker {
  readonly role: 'accepted' | 'opened'
  readonly dispatch: Dispatch
  readonly closeNotifier = new CloseNotifier()
  isReady = false
  isDirty = false
  state: ChannelState = 'handshaking'

  readonly #owner: CarrierOwner
  #peer!: LocalCarrier
  /** What the peer sent. Calls have negative numbers, so that plain messages need not be looked at. */
  readonly #queue = new LocalQueue()
  readonly #queueMax: number
  #requests: PendingRequests | undefined
  #overflow: OverflowPolicy
  #overflowOptions: OverflowOptions = {}
  #drainWaiters: ((result: 'ready' | 'closed') => void)[] = []
  /** What is known of its encryption, from its handshake on. Nothing leaves the process, so nothing is sealed. */
  encryption: ChannelEncryption | undefined
  #plan: HandshakePlan | undefined
  #encrypted: { readonly resolve: () => void; readonly reject: (error: MillraceError) => void } | undefined
  readonly #alone: Deadline
  #isHeld = false
  #mayDeliver = false
  #parting: { readonly text: string } | undefined
  readonly #late: Deadline
  #messagesOut = 0
  #refused = 0
  #droppedNewest = 0
  #droppedOldest = 0
  #superseded = 0

  private constructor(owner: CarrierOwner, protocol: Protocol, role: 'accepted' | 'opened') {
    this.#owner = owner
    this.role = role
    this.#overflow = owner.overflow
    this.#queueMax = owner.limits.localQueueMax
    this.dispatch = new Dispatch(protocol.keys, this)
    this.#alone = new Deadline(owner.turns, () => {
      const { handshakeTimeoutMs } = owner.limits
      this.#unencrypted(`it was asked for, and the other end did not within ${handshakeTimeoutMs} ms`)
    })
    this.#late = new Deadline(owner.turns, () => {
      this.#conclude({ code: 'closed', by: 'local', text: this.#parting?.text ?? '' })
    })
  }

  get isOpen(): boolean {
    return this.state === 'open'
  }

  setEncryption(options: SharedKeyEncryption): Promise<void> {
    checkEncryption(options, 'setEncryption')
    if (this.#plan !== undefined)
      throw new MillraceError('already-open', 'setEncryption was called on this channel before')
    const { limits, crypto } = this.#owner
    this.#plan = planHandshake(options, this.role, crypto, 'channel')
    const done = new Promise<void>((resolve, reject) => {
      this.#encrypted = { resolve, reject }
    })
    // Whoever only listens for the end of the channel need not catch this as well.
    done.catch(() => {})
    const peer = this.#peer
    if (peer.#plan === undefined) {
      this.#alone.setIn(limits.handshakeTimeoutMs)
    } else if (this.role === 'opened') this.#shake(this.#plan, peer.#plan)
    else peer.#shake(peer.#plan, this.#plan)
    return done
  }

  get calls(): this {
    return this
  }

  get maxRequests(): number {
    return this.#owner.limits.maxRequests
  }

  handlerFailed(error: unknown, key: string): void {
    this.#owner.failed(`the handler of '${key}' failed`, error, this)
  }

  reply(id: number, number: number, body: unknown): void {
    this.#call('reply', id, number, body)
  }

  fault(id: number, text: string): void {
    this.#call('fault', id, 0, text)
  }

  /** Makes both ends of a channel, not yet open. */
  static pair(
    opening: CarrierOwner,
    accepting: CarrierOwner,
    protocol: Protocol,
  ): [LocalCarrier, LocalCarrier] {
    const opened = new LocalCarrier(opening, protocol, 'opened')
    const accepted = new LocalCarrier(accepting, protocol, 'accepted')
    opened.#peer = accepted
    accepted.#peer = opened
    return [opened, accepted]
  }

  /** Opens this end. */
  open(): void {
    if (this.state !== 'handshaking') return
    this.state = 'open'
    this.#owner.opened(this)
    if (this.role === 'accepted') this.hold('free')
  }

  /** Whoever awaits `open()` had a turn to set his handlers: messages may come. */
  settle(): void {
    if (!this.#isHeld) this.hold('free')
  }

  send(number: number, body: unknown): SendResult {
    if (this.state !== 'open') return 'closed'
    const peer = this.#peer
    const queue = peer.#queue
    if (queue.count >= this.#queueMax) return this.#overflowed(number, body)
    this.#messagesOut++
    queue.push(number, body)
    if (!peer.isReady) peer.#owner.turns.later(peer)
    return 'queued'
  }

  encodeShared(): undefined {
    return undefined
  }

  sendShared(number: number, body: unknown): SendResult {
    return this.send(number, body)
  }

  request(key: string, number: number, body: unknown, options: RequestOptions): Promise<unknown> {
    if (this.state !== 'open') {
      return Promise.reject(
        new MillraceError('channel-closed', `cannot request '${key}': the channel is ${this.state}`),
      )
    }
    const { turns, limits } = this.#owner
    this.#requests ??= new PendingRequests(turns, limits.maxRequests, limits.requestTimeoutMs)
    return this.#requests.start(key, number, options, (id) => {
      this.#messagesOut++
      this.#call('request', id, number, body)
    })
  }

  drained(): Promise<'ready' | 'closed'> {
    if (this.state !== 'open') return Promise.resolve('closed')
    if (this.#queued < this.#queueMax) return Promise.resolve('ready')
    return new Promise((resolve) => this.#drainWaiters.push(resolve))
  }

  /** Ends in one process can't lose sight of each other: the heartbeat never fails. */
  setHeartbeat(_intervalMs: number, _timeoutMs: number, _fail: HeartbeatFail | undefined): void {}

  setOverflow(policy: OverflowPolicy, options: OverflowOptions): void {
    this.#overflow = policy
    this.#overflowOptions = options
  }

  hold(state: 'held' | 'free'): void {
    this.#isHeld = state === 'held'
    this.#mayDeliver = !this.#isHeld && this.state === 'open'
    if (this.#mayDeliver) this.#owner.turns.later(this)
  }

  close(text: string): void {
    if (this.state !== 'open' && this.state !== 'handshaking') return
    // While their pipes shake hands nothing was said that could be lost, and nobody would hear the last words.
    if (this.state === 'handshaking' && this.#peer.state === 'handshaking') {
      this.#peer.#conclude({ code: 'closed', by: 'remote', text })
      return this.#conclude({ code: 'closed', by: 'local', text })
    }
    // Two ends that close at the same time needn't wait for each other: each has its own reason.
    if (this.#peer.state === 'closing') {
      const { text: theirs } = this.#peer.#parting ?? { text: '' }
      this.#peer.#conclude({ code: 'closed', by: 'local', text: theirs })
      return this.#conclude({ code: 'closed', by: 'local', text })
    }
    this.state = 'closing'
    this.#mayDeliver = false
    this.#parting = { text }
    this.#call('close', 0, 0, text)
    // The other pipe may be driven by a program that gives it no turn: its end then learns of this later.
    this.#late.setIn(this.#owner.limits.closeTimeoutMs)
  }

  destroy(): void {
    this.#conclude({ code: 'destroyed' })
    this.#peer.#conclude({ code: 'link-ended' })
  }

  /** Ends both sides of a channel that could not be. */
  fail(reason: CloseReason): void {
    this.#conclude(reason)
    this.#peer.#conclude(reason)
  }

  statistics(): ChannelStatistics {
    return {
      messagesIn: this.dispatch.messagesIn,
      messagesOut: this.#messagesOut,
      bytesIn: 0,
      bytesOut: 0,
      queued: this.#queued,
      stored: this.#queue.count,
      refused: this.#refused,
      droppedNewest: this.#droppedNewest,
      droppedOldest: this.#droppedOldest,
      superseded: this.#superseded,
      unhandled: this.dispatch.unhandled,
      roundTripMs: 0,
    }
  }

  describe(): string {
    const { reason } = this.closeNotifier
    return `local ${reason === undefined ? this.state : `closed (${describeReason(reason)})`}`
  }

  process(): void {
    const queue = this.#queue
    // What comes in meanwhile waits for the next turn: two ends that answer each other let the rest of the pipe live.
    for (let left = queue.count; left > 0 && this.#mayDeliver; left--) {
      queue.next()
      if (queue.number < 0) this.#called(queue.body as Call, ~queue.number)
      else this.dispatch.deliver(queue.number, queue.body)
    }
    queue.forget()
    if (this.#mayDeliver && queue.count > 0) this.#owner.turns.later(this)
    if (this.state === 'closed') return
    const peer = this.#peer
    if (peer.#drainWaiters.length > 0 && queue.count <= this.#queueMax / 4) peer.#wakeDrainWaiters('ready')
  }

  flush(): void {}

  /** The opening end: both have asked. */
  #shake(mine: HandshakePlan, theirs: HandshakePlan): void {
    const peer = this.#peer
    const result = handshakeLocally(mine, theirs)
    if (typeof result === 'string') return this.#unencrypted(result)
    this.encryption = result.opened
    peer.encryption = result.accepted
    for (const end of [this, peer]) {
      end.#alone.cancel()
      end.#encrypted?.resolve()
    }
  }

  #unencrypted(what: string): void {
    const error = new MillraceError('encryption-failed', `the channel cannot be encrypted: ${what}`)
    for (const end of [this, this.#peer]) end.#encrypted?.reject(error)
    this.fail({ code: 'encryption-failed', what })
  }

  get #queued(): number {
    return this.#peer.#queue.count
  }

  #called(call: Call, number: number): void {
    switch (call.kind) {
      case 'request':
        return this.dispatch.request(call.id, number, call.body)
      case 'reply':
        return this.#requests?.replied(call.id, call.body)
      case 'fault':
        return this.#requests?.faulted(call.id, String(call.body))
      case 'close': {
        const text = String(call.body)
        this.#conclude({ code: 'closed', by: 'remote', text })
        this.#peer.#conclude({ code: 'closed', by: 'local', text })
      }
    }
  }

  #call(kind: Call['kind'], id: number, number: number, body: unknown): void {
    if (this.state === 'closed') return
    const peer = this.#peer
    peer.#queue.push(~number, new Call(kind, id, body))
    peer.#owner.turns.later(peer)
  }

  #overflowed(number: number, body: unknown): SendResult {
    this.#owner.overflowed(this, this.#queued)
    const peer = this.#peer
    switch (this.#overflow) {
      case 'wait':
        this.#refused++
        return 'full'
      case 'drop-newest':
        this.#droppedNewest++
        return 'full'
      case 'close':
        this.#conclude({ code: 'overflow', queuedBytes: 0 })
        peer.#conclude({ code: 'closed', by: 'remote', text: 'overflow' })
        return 'closed'
    }
    const queue = peer.#queue
    if (this.#overflow === 'latest-by-key' && this.#supersede(queue, number, body)) this.#superseded++
    else if (queue.drop((older) => older >= 0)) this.#droppedOldest++
    this.#messagesOut++
    queue.push(number, body)
    peer.#owner.turns.later(peer)
    return 'queued'
  }

  /** Drops an older message of the same key and topic. */
  #supersede(queue: LocalQueue, number: number, body: unknown): boolean {
    const { topicOf } = this.#overflowOptions
    if (topicOf === undefined) return queue.drop((older) => older === number)
    const key = this.dispatch.keyOf(number)
    const topic = topicOf(key, body)
    if (topic === undefined) return false
    return queue.drop((older, olderBody) => older === number && topicOf(key, olderBody) === topic)
  }

  #wakeDrainWaiters(result: 'ready' | 'closed'): void {
    for (const resolve of this.#drainWaiters.splice(0)) resolve(result)
  }

  #conclude(reason: CloseReason): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.#mayDeliver = false
    this.#late.cancel()
    this.#alone.cancel()
    this.#plan?.handshake.abandon()
    this.#encrypted?.reject(new MillraceError('channel-closed', 'the channel ended before it was encrypted'))
    this.#requests?.end(reason)
    this.#wakeDrainWaiters('closed')
    this.dispatch.end()
    this.#owner.ended(this, reason)
    this.#owner.linkGone(this)
  }
}
