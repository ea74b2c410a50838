import { isThenable, once } from '../base/callback.ts'
import type { KeyTable } from '../base/key-table.ts'
import { RequestError } from '../base/request-error.ts'
import { decodedWeight } from './decoded-weight.ts'
import type { Inbox } from './inbox.ts'
import type { ChannelStatistics } from './statistics.ts'

type Run = (body: unknown, channel: unknown) => unknown

const noHandlers: (Run | undefined)[] = []

/** Sees all messages of a channel. */
export interface Tap {
  /** Returns what its handler returns, which may be a promise. */
  forward(key: string, body: unknown, channel: object): unknown
  detached(channel: object): void
}

/** Why messages wait: the reader of the iterator is behind, or async handlers are. */
export type HoldCause = 'reading' | 'handling'

/** What a dispatch needs of its owner. */
export interface DispatchOwner {
  readonly limits: { readonly maxRequests: number }
  /** So much of what was decoded may wait: what async handlers still have, and what the iterator has not read. */
  readonly receiveHighWaterBytes: number
  /** The size of the frame that is being delivered, in bytes. */
  readonly frameSize: number
  /** Whether replies of async handlers must wait. */
  readonly carrier: { readonly sender: { readonly mustRepliesWait: boolean } }
  /** Resolves when there is room for replies (`ready`), or never will be. */
  drained(): Promise<'ready' | 'closed'>
  /** Lets messages wait: the iterator has enough for now, or handlers have. */
  wait(cause: HoldCause): void
  /** This cause is over. */
  goOn(cause: HoldCause): void
  /** Something of the program's threw: says so, the channel lives on. */
  failed(text: string, error: unknown): void
  reply(id: number, number: number, body: unknown): void
  fault(id: number, text: string): void
}

/** Brings a channel's messages to its handlers, sinks and iterator. */
export class Dispatch {
  /** Messages delivered. */
  messagesIn = 0
  /** Messages without a listener. */
  unhandled = 0
  /** Messages and requests dropped by their rate. */
  limited = 0
  /** The channel of these messages; set once, before the first message. */
  channel!: object
  inbox: Inbox | undefined
  readonly #keys: KeyTable
  readonly #owner: DispatchOwner
  #handlers = noHandlers
  /** The handlers of keys that have more than one. */
  #lists: Map<number, Run[]> | undefined
  #taps: Tap[] | undefined
  #hasListeners = false
  #answering = 0
  /** The weight of what async handlers still have. */
  #handledBytes = 0
  #isHandling = false

  constructor(keys: KeyTable, owner: DispatchOwner) {
    this.#keys = keys
    this.#owner = owner
  }

  /** What was decoded and waits: for async handlers to be done with, and for the reader of the iterator. In bytes, by weight. */
  get decodedBytes(): number {
    return this.#handledBytes + (this.inbox === undefined ? 0 : this.inbox.bytes)
  }

  get counts(): Pick<ChannelStatistics, 'messagesIn' | 'unhandled' | 'limited' | 'decodedBytes'> {
    const { messagesIn, unhandled, limited, decodedBytes } = this
    return { messagesIn, unhandled, limited, decodedBytes }
  }

  /** `receiveHighWaterBytes` is another one: what waits is compared with it anew. */
  markChanged(): void {
    this.#begun()
    this.#handled(0)
    this.inbox?.regulate()
  }

  /** Adds a handler for the messages of a key's number. */
  add(number: number, handler: Run): void {
    this.#set(number, [...this.#listOf(number), handler])
  }

  /** Removes a handler, if it is there. */
  remove(number: number, handler: Run): void {
    const list = this.#listOf(number).filter((other) => other !== handler)
    if (number >= 0) this.#set(number, list)
  }

  /** The key of a number. */
  keyOf(number: number): string {
    return this.#keys.name(number)
  }

  attach(tap: Tap): void {
    if (this.#taps?.includes(tap)) return
    this.#taps = [...(this.#taps ?? []), tap]
    this.#hasListeners = true
  }

  detach(tap: Tap): void {
    this.#taps = this.#taps?.filter((other) => other !== tap)
    if (this.#taps?.length === 0) this.#taps = undefined
    this.#hasListeners = this.#taps !== undefined || this.inbox !== undefined
  }

  /** Sends messages into an inbox too, until it is set to undefined. */
  listen(inbox: Inbox | undefined): void {
    this.inbox = inbox
    this.#hasListeners = this.#taps !== undefined || inbox !== undefined
  }

  deliver(number: number, body: unknown, key?: string): void {
    this.messagesIn++
    if (this.#hasListeners) this.#tell(key ?? this.#keys.name(number), body)
    const handler = number < 0 ? undefined : this.#handlers[number]
    if (handler === undefined) {
      if (!this.#hasListeners) this.unhandled++
      return
    }
    try {
      const result = handler(body, this.channel)
      if (result !== undefined) this.#watch(result, number)
    } catch (error) {
      this.#failed(error, key ?? number)
    }
  }

  /** Brings a request to its handler, and the answer back. */
  request(id: number, number: number, body: unknown, key?: string): void {
    this.messagesIn++
    const name = key ?? this.#keys.name(number)
    if (this.#hasListeners) this.#tell(name, body)
    const handler = number < 0 ? undefined : this.#handlers[number]
    if (handler === undefined) {
      this.unhandled++
      return this.#owner.fault(id, `no handler for request '${name}'`)
    }
    if (this.#answering >= this.#owner.limits.maxRequests) {
      return this.#owner.fault(id, `${this.#answering} requests are being answered already (maxRequests)`)
    }
    this.#answering++
    void this.#answer(id, number, name, handler, body)
  }

  /** The channel ended. */
  end(): void {
    this.inbox?.end()
    for (const tap of this.#taps ?? []) tap.detached(this.channel)
    this.#taps = undefined
  }

  async #answer(id: number, number: number, name: string, handler: Run, body: unknown): Promise<void> {
    let weight = 0
    try {
      const result = handler(body, this.channel)
      if (!isThenable(result)) return this.#owner.reply(id, number, result)
      weight = this.#begin()
      const reply = await result
      // Many that were answered at once leave one after the other.
      while (this.#owner.carrier.sender.mustRepliesWait && (await this.#owner.drained()) === 'ready');
      this.#owner.reply(id, number, reply)
    } catch (error) {
      const isFault = error instanceof RequestError
      this.#owner.fault(id, isFault ? error.message : 'its handler failed')
      if (!isFault) this.#failed(error, name)
    } finally {
      this.#answering--
      this.#handled(weight)
    }
  }

  #tell(key: string, body: unknown): void {
    this.inbox?.push(key, body, decodedWeight(this.#owner.frameSize))
    for (const tap of this.#taps ?? []) {
      try {
        this.#watch(tap.forward(key, body, this.channel), key)
      } catch (error) {
        this.#failed(error, key)
      }
    }
  }

  /** Watches what a handler returned: while it is a promise, the handler has the body. */
  #watch(result: unknown, key: string | number): void {
    if (!isThenable(result)) return
    const weight = this.#begin()
    const settled = once(() => this.#handled(weight))
    const failed = (error: unknown) => {
      settled()
      this.#failed(error, key)
    }
    try {
      result.then(settled, failed)
    } catch (error) {
      failed(error)
    }
  }

  /** An async handler has the body of this frame: returns what that weighs. */
  #begin(): number {
    const weight = decodedWeight(this.#owner.frameSize)
    this.#handledBytes += weight
    this.#begun()
    return weight
  }

  #begun(): void {
    if (this.#isHandling || this.#handledBytes === 0) return
    if (this.#handledBytes < this.#owner.receiveHighWaterBytes) return
    this.#isHandling = true
    this.#owner.wait('handling')
  }

  #handled(weight: number): void {
    this.#handledBytes -= weight
    if (!this.#isHandling || this.#handledBytes > this.#owner.receiveHighWaterBytes / 2) return
    this.#isHandling = false
    this.#owner.goOn('handling')
  }

  #failed(error: unknown, key: string | number): void {
    const name = typeof key === 'string' ? key : this.#keys.name(key)
    this.#owner.failed(`the handler of '${name}' failed`, error)
  }

  #listOf(number: number): Run[] {
    const list = this.#lists?.get(number)
    if (list !== undefined) return list
    const handler = this.#handlers[number]
    return handler === undefined ? [] : [handler]
  }

  #set(number: number, list: Run[]): void {
    this.#lists?.delete(number)
    if (list.length > 1) {
      this.#lists ??= new Map()
      this.#lists.set(number, list)
    }
    // Made to measure: an array that grows by itself takes room for seventeen.
    if (this.#handlers === noHandlers)
      this.#handlers = new Array(Math.min(number + 1, this.#keys.count)).fill(undefined)
    while (this.#handlers.length <= number) this.#handlers.push(undefined)
    this.#handlers[number] =
      list.length < 2 ? list[0] : (body, channel) => this.#runAll(number, list, body, channel)
  }

  /** Runs every handler of a key, whatever the others do. The first answer that isn't undefined counts. */
  #runAll(number: number, list: readonly Run[], body: unknown, channel: unknown): unknown {
    let answer: unknown
    for (const handler of list) {
      try {
        const result = handler(body, channel)
        if (answer === undefined) answer = result
        else this.#watch(result, number)
      } catch (error) {
        this.#failed(error, number)
      }
    }
    return answer
  }
}
