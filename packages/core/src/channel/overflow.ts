import { isThenable, refuseLate, watchResult } from '../base/callback.ts'
import type { Body, Key } from '../base/messages.ts'
import { MillraceError } from '../base/millrace-error.ts'
import { type OverflowPolicy, parseOverflow } from '../base/options.ts'
import { checkFunction } from './keyed-handlers.ts'

/** A key and a body of that key. */
type KeyAndBody<Messages extends object> = [Key<Messages>] extends [never]
  ? [key: string, body: unknown]
  : { [K in Key<Messages>]: [key: K, body: Body<Messages, K>] }[Key<Messages>]

/** What a full channel does. */
export interface OverflowOptions<Messages extends object = object> {
  /**
   * For `latest-by-key` alone: what a message is about, such as the id of an entity; a later message of the same key and
   * topic replaces it. `undefined`: nothing replaces it, as is right for events. Default: one topic a key. When the key is
   * compared, the compiler knows the body: `(key, body) => (key === 'move' ? body.id : undefined)`. If it throws, that is told to `error`, and
   * nothing replaces the message.
   */
  readonly topicOf?: ((...message: KeyAndBody<Messages>) => string | number | undefined) | undefined
}

/** What becomes of a message that meets a full channel: refused, queued for the policy to drop some, or the end of the channel. */
export type OverflowVerdict = 'full' | 'queue' | 'close'

/** What an overflow policy needs of its channel. */
export interface OverflowOwner {
  /** Something of the program's threw. */
  failed(text: string, error: unknown): void
}

/** Whether messages that meet a full channel are queued, and older ones dropped. */
export function isQueueing(policy: OverflowPolicy): boolean {
  return policy === 'drop-oldest' || policy === 'latest-by-key'
}

/** What a channel counts that has met no limit. */
export const noOverflow = { refused: 0, droppedNewest: 0, droppedOldest: 0, superseded: 0, tooLarge: 0 }

/** The overflow policy of one channel, and what it counted. The same for every carrier. */
export class Overflow {
  /** Messages that were refused with `'full'`, under the policy `wait`. */
  refused = 0
  /** Messages dropped, by policy. */
  droppedNewest = 0
  droppedOldest = 0
  superseded = 0
  /** Messages, requests and replies that were not sent, as the peer takes smaller ones only. Under every policy. */
  tooLarge = 0
  #policy: OverflowPolicy
  readonly #owner: OverflowOwner
  #topicOf: OverflowOptions['topicOf']

  constructor(policy: OverflowPolicy, owner: OverflowOwner) {
    this.#policy = policy
    this.#owner = owner
  }

  get policy(): OverflowPolicy {
    return this.#policy
  }

  /** Throws `argument-invalid` for a policy that there is none, and for a `topicOf` that makes no sense. */
  get counts(): typeof noOverflow {
    const { refused, droppedNewest, droppedOldest, superseded, tooLarge } = this
    return { refused, droppedNewest, droppedOldest, superseded, tooLarge }
  }

  set(policy: OverflowPolicy, { topicOf }: OverflowOptions): void {
    parseOverflow(policy)
    if (topicOf !== undefined) {
      checkFunction(topicOf, 'topicOf')
      if (policy !== 'latest-by-key') {
        const text = `topicOf is for 'latest-by-key' alone; the policy is '${policy}'`
        throw new MillraceError('argument-invalid', text)
      }
    }
    this.#policy = policy
    this.#topicOf = topicOf
  }

  /** A message met a full channel: returns, and counts, what becomes of it. */
  judge(): OverflowVerdict {
    switch (this.#policy) {
      case 'wait':
        this.refused++
        return 'full'
      case 'drop-newest':
        this.droppedNewest++
        return 'full'
      case 'close':
        return 'close'
      default:
        return 'queue'
    }
  }

  /** What a later message must share with this one to replace it; `undefined` if none replaces it, or if the program's `topicOf` fails. */
  topic(key: string, body: unknown): string | undefined {
    if (this.#policy !== 'latest-by-key') return undefined
    if (this.#topicOf === undefined) return key
    try {
      const topic: unknown = this.#topicOf(key, body)
      if (topic === undefined) return undefined
      if (!isThenable(topic)) return `${key}\n${topic}`
      watchResult(refuseLate(topic, 'topicOf'), (error) => this.#failed(error))
    } catch (error) {
      this.#failed(error)
    }
    return undefined
  }

  #failed(error: unknown): void {
    this.#owner.failed('topicOf failed', error)
  }
}
