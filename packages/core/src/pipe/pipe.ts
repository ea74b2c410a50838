// For programs with a lib that ends before `Symbol.dispose`.
/// <reference lib="esnext.disposable" preserve="true" />

import { CallSite } from '../base/call-site.ts'
import { type CloseWords, parseCloseWords } from '../base/close-words.ts'
import type { LogLevel } from '../base/log.ts'
import type { Body, ComparedMessages, Sends, Side } from '../base/messages.ts'
import { MillraceError } from '../base/millrace-error.ts'
import { parseLimits, parseTime } from '../base/options.ts'
import type { Channel } from '../channel/channel.ts'
import type { Runnable } from '../ports/driver.ts'
import type { Address } from '../ports/transport.ts'
import { acceptingOf } from './accepting.ts'
import type { FactoryServices, PipeTarget } from './factory-services.ts'
import type { OpenOptions } from './opening.ts'
import type { PipeBinder } from './pipe-binder.ts'
import { type PipeEvent, type PipeEvents, PipeHandlers } from './pipe-events.ts'
import { PipeOpener } from './pipe-opener.ts'
import { checkOptions, encryptionOf, type PipeOptions } from './pipe-options.ts'
import { PipeReports } from './pipe-reports.ts'
import { noPipeStatistics, type PipeStatistics } from './pipe-statistics.ts'
import { Proto } from './proto.ts'
import { type PipeParts, type Settled, settle } from './settled.ts'

/**
 * An endpoint: it binds and accepts channels, or opens them, or both. Made by `protoFactory.create(…)`. Owns its
 * channels; there is no way to one but to hold it.
 */
export class Pipe<Messages extends object = object, Data = unknown> implements Runnable {
  /** Never set: see `ComparedMessages`. */
  declare readonly messages?: ComparedMessages<Messages>
  readonly #parts: PipeParts
  /** Undefined where pipes don't bind. */
  readonly #binder: PipeBinder | undefined
  readonly #opener: PipeOpener
  #settled: Settled | undefined
  #isDestroyed = false
  #maxOpenChannels: number | undefined

  /** @internal For factories only. */
  constructor(services: FactoryServices, target: PipeTarget | undefined, options: PipeOptions) {
    const limits = services.limits(options)
    checkOptions(options)
    const handlers: PipeHandlers = new PipeHandlers(
      () => this.#settled?.turns,
      (error, event) => reports.handlerFailed(error, event),
    )
    const reports = new PipeReports(this, services, handlers, options)
    const encryption = encryptionOf(options, services.platform)
    const accepting = acceptingOf(services.platform)
    if (accepting === undefined && (options.overRate ?? 'drop') !== 'drop')
      throw unaccepting('overRate works')
    const strangers = accepting && new accepting.StrangerReports(reports, handlers)
    const entrance =
      accepting &&
      new accepting.Entrance({
        limits,
        options,
        crypto: services.platform,
        report: (error) => strangers?.report(error),
      })
    this.#parts = { services, options, limits, handlers, reports, encryption, entrance, strangers }
    this.#binder = entrance && new accepting.PipeBinder(this, this.#parts, entrance)
    this.#opener = new PipeOpener(this, this.#parts)
    if (target !== undefined) this.#settle(target)
  }

  /** Where the pipe is bound, with the port that the system chose; before that, where it was told to go. */
  get address(): Address | undefined {
    return this.#binder?.address ?? this.#settled?.target.address
  }

  /** How many channels are open. */
  get channelCount(): number {
    return this.#settled?.registry.openCount ?? 0
  }

  /** Whether the pipe is being closed, or was destroyed: nothing can be opened then. */
  get isEnding(): boolean {
    return this.#isDestroyed || this.#settled?.registry.isClosing === true
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
    this.#parts.handlers.add(event, handler as (...values: unknown[]) => unknown)
    return this
  }

  /** Removes a handler. */
  off<Event extends PipeEvent>(
    event: Event,
    handler: PipeEvents<Messages, Pipe<Messages, Data>, Data>[Event],
  ): this {
    this.#parts.handlers.remove(event, handler as (...values: unknown[]) => unknown)
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
    if (target.length > 0) this.#settle(this.#parts.services.target(target))
    const settled = this.#need()
    if (this.#binder === undefined) throw unaccepting('pipes bind')
    await this.#binder.bind(settled)
    return this
  }

  /**
   * Opens a channel: to the address by the transport (`remote`), or, without any socket, to the pipe of this very process
   * that is bound there (`local`). Resolves when both sides have said hello. Rejects with a typed error that says why, at
   * `handshakeTimeoutMs` at the latest (with a `connectTimeoutMs`, so long behind the link): `not-admitted`, with the peer's `appCode`, when the program there refuses.
   */
  open(
    where: 'remote' | 'local' = 'remote',
    options: OpenOptions = {},
  ): Promise<Channel<Messages, 'client', Data>> {
    const site = new CallSite(this.open)
    const { handlers, reports } = this.#parts
    const opening = this.#open(where, options).then(
      (channel) => {
        handlers.emit('connected', this, channel, undefined)
        return channel as unknown as Channel<Messages, 'client', Data>
      },
      (error: unknown) => {
        if (error !== options.signal?.reason) site.mark(error)
        if (error instanceof MillraceError) reports.note(error, undefined)
        handlers.emit('connected', this, undefined, error)
        throw error
      },
    )
    // A program that listens to `connected` is told of a failure there, and need not await the promise as well.
    if (handlers.has('connected')) opening.catch(() => {})
    return opening
  }

  /**
   * One turn: decodes and delivers what came in, keeps heartbeats and deadlines, and sends what was written. With
   * `drive: 'manual'` the program calls it, once per tick; with a driver, that does; with `auto` the library. `now`: milliseconds of the
   * loop's clock, which is used if it is left out. Throws `argument-invalid` for a time that is none.
   *
   * Unless the library gives the turns, handlers run in this call and at no other time. A program that gives no more turns can still
   * await what it asked for: `close`, `open`, `request` and the like settle, at their deadlines at the latest.
   */
  process(now?: number): void {
    const at = parseTime(now)
    const turns = this.#settled?.turns
    turns?.run(at ?? turns.now)
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
    const at = parseTime(now)
    const turns = this.#settled?.turns
    turns?.flush(at ?? turns.now)
  }

  /**
   * Sends one message to many channels, encoding it once: to all open channels of this pipe, or to those given. Those of a
   * side that may not send it by the contract are left out. Returns how many took it. Throws like `send`.
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
      await this.#binder?.released()
      this.#parts.strangers?.flush()
      registry.isClosing = false
      this.#binder?.forget()
    }
  }

  /** Ends everything now. What was on its way may be lost. The event `destroy` follows when nothing is left. */
  destroy(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this.#binder?.forget()
    const freed = this.#free().catch((error: unknown) => this.#binder?.notFreed(error, this.#settled))
    this.#settled?.registry.end('destroy', { appCode: 0, text: '' })
    void Promise.all([freed, this.#settled?.registry.emptied()]).then(() => {
      this.#parts.strangers?.flush()
      this.#settled?.turns.close()
      this.#parts.handlers.emit('destroy', this)
    })
  }

  /** What the pipe and its channels did so far. */
  statistics(): PipeStatistics {
    return {
      ...(this.#settled?.registry.statistics() ?? noPipeStatistics),
      errors: this.#parts.reports.count,
      datagramsDropped: this.#binder?.datagramsDropped ?? 0,
      packets: this.#binder?.packets,
    }
  }

  /** What this is, in one line, for people. */
  describe(): string {
    const { name } = this.#parts.options
    const target = this.#settled?.target
    const where = target === undefined ? 'nowhere' : `${this.address?.text} '${target.protocolName}'`
    return `pipe${name === undefined ? '' : ` '${name}'`} ${where} ${this.#life}, ${this.channelCount} channels`
  }

  /** Writes a log line that begins with `describe()`, if the pipe has a log. */
  log(level: LogLevel, text: string): void {
    this.#parts.reports.lines.write(level, this, text)
  }

  toString(): string {
    return this.describe()
  }

  /** `await using` closes the pipe in order, then destroys it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    this.destroy()
  }

  #settle(target: PipeTarget): void {
    if (this.#life !== 'fresh')
      throw new MillraceError('already-open', `${this.describe()} already has an address`)
    this.#settled = settle(this, this.#parts, target, this.#settled)
    if (this.#maxOpenChannels !== undefined) this.#settled.registry.maxOpenChannels = this.#maxOpenChannels
  }

  get #life(): 'fresh' | 'binding' | 'bound' | 'destroyed' {
    return this.#isDestroyed ? 'destroyed' : (this.#binder?.state ?? 'fresh')
  }

  #need(): Settled {
    if (this.#settled === undefined) {
      const text = "this pipe has no address yet: bind('tcp', host, port, protocol) gives it one"
      throw new MillraceError('not-bound', text)
    }
    return this.#settled
  }

  /** Gives the address back, and gives up what is still connecting. */
  async #free(): Promise<void> {
    const reason = new MillraceError(
      'channel-closed',
      `${this.describe()}: it was closed while a channel was opening`,
    )
    this.#opener.abort(reason)
    await this.#binder?.free()
  }

  async #open(where: 'remote' | 'local', options: OpenOptions): Promise<Channel> {
    return this.#opener.open(where, options, this.#need())
  }
}

function unaccepting(what: string): MillraceError {
  return new MillraceError('unsupported', `${what} where the platform has \`accepting\` of @millrace/core`)
}
