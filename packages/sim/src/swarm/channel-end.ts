import type { Channel, CloseReason } from '@millrace/core'
import type { Random } from '../base/random.ts'
import { Listener } from './listener.ts'
import type { Rules } from './rules.ts'
import {
  bodyOf,
  drawSize,
  type MessageKey,
  messageKeys,
  promises,
  type RequestKey,
  requestKeys,
  type Stream,
  type SwarmMessages,
  streamOf,
} from './swarm-messages.ts'

/** What a side of a channel may do with its sizes, and what it is held to. */
export interface ChannelEndOptions {
  readonly random: Random
  readonly rules: Rules
  /** Whether all that is sent arrives in its order, as over tcp. */
  readonly isStream: boolean
  /** Whether this code may stand for what the network did to a request that was asked then. */
  readonly mayFail: (code: string, askedAt: number) => boolean
  readonly now: () => number
}

/** Over links of which nothing else is known there is room while less waits: `sendLatest` of docs/GUIDE.md. */
const roomBytes = 16_384

/** One side of a channel of the swarm: what it sent, what it heard, and what it asked. */
export class ChannelEnd {
  readonly channel: Channel<SwarmMessages>
  readonly listener: Listener
  /** This program has asked for the end of the channel. */
  isEnding = false
  /** Its host went down with it. */
  isLost = false
  /** How often its end was told, to the channel and to its pipe. */
  closeCount = 0
  pipeCloseCount = 0
  /** Since when it is there, in milliseconds. */
  readonly sinceMs: number
  readonly #options: ChannelEndOptions
  /** When each message of a stream was sent: its length is the number of the next. */
  readonly #sent = new Map<Stream, number[]>()
  readonly #asked = { ask: 0, askUnordered: 0 }
  /** Requests that have not ended, with the time at which they began; those that the channel refused, and those that were answered. */
  readonly #asking = new Map<string, number>()
  readonly #answered = new Set<RequestKey>()
  #refused = 0
  readonly #served = new Set<string>()

  constructor(channel: Channel<SwarmMessages>, options: ChannelEndOptions) {
    this.channel = channel
    this.#options = options
    this.sinceMs = options.now()
    this.listener = new Listener(options.isStream, options.rules, () => this.#where())
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

  /** Requests that have not ended. */
  get asking(): number {
    return this.#asking.size
  }

  /** Sends a message of this key. Returns whether it was taken. */
  send(key: MessageKey, size = drawSize(key, this.#options.random)): boolean {
    const stream = streamOf[key]
    const sent = this.#sentOf(stream)
    const isTaken = this.channel.send(key, bodyOf(sent.length, size)) === 'queued'
    if (isTaken) sent.push(this.#options.now())
    return isTaken
  }

  /** Sends the latest value when there is room for it. */
  sendLatest(): void {
    this.channel.sendLatest('latest', () => {
      const { budgetBytes } = this.channel
      const { queuedBytes } = this.channel.statistics()
      const hasRoom = this.#options.isStream ? queuedBytes < roomBytes : budgetBytes > 0
      this.#options.rules.hold(
        'the latest is made when it can leave',
        hasRoom,
        () =>
          `it was made with ${queuedBytes} bytes queued, and ${budgetBytes} that may leave${this.#where()}`,
      )
      const sent = this.#sentOf('latest')
      sent.push(this.#options.now())
      return bodyOf(sent.length - 1, 60)
    })
  }

  /** Asks the other side. */
  ask(key: RequestKey): void {
    const { rules, mayFail, now } = this.#options
    const n = this.#asked[key]++
    const name = `${key} ${n}`
    const askedAt = now()
    this.#asking.set(name, askedAt)
    this.channel.request(key, { n }).then(
      (reply) => {
        this.#asking.delete(name)
        this.#answered.add(key)
        rules.hold(
          'a reply is to its request',
          reply.n === n + 1,
          () => `request ${n} of '${key}' was answered with ${reply.n}${this.#where()}`,
        )
      },
      (error: { readonly code?: string }) => {
        this.#asking.delete(name)
        const { code = '' } = error
        if (code === 'request-limit') this.#refused++
        rules.hold(
          'an error is one that networks cause',
          mayFail(code, askedAt),
          () => `request ${n} of '${key}' has failed: ${String(error)}${this.#where()}`,
        )
      },
    )
  }

  /** One message of each key, and one request of each. */
  sendAll(): void {
    for (const key of messageKeys) this.send(key, 100)
    for (const key of requestKeys) this.ask(key)
  }

  /** From now on it counts again whether requests are answered. */
  forgetAnswers(): void {
    this.#answered.clear()
  }

  /** Asks what was not answered and isn't being asked. A request may have been refused by a full channel, or have come to its timeout behind what waited there. Returns how many were not answered. */
  askAgain(): number {
    const left = requestKeys.filter((key) => !this.#answered.has(key))
    if (this.#asking.size === 0) for (const key of left) this.ask(key)
    return left.length
  }

  /** What the other side was promised of what this one sent, and has not heard. */
  missingAt(peer: ChannelEnd): string[] {
    return [...this.#sent].flatMap(([stream, { length }]) => {
      const promise = this.#promiseOf(stream)
      const heard = peer.listener.count(stream)
      if (promise === 'latest') {
        const last = peer.listener.last(stream)
        return last === length - 1 ? [] : [`'${stream}': the last one is ${length - 1}, ${last} was heard`]
      }
      if (promise !== 'ordered' && promise !== 'once') return []
      return heard === length ? [] : [`'${stream}': ${heard} of ${length} were heard`]
    })
  }

  /** What should have come by now: sent before this time, promised, and not heard; and requests of that time that wait. */
  overdueAt(peer: ChannelEnd, beforeMs: number): string[] {
    const late: string[] = []
    for (const [stream, sent] of this.#sent) {
      const promise = this.#promiseOf(stream)
      if (promise === 'forward' || promise === 'not-twice') continue
      const n = promise === 'latest' ? sent.length - 1 : peer.listener.lowestMissing(stream)
      if (promise === 'latest' && peer.listener.last(stream) >= n) continue
      if (n < sent.length && sent[n] < beforeMs)
        late.push(`message ${n} of '${stream}', sent at ${sent[n]} ms`)
    }
    for (const [name, at] of this.#asking)
      if (at < beforeMs) late.push(`a reply to ${name}, sent at ${at} ms`)
    return late
  }

  /** Where the peer's end came in order, all that it sent before had arrived. */
  closedBehind(peer: ChannelEnd): void {
    const { reason } = this
    if (peer.isLost || this.isLost || this.isEnding || reason?.code !== 'closed' || reason.by !== 'remote')
      return
    const missing = peer.missingAt(this)
    this.#options.rules.hold(
      'closed in order, all of it',
      missing.length === 0,
      () => `closed in order, but ${missing.join(', ')}${this.#where()}`,
    )
  }

  /** What the channel says that it sent was sent by this program: nothing is counted, or leaves, that was not. */
  checkCounts(): void {
    let taken = this.#asked.ask + this.#asked.askUnordered - this.#refused + this.#served.size
    for (const { length } of this.#sent.values()) taken += length
    const { messagesOut } = this.channel.statistics()
    this.#options.rules.hold(
      'what is counted was sent',
      messagesOut <= taken,
      () => `${messagesOut} messages are counted as sent, ${taken} were${this.#where()}`,
    )
  }

  #sentOf(stream: Stream): number[] {
    let sent = this.#sent.get(stream)
    if (sent === undefined) {
      sent = []
      this.#sent.set(stream, sent)
    }
    return sent
  }

  #promiseOf(stream: Stream) {
    return this.#options.isStream ? 'ordered' : promises[stream]
  }

  #serve(key: string, n: number): { n: number } {
    const name = `${key} ${n}`
    this.#options.rules.hold(
      'a request comes once',
      !this.#served.has(name),
      () => `request ${name} came twice${this.#where()}`,
    )
    this.#served.add(name)
    return { n: n + 1 }
  }

  #where(): string {
    return `, at the ${this.channel.side}'s end of ${this.channel.describe()}`
  }
}
