import { type LogLevel, type LogOptions, writeLog } from '@millrace/timer'
import type { Message } from '../base/messages.ts'
import { type Channel, conversationOf } from './channel.ts'
import type { Tap } from './dispatch.ts'

/** Receives a forwarded message. */
export type SinkHandler<Messages extends object> = (
  message: Message<Messages>,
  channel: Channel<Messages>,
) => void

/** Chooses which messages are forwarded. */
export type SinkFilter<Messages extends object> = (
  message: Message<Messages>,
  channel: Channel<Messages>,
) => unknown

/**
 * Receives what its channels forward, through a filter if there is one; the channels' own handlers see the messages as
 * well. A channel that ends is detached by itself.
 */
export class Sink<Messages extends object = Record<string, unknown>> {
  readonly #handler: SinkHandler<Messages>
  readonly #taps = new Map<Channel<Messages>, Tap>()
  readonly #options: LogOptions & { readonly name?: string }
  #received = 0
  #filtered = 0

  constructor(handler: SinkHandler<Messages>, options: LogOptions & { readonly name?: string } = {}) {
    this.#handler = handler
    this.#options = options
  }

  /** Forwards the channel's messages from now on; those for which `filter` answers something falsy aren't. A second call replaces the filter. */
  attach(channel: Channel<Messages>, filter?: SinkFilter<Messages>): this {
    this.detach(channel)
    const tap: Tap = {
      forward: (key, body) => this.#forward({ key, body } as Message<Messages>, channel, filter),
      detached: () => this.#taps.delete(channel),
    }
    this.#taps.set(channel, tap)
    const conversation = conversationOf(channel)
    if (conversation.reason === undefined) conversation.dispatch.attach(tap)
    else tap.detached(channel)
    return this
  }

  /** Forwards nothing of this channel any more. */
  detach(channel: Channel<Messages>): this {
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
    const { name } = this.#options
    return `sink${name === undefined ? '' : ` '${name}'`} of ${this.#taps.size} channels`
  }

  /** Writes a log line that begins with `describe()`. */
  log(level: LogLevel, text: string): void {
    writeLog(this.#options, level, this, text)
  }

  toString(): string {
    return this.describe()
  }

  #forward(
    message: Message<Messages>,
    channel: Channel<Messages>,
    filter: SinkFilter<Messages> | undefined,
  ): unknown {
    if (filter !== undefined && !filter(message, channel)) {
      this.#filtered++
      return undefined
    }
    this.#received++
    return this.#handler(message, channel)
  }
}
