import type { BlockPool } from '@millrace/buffer'
import type { Goodbye } from '@millrace/wire'
import { type CloseReason, reasonError } from '../base/close-reason.ts'
import type { KeyTable } from '../base/key-table.ts'
import type { LineWriter } from '../base/log.ts'
import { causeText, MillraceError } from '../base/millrace-error.ts'
import {
  type HeartbeatTimes,
  type OverflowPolicy,
  type PipeLimits,
  parseHeartbeat,
  type RatePolicy,
} from '../base/options.ts'
import type { ByteAccount } from '../channel/byte-account.ts'
import { Channel, conversationOf } from '../channel/channel.ts'
import type { ChannelInit } from '../channel/channel-init.ts'
import { Conversation } from '../channel/conversation.ts'
import type { ConversationOwner } from '../channel/conversation-owner.ts'
import type { ChannelCounts } from '../channel/statistics.ts'
import type { IncompleteFrames } from '../link/incomplete-frames.ts'
import type { LinkCarrierOwner } from '../link/link-carrier-owner.ts'
import type { LocalCarrierOwner } from '../local/local-carrier.ts'
import type { Topics } from '../ports/diagnostics.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import type { Turns } from '../turn/turns.ts'
import { broadcast } from './broadcast.ts'
import type { ByteAccounts } from './byte-accounts.ts'
import type { Entrance } from './entrance.ts'
import type { PipeOptions } from './pipe-options.ts'
import { addStatistics, noStatistics, nothingWaits, type RegistryStatistics } from './pipe-statistics.ts'
import { TooLargeNews } from './too-large-news.ts'

/** What the registry tells its pipe. */
export interface ChannelRegistryOwner {
  /** Whom those who trace are told. */
  readonly pipe: unknown
  readonly crypto: PlatformCrypto
  readonly lines: LineWriter
  topics(): Topics
  accepted(channel: Channel): void
  closed(channel: Channel, reason: CloseReason): void
  report(error: MillraceError, channel: Channel | undefined): void
}

/** What a registry is made of. */
export interface ChannelRegistryParts {
  readonly limits: PipeLimits
  readonly options: PipeOptions
  readonly accounts: ByteAccounts | undefined
  /** Keeps order among those who come; undefined where none do. */
  readonly entrance: Entrance | undefined
}

/** Waits for the outcome of one `open`. */
export interface Opening {
  /** What this side says about itself. */
  readonly data: Uint8Array
  resolve(channel: Channel): void
  reject(error: MillraceError): void
}

/** Registry of a pipe's channels (open, handshaking, lingering behind their end) and their cumulative counters. */
export class ChannelRegistry
  implements ConversationOwner<Conversation>, LinkCarrierOwner, LocalCarrierOwner, ChannelInit
{
  limits: PipeLimits
  readonly turns: Turns
  readonly pool: BlockPool
  readonly overflow: OverflowPolicy
  readonly overRate: RatePolicy
  readonly crypto: PlatformCrypto
  readonly lines: LineWriter
  readonly heartbeat: HeartbeatTimes | undefined
  readonly account: ByteAccount | undefined
  readonly incomplete: IncompleteFrames | undefined
  /** The keys of the protocol that the pipe speaks. Set before the first channel. */
  keys!: KeyTable
  maxOpenChannels: number
  isClosing = false
  /** Channels opened ever, each way. */
  acceptedCount = 0
  connectedCount = 0

  readonly #owner: ChannelRegistryOwner
  readonly #channels = new Map<Conversation, Channel>()
  readonly #handshakes = new Set<Conversation>()
  readonly #entrance: Entrance | undefined
  readonly #lingering = new Set<Conversation>()
  readonly #openings = new Map<Conversation, Opening>()
  /** Channels that were shown to the program before they opened. */
  #early: WeakMap<Conversation, Channel> | undefined
  #emptyWaiters: (() => void)[] = []
  #tooLargeNews: TooLargeNews | undefined
  readonly #past: Record<keyof ChannelCounts, number> = { ...noStatistics }

  constructor(
    owner: ChannelRegistryOwner,
    turns: Turns,
    pool: BlockPool,
    { limits, options, accounts, entrance }: ChannelRegistryParts,
  ) {
    this.#owner = owner
    this.turns = turns
    this.pool = pool
    this.limits = limits
    this.account = accounts?.account
    this.incomplete = accounts?.incomplete
    this.overflow = options.overflow ?? 'wait'
    this.overRate = options.overRate ?? 'drop'
    this.heartbeat = parseHeartbeat(options.heartbeat)
    this.#entrance = entrance
    this.crypto = owner.crypto
    this.lines = owner.lines
    this.maxOpenChannels = limits.maxOpenChannels
  }

  get openCount(): number {
    return this.#channels.size
  }

  /** Resolves when no channel is left, and no link of an ended one. */
  emptied(): Promise<void> {
    if (this.#isEmpty) return Promise.resolve()
    return new Promise((resolve) => this.#emptyWaiters.push(resolve))
  }

  /** The open channels. */
  channels(): IterableIterator<Channel> {
    return this.#channels.values()
  }

  /** Sends one message to all channels, or to those of these that are open here, encoding it once. Returns how many took it. */
  broadcast(key: string, body: unknown, channels: Iterable<Channel> | undefined): number {
    const conversations =
      channels === undefined ? this.#channels.keys() : [...this.#conversationsOf(channels)].values()
    return broadcast(this.keys, key, body, conversations)
  }

  /** A conversation that has no carrier yet. */
  converse(role: 'accepted' | 'opened'): Conversation {
    return new Conversation(this, this.keys, role)
  }

  /** A conversation begins its handshake; `opening` waits for the outcome. `peerAddress`: where the link comes from, if it tells. */
  add(conversation: Conversation, opening?: Opening, peerAddress?: string): void {
    this.#handshakes.add(conversation)
    if (opening === undefined) return this.#entrance?.came(conversation, peerAddress, this.turns.now)
    this.#openings.set(conversation, opening)
    conversation.openData = opening.data
  }

  /** Throws `channel-limit` if no more channels can be opened. */
  checkRoom(where: string): void {
    if (this.#channels.size < this.maxOpenChannels) return
    const text = `${where}: ${this.maxOpenChannels} channels are open already (setMaxOpenChannels)`
    throw new MillraceError('channel-limit', text)
  }

  /** Ends all channels and handshakes in order, or now. */
  end(how: 'close' | 'destroy', words: Pick<Goodbye, 'appCode' | 'text'>): void {
    for (const conversation of [...this.#channels.keys(), ...this.#handshakes]) {
      if (how === 'close') conversation.carrier.close(words)
      else conversation.carrier.destroy()
    }
    if (how === 'destroy') for (const { carrier } of [...this.#lingering]) carrier.destroy()
  }

  /** Sums over all channels, past and present. */
  statistics(): RegistryStatistics {
    const sums = { ...this.#past, ...nothingWaits }
    let pausedChannels = 0
    for (const conversation of this.#channels.keys()) {
      addStatistics(sums, conversation.statistics())
      if (conversation.isPaused) pausedChannels++
    }
    return {
      ...sums,
      roundTripMs: Number.NaN,
      openChannels: this.#channels.size,
      handshakes: this.#handshakes.size,
      pausedChannels,
      accepted: this.acceptedCount,
      connected: this.connectedCount,
    }
  }

  admit(conversation: Conversation, data: Uint8Array, decided: () => void): 'yes' | 'later' | Goodbye {
    const { refusal } = this
    if (conversation.role === 'opened' || this.isClosing || this.#entrance === undefined)
      return refusal ?? 'yes'
    const { now } = this.turns
    return this.#entrance.judge(conversation, { data, decided, refusal, now, open: this.#channels.keys() })
  }

  /** What a peer is told while no channel can open here. */
  get refusal(): Goodbye | undefined {
    if (this.isClosing) return { code: 'shutting-down', appCode: 0, text: '' }
    if (this.#channels.size < this.maxOpenChannels) return undefined
    return { code: 'channel-limit', appCode: 0, text: `${this.maxOpenChannels} channels are open already` }
  }

  /** The channel of a conversation, which may not be open yet. */
  channelOf(conversation: Conversation): Channel {
    let channel = this.#channels.get(conversation) ?? this.#early?.get(conversation)
    if (channel !== undefined) return channel
    channel = new Channel(conversation, this)
    if (this.#handshakes.has(conversation)) {
      this.#early ??= new WeakMap()
      this.#early.set(conversation, channel)
    }
    return channel
  }

  /** The same before it is open; undefined once it has ended, or its peer is gone. */
  channelToBe(conversation: Conversation): Channel | undefined {
    const isOver = conversation.reason !== undefined || !conversation.carrier.isConnected
    return isOver ? undefined : this.channelOf(conversation)
  }

  opened(conversation: Conversation): void {
    this.#handshakes.delete(conversation)
    const channel = this.channelOf(conversation)
    this.#channels.set(conversation, channel)
    this.#entrance?.opened(conversation, this.turns.now)
    const origin = conversation.role === 'accepted' ? 'accepted' : 'connected'
    const { channelOpen } = this.#owner.topics()
    if (channelOpen.hasSubscribers) channelOpen.publish({ pipe: this.#owner.pipe, channel, origin })
    if (origin === 'accepted') {
      this.acceptedCount++
      this.#owner.accepted(channel)
    } else {
      this.connectedCount++
      this.#takeOpening(conversation)?.resolve(channel)
    }
  }

  ended(conversation: Conversation, reason: CloseReason): void {
    this.#lingering.add(conversation)
    const channel = this.#channels.get(conversation)
    if (conversation.hasEndListeners) this.turns.call(() => conversation.tellEnd(reason))
    else conversation.tellEnd(reason)
    if (channel === undefined) return this.#neverOpened(conversation, reason)
    this.#channels.delete(conversation)
    this.#entrance?.closed(conversation)
    addStatistics(this.#past, conversation.statistics())
    const { channelClose } = this.#owner.topics()
    if (channelClose.hasSubscribers) channelClose.publish({ pipe: this.#owner.pipe, channel, reason })
    this.#owner.closed(channel, reason)
  }

  linkGone(conversation: Conversation): void {
    this.#lingering.delete(conversation)
    this.#entrance?.gone(conversation)
    if (this.#isEmpty) for (const resolve of this.#emptyWaiters.splice(0)) resolve()
  }

  failed(text: string, cause: unknown, conversation: Conversation): void {
    const error = new MillraceError('handler-failed', `${text}: ${causeText(cause)}`, { cause })
    this.#owner.report(error, this.#channels.get(conversation))
  }

  /** A transport goes on, but something went wrong: its own typed error, or whatever the platform said. */
  linkFailed(cause: unknown, text: string): void {
    if (cause instanceof MillraceError) return this.#owner.report(cause, undefined)
    const message = `${text}: ${causeText(cause)}`
    this.#owner.report(new MillraceError('listen-failed', message, { cause }), undefined)
  }

  overflowed(
    conversation: Conversation,
    queued: { readonly bytes: number; readonly messages: number },
  ): void {
    const { channelOverflow } = this.#owner.topics()
    if (!channelOverflow.hasSubscribers) return
    const { bytes: queuedBytes, messages: queuedMessages } = queued
    const channel = this.#channels.get(conversation)
    channelOverflow.publish({ pipe: this.#owner.pipe, channel, queuedBytes, queuedMessages })
  }

  tooLarge(conversation: Conversation, key: string, peerSizeMax: number | undefined): void {
    const { channelTooLarge } = this.#owner.topics()
    const { pipe } = this.#owner
    const channel = this.#channels.get(conversation)
    if (channelTooLarge.hasSubscribers) channelTooLarge.publish({ pipe, channel, key, peerSizeMax })
    this.#tooLargeNews ??= new TooLargeNews()
    const error = this.#tooLargeNews.about(conversation, key, peerSizeMax, this.turns.now)
    if (error !== undefined) this.#owner.report(error, channel)
  }

  limited(conversation: Conversation, number: number): void {
    const error = this.#entrance?.limited(conversation, number, this)
    if (error !== undefined) this.#owner.report(error, this.#channels.get(conversation))
  }

  get #isEmpty(): boolean {
    return this.#channels.size + this.#handshakes.size + this.#lingering.size === 0
  }

  *#conversationsOf(channels: Iterable<Channel>): Generator<Conversation> {
    for (const channel of channels) {
      const conversation = conversationOf(channel)
      if (this.#channels.has(conversation)) yield conversation
    }
  }

  #neverOpened(conversation: Conversation, reason: CloseReason): void {
    this.#handshakes.delete(conversation)
    this.#entrance?.failed(conversation, reason, this.turns.now)
    const error = reasonError(reason, `${conversation.describe().split(' ')[0]} did not become a channel`)
    const opening = this.#takeOpening(conversation)
    if (opening !== undefined) opening.reject(error)
    else if (reason.code !== 'destroyed' && !this.isClosing) this.#owner.report(error, undefined)
  }

  #takeOpening(conversation: Conversation): Opening | undefined {
    const opening = this.#openings.get(conversation)
    this.#openings.delete(conversation)
    return opening
  }
}
