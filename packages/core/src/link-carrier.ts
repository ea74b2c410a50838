import { type BlockPool, SegmentBuffer } from '@millrace/buffer'
import { TimerEntry } from '@millrace/timer'
import { type Goodbye, type GoodbyeCode, Heartbeat } from '@millrace/wire'
import { Backlog } from './backlog.ts'
import type {
  Carrier,
  CarrierOwner,
  ChannelStatistics,
  HeartbeatFail,
  OverflowOptions,
  SendResult,
} from './carrier.ts'
import type { ChannelState } from './channel-state.ts'
import { type CloseReason, describeReason, reasonError } from './close-reason.ts'
import { Dispatch, EndBell } from './dispatch.ts'
import { MillraceError } from './millrace-error.ts'
import type { OverflowPolicy, PipeLimits } from './options.ts'
import type { Protocol, Session, SessionHost } from './protocol.ts'
import { type RequestOptions, Requests } from './requests.ts'
import type { Link, LinkOwner } from './transport.ts'
import type { Turns, TurnTaker } from './turns.ts'

/** So much goes to the link at once, without waiting for the end of the turn. */
const flushSize = 65_536

/** Replies and other duties aren't stopped by the high-water mark: a peer that lets so much of them pile up is cut. */
const dutyBytesMax = 8 << 20

const never = Number.POSITIVE_INFINITY

/**
 * Carries one channel over a link: conducts the session, the heartbeat and the water marks, and decides how the channel
 * ends. Link events only store; all else happens in the pipe's turn.
 */
export class LinkCarrier implements Carrier, LinkOwner, SessionHost, TurnTaker {
  readonly role: 'accepted' | 'opened'
  readonly limits: PipeLimits
  readonly pool: BlockPool
  readonly out: SegmentBuffer
  readonly dispatch: Dispatch
  readonly bell = new EndBell()
  mayDeliver = true
  isReady = false
  isDirty = false
  state: ChannelState = 'handshaking'

  readonly #owner: CarrierOwner
  readonly #turns: Turns
  readonly #link: Link
  readonly #session: Session
  readonly #deadline = new TimerEntry((now) => this.#due(now))
  #requests: Requests | undefined
  #heartbeat: Heartbeat | undefined
  #heartbeatFail: HeartbeatFail | undefined
  #failing: CloseReason | undefined
  #backlog: Backlog | undefined
  #overflow: OverflowPolicy
  #overflowOptions: OverflowOptions = {}
  /** The number of waiting bytes at which the policy speaks. */
  #mark: number
  #drainWaiters: ((result: 'ready' | 'closed') => void)[] | undefined
  #reading: 'on' | 'paused' = 'on'
  #linkState: 'open' | 'ended' | 'gone' = 'open'
  #linkError: unknown
  #isHeld = false
  #isSettling = false
  #heard = false
  #inFlight = 0
  #since: number
  #stalledSince = never
  #cutSince = never
  #messagesOut = 0
  #bytesIn = 0
  #bytesOut = 0
  #refused = 0
  #droppedNewest = 0
  #roundTripMs = Number.NaN

  constructor(owner: CarrierOwner, protocol: Protocol, link: Link, role: 'accepted' | 'opened') {
    this.#owner = owner
    this.#turns = owner.turns
    this.role = role
    this.limits = owner.limits
    this.pool = owner.pool
    this.out = new SegmentBuffer(owner.pool)
    this.#overflow = owner.overflow
    this.#mark = this.#markOf(owner.overflow)
    this.#link = link
    this.#since = owner.turns.now
    this.dispatch = new Dispatch(protocol.keys, {
      maxRequests: owner.limits.maxRequests,
      handlerFailed: (error, key) => this.#handlerFailed(error, key),
      reply: (id, number, body) => this.#reply(id, number, body),
      fault: (id, text) => this.#fault(id, text),
    })
    if (protocol.session === undefined) {
      throw new MillraceError('unsupported', `the protocol '${protocol.label}' works on datagrams only`)
    }
    this.#session = protocol.session(this)
  }

  /** Begins: from here on the link may tell. */
  start(now: number): void {
    this.#since = now
    this.#link.start(this)
    this.#session.start(now)
    this.#turns.dirty(this)
    this.#arm()
  }

  send(number: number, body: unknown): SendResult {
    if (this.state !== 'open') return 'closed'
    const out = this.out
    if (this.#inFlight + out.size >= this.#mark) return this.#overflowed(number, body, undefined)
    this.#session.encode(number, body)
    this.#messagesOut++
    if (out.size >= flushSize) this.flush()
    else if (!this.isDirty) this.#turns.dirty(this)
    return 'queued'
  }

  encodeShared(number: number, body: unknown): Uint8Array | undefined {
    return this.#session.encodeShared?.(number, body)
  }

  sendShared(number: number, body: unknown, bytes: Uint8Array): SendResult {
    if (this.state !== 'open') return 'closed'
    if (this.#inFlight + this.out.size >= this.#mark) return this.#overflowed(number, body, bytes)
    this.out.appendShared(bytes)
    this.#messagesOut++
    if (!this.isDirty) this.#turns.dirty(this)
    return 'queued'
  }

  request(key: string, number: number, body: unknown, options: RequestOptions): Promise<unknown> {
    const session = this.#session
    if (this.state !== 'open') {
      return Promise.reject(
        new MillraceError('channel-closed', `cannot request '${key}': ${this.#stateText()}`),
      )
    }
    if (session.encodeRequest === undefined) {
      return Promise.reject(new MillraceError('unsupported', 'this protocol has no requests'))
    }
    if (this.#inFlight + this.out.size >= this.limits.highWaterBytes) {
      const text = `cannot request '${key}': the channel is full; wait for drained()`
      return Promise.reject(new MillraceError('request-limit', text))
    }
    this.#requests ??= new Requests(this.#turns.wheel, this.limits.maxRequests, this.limits.requestTimeoutMs)
    const reply = this.#requests.start(key, this.#turns.loop.now(), options, (id) => {
      session.encodeRequest?.(id, number, body)
      this.#messagesOut++
    })
    this.#turns.dirty(this)
    return reply
  }

  drained(): Promise<'ready' | 'closed'> {
    if (this.state !== 'open') return Promise.resolve('closed')
    if (this.#queued < this.#mark) return Promise.resolve('ready')
    return new Promise((resolve) => {
      this.#drainWaiters ??= []
      this.#drainWaiters.push(resolve)
    })
  }

  setHeartbeat(intervalMs: number, timeoutMs: number, fail: HeartbeatFail | undefined): void {
    this.#heartbeat = new Heartbeat(intervalMs, timeoutMs, this.#turns.loop.now())
    this.#heartbeatFail = fail
    this.#arm()
    this.#turns.arm()
  }

  setOverflow(policy: OverflowPolicy, options: OverflowOptions): void {
    const isQueueing = policy === 'drop-oldest' || policy === 'latest-by-key'
    const before = this.#backlog
    this.#overflow = policy
    this.#overflowOptions = options
    this.#mark = this.#markOf(policy)
    if (before !== undefined)
      before.pour(
        () => true,
        (bytes) => this.out.append(bytes),
      )
    this.#backlog = isQueueing ? new Backlog(policy, this.limits.highWaterBytes - this.#mark) : undefined
    if (before !== undefined) this.#turns.dirty(this)
  }

  hold(state: 'held' | 'free'): void {
    this.#isHeld = state === 'held'
    this.#allow()
    if (this.mayDeliver) this.#turns.later(this)
  }

  close(text: string): void {
    if (this.state === 'closing' || this.state === 'closed') return
    if (this.#failing !== undefined) return this.fail(this.#failing)
    if (this.state === 'handshaking')
      return this.#finish({ code: 'closed', by: 'local', text }, 'closed', text)
    this.#backlog?.pour(
      () => true,
      (bytes) => this.out.append(bytes),
    )
    this.state = 'closing'
    this.#allow()
    this.#since = this.#turns.loop.now()
    this.#failing = { code: 'closed', by: 'local', text }
    this.#session.goodbye?.({ code: 'closed', text })
    this.flush()
    this.#link.end()
    this.#arm()
    this.#turns.arm()
  }

  destroy(): void {
    if (this.state !== 'closed') this.#conclude({ code: 'destroyed' })
    this.#link.destroy()
  }

  statistics(): ChannelStatistics {
    const { dispatch } = this
    return {
      messagesIn: dispatch.messagesIn,
      messagesOut: this.#messagesOut,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      queued: this.#queued,
      stored: this.#session.stored,
      refused: this.#refused,
      droppedNewest: this.#droppedNewest,
      droppedOldest: this.#backlog?.droppedOldest ?? 0,
      superseded: this.#backlog?.superseded ?? 0,
      unhandled: dispatch.unhandled,
      roundTripMs: this.#roundTripMs,
    }
  }

  describe(): string {
    return `${this.#link.describe()} ${this.#stateText()}`
  }

  received(bytes: Uint8Array, ownership: 'given' | 'lent'): void {
    if (this.state === 'closed') return
    const session = this.#session
    this.#bytesIn += bytes.length
    this.#heard = true
    session.receive(ownership === 'lent' && session.keep === undefined ? bytes.slice() : bytes)
    if (!this.mayDeliver || session.stored > this.limits.receiveHighWaterBytes) this.#regulate()
    this.#turns.event(this)
    if (ownership === 'lent') session.keep?.()
  }

  sent(size: number): void {
    this.#inFlight -= size
    this.#stalledSince = this.#inFlight > 0 ? this.#turns.now : never
    const isWaitedFor =
      this.#drainWaiters !== undefined || (this.#backlog !== undefined && this.#backlog.size > 0)
    if (isWaitedFor && this.#inFlight + this.out.size <= this.limits.lowWaterBytes) this.#turns.event(this)
  }

  ended(): void {
    if (this.#linkState === 'open') this.#linkState = 'ended'
    this.#turns.event(this)
  }

  gone(error?: unknown): void {
    this.#linkState = 'gone'
    this.#linkError = error
    this.#inFlight = 0
    this.#stalledSince = never
    if (this.state !== 'closed') return this.#turns.event(this)
    this.#turns.wheel.cancel(this.#deadline)
    this.#owner.linkGone(this)
  }

  process(now: number): void {
    this.#isSettling = false
    this.#allow()
    if (this.#heard) {
      this.#heard = false
      this.#heartbeat?.heard(now)
    }
    if (this.state === 'closing') this.#session.process(now)
    else if (this.mayDeliver) this.#decode(now)
    if (this.out.size > 0) this.#turns.dirty(this)
    this.#drain()
    this.#followLink()
    if (this.state !== 'closed') {
      this.#regulate()
      this.#arm()
    }
  }

  flush(): void {
    if (this.out.size === 0) return
    if (this.#linkState === 'gone') return this.out.release()
    const batch = this.out.take()
    if (this.#inFlight === 0) {
      this.#stalledSince = this.#turns.now
      if (!this.#deadline.isScheduled) this.#arm()
    }
    this.#inFlight += batch.size
    this.#bytesOut += batch.size
    this.#link.send(batch)
  }

  open(): 'yes' | 'no' {
    const answer = this.#owner.mayOpen()
    if (answer !== 'yes') {
      this.#finish({ code: 'refused', why: answer.code, text: answer.text }, answer.code, answer.text)
      return 'no'
    }
    this.state = 'open'
    this.#turns.dirty(this)
    this.#owner.opened(this)
    // Whoever awaits `open()` runs after this turn: his handlers must stand before the first message is delivered.
    if (this.role === 'opened' && this.bell.reason === undefined) {
      this.#isSettling = true
      this.#allow()
      this.#turns.later(this)
    }
    return this.bell.reason === undefined ? 'yes' : 'no'
  }

  deliver(number: number, body: unknown, key?: string): void {
    this.dispatch.deliver(number, body, key)
    if (this.dispatch.inbox?.isFull) this.hold('held')
  }

  requested(id: number, number: number, body: unknown, key?: string): void {
    this.dispatch.request(id, number, body, key)
    if (this.dispatch.inbox?.isFull) this.hold('held')
  }

  replied(id: number, body: unknown): void {
    this.#requests?.replied(id, body)
  }

  faulted(id: number, text: string): void {
    this.#requests?.faulted(id, text)
  }

  ponged(roundTripMs: number): void {
    this.#roundTripMs = roundTripMs
  }

  farewell(goodbye: Goodbye): void {
    const { code, text } = goodbye
    if (this.state === 'closing') return
    if (this.state === 'handshaking') return this.#finish({ code: 'refused', why: code, text }, undefined, '')
    const words = code === 'closed' ? text : `${code}${text === '' ? '' : `: ${text}`}`
    this.#finish({ code: 'closed', by: 'remote', text: words }, undefined, '')
  }

  fail(reason: CloseReason): void {
    this.#finish(reason, goodbyeCode(reason), describeReason(reason))
  }

  get #queued(): number {
    return this.#inFlight + this.out.size + (this.#backlog?.size ?? 0)
  }

  #markOf(policy: OverflowPolicy): number {
    const isQueueing = policy === 'drop-oldest' || policy === 'latest-by-key'
    return isQueueing ? this.limits.lowWaterBytes : this.limits.highWaterBytes
  }

  #allow(): void {
    const isLive = this.state === 'open' || this.state === 'handshaking'
    this.mayDeliver = isLive && !this.#isHeld && !this.#isSettling
  }

  #decode(now: number): void {
    const before = this.dispatch.messagesIn
    try {
      this.#session.process(now)
    } catch (error) {
      // Handlers are watched by the dispatch: what arrives here is a fault of the session itself.
      this.#owner.failed('handler-failed', 'the session failed', error, this)
      this.fail({ code: 'protocol-violation', what: 'the session failed on what the peer sent' })
    }
    const isCut = this.mayDeliver && this.#session.stored > 0
    if (!isCut) this.#cutSince = never
    else if (this.#cutSince === never || this.dispatch.messagesIn !== before) this.#cutSince = now
  }

  #overflowed(number: number, body: unknown, shared: Uint8Array | undefined): SendResult {
    this.#owner.overflowed(this, this.#queued)
    switch (this.#overflow) {
      case 'wait':
        this.#refused++
        return 'full'
      case 'drop-newest':
        this.#droppedNewest++
        return 'full'
      case 'close':
        this.fail({ code: 'overflow', queuedBytes: this.#queued })
        return 'closed'
      default:
        this.#queueLate(number, body, shared)
        return 'queued'
    }
  }

  #queueLate(number: number, body: unknown, shared: Uint8Array | undefined): void {
    this.#backlog ??= new Backlog(this.#overflow as 'drop-oldest', this.limits.highWaterBytes - this.#mark)
    const bytes = shared ?? this.#session.encodeShared?.(number, body)
    if (bytes === undefined)
      throw new MillraceError('unsupported', 'this protocol cannot queue messages apart')
    const { topicOf } = this.#overflowOptions
    const topic = topicOf === undefined ? number : topicOf(this.dispatch.keyOf(number), body)
    this.#backlog.push(topic, bytes)
    this.#messagesOut++
  }

  #drain(): void {
    const { lowWaterBytes } = this.limits
    if (this.#backlog !== undefined && this.#backlog.size > 0 && this.state === 'open') {
      const hasRoom = () => this.#inFlight + this.out.size < this.#mark
      this.#backlog.pour(hasRoom, (bytes) => this.out.append(bytes))
      this.#turns.dirty(this)
    }
    if (this.#drainWaiters === undefined || this.#inFlight + this.out.size > lowWaterBytes) return
    this.#wakeDrainWaiters('ready')
  }

  #wakeDrainWaiters(result: 'ready' | 'closed'): void {
    const waiters = this.#drainWaiters
    this.#drainWaiters = undefined
    for (const resolve of waiters ?? []) resolve(result)
  }

  /** The link ended or is gone: once all its bytes are read, so is the channel. */
  #followLink(): void {
    if (this.#linkState === 'open' || this.state === 'closed') return
    if (this.state === 'closing') return this.#conclude(this.#failing ?? { code: 'destroyed' })
    if (!this.mayDeliver && this.#linkState === 'ended') return
    if (this.#linkError === undefined) this.#finish(this.#session.linkEnded(), undefined, '')
    else this.#finish({ code: 'link-failed', cause: this.#linkError }, undefined, '')
  }

  /** Stops reading while more is stored than the limit, and goes on at half of it. */
  #regulate(): void {
    const { stored } = this.#session
    if (this.#reading === 'on' && stored > this.limits.receiveHighWaterBytes) {
      this.#reading = 'paused'
      this.#link.pause()
    } else if (this.#reading === 'paused' && stored <= this.limits.receiveHighWaterBytes / 2) {
      this.#reading = 'on'
      this.#link.resume()
    }
  }

  #reply(id: number, number: number, body: unknown): void {
    if (this.state !== 'open' || this.#session.encodeReply === undefined) return
    this.#session.encodeReply(id, number, body)
    this.#messagesOut++
    this.#duty()
  }

  #fault(id: number, text: string): void {
    if (this.state !== 'open' || this.#session.encodeFault === undefined) return
    this.#session.encodeFault(id, text)
    this.#duty()
  }

  /** What this side owes the peer is written whatever the marks say, up to a limit of its own. */
  #duty(): void {
    this.#turns.dirty(this)
    if (this.#queued > dutyBytesMax)
      this.fail({ code: 'slow-reader', queuedBytes: this.#queued, stalledMs: 0 })
  }

  #handlerFailed(error: unknown, key: string): void {
    this.#owner.failed('handler-failed', `the handler of '${key}' failed`, error, this)
  }

  #due(now: number): void {
    this.#dueNow(now)
    if (this.state !== 'closed') this.#arm()
  }

  #dueNow(now: number): void {
    const { limits } = this
    if (this.state === 'closed') return this.#link.destroy()
    if (this.state === 'closing') {
      if (now - this.#since >= limits.closeTimeoutMs) this.destroyAs(this.#failing ?? { code: 'destroyed' })
      return
    }
    if (this.state === 'handshaking' && now - this.#since >= limits.handshakeTimeoutMs) {
      return this.fail({ code: 'handshake-timeout', timeoutMs: limits.handshakeTimeoutMs })
    }
    if (now - this.#stalledSince >= limits.stallTimeoutMs) {
      return this.destroyAs({
        code: 'slow-reader',
        queuedBytes: this.#queued,
        stalledMs: now - this.#stalledSince,
      })
    }
    if (now - this.#cutSince >= limits.frameTimeoutMs) {
      return this.fail({
        code: 'protocol-violation',
        what: `a frame took longer than ${limits.frameTimeoutMs} ms`,
      })
    }
    this.#beat(now)
  }

  #beat(now: number): void {
    const heartbeat = this.#heartbeat
    if (heartbeat === undefined || this.state !== 'open') return
    if (this.#heard) {
      this.#heard = false
      heartbeat.heard(now)
    }
    const due = heartbeat.due(now)
    if (due === 'ping') {
      this.#session.ping?.(now)
      this.#turns.dirty(this)
    } else if (due === 'timeout') {
      this.#silence({ code: 'heartbeat-timeout', silentMs: heartbeat.silentMs(now) })
      heartbeat.restart(now)
    }
  }

  /** The peer is silent: the user's function decides, and closes for this reason; without one, the channel ends. */
  #silence(reason: CloseReason): void {
    if (this.#heartbeatFail === undefined) return this.destroyAs(reason)
    this.#failing = reason
    try {
      this.#heartbeatFail()
    } catch (error) {
      this.#owner.failed('handler-failed', 'the function for a failed heartbeat failed', error, this)
    }
    if (this.state === 'open') this.#failing = undefined
  }

  #arm(): void {
    const { limits } = this
    let at = Math.min(this.#stalledSince + limits.stallTimeoutMs, this.#cutSince + limits.frameTimeoutMs)
    if (this.state === 'handshaking') at = Math.min(at, this.#since + limits.handshakeTimeoutMs)
    if (this.state === 'closing' || this.state === 'closed') at = this.#since + limits.closeTimeoutMs
    if (this.state === 'open' && this.#heartbeat !== undefined) at = Math.min(at, this.#heartbeat.deadline())
    if (at === never || (this.#deadline.isScheduled && this.#deadline.deadline <= at)) return
    this.#turns.wheel.schedule(this.#deadline, at)
  }

  /** Ends the channel for this reason and cuts the link: nothing more can be said to this peer. */
  destroyAs(reason: CloseReason): void {
    this.#conclude(reason)
    this.#link.destroy()
  }

  /** Ends the channel for this reason, with last words to the peer if there is a code for them. */
  #finish(reason: CloseReason, code: GoodbyeCode | undefined, text: string): void {
    if (this.state === 'closed') return
    if (code !== undefined && this.#linkState !== 'gone') this.#session.goodbye?.({ code, text })
    this.flush()
    this.#conclude(reason)
    if (this.#linkState !== 'gone') this.#link.end()
  }

  /** The channel is over: everyone who waits for something of it is told. */
  #conclude(reason: CloseReason): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.#allow()
    this.#since = this.#turns.loop.now()
    this.#cutSince = this.#stalledSince = never
    this.#turns.wheel.cancel(this.#deadline)
    this.out.release()
    this.#backlog?.clear()
    this.#session.release()
    this.#requests?.end(reasonError(reason, 'the channel ended before the reply came'))
    this.#wakeDrainWaiters('closed')
    this.dispatch.end()
    if (this.#reading === 'paused') this.#link.resume()
    this.#owner.ended(this, reason)
    if (this.#linkState === 'gone') this.#owner.linkGone(this)
    else this.#turns.wheel.schedule(this.#deadline, this.#since + this.limits.closeTimeoutMs)
    this.#turns.arm()
  }

  #stateText(): string {
    const { reason } = this.bell
    return reason === undefined ? this.state : `closed (${describeReason(reason)})`
  }
}

function goodbyeCode(reason: CloseReason): GoodbyeCode {
  switch (reason.code) {
    case 'protocol-mismatch':
    case 'contract-mismatch':
    case 'protocol-violation':
    case 'overflow':
      return reason.code
    case 'slow-reader':
      return 'overflow'
    case 'handshake-timeout':
    case 'heartbeat-timeout':
      return 'timeout'
    default:
      return 'closed'
  }
}
