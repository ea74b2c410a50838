import { once, runCallback } from '../base/callback.ts'

/** One topic of `node:diagnostics_channel`, or of something shaped like it. */
export interface DiagnosticsTopic {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
}

/** Gives topics by name. Node's `diagnostics_channel` module is one. */
export interface Diagnostics {
  channel(name: string): DiagnosticsTopic
}

/** Publishes on a topic of a third party's. Tells `failed` what that throws, or rejects with. */
class GuardedTopic implements DiagnosticsTopic {
  readonly #topic: DiagnosticsTopic
  readonly #failed: (error: unknown) => void

  constructor(topic: DiagnosticsTopic, failed: (error: unknown) => void) {
    this.#topic = topic
    this.#failed = failed
  }

  get hasSubscribers(): boolean {
    try {
      return this.#topic.hasSubscribers
    } catch (error) {
      this.#failed(error)
      return false
    }
  }

  publish(message: unknown): void {
    runCallback(() => this.#topic.publish(message), this.#failed)
  }
}

const silentTopic: DiagnosticsTopic = { hasSubscribers: false, publish() {} }

/** The topics that Millrace publishes on. Each message is an object with the pipe, and the channel if there is one. */
export class Topics {
  /** `millrace:pipe.bound`: { pipe } */
  readonly pipeBound: DiagnosticsTopic
  /** `millrace:pipe.error`: { pipe, error, channel? } */
  readonly pipeError: DiagnosticsTopic
  /** `millrace:channel.open`: { pipe, channel, origin: 'accepted' | 'connected' } */
  readonly channelOpen: DiagnosticsTopic
  /** `millrace:channel.close`: { pipe, channel, reason } */
  readonly channelClose: DiagnosticsTopic
  /** `millrace:channel.overflow`: { pipe, channel, queuedBytes } */
  readonly channelOverflow: DiagnosticsTopic
  /** `millrace:channel.too-large`: { pipe, channel, key, peerSizeMax }: a message that the peer doesn't take was not sent. */
  readonly channelTooLarge: DiagnosticsTopic

  /** `failed`: told of the first publication that fails. */
  constructor(diagnostics: Diagnostics | undefined, failed: (error: unknown) => void) {
    const failedOnce = once(failed)
    const topic = (name: string) =>
      diagnostics === undefined
        ? silentTopic
        : new GuardedTopic(diagnostics.channel(`millrace:${name}`), failedOnce)
    this.pipeBound = topic('pipe.bound')
    this.pipeError = topic('pipe.error')
    this.channelOpen = topic('channel.open')
    this.channelClose = topic('channel.close')
    this.channelOverflow = topic('channel.overflow')
    this.channelTooLarge = topic('channel.too-large')
  }
}

/** The topics of a platform without diagnostics. */
export const silentTopics = new Topics(undefined, () => {})
