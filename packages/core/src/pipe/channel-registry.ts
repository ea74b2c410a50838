import type { BlockPool } from '@millrace/buffer'
import type { Goodbye } from '@millrace/wire'
import { type CloseReason, reasonError } from '../base/close-reason.ts'
import type { KeyTable } from '../base/key-table.ts'
import { causeText, MillraceError } from '../base/millrace-error.ts'
import type { OverflowPolicy, PipeLimits, PipeOptions } from '../base/options.ts'
import type { Carrier, CarrierOwner, ChannelStatistics } from '../channel/carrier.ts'
import { Channel } from '../channel/channel.ts'
import type { Topics } from '../ports/diagnostics.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import type { Turns } from '../turn/turns.ts'
import { HandshakeSlots } from './handshake-slots.ts'
import type { PipeStatistics } from './pipe-statistics.ts'

/** What the registry tells its pipe. */
export interface ChannelRegistryOwner {
  /** Whom those who trace are told. */
  readonly pipe: unknown
  readonly crypto: PlatformCrypto | undefined
  topics(): Topics
  keys(): KeyTable
  accepted(channel: Channel): void
  closed(channel: Channel, reason: CloseReason): void
  report(error: MillraceError, channel: Channel | undefined): void
}

/** What all channels of a pipe, past and present, did so far. */
type RegistryStatistics = Omit<PipeStatistics, 'errors' | 'datagramsDropped'>

/** Waits for the outcome of one `open`. */
export interface Opening {
  resolve(channel: Channel): void
  reject(error: MillraceError): void
}

/** Keeps the channels of one pipe: who is open, who is saying hello, whose link still lingers, and all they ever counted. */
export class ChannelRegistry implements CarrierOwner {
  readonly limits: PipeLimits
  readonly turns: Turns
  readonly pool: BlockPool
  readonly overflow: OverflowPolicy
  readonly crypto: PlatformCrypto | undefined
  maxOpenChannels: number
  isClosing = false
  /** Channels opened ever, each way. */
  acceptedCount = 0
  connectedCount = 0

  readonly #owner: ChannelRegistryOwner
  readonly #options: PipeOptions
  readonly #channels = new Map<Carrier, Channel>()
  readonly #handshakes = new HandshakeSlots<Carrier>()
  readonly #lingering = new Set<Carrier>()
  readonly #openings = new Map<Carrier, Opening>()
  /** Channels that were shown to the program before they opened. */
  #early: WeakMap<Carrier, Channel> | undefined
  #emptyWaiters: (() => void)[] = []
  readonly #past: Record<keyof ChannelStatistics, number> = { ...noStatistics }

  constructor(
    owner: ChannelRegistryOwner,
    turns: Turns,
    pool: BlockPool,
    limits: PipeLimits,
    options: PipeOptions,
  ) {
    this.#owner = owner
    this.#options = options
    this.turns = turns
    this.pool = pool
    this.limits = limits
    this.overflow = options.overflow ?? 'wait'
    this.crypto = owner.crypto
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
  broadcast(number: number, body: unknown, channels: Iterable<Channel> | undefined): number {
    let shared: Uint8Array | undefined
    let count = 0
    for (const carrier of channels === undefined ? this.#channels.keys() : this.#carriersOf(channels)) {
      shared ??= carrier.encodeShared(number, body)
      const result =
        shared === undefined ? carrier.send(number, body) : carrier.sendShared(number, body, shared)
      if (result === 'queued') count++
    }
    return count
  }

  /** A carrier begins its handshake; `opening` waits for the outcome. `peerAddress`: where the link comes from, if it tells. */
  add(carrier: Carrier, opening?: Opening, peerAddress?: string): void {
    this.#handshakes.add(carrier, peerAddress)
    if (opening !== undefined) this.#openings.set(carrier, opening)
  }

  /**
   * Makes room for one more handshake. A flood of strangers must not lock out those who say hello at once: where most come from, the one who
   * is silent for longest is cut.
   */
  makeRoom(): void {
    if (this.#handshakes.size < this.limits.maxHandshakes) return
    this.#handshakes.first()?.destroy()
    const text = `${this.#handshakes.size + 1} peers were saying hello at once (maxHandshakes); the oldest from the address with most of them was cut`
    this.#owner.report(new MillraceError('channel-limit', text), undefined)
  }

  /** Throws `channel-limit` if no more channels can be opened. */
  checkRoom(where: string): void {
    if (this.#channels.size < this.maxOpenChannels) return
    const text = `${where}: ${this.maxOpenChannels} channels are open already (setMaxOpenChannels)`
    throw new MillraceError('channel-limit', text)
  }

  /** Ends all channels and handshakes in order, or now. */
  end(how: 'close' | 'destroy', text: string): void {
    for (const carrier of [...this.#channels.keys(), ...this.#handshakes]) {
      if (how === 'close') carrier.close(text)
      else carrier.destroy()
    }
    if (how === 'destroy') for (const carrier of [...this.#lingering]) carrier.destroy()
  }

  /** Sums over all channels, past and present. */
  statistics(): RegistryStatistics {
    const sums = { ...this.#past, queued: 0, stored: 0 }
    for (const carrier of this.#channels.keys()) addStatistics(sums, carrier.statistics())
    return {
      ...sums,
      roundTripMs: Number.NaN,
      openChannels: this.#channels.size,
      handshakes: this.#handshakes.size,
      accepted: this.acceptedCount,
      connected: this.connectedCount,
    }
  }

  mayOpen(): 'yes' | Goodbye {
    if (this.isClosing) return { code: 'shutting-down', text: '' }
    if (this.#channels.size < this.maxOpenChannels) return 'yes'
    return { code: 'channel-limit', text: `${this.maxOpenChannels} channels are open already` }
  }

  /** The channel of a carrier, which may not be open yet. */
  channelOf(carrier: Carrier): Channel {
    let channel = this.#channels.get(carrier) ?? this.#early?.get(carrier)
    if (channel !== undefined) return channel
    channel = new Channel({
      carrier,
      keys: this.#owner.keys(),
      iteratorQueueMax: this.limits.iteratorQueueMax,
      logOptions: this.#options,
    })
    if (this.#handshakes.has(carrier)) {
      this.#early ??= new WeakMap()
      this.#early.set(carrier, channel)
    }
    return channel
  }

  opened(carrier: Carrier): void {
    this.#handshakes.delete(carrier)
    const channel = this.channelOf(carrier)
    this.#channels.set(carrier, channel)
    const origin = carrier.role === 'accepted' ? 'accepted' : 'connected'
    const { channelOpen } = this.#owner.topics()
    if (channelOpen.hasSubscribers) channelOpen.publish({ pipe: this.#owner.pipe, channel, origin })
    if (origin === 'accepted') {
      this.acceptedCount++
      this.#owner.accepted(channel)
    } else {
      this.connectedCount++
      this.#takeOpening(carrier)?.resolve(channel)
    }
  }

  ended(carrier: Carrier, reason: CloseReason): void {
    this.#lingering.add(carrier)
    const channel = this.#channels.get(carrier)
    const { closeNotifier } = carrier
    const failed = (error: unknown) => this.failed("a handler of 'close' failed", error, carrier)
    if (closeNotifier.end(reason) === 'untold') this.turns.call(() => closeNotifier.tell(reason, failed))
    if (channel === undefined) return this.#neverOpened(carrier, reason)
    this.#channels.delete(carrier)
    addStatistics(this.#past, carrier.statistics())
    const { channelClose } = this.#owner.topics()
    if (channelClose.hasSubscribers) channelClose.publish({ pipe: this.#owner.pipe, channel, reason })
    this.#owner.closed(channel, reason)
  }

  linkGone(carrier: Carrier): void {
    this.#lingering.delete(carrier)
    if (this.#isEmpty) for (const resolve of this.#emptyWaiters.splice(0)) resolve()
  }

  failed(text: string, cause: unknown, carrier: Carrier): void {
    const error = new MillraceError('handler-failed', `${text}: ${causeText(cause)}`, { cause })
    this.#owner.report(error, this.#channels.get(carrier))
  }

  /** A transport goes on, but something went wrong: its own typed error, or whatever the platform said. */
  linkFailed(cause: unknown, text: string): void {
    const isTyped = cause instanceof MillraceError
    const error = isTyped
      ? cause
      : new MillraceError('listen-failed', `${text}: ${causeText(cause)}`, { cause })
    this.#owner.report(error, undefined)
  }

  overflowed(carrier: Carrier, queued: number): void {
    const { channelOverflow } = this.#owner.topics()
    if (!channelOverflow.hasSubscribers) return
    channelOverflow.publish({
      pipe: this.#owner.pipe,
      channel: this.#channels.get(carrier),
      queuedBytes: queued,
    })
  }

  get #isEmpty(): boolean {
    return this.#channels.size + this.#handshakes.size + this.#lingering.size === 0
  }

  *#carriersOf(channels: Iterable<Channel>): Generator<Carrier> {
    for (const channel of channels) {
      const carrier = Channel.carrierOf(channel)
      if (this.#channels.has(carrier)) yield carrier
    }
  }

  #neverOpened(carrier: Carrier, reason: CloseReason): void {
    this.#handshakes.delete(carrier)
    const error = reasonError(reason, `${carrier.describe().split(' ')[0]} did not become a channel`)
    const opening = this.#takeOpening(carrier)
    if (opening !== undefined) opening.reject(error)
    else if (reason.code !== 'destroyed' && !this.isClosing) this.#owner.report(error, undefined)
  }

  #takeOpening(carrier: Carrier): Opening | undefined {
    const opening = this.#openings.get(carrier)
    this.#openings.delete(carrier)
    return opening
  }
}

const noStatistics: ChannelStatistics = {
  messagesIn: 0,
  messagesOut: 0,
  bytesIn: 0,
  bytesOut: 0,
  queued: 0,
  stored: 0,
  refused: 0,
  droppedNewest: 0,
  droppedOldest: 0,
  superseded: 0,
  unhandled: 0,
  roundTripMs: 0,
}

/** What a pipe did that has no channels yet. */
export const noPipeStatistics: RegistryStatistics = {
  ...noStatistics,
  openChannels: 0,
  handshakes: 0,
  accepted: 0,
  connected: 0,
}

function addStatistics(sums: Record<keyof ChannelStatistics, number>, more: ChannelStatistics): void {
  for (const name of Object.keys(noStatistics) as (keyof ChannelStatistics)[]) sums[name] += more[name]
}
