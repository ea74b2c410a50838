import { type CloseReason, describeReason } from '../base/close-reason.ts'
import type { KeyTable } from '../base/key-table.ts'
import { rateOf } from '../base/message-traits.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { PipeLimits, RatePolicy } from '../base/options.ts'
import type { Conversation } from '../channel/conversation.ts'

const policies: readonly RatePolicy[] = ['drop', 'warn', 'close']

/** A pipe tells once in so many milliseconds at most, and so long a channel has to keep to its rates before it is told of again: peers can cause it at will. */
const intervalMs = 1000

/** What is known where a message came too often. */
export interface RatedPipe {
  readonly keys: KeyTable
  readonly limits: PipeLimits
  readonly turns: { readonly now: number }
}

/** Does what a pipe does when messages come more often than their rates allow, beside dropping and counting them. */
export class OverRate {
  readonly #policy: RatePolicy
  #toldAt = Number.NEGATIVE_INFINITY
  /** Of channels that were told of, when one of their messages came too often last. */
  readonly #told = new WeakMap<Conversation, { at: number }>()

  /** Throws `argument-invalid` for a policy that there isn't. */
  constructor(policy: RatePolicy) {
    this.#policy = policy
    if (policies.includes(policy)) return
    const text = `overRate is one of ${policies.join(', ')}; got ${String(policy)}`
    throw new MillraceError('argument-invalid', text)
  }

  /** A message of this number came too often. Ends the channel, or returns what is to be told, if anything is. */
  happened(conversation: Conversation, number: number, pipe: RatedPipe): MillraceError | undefined {
    if (this.#policy === 'drop' || (this.#policy === 'warn' && !this.#isNew(conversation, pipe.turns.now)))
      return undefined
    const { keys, limits } = pipe
    const key = keys.kind === 'closed' ? keys.name(number) : ''
    const reason: CloseReason = { code: 'message-rate', key, ...rateOf(keys.traits(number), limits) }
    if (this.#policy === 'close') {
      conversation.carrier.fail(reason)
      return undefined
    }
    const text = `channel ${conversation.describe()}: ${describeReason(reason)}; what is more is dropped and counted (limited)`
    return new MillraceError(reason.code, text)
  }

  /** Whether to tell of this channel. One that has to wait for its turn is told of later, if it goes on. */
  #isNew(conversation: Conversation, now: number): boolean {
    const told = this.#told.get(conversation)
    if (told !== undefined && now - told.at < intervalMs) {
      told.at = now
      return false
    }
    if (now - this.#toldAt < intervalMs) return false
    this.#toldAt = now
    this.#told.set(conversation, { at: now })
    return true
  }
}
