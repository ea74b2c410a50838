import { isThenable, refuseLate } from '../base/callback.ts'
import { twoCopies } from '../base/copies.ts'
import { showDescribed } from '../base/inspected.ts'
import { LineWriter, type LogLevel, type LogOptions } from '../base/log.ts'
import type { ComparedMessages, ComparedSide, Message, Side } from '../base/messages.ts'
import { MillraceError } from '../base/millrace-error.ts'
import { Channel, conversationOf } from './channel.ts'
import type { Tap } from './dispatch.ts'

/** Receives a forwarded message. */
export type SinkHandler<Messages extends object, Own extends Side = Side> = (
  message: Message<Messages, Own>,
  channel: Channel<Messages, Own>,
) => void

/** Chooses which messages are forwarded. */
export type SinkFilter<Messages extends object, Own extends Side = Side> = (
  message: Message<Messages, Own>,
  channel: Channel<Messages, Own>,
) => unknown

/**
 * Receives what its channels forward, through a filter if there is one; the channels' own handlers see the messages as
 * well. A channel that ends is detached by itself.
 */
export class Sink<Messages extends object = object, Own extends Side = Side> {
  /** Never set: see `ComparedMessages`. */
  declare readonly messages?: ComparedMessages<Messages>
  /** Never set. */
  declare readonly side?: ComparedSide<Own>
  // Not by the type parameters: they would keep a sink of one contract from being taken for any sink.
  readonly #handler: (message: unknown, channel: unknown) => unknown
  readonly #taps = new Map<Channel<Messages, Own>, Tap>()
  readonly #name: string | undefined
  readonly #lines: LineWriter
  /** How the log failed while there was no channel. */
  #logFailure: { readonly cause: unknown } | undefined
  #received = 0
  #filtered = 0

  constructor(handler: SinkHandler<Messages, Own>, options: LogOptions & { readonly name?: string } = {}) {
    // Not in a static block: one that does something keeps the class in the bundles of programs without sinks.
    showDescribed(Sink)
    this.#handler = handler as (message: unknown, channel: unknown) => unknown
    this.#name = options.name
    this.#lines = LineWriter.of(options, (error) => this.#logFailed(error))
  }

  /** Forwards the channel's messages from now on; those for which `filter` returns something falsy, or a promise, aren't. A second call replaces the filter. */
  attach(channel: Channel<Messages, Own>, filter?: SinkFilter<Messages, Own>): this {
    if (!(channel instanceof Channel)) throw noChannel(channel)
    this.detach(channel)
    const tap: Tap = {
      forward: (key, body) => this.#forward({ key, body } as Message<Messages, Own>, channel, filter),
      detached: () => this.#taps.delete(channel),
    }
    this.#taps.set(channel, tap)
    const conversation = conversationOf(channel)
    if (conversation.reason === undefined) conversation.dispatch.attach(tap)
    else tap.detached(channel)
    if (this.#logFailure !== undefined) this.#tellLogFailure(channel, this.#logFailure.cause)
    return this
  }

  /** Forwards nothing of this channel any more. */
  detach(channel: Channel<Messages, Own>): this {
    const tap = this.#taps.get(channel)
    if (tap === undefined) return this
    this.#taps.delete(channel)
    conversationOf(channel).dispatch.detach(tap)
    return this
  }

  /** How many channels are attached, and how many messages were received and filtered out. */
  statistics(): { readonly channels: number; readonly received: number; readonly filtered: number } {
    return { channels: this.#taps.size, received: this.#received, filtered: this.#filtered }
  }

  /** What this is, in one line, for people. */
  describe(): string {
    const name = this.#name
    return `sink${name === undefined ? '' : ` '${name}'`} of ${this.#taps.size} channels`
  }

  /** Writes a log line that begins with `describe()`. A log that fails is told of once, to `error` of the pipe of a channel that is attached. */
  log(level: LogLevel, text: string): void {
    this.#lines.write(level, this, text)
  }

  toString(): string {
    return this.describe()
  }

  #logFailed(cause: unknown): void {
    const [channel] = this.#taps.keys()
    if (channel === undefined) this.#logFailure = { cause }
    else this.#tellLogFailure(channel, cause)
  }

  #tellLogFailure(channel: Channel<Messages, Own>, cause: unknown): void {
    this.#logFailure = undefined
    conversationOf(channel).failed('the log of a sink failed', cause)
  }

  #forward(
    message: Message<Messages, Own>,
    channel: Channel<Messages, Own>,
    filter: SinkFilter<Messages, Own> | undefined,
  ): unknown {
    if (filter !== undefined) {
      const verdict = filter(message, channel)
      const isLate = isThenable(verdict)
      if (isLate || !verdict) this.#filtered++
      if (isLate) return refuseLate(verdict, 'the filter of a sink')
      if (!verdict) return undefined
    }
    this.#received++
    return this.#handler(message, channel)
  }
}

function noChannel(value: unknown): MillraceError {
  const name = (value as { constructor?: { name?: unknown } } | null | undefined)?.constructor?.name
  const text = name === 'Channel' ? `a channel of this copy: ${twoCopies}` : `a channel; got ${typeof value}`
  return new MillraceError('argument-invalid', `a sink wants ${text}`)
}
