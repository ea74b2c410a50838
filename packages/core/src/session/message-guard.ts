import { codeMessageEnd } from '@millrace/wire'
import type { KeyTable } from '../base/key-table.ts'
import { defaultTraits, rateOf } from '../base/message-traits.ts'
import type { Side } from '../base/messages.ts'
import { defaultLimits, type PipeLimits } from '../base/options.ts'
import { TokenBuckets, type TokenRate } from '../base/token-buckets.ts'

/** What all channels of a key table share that have the same limits. */
interface Rules {
  /** By code and peer: 1 for a message that needs nothing but to be decoded and delivered. */
  readonly plain: Readonly<Record<Side, Uint8Array>>
  /** By number, the place of its rate, or -1: it has none. */
  readonly places: Int16Array
  /** The same for all of an open table; undefined for a closed one. */
  readonly place: number | undefined
  readonly rates: readonly TokenRate[]
}

const rulesOf = new WeakMap<KeyTable, WeakMap<PipeLimits, Rules>>()

/** Tells, before it is decoded, whether a message of the peer may come by what the contract and the limits say of it. Knows no clock. */
export class MessageGuard {
  readonly #keys: KeyTable
  readonly #peer: Side
  readonly #rules: Rules
  /** Made when the first message with a rate comes. */
  #buckets: TokenBuckets | undefined

  constructor(keys: KeyTable, peer: Side, limits: PipeLimits) {
    this.#keys = keys
    this.#peer = peer
    this.#rules = sharedRules(keys, limits)
  }

  /** By code of a frame: 1 for a message that needs nothing but to be decoded and delivered. */
  get plain(): Uint8Array {
    return this.#rules.plain[this.#peer]
  }

  /** What the peer did wrong by sending this number in this way, or ''. */
  fault(kind: 'message' | 'request', number: number): string {
    const { kind: declared, from } = this.#keys.traits(number)
    if (kind === 'message' && declared === 'request') {
      return `a message '${this.#keys.name(number)}', which the contract declares as a request`
    }
    if (from === 'either' || from === this.#peer) return ''
    return `a ${kind} '${this.#keys.name(number)}' of the ${this.#peer}, which the ${from} alone may send`
  }

  /** Whether any message has a rate. */
  get isLimiting(): boolean {
    return this.#rules.rates.length > 0
  }

  /** Whether one more of this number may come now, by its rate. If so, it is counted. Those of an open table count together, whatever their number. */
  admits(number: number, now: number): boolean {
    const { places, rates, place = places[number] } = this.#rules
    if (place < 0) return true
    this.#buckets ??= new TokenBuckets(rates)
    return this.#buckets.take(place, 1, now)
  }
}

function sharedRules(keys: KeyTable, given: PipeLimits): Rules {
  // Most pipes have no rate of their own, whatever their other limits are.
  const limits = given.messageRate === Number.POSITIVE_INFINITY ? defaultLimits : given
  let byLimits = rulesOf.get(keys)
  if (byLimits === undefined) {
    byLimits = new WeakMap()
    rulesOf.set(keys, byLimits)
  }
  let rules = byLimits.get(limits)
  if (rules === undefined) {
    rules = makeRules(keys, limits)
    byLimits.set(limits, rules)
  }
  return rules
}

function makeRules(keys: KeyTable, limits: PipeLimits): Rules {
  // An open table learns, but knows nothing of its keys.
  const count = keys.kind === 'closed' ? keys.count : 0
  const plain = { client: new Uint8Array(256), server: new Uint8Array(256) }
  const places = new Int16Array(count)
  const rates: TokenRate[] = []
  const placeOf = (rate: TokenRate) => (rate.rate === Number.POSITIVE_INFINITY ? -1 : rates.push(rate) - 1)
  for (let number = 0; number < count; number++) {
    const traits = keys.traits(number)
    const place = (places[number] = placeOf(rateOf(traits, limits)))
    if (place >= 0 || traits.kind === 'request' || number >= codeMessageEnd) continue
    if (traits.from !== 'server') plain.client[number] = 1
    if (traits.from !== 'client') plain.server[number] = 1
  }
  const place = keys.kind === 'open' ? placeOf(rateOf(defaultTraits, limits)) : undefined
  return { plain, places, place, rates }
}
