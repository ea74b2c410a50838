// For programs with a lib that ends before `Symbol.dispose`.
/// <reference lib="esnext.disposable" preserve="true" />
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { CloseReason } from '../base/close-reason.ts'
import { type CloseWords, parseCloseWords } from '../base/close-words.ts'
import type { EncryptionAlgorithm } from '../base/encryption-options.ts'
import { heardNumber, sentNumber } from '../base/key-use.ts'
import type { LogLevel } from '../base/log.ts'
import { sideOf } from '../base/message-traits.ts'
import type {
  Answer,
  Asks,
  Body,
  ComparedMessages,
  ComparedSide,
  Hears,
  Key,
  Message,
  Reply,
  Sends,
  Side,
} from '../base/messages.ts'
import { type OverflowPolicy, parseHeartbeat } from '../base/options.ts'
import type { SendResult } from './carrier.ts'
import type { ChannelInit } from './channel-init.ts'
import type { Conversation, EndListener } from './conversation.ts'
import { iterate } from './iterate.ts'
import { checkFunction, type KeyedHandlers, listen, type Run, type SubKeyHandlers } from './keyed-handlers.ts'
import type { OverflowOptions } from './overflow.ts'
import type { RequestOptions } from './pending-requests.ts'
import type { ChannelStatistics } from './statistics.ts'

/** Called with a message. What it returns is the reply, if the message is a request. */
export type Handler<
  Messages extends object,
  K extends Key<Messages>,
  Own extends Side = Side,
  Data = unknown,
> = (body: Body<Messages, K>, channel: Channel<Messages, Own, Data>) => Answer<Messages, K>

/** Called with a message and the sub-key that `keyOf` found in it. */
export type KeyedHandler<
  Messages extends object,
  K extends Key<Messages>,
  SubKey,
  Own extends Side = Side,
  Data = unknown,
> = (
  body: Body<Messages, K>,
  channel: Channel<Messages, Own, Data>,
  subKey: NonNullable<SubKey>,
) => Answer<Messages, K>

/** For pipes and sinks: the conversation behind a channel. */
export let conversationOf: (channel: object) => Conversation

/**
 * One conversation with one peer; both sides hold one. Messages arrive in the order in which they were sent, each of
 * them once, or the channel ends. Made by a pipe: `await pipe.open()`, or by the event `accepted`.
 *
 * All methods work at any time: on an ended channel `send` returns `'closed'`, and `on('close')` calls at once.
 */
export class Channel<Messages extends object = object, Own extends Side = Side, Data = unknown> {
  /** Never set: see `ComparedMessages`. */
  declare readonly messages?: ComparedMessages<Messages>

  /** Which side this end is: the `client` opened the channel, the `server` accepted it. */
  get side(): ComparedSide<Own> {
    return sideOf(this.#conversation.role) as ComparedSide<Own>
  }

  /** What the program keeps with the channel: its player, a session, a name. Its type comes from `pipe.withData<Player>()`; Millrace never reads it. */
  data: Data | undefined
  readonly #init: ChannelInit
  readonly #conversation: Conversation
  #handlers: KeyedHandlers | undefined
  #closed: Promise<CloseReason> | undefined
  #lastKey = ''
  #lastNumber = -1

  static {
    conversationOf = (channel) => (channel as Channel).#conversation
  }

  /** @internal For pipes only. */
  constructor(conversation: Conversation, init: ChannelInit) {
    this.#init = init
    this.#conversation = conversation
    conversation.dispatch.channel = this
  }

  /** True from the hello until either side closes, or the link is gone: while something can be sent. */
  get isOpen(): boolean {
    return this.#conversation.isOpen
  }

  /**
   * The network address of the peer without its port, for bans, limits and logs: an IP address over `tcp` and `udp`. It stays when the channel has ended.
   * Undefined over `ipc` and on local channels.
   */
  get peerAddress(): string | undefined {
    return this.#conversation.carrier.peerAddress
  }

  /** What is known of the channel's encryption: its suite, the peer's key, the channel binding. Undefined while it has none. */
  get encryption(): ChannelEncryption | undefined {
    return this.#conversation.carrier.encryption
  }

  /** What the opener said about itself, `open({ data })`, on both sides; empty if it said nothing. */
  get openData(): Uint8Array {
    return this.#conversation.openData
  }

  /** Why the channel ended; undefined while it hasn't. */
  get reason(): CloseReason | undefined {
    return this.#conversation.reason
  }

  /** Resolves with the reason when the channel has ended. Never rejects. */
  get closed(): Promise<CloseReason> {
    this.#closed ??= new Promise((resolve) => this.#conversation.settle(resolve))
    return this.#closed
  }

  /**
   * Sends a message. It is encoded at once, so the body may be changed afterwards (not on a local channel, which passes the object itself), and leaves at the end
   * of the turn. Throws a typed error for a body that doesn't fit the contract, `message-too-large`, and `argument-invalid` for a request, or for what the
   * contract lets the other side alone send; nothing is sent then.
   */
  send<K extends Sends<Messages, Own>>(key: K, body: Body<Messages, K>): SendResult {
    return this.#conversation.carrier.sender.send(this.#sendable(key), body)
  }

  /** Like `send`, but waits for room first. Resolves with `'queued'` or `'closed'`; rejects with what `send` throws. */
  async sendWhenReady<K extends Sends<Messages, Own>>(key: K, body: Body<Messages, K>): Promise<SendResult> {
    let result = this.send(key, body)
    for (; result === 'full'; result = this.send(key, body)) await this.#conversation.drained()
    return result
  }

  /**
   * Sends what `make` returns, when there is room for it: a stale snapshot is never encoded. A later call for the same key takes the place of one that waits;
   * nothing is sent for `undefined`. `make` is called in a turn of the pipe, or at once; what it throws is told to `error`. Throws as `send` does for the key.
   */
  sendLatest<K extends Sends<Messages, Own>>(key: K, make: () => Body<Messages, K> | undefined): SendResult {
    checkFunction(make, 'sendLatest')
    return this.#conversation.carrier.sender.sendLatest(this.#sendable(key), make)
  }

  /**
   * So many bytes leave at once if they are sent now: for a game loop that sends as much as the path to the player takes. Over transports that don't know their
   * path, as many as are not refused; on local channels any number or none.
   */
  get budgetBytes(): number {
    return this.#conversation.carrier.sender.budgetBytes
  }

  /** Resolves when a full channel is down to its low-water mark (`'ready'`), or has ended (`'closed'`). Never rejects. */
  drained(): Promise<'ready' | 'closed'> {
    return this.#conversation.drained()
  }

  /**
   * Sends a request and waits for its reply. Rejects with `request-failed` if the peer can't answer, `request-timeout`, `request-limit`, `channel-closed`, or the
   * signal's reason; with `argument-invalid` for a message that has no reply or is the other side's, and with what `send` throws.
   */
  request<K extends Asks<Messages, Own>>(
    key: K,
    body: Body<Messages, K>,
    options: RequestOptions = {},
  ): Promise<Reply<Messages, K>> {
    try {
      const number = sentNumber(this.#init.keys, key, 'request', this.side)
      return this.#conversation.request(key, number, body, options) as Promise<Reply<Messages, K>>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** `on('close', f)`: calls `f` with the reason when the channel ends, exactly once; at once if it has ended already. */
  on(event: 'close', run: (reason: CloseReason, channel: Channel<Messages, Own, Data>) => void): this
  /** `on(key, f)`: calls `f` with each message of the key. A message named `close` is heard by `onMessage`. */
  on<K extends Exclude<Hears<Messages, Own>, 'close'>>(key: K, handler: Handler<Messages, K, Own, Data>): this
  /**
   * `on(key, keyOf, f)`: dispatches by a key inside the message as well. `keyOf` finds the sub-key; messages in which it finds none (`undefined` or `null`) are
   * left out. In place of `f` a map from sub-keys to handlers may stand.
   */
  on<K extends Exclude<Hears<Messages, Own>, 'close'>, SubKey>(
    key: K,
    keyOf: (body: Body<Messages, K>) => SubKey,
    handler: KeyedHandler<Messages, K, SubKey, Own, Data>,
  ): this
  /** `on(key, keyOf, map)`: as above, with a handler for each sub-key. Those that the map doesn't have are left out. */
  on<K extends Exclude<Hears<Messages, Own>, 'close'>, SubKey>(
    key: K,
    keyOf: (body: Body<Messages, K>) => SubKey,
    handlers: SubKeyHandlers<SubKey, Body<Messages, K>, Channel<Messages, Own, Data>, Answer<Messages, K>>,
  ): this
  on(key: string, first: unknown, second?: unknown): this {
    if (key !== 'close') return this.#listen(key, first, second)
    checkFunction(first, 'on(close)')
    this.#conversation.onEnd(first as EndListener)
    return this
  }

  /** Like `on`, for messages of any name, `close` included. */
  onMessage<K extends Hears<Messages, Own>>(key: K, handler: Handler<Messages, K, Own, Data>): this {
    return this.#listen(key, handler, undefined)
  }

  /** Removes a handler of a key, or of `close`: the function or map that was given to `on`. */
  off<K extends Hears<Messages, Own> | 'close'>(key: K, handler: unknown): this {
    const { keys } = this.#init
    if (key === 'close') this.#conversation.offEnd(handler as EndListener)
    const number = key === 'close' ? keys.find(key) : keys.number(key)
    this.#conversation.dispatch.remove(number, handler as Run)
    this.#handlers?.remove(number, handler)
    return this
  }

  /**
   * Watches the peer: whenever nothing was heard for `intervalMs`, it is asked for a sign of life; after `timeoutMs` of silence `onFail` is called. In place of
   * the pipe's own `heartbeat`. If that closes the channel, the reason is `heartbeat-timeout`; without `onFail` the channel ends by itself. Defaults: 5 s and 15
   * s. Throws `argument-invalid` for an interval below 10 ms, and a timeout that is no longer than it.
   */
  setHeartbeat(
    intervalMs = 5000,
    timeoutMs = 15_000,
    onFail?: (channel: Channel<Messages, Own, Data>) => void,
  ): this {
    parseHeartbeat({ intervalMs, timeoutMs })
    this.#conversation.setHeartbeat({ intervalMs, timeoutMs, fail: onFail && (() => onFail(this)) })
    return this
  }

  /**
   * Encrypts this open channel: `key` is 32 random bytes that both sides have, `algorithm` what seals (default `'chacha20-poly1305'`). For identities see
   * `encryption` of a pipe. Both sides call it, in any order, within `handshakeTimeoutMs`, readers that are behind included; what is sent after the call, replies
   * among it, waits until it can be sealed, in its order: what the sides ask each other between the two calls must have replies of less than `highWaterBytes`.
   * Resolves when both directions are sealed here; rejects with `encryption-failed`, and the channel ends, when the keys differ or the other side doesn't do the
   * same. What was sent leaves even if the channel is closed before. Also rejects with `argument-invalid`, `channel-closed`, `already-open` when called twice, and
   * `unsupported` for protocols that own their bytes, and over `udp`: encrypt the pipe. On local channels keys must fit as well, but nothing is sealed: nothing leaves the process.
   */
  setEncryption(key: Uint8Array, algorithm?: EncryptionAlgorithm): Promise<void> {
    return this.#conversation.setEncryption(algorithm === undefined ? { key } : { key, algorithm })
  }

  /** Chooses what this channel does at its high-water mark. Throws `argument-invalid`, also for `topicOf` with another policy than `latest-by-key`. */
  setOverflow(policy: OverflowPolicy, options: OverflowOptions<Messages> = {}): this {
    this.#conversation.setOverflow(policy, options as OverflowOptions)
    return this
  }

  /**
   * Ends the channel in order: what was sent before arrives, so do the replies of handlers in this turn; replies of handlers that are still waiting for something
   * are lost. The peer is told the words, a text or `{ code: 4001, text: 'banned' }`; nothing more is delivered here. Throws `argument-invalid` for a code that is
   * none. Resolves with the reason when the peer has ended too, or after `closeTimeoutMs`; under `drive: 'manual'` that takes further calls of `pipe.process()`.
   * Idempotent.
   */
  close(words?: CloseWords): Promise<CloseReason> {
    this.#conversation.carrier.close(parseCloseWords(words))
    return this.closed
  }

  /** Ends the channel now. What was on its way may be lost. */
  destroy(): void {
    this.#conversation.carrier.destroy()
  }

  /** What the channel did so far. */
  statistics(): ChannelStatistics {
    return this.#conversation.statistics()
  }

  /** What this is, in one line, for people. */
  describe(): string {
    return `channel ${this.#conversation.describe()}`
  }

  /** Writes a log line that begins with `describe()`, if the pipe has a log. */
  log(level: LogLevel, text: string): void {
    this.#init.lines.write(level, this, text)
  }

  /**
   * All messages from now on, in their order. Up to `iteratorQueueMax` wait for the reader; then the peer has to wait. Ends when the channel does; `reason` says
   * why. Leaving the loop leaves the channel open.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message<Messages, Own>> {
    return iterate(this.#conversation, this.#init.limits.iteratorQueueMax) as AsyncIterableIterator<
      Message<Messages, Own>
    >
  }

  /** `await using` closes the channel. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  toString(): string {
    return this.describe()
  }

  /** The number of a key that this side may send. */
  #sendable(key: string): number {
    if (key === this.#lastKey) return this.#lastNumber
    const number = sentNumber(this.#init.keys, key, 'message', this.side)
    this.#lastNumber = number
    this.#lastKey = key
    return number
  }

  #listen(key: string, first: unknown, second: unknown): this {
    const { dispatch } = this.#conversation
    const number = heardNumber(this.#init.keys, key, this.side)
    this.#handlers = listen(dispatch, this.#handlers, { number, key }, [first, second])
    return this
  }
}
