// For programs whose lib ends before `Symbol.dispose`.
/// <reference lib="esnext.disposable" preserve="true" />
import { runCallback } from '../base/callback.ts'
import { type CloseWords, parseCloseWords } from '../base/close-words.ts'
import { type LogLevel, writeLog } from '../base/log.ts'
import type { Body, ComparedMessages, Sends, Side } from '../base/messages.ts'
import { MillraceError } from '../base/millrace-error.ts'
import { type PipeLimits, parseLimits } from '../base/options.ts'
import type { Channel } from '../channel/channel.ts'
import { discardLink } from '../link/guarded-link.ts'
import type { Topics } from '../ports/diagnostics.ts'
import type { Runnable } from '../ports/driver.ts'
import type { Platform } from '../ports/platform.ts'
import type { Address, Link, Transport } from '../ports/transport.ts'
import { Turns } from '../turn/turns.ts'
import { Attempt } from './attempt.ts'
import { Binding } from './binding.ts'
import { ChannelRegistry, type ChannelRegistryOwner } from './channel-registry.ts'
import type { FactoryServices, PipeTarget } from './factory-services.ts'
import { openLocal } from './local-opening.ts'
import { checkOpening, connectLink, copyOpenData, greet, type OpenOptions, startCarrier } from './opening.ts'
import { PipeEncryption } from './pipe-encryption.ts'
import { type PipeEvent, type PipeEvents, PipeHandlers } from './pipe-events.ts'
import { checkOptions, type PipeOptions } from './pipe-options.ts'
import { PipeReports } from './pipe-reports.ts'
import type { PipeStatistics } from './pipe-statistics.ts'
import { noPipeStatistics } from './pipe-statistics.ts'
import { Proto } from './proto.ts'

/** What a pipe has once it knows where it leads. */
interface Settled {
  readonly target: PipeTarget
  readonly transport: Transport
  readonly turns: Turns
  readonly registry: ChannelRegistry
}

/**
 * An endpoint: it binds and accepts channels, or opens them, or both. Made by `protoFactory.create(…)`. Owns its
 * channels; there is no way to one but to hold it.
 */
export class Pipe<Messages extends object = object, Data = unknown> implements Runnable {
  /** Never set: see `ComparedMessages`. */
  declare readonly messages?: ComparedMessages<Messages>
  readonly #services: FactoryServices
  readonly #options: PipeOptions
  readonly #limits: PipeLimits
  readonly #handlers: PipeHandlers
  readonly #reports: PipeReports
  readonly #encryption: PipeEncryption | undefined
  #settled: Settled | undefined
  #binding: Binding | undefined
  #life: 'fresh' | 'binding' | 'bound' | 'destroyed' = 'fresh'
  #maxOpenChannels: number | undefined
  #attempts: Set<Attempt> | undefined

  /** @internal For factories only. */
  constructor(services: FactoryServices, target: PipeTarget | undefined, options: PipeOptions) {
    this.#limits = services.limits(options)
    checkOptions(options)
    if (options.encryption !== undefined)
      this.#encryption = new PipeEncryption(options.encryption, services.platform.encryption)
    this.#services = services
    this.#options = options
    this.#handlers = new PipeHandlers(
      () => this.#settled?.turns,
      (error, event) => this.#reports.handlerFailed(error, event),
    )
    this.#reports = new PipeReports(this, this.#handlers, options)
    if (target !== undefined) this.#settle(target)
  }

  /** Where the pipe is bound, with the port that the system chose; before that, where it was told to go. */
  get address(): Address | undefined {
    return this.#binding?.address ?? this.#settled?.target.address
  }

  /** How many channels are open. */
  get channelCount(): number {
    return this.#settled?.registry.openCount ?? 0
  }

  /** Whether the pipe is being closed, or was destroyed: nothing can be opened then. */
  get isEnding(): boolean {
    return this.#life === 'destroyed' || this.#settled?.registry.isClosing === true
  }

  /** @internal The topics of this pipe. */
  get topics(): Topics {
    return this.#services.topics
  }

  /** What the pipe runs on. */
  get platform(): Platform {
    return this.#services.platform
  }

  /** The open channels. */
  channels(): IterableIterator<Channel<Messages, Side, Data>> {
    const channels = this.#settled?.registry.channels() ?? [].values()
    return channels as unknown as IterableIterator<Channel<Messages, Side, Data>>
  }

  /** Adds a handler of a life event. All handlers run in the pipe's turn; one that throws is told to `error`. */
  on<Event extends PipeEvent>(
    event: Event,
    handler: PipeEvents<Messages, Pipe<Messages, Data>, Data>[Event],
  ): this {
    this.#handlers.add(event, handler as (...values: unknown[]) => unknown)
    return this
  }

  /** Removes a handler. */
  off<Event extends PipeEvent>(
    event: Event,
    handler: PipeEvents<Messages, Pipe<Messages, Data>, Data>[Event],
  ): this {
    this.#handlers.remove(event, handler as (...values: unknown[]) => unknown)
    return this
  }

  /** Takes at most so many open channels; those that are open stay. Default 10,000. */
  setMaxOpenChannels(count: number): this {
    parseLimits({ maxOpenChannels: count })
    this.#maxOpenChannels = count
    if (this.#settled !== undefined) this.#settled.registry.maxOpenChannels = count
    return this
  }

  /**
   * Says what `channel.data` of its channels holds, to the compiler alone, and returns the pipe itself:
   * `net.create('tcp', host, port, 'game').withData<Player>()`. It is `undefined` until the program sets it, in `accepted` for instance.
   */
  withData<Kept>(): Pipe<Messages, Kept> {
    return this as unknown as Pipe<Messages, Kept>
  }

  /** The transport and the protocol as what they are: `getProto().as(Tcp).setNoDelay(true)`. */
  getProto(): Proto {
    const { transport, target } = this.#need()
    return new Proto([transport, target.protocol])
  }

  /**
   * Binds, and accepts channels from then on. Where to, and with which protocol, was said to `create`; a pipe that was created without an
   * address takes them here: `bind('tcp', '127.0.0.1', 7777, 'msgpack')`. Port 0 lets the system choose: see `address`. Rejects with
   * `address-in-use` or `listen-failed`.
   */
  bind(): Promise<this>
  async bind(...target: unknown[]): Promise<this> {
    if (target.length > 0) this.#settle(this.#services.target(target))
    const settled = this.#need()
    if (this.isEnding) throw new MillraceError('not-bound', `${this.describe()}: it is closing or destroyed`)
    if (this.#life !== 'fresh') {
      throw new MillraceError('already-open', `${this.describe()} is bound already; close it first`)
    }
    if (settled.transport.carries === 'messages' && this.#services.boundAt(settled.target) !== undefined) {
      const text = `a pipe of this process is bound at ${settled.target.address.text} already`
      throw new MillraceError('address-in-use', text)
    }
    this.#life = 'binding'
    try {
      if (this.#encryption?.isLoaded === false) await this.#encryption.load()
      this.#encryption?.expectKeys('accepted')
      this.#bound(await Binding.take({ ...settled, accept: (link) => this.#accept(link, settled) }))
    } finally {
      if (this.#life === 'binding') this.#life = 'fresh'
    }
    return this
  }

  /**
   * Opens a channel: to the address by the transport (`remote`), or, without any socket, to the pipe of this very process
   * that is bound there (`local`). Resolves when both sides have said hello. Rejects with a typed error that says why, at
   * `handshakeTimeoutMs` at the latest: `not-admitted`, with the peer's `appCode`, when the program there refuses.
   */
  open(
    where: 'remote' | 'local' = 'remote',
    options: OpenOptions = {},
  ): Promise<Channel<Messages, 'client', Data>> {
    const opening = this.#open(where, options).then(
      (channel) => {
        this.#handlers.emit('connected', this, channel, undefined)
        return channel as unknown as Channel<Messages, 'client', Data>
      },
      (error: unknown) => {
        if (error instanceof MillraceError) this.#reports.note(error, undefined)
        this.#handlers.emit('connected', this, undefined, error)
        throw error
      },
    )
    // Whoever listens to `connected` is told of a failure there, and need not await the promise as well.
    if (this.#handlers.has('connected')) opening.catch(() => {})
    return opening
  }

  /**
   * One turn: decodes and delivers what came in, keeps heartbeats and deadlines, and sends what was written. With
   * `drive: 'manual'` the program calls it, once per tick; with a driver, that does; with `auto` the library. `now`: milliseconds of the
   * loop's clock, which is used if it is left out.
   *
   * Unless the library gives the turns, handlers run in this call and at no other time. A program that gives no more turns can still
   * await what it asked for: `close`, `open`, `request` and the like settle, at their deadlines at the latest.
   */
  process(now?: number): void {
    const turns = this.#settled?.turns
    turns?.run(now ?? turns.now)
  }

  /**
   * When the next turn is needed, in milliseconds of the loop's clock: a time that has come if work waits, `Infinity` if none is to be
   * expected. Never later than the first deadline; it may be earlier.
   */
  nextDeadline(): number {
    return this.#settled?.turns.nextDeadline() ?? Number.POSITIVE_INFINITY
  }

  /**
   * Sends what was written, without a turn: for a game loop that broadcasts after it has called `process`. `now`: as in `process`.
   */
  flush(now?: number): void {
    const turns = this.#settled?.turns
    turns?.flush(now ?? turns.now)
  }

  /**
   * Sends one message to many channels, encoding it once: to all open channels of this pipe, or to those given. Those whose
   * side may not send it by the contract are left out. Returns how many took it. Throws like `send`.
   */
  broadcast<K extends Sends<Messages, 'server'>>(
    key: K,
    body: Body<Messages, K>,
    channels?: Iterable<Channel<Messages>>,
  ): number {
    return this.#need().registry.broadcast(key, body, channels as Iterable<Channel> | undefined)
  }

  /** Stops accepting and ends all channels in order, with these words to their peers. Resolves when all of them, and their links, have ended. The pipe may be bound again. */
  async close(words?: CloseWords): Promise<void> {
    const told = parseCloseWords(words)
    const registry = this.#settled?.registry
    if (registry === undefined) return
    registry.isClosing = true
    const freed = this.#free()
    registry.end('close', told)
    try {
      await freed
    } finally {
      await registry.emptied()
      registry.isClosing = false
      if (this.#life !== 'destroyed') this.#life = 'fresh'
    }
  }

  /** Ends everything now. What was on its way may be lost. The event `destroy` follows when nothing is left. */
  destroy(): void {
    if (this.#life === 'destroyed') return
    this.#life = 'destroyed'
    const freed = this.#free().catch((error: unknown) => this.#notFreed(error))
    this.#settled?.registry.end('destroy', { appCode: 0, text: '' })
    void Promise.all([freed, this.#settled?.registry.emptied()]).then(() => {
      this.#settled?.turns.close()
      this.#handlers.emit('destroy', this)
    })
  }

  /** What the pipe and its channels did so far. */
  statistics(): PipeStatistics {
    return {
      ...(this.#settled?.registry.statistics() ?? noPipeStatistics),
      errors: this.#reports.count,
      datagramsDropped: this.#binding?.datagramsDropped ?? 0,
    }
  }

  /** What this is, in one line, for people. */
  describe(): string {
    const { name } = this.#options
    const target = this.#settled?.target
    const where = target === undefined ? 'nowhere' : `${this.address?.text} '${target.protocolName}'`
    return `pipe${name === undefined ? '' : ` '${name}'`} ${where} ${this.#life}, ${this.channelCount} channels`
  }

  /** Writes a log line that begins with `describe()`, if the pipe has a log. */
  log(level: LogLevel, text: string): void {
    writeLog(this.#options, level, this, text)
  }

  toString(): string {
    return this.describe()
  }

  /** `await using` closes the pipe in order, then destroys it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    this.destroy()
  }

  /** Takes a target: from here on the pipe has a transport, a loop and a registry. */
  #settle(target: PipeTarget): void {
    if (this.#life !== 'fresh')
      throw new MillraceError('already-open', `${this.describe()} already has an address`)
    const { platform, pool } = this.#services
    const turns = this.#settled?.turns ?? this.#makeTurns(platform)
    const registry =
      this.#settled?.registry ??
      new ChannelRegistry(this.#registryOwner(), turns, pool, this.#limits, this.#options)
    if (this.#maxOpenChannels !== undefined) registry.maxOpenChannels = this.#maxOpenChannels
    this.#settled = { target, transport: target.plugin.create(), turns, registry }
  }

  #makeTurns(platform: Platform): Turns {
    const { loop = platform.loop, drive = 'auto' } = this.#options
    return new Turns(this.#services.wheel(loop), drive, {
      runnable: this,
      driverFailed: (error) => this.#reports.driverFailed(error),
    })
  }

  #registryOwner(): ChannelRegistryOwner {
    return {
      pipe: this,
      crypto: this.#services.platform,
      topics: () => this.#services.topics,
      keys: () => this.#need().target.protocol.keys,
      accepted: (channel) => this.#handlers.emit('accepted', this, channel, undefined),
      closed: (channel, reason) => this.#handlers.emit('close', this, channel, reason),
      report: (error, channel) => this.#reports.report(error, channel),
    }
  }

  #need(): Settled {
    if (this.#settled === undefined) {
      const text = "this pipe has no address yet: bind('tcp', host, port, protocol) gives it one"
      throw new MillraceError('not-bound', text)
    }
    return this.#settled
  }

  #bound(binding: Binding): void {
    if (this.#life !== 'binding') {
      runCallback(
        () => binding.close(),
        (error) => this.#notFreed(error),
      )
      throw new MillraceError('not-bound', `${this.describe()}: it was closed while binding`)
    }
    this.#life = 'bound'
    this.#binding = binding
    const { address } = binding
    this.#services.setBound(this, { ...this.#need(), address, encryption: this.#encryption })
    if (this.#services.topics.pipeBound.hasSubscribers)
      this.#services.topics.pipeBound.publish({ pipe: this })
  }

  /** Gives the address back, and gives up what is still connecting. */
  async #free(): Promise<void> {
    const reason = new MillraceError(
      'channel-closed',
      `${this.describe()}: it was closed while a channel was opening`,
    )
    for (const attempt of this.#attempts ?? []) attempt.abort(reason)
    this.#services.setBound(this, undefined)
    const binding = this.#binding
    this.#binding = undefined
    await binding?.close()
  }

  #notFreed(error: unknown): void {
    this.#settled?.registry.linkFailed(error, `${this.describe()}: its address was not given back`)
  }

  #accept(link: Link, settled: Settled): void {
    const { registry } = settled
    if (this.#life !== 'bound' || registry.isClosing) {
      return discardLink(link, (error) =>
        registry.linkFailed(error, `${this.describe()} refused a connection`),
      )
    }
    registry.makeRoom()
    try {
      startCarrier(link, 'accepted', settled, this.#encryption)
    } catch (error) {
      this.#reports.report(error as MillraceError, undefined)
    }
  }

  async #open(where: 'remote' | 'local', { signal, data }: OpenOptions): Promise<Channel> {
    const settled = this.#need()
    const { target, transport, registry } = settled
    checkOpening(where, target, transport)
    if (this.#encryption?.isLoaded === false) await this.#encryption.load()
    const openData = copyOpenData(data)
    if (this.isEnding) throw new MillraceError('not-bound', `${this.describe()}: it is closing or destroyed`)
    registry.checkRoom(this.describe())
    this.#encryption?.expectKeys('opened')
    const { handshakeTimeoutMs } = this.#limits
    const attempt = new Attempt(registry.turns, handshakeTimeoutMs, target.address.text, signal)
    this.#attempts ??= new Set()
    this.#attempts.add(attempt)
    try {
      if (where === 'local' || transport.carries === 'messages') {
        const opener = { registry, encryption: this.#encryption }
        return await openLocal(opener, target, this.#services.boundAt(target), attempt, openData)
      }
      const link = await connectLink(transport, target.address, attempt.signal)
      return await greet(attempt, openData, (opening) =>
        startCarrier(link, 'opened', settled, this.#encryption, opening),
      )
    } finally {
      this.#attempts.delete(attempt)
      attempt.end()
    }
  }
}
