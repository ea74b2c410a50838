import type { Channel, CloseReason } from '@millrace/core'
import type { Random } from '../base/random.ts'
import { Listener } from './listener.ts'
import {
  bodyOf,
  drawSize,
  type MessageKey,
  messageKeys,
  promises,
  requestKeys,
  type Stream,
  type SwarmMessages,
  streamOf,
} from './swarm-messages.ts'

/** What a side of a channel may do with its sizes, and whom it tells what is wrong. */
export interface ChannelEndOptions {
  readonly random: Random
  /** Whether all that is sent arrives in its order, as over tcp. */
  readonly isStream: boolean
  readonly fault: (text: string) => void
}

/** What the network may do to a request. */
const harmless: ReadonlySet<string> = new Set([
  'channel-closed',
  'link-failed',
  'request-timeout',
  'request-limit',
])

/** And, over streams, one of which a frame or a record took too long. */
const slowStream: ReadonlySet<string> = new Set(['encryption-failed', 'handshake-failed'])

/** One side of a channel of the swarm: what it sent, what it heard, and what it asked. */
export class ChannelEnd {
  readonly channel: Channel<SwarmMessages>
  readonly listener: Listener
  /** This program has asked for the end of the channel. */
  isEnding = false
  /** Its host went down with it. */
  isLost = false
  /** How often its end was told. */
  closeCount = 0
  /** Requests that have not ended, and those that were answered. */
  asking = 0
  answered = 0
  readonly #options: ChannelEndOptions
  readonly #sent = new Map<Stream, number>()
  readonly #asked = { ask: 0, askUnordered: 0 }
  readonly #served = new Set<string>()

  constructor(channel: Channel<SwarmMessages>, options: ChannelEndOptions) {
    this.channel = channel
    this.#options = options
    this.listener = new Listener(options.isStream, (text) => this.#fault(text))
    for (const key of messageKeys) channel.on(key, (body) => this.listener.heard(key, body))
    for (const key of requestKeys) channel.on(key, ({ n }) => this.#serve(key, n))
    channel.on('close', () => void this.closeCount++)
  }

  /** Whether it may send, as far as this program knows. */
  get isLive(): boolean {
    return !this.isLost && !this.isEnding && this.channel.reason === undefined
  }

  get reason(): CloseReason | undefined {
    return this.channel.reason
  }

  /** Sends a message of this key. */
  send(key: MessageKey, size = drawSize(key, this.#options.random)): void {
    const stream = streamOf[key]
    const next = this.#sent.get(stream) ?? 0
    if (this.channel.send(key, bodyOf(next, size)) === 'queued') this.#sent.set(stream, next + 1)
  }

  /** Sends the latest value when there is room for it. */
  sendLatest(): void {
    this.channel.sendLatest('latest', () => {
      const next = this.#sent.get('latest') ?? 0
      this.#sent.set('latest', next + 1)
      return bodyOf(next, 60)
    })
  }

  /** Asks the other side. */
  ask(key: (typeof requestKeys)[number]): void {
    const n = this.#asked[key]++
    this.asking++
    let isOver = false
    const over = () => {
      if (isOver) this.#fault(`request ${n} of '${key}' has ended twice`)
      isOver = true
      this.asking--
    }
    this.channel.request(key, { n }).then(
      (reply) => {
        over()
        this.answered++
        if (reply.n !== n + 1) this.#fault(`request ${n} of '${key}' was answered with ${reply.n}`)
      },
      (error: { readonly code?: string }) => {
        over()
        if (this.#options.isStream && slowStream.has(error.code ?? '')) return
        if (!harmless.has(error.code ?? ''))
          this.#fault(`request ${n} of '${key}' has failed: ${String(error)}`)
      },
    )
  }

  /** One message of each key, and one request of each. */
  sendAll(): void {
    for (const key of messageKeys) this.send(key, 100)
    for (const key of requestKeys) this.ask(key)
  }

  /** What the other side was promised of what this one sent, and has not heard. */
  missingAt(peer: ChannelEnd): string[] {
    return [...this.#sent].flatMap(([stream, count]) => {
      const promise = this.#options.isStream ? 'ordered' : promises[stream]
      const heard = peer.listener.count(stream)
      if (promise === 'latest') {
        const last = peer.listener.last(stream)
        return last === count - 1 ? [] : [`'${stream}': the last one is ${count - 1}, ${last} was heard`]
      }
      if (promise !== 'ordered' && promise !== 'once') return []
      return heard === count ? [] : [`'${stream}': ${heard} of ${count} were heard`]
    })
  }

  #serve(key: string, n: number): { n: number } {
    const name = `${key} ${n}`
    if (this.#served.has(name)) this.#fault(`request ${name} came twice`)
    this.#served.add(name)
    return { n: n + 1 }
  }

  #fault(text: string): void {
    this.#options.fault(`${text}, at the ${this.channel.side}'s end of ${this.channel.describe()}`)
  }
}
