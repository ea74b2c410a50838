import type { BlockPool } from '@millrace/buffer'
import type { ChannelStatistics } from './carrier.ts'
import { Channel } from './channel.ts'
import { ChannelBook, type ChannelBookOwner, type Opening } from './channel-book.ts'
import { DatagramCarrier } from './datagram-carrier.ts'
import { Topics } from './diagnostics.ts'
import { LinkCarrier } from './link-carrier.ts'
import { openLocal } from './local-opening.ts'
import { type LogLevel, writeLog } from './log.ts'
import type { Body, Key } from './messages.ts'
import { causeText, MillraceError, type MillraceErrorCode } from './millrace-error.ts'
import { type PipeOptions, parseLimits, parseOverflow } from './options.ts'
import { type PipeEvent, type PipeEvents, PipeHandlers, pipeEventNames } from './pipe-events.ts'
import type { Platform } from './platform.ts'
import { Proto } from './proto.ts'
import type { Protocol } from './protocol.ts'
import type {
  Address,
  CancelSignal,
  DatagramSocket,
  Link,
  Listener,
  Transport,
  TransportPlugin,
} from './transport.ts'
import { Turns } from './turns.ts'

/** Where a pipe leads, and what it speaks. */
export interface PipeTarget {
  readonly transportName: string
  readonly plugin: TransportPlugin
  readonly address: Address
  readonly protocolName: string
  readonly protocol: Protocol
}

/** What the factory lends to its pipes. */
export interface PipeHome {
  readonly pool: BlockPool
  /** The platform of this target, with what the factory's own options say instead. */
  platform(plugin: TransportPlugin): Platform
  /** Resolves the arguments of `bind` and `create`. */
  target(values: readonly unknown[]): PipeTarget
  /** The pipe of this process that is bound where `wanted` leads. */
  boundAt(target: PipeTarget): Pipe<never> | undefined
  /** The pipe is bound there from now on, or (`undefined`) nowhere. */
  setBound(pipe: Pipe<never>, target: PipeTarget | undefined): void
}

/** How `open` waits. */
export interface OpenOptions {
  readonly signal?: CancelSignal
}

/** What a pipe and all its channels, past and present, did so far. */
export interface PipeStatistics extends ChannelStatistics {
  readonly openChannels: number
  readonly handshakes: number
  readonly accepted: number
  readonly connected: number
  /** Errors told to `error`. */
  readonly errors: number
  /** Datagrams dropped because too many waited. */
  readonly datagramsDropped: number
}

const warningsMax = 10

/**
 * An endpoint: it binds and accepts channels, or opens them, or both. Made by `protoFactory.create(…)`. Owns its
 * channels; there is no way to one but to hold it.
 */
export class Pipe<Messages extends object = Record<string, unknown>> {
  readonly #home: PipeHome
  readonly #options: PipeOptions
  readonly #handlers: PipeHandlers
  #target: PipeTarget | undefined
  #platform: Platform | undefined
  #transport: Transport | undefined
  #turns: Turns | undefined
  #book: ChannelBook | undefined
  #topics = new Topics(undefined)
  #listener: Listener | undefined
  #socket: DatagramSocket | undefined
  #datagrams: DatagramCarrier | undefined
  #boundAddress: Address | undefined
  #life: 'fresh' | 'binding' | 'bound' | 'destroyed' = 'fresh'
  #maxOpenChannels: number | undefined
  #emptyWaiters: (() => void)[] = []
  #errors = 0
  #warnings = 0

  /** For factories only. */
  constructor(home: PipeHome, target: PipeTarget | undefined, options: PipeOptions) {
    parseLimits(options)
    if (options.overflow !== undefined) parseOverflow(options.overflow)
    this.#home = home
    this.#options = options
    this.#handlers = new PipeHandlers((error, event) => this.#handlerFailed(error, event))
    if (target !== undefined) this.#settle(target)
  }

  /** Where the pipe is bound, with the port that the system chose; before that, where it was told to go. */
  get address(): Address | undefined {
    return this.#boundAddress ?? this.#target?.address
  }

  /** How many channels are open. */
  get channelCount(): number {
    return this.#book?.openCount ?? 0
  }

  /** The open channels. */
  channels(): IterableIterator<Channel<Messages>> {
    const channels = this.#book?.channels() ?? [].values()
    return channels as unknown as IterableIterator<Channel<Messages>>
  }

  /** Adds a handler of a life event. All handlers run in the pipe's turn; one that throws is told to `error`. */
  on<Event extends PipeEvent>(event: Event, handler: PipeEvents<Messages>[Event]): this {
    if (!pipeEventNames.includes(event)) {
      const text = `no pipe event '${event}'; there are: ${pipeEventNames.join(', ')}. Messages come by channel.on`
      throw new MillraceError('argument-invalid', text)
    }
    if (typeof handler !== 'function')
      throw new MillraceError('argument-invalid', `on('${event}') wants a function`)
    this.#handlers.add(event, handler as (...values: unknown[]) => unknown)
    return this
  }

  /** Removes a handler. */
  off<Event extends PipeEvent>(event: Event, handler: PipeEvents<Messages>[Event]): this {
    this.#handlers.remove(event, handler as (...values: unknown[]) => unknown)
    return this
  }

  /** Takes at most so many open channels; those that are open stay. Default 10,000. */
  setMaxOpenChannels(count: number): this {
    parseLimits({ maxOpenChannels: count })
    this.#maxOpenChannels = count
    if (this.#book !== undefined) this.#book.maxOpenChannels = count
    return this
  }

  /** The transport and the protocol as what they are: `getProto().as(Tcp).setNoDelay(true)`. */
  getProto(): Proto {
    const { protocol } = this.#need()
    return new Proto([this.#transport as Transport, protocol])
  }

  /**
   * Binds, and accepts channels from then on. Where to, and with which protocol, was said to `create`, or is said here:
   * `bind('tcp', '127.0.0.1', 7777, 'msgpack')`. Port 0 lets the system choose: see `address`. Rejects with
   * `address-in-use` or `listen-failed`.
   */
  async bind(...target: (string | number)[]): Promise<this> {
    if (target.length > 0) this.#settle(this.#home.target(target))
    const { address } = this.#need()
    if (this.#life !== 'fresh')
      throw new MillraceError('already-open', `${this.describe()} cannot be bound again`)
    this.#life = 'binding'
    try {
      this.#boundAddress = await this.#listen(address)
    } catch (error) {
      this.#life = 'fresh'
      throw this.#listenError(error, address)
    }
    this.#bound()
    return this
  }

  /**
   * Opens a channel: to the address by the transport (`remote`), or, without any socket, to the pipe of this very process
   * that is bound there (`local`). Resolves when both sides have said hello. Rejects with a typed error that says why.
   */
  open(where: 'remote' | 'local' = 'remote', options: OpenOptions = {}): Promise<Channel<Messages>> {
    const opening = this.#open(where, options)
    const told = opening.then(
      (channel) => this.#handlers.emit('connected', this, channel, undefined),
      (error: unknown) => {
        this.#handlers.emit('connected', this, undefined, error)
        if (error instanceof MillraceError) this.#report(error, undefined)
      },
    )
    // Whoever listens to `connected` or `error` knows of the failure, and need not await the promise as well.
    void told
    return opening
  }

  /**
   * One turn: decodes and delivers what came in, keeps heartbeats and deadlines, and sends what was written. With
   * `drive: 'manual'` the program calls it, once per tick; with `auto` the library does. `now`: milliseconds of the loop's
   * clock, which is used if it is left out.
   */
  process(now?: number): void {
    this.#turns?.run(now ?? this.#turns.loop.now())
  }

  /**
   * Sends one message to many channels, encoding it once: to all open channels of this pipe, or to those given. Returns
   * how many took it.
   */
  broadcast<K extends Key<Messages>>(
    key: K,
    body: Body<Messages, K>,
    channels?: Iterable<Channel<Messages>>,
  ): number {
    const { protocol } = this.#need()
    const book = this.#book as ChannelBook
    const number = protocol.keys.number(key)
    let shared: Uint8Array | undefined
    let count = 0
    for (const channel of channels ?? this.channels()) {
      const carrier = Channel.carrierOf(channel)
      if (!book.has(carrier)) continue
      shared ??= carrier.encodeShared(number, body)
      const result =
        shared === undefined ? carrier.send(number, body) : carrier.sendShared(number, body, shared)
      if (result === 'queued') count++
    }
    return count
  }

  /** Stops accepting and ends all channels in order. Resolves when all of them, and their links, have ended. The pipe may be bound again. */
  async close(text = ''): Promise<void> {
    if (this.#book === undefined) return
    this.#book.isClosing = true
    const listening = this.#unlisten()
    this.#book.end('close', text)
    await listening
    if (!this.#book.isEmpty) await new Promise<void>((resolve) => this.#emptyWaiters.push(resolve))
    this.#book.isClosing = false
    if (this.#life !== 'destroyed') this.#life = 'fresh'
  }

  /** Ends everything now. What was on its way may be lost. The event `destroy` follows when nothing is left. */
  destroy(): void {
    if (this.#life === 'destroyed') return
    this.#life = 'destroyed'
    const ended = () => {
      this.#turns?.close()
      this.#handlers.emit('destroy', this)
    }
    const listening = this.#unlisten()
    this.#book?.end('destroy', '')
    const isEmpty = this.#book?.isEmpty ?? true
    const emptied = isEmpty
      ? Promise.resolve()
      : new Promise<void>((resolve) => this.#emptyWaiters.push(resolve))
    void Promise.all([listening, emptied]).then(ended)
  }

  /** What the pipe and its channels did so far. */
  statistics(): PipeStatistics {
    const sums = this.#book?.statistics()
    return {
      ...(sums as ChannelStatistics),
      openChannels: this.channelCount,
      handshakes: this.#book?.handshakeCount ?? 0,
      accepted: this.#book?.acceptedCount ?? 0,
      connected: this.#book?.connectedCount ?? 0,
      errors: this.#errors,
      datagramsDropped: this.#datagrams?.dropped ?? 0,
    }
  }

  /** What this is, in one line, for people. */
  describe(): string {
    const { name } = this.#options
    const target = this.#target
    const where = target === undefined ? 'nowhere' : `${this.address?.text} '${target.protocolName}'`
    return `pipe${name === undefined ? '' : ` '${name}'`} ${where} ${this.#life}, ${this.channelCount} channels`
  }

  /** Writes a log line that begins with `describe()`, if the pipe has a log. */
  log(level: LogLevel, text: string): void {
    writeLog(this.#options, level, this.describe(), text)
  }

  toString(): string {
    return this.describe()
  }

  /** `await using` closes the pipe in order, then destroys it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    this.destroy()
  }

  /** Takes a target: from here on the pipe has a transport, a loop and a book. */
  #settle(target: PipeTarget): void {
    if (this.#life !== 'fresh')
      throw new MillraceError('already-open', `${this.describe()} already has an address`)
    this.#target = target
    this.#transport = target.plugin.create()
    const platform = this.#home.platform(target.plugin)
    this.#platform = platform
    this.#topics = new Topics(platform.diagnostics)
    this.#turns ??= new Turns(this.#options.loop ?? platform.loop, this.#options.drive ?? 'auto')
    const limits = parseLimits(this.#options)
    this.#book ??= new ChannelBook(this.#bookOwner(), this.#turns, this.#home.pool, limits, this.#options)
    if (this.#maxOpenChannels !== undefined) this.#book.maxOpenChannels = this.#maxOpenChannels
  }

  #bookOwner(): ChannelBookOwner {
    return {
      pipe: this,
      topics: () => this.#topics,
      keys: () => this.#need().protocol.keys,
      accepted: (channel) => this.#handlers.emit('accepted', this, channel, undefined),
      closed: (channel, reason) => this.#handlers.emit('close', this, channel, reason),
      report: (error, channel) => this.#report(error, channel),
      emptied: () => {
        for (const resolve of this.#emptyWaiters.splice(0)) resolve()
      },
    }
  }

  #need(): PipeTarget {
    if (this.#life === 'destroyed')
      throw new MillraceError('not-bound', `${this.describe()}: it was destroyed`)
    if (this.#target !== undefined) return this.#target
    const text = "this pipe has no address yet: bind('tcp', host, port, protocol) gives it one"
    throw new MillraceError('not-bound', text)
  }

  async #listen(address: Address): Promise<Address> {
    const transport = this.#transport as Transport
    const { protocol, transportName } = this.#need()
    if (transport.carries === 'messages') {
      if (this.#home.boundAt(this.#need()) === undefined) return address
      throw new MillraceError('address-in-use', `a pipe of this process is bound at ${address.text} already`)
    }
    if (transport.carries === 'datagrams') {
      if (protocol.datagrams !== undefined) return this.#openSocket('bind', address)
      throw new MillraceError(
        'unsupported',
        `'${protocol.label}' works on streams, '${transportName}' carries datagrams`,
      )
    }
    if (protocol.session === undefined) {
      throw new MillraceError(
        'unsupported',
        `'${protocol.label}' works on datagrams, '${transportName}' carries streams`,
      )
    }
    this.#listener = await transport.listen(address, {
      accepted: (link) => this.#accept(link),
      failed: (error) =>
        this.#book?.failed('listen-failed', `${address.text} could not take a connection`, error, undefined),
    })
    return this.#listener.address
  }

  async #openSocket(role: 'bind' | 'open', address: Address): Promise<Address> {
    const transport = this.#transport as Transport & { carries: 'datagrams' }
    const failed = (error: unknown) =>
      this.#book?.failed('handler-failed', 'a datagram failed', error, undefined)
    const socket = await transport.socket(role, address, {
      received: (bytes, from) => this.#datagrams?.store(bytes, from),
      failed,
    })
    this.#socket = socket
    const session = this.#need().protocol.datagrams?.({ socket, report: failed })
    if (session !== undefined) this.#datagrams = new DatagramCarrier(this.#turns as Turns, session, failed)
    return socket.address
  }

  #listenError(error: unknown, address: Address): MillraceError {
    if (error instanceof MillraceError) return error
    const isTaken = (error as { code?: unknown } | undefined)?.code === 'EADDRINUSE'
    const code: MillraceErrorCode = isTaken ? 'address-in-use' : 'listen-failed'
    const text = isTaken ? 'someone else is bound there; choose another, or port 0' : causeText(error)
    return new MillraceError(code, `cannot bind ${address.text}: ${text}`, { cause: error })
  }

  #bound(): void {
    // Destroyed while binding: what was bound is freed again.
    if (this.#life === 'destroyed') {
      void this.#unlisten()
      throw new MillraceError('not-bound', `${this.describe()}: it was destroyed while binding`)
    }
    this.#life = 'bound'
    this.#home.setBound(this as unknown as Pipe<never>, this.#need())
    if (this.#topics.pipeBound.hasSubscribers) this.#topics.pipeBound.publish({ pipe: this })
  }

  async #unlisten(): Promise<void> {
    this.#home.setBound(this as unknown as Pipe<never>, undefined)
    this.#datagrams?.end()
    const ends = [this.#listener?.close(), this.#socket?.close()]
    this.#listener = this.#socket = undefined
    await Promise.all(ends)
  }

  #accept(link: Link): void {
    const book = this.#book as ChannelBook
    if (book.isClosing || this.#life !== 'bound' || book.handshakeCount >= book.limits.maxHandshakes) {
      link.start({ received() {}, sent() {}, ended() {}, gone() {} })
      link.destroy()
      if (book.isClosing || this.#life !== 'bound') return
      const text = `${book.handshakeCount} peers are saying hello already (maxHandshakes); one more was cut`
      return this.#report(new MillraceError('channel-limit', text), undefined)
    }
    this.#start(link, 'accepted', undefined)
  }

  #start(link: Link, role: 'accepted' | 'opened', opening: Opening | undefined): void {
    const book = this.#book as ChannelBook
    const carrier: LinkCarrier = new LinkCarrier(book, this.#need().protocol, link, role)
    book.add(carrier, opening)
    carrier.start(book.turns.loop.now())
    book.turns.arm()
  }

  async #open(where: 'remote' | 'local', { signal }: OpenOptions): Promise<Channel<Messages>> {
    const target = this.#need()
    const transport = this.#transport as Transport
    if (where !== 'remote' && where !== 'local') {
      throw new MillraceError('argument-invalid', `open takes 'remote' or 'local'; got '${String(where)}'`)
    }
    if (signal?.aborted) throw signal.reason
    if (this.#book !== undefined && this.#book.openCount >= this.#book.maxOpenChannels) {
      const text = `${this.describe()}: ${this.#book?.maxOpenChannels} channels are open already (setMaxOpenChannels)`
      throw new MillraceError('channel-limit', text)
    }
    if (where === 'local' || transport.carries === 'messages') return this.#openLocal(target)
    if (transport.carries === 'datagrams') {
      throw new MillraceError(
        'unsupported',
        `'${target.transportName}' carries datagrams: bind it, it has no channels`,
      )
    }
    if (target.protocol.session === undefined) {
      throw new MillraceError('unsupported', `'${target.protocol.label}' works on datagrams only`)
    }
    const link = await transport.connect(target.address, signal).catch((error: unknown) => {
      throw connectError(error, target.address, signal)
    })
    const channel = await new Promise<Channel>((resolve, reject) =>
      this.#start(link, 'opened', { resolve, reject }),
    )
    return channel as unknown as Channel<Messages>
  }

  async #openLocal(target: PipeTarget): Promise<Channel<Messages>> {
    const acceptor = this.#home.boundAt(target)
    if (acceptor === undefined) {
      const text = `no pipe of this process is bound at ${target.address.text}; bind one first, or open('remote')`
      throw new MillraceError('connect-failed', text)
    }
    const theirs = acceptor.#need()
    if (theirs.protocol !== target.protocol) {
      const text = `the pipe at ${target.address.text} speaks '${theirs.protocolName}', this one '${target.protocolName}'`
      throw new MillraceError('protocol-mismatch', text)
    }
    const channel = await openLocal(this.#book as ChannelBook, acceptor.#book as ChannelBook, target.protocol)
    return channel as unknown as Channel<Messages>
  }

  #report(error: MillraceError, channel: Channel | undefined): void {
    this.#errors++
    if (this.#topics.pipeError.hasSubscribers) this.#topics.pipeError.publish({ pipe: this, error, channel })
    this.#options.log?.error(`${this.describe()}: ${error.message}`)
    if (this.#handlers.has('error')) return this.#handlers.emit('error', this, error, channel)
    // Peers can cause errors at will: only the program's own are worth a warning that nobody asked for, and not for ever.
    if (error.code === 'handler-failed' && this.#warnings++ < warningsMax) this.#platform?.warn?.(error)
  }

  #handlerFailed(cause: unknown, event: PipeEvent): void {
    const error = new MillraceError(
      'handler-failed',
      `the handler of '${event}' failed: ${causeText(cause)}`,
      { cause },
    )
    if (event !== 'error') return this.#report(error, undefined)
    this.#errors++
    this.#platform?.warn?.(error)
  }
}

function connectError(error: unknown, address: Address, signal: CancelSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if (error instanceof MillraceError) return error
  const code = (error as { code?: unknown } | undefined)?.code
  const hint = code === 'ECONNREFUSED' ? 'nobody listens there' : causeText(error)
  return new MillraceError('connect-failed', `cannot connect to ${address.text}: ${hint}`, { cause: error })
}
