import { codeMessageEnd } from '@millrace/wire'
import type { KeyTable } from '../base/key-table.ts'
import type { Side } from '../base/messages.ts'
import { TokenBuckets, type TokenRate } from '../base/token-buckets.ts'

const flag = { fromClient: 1, fromServer: 2, isRequest: 4, isLimited: 8 } as const

/** What all channels of a key table share. */
interface Rules {
  /** By number, what has to be looked at before a message is decoded; 0: nothing. */
  readonly flags: Uint8Array
  /** By code and peer: 1 for a message that needs nothing but to be decoded and delivered. */
  readonly plain: Readonly<Record<Side, Uint8Array>>
  /** By number, the place of its rate. */
  readonly places: Uint16Array
  readonly rates: readonly TokenRate[]
}

const rulesOf = new WeakMap<KeyTable, Rules>()

/** Tells, before it is decoded, whether a message of the peer may come by what the contract says of it. Knows no clock. */
export class MessageGuard {
  readonly #keys: KeyTable
  readonly #peer: Side
  readonly #rules: Rules
  /** Made when the first message with a rate comes. */
  #buckets: TokenBuckets | undefined

  constructor(keys: KeyTable, peer: Side) {
    this.#keys = keys
    this.#peer = peer
    this.#rules = rulesOf.get(keys) ?? makeRules(keys)
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

  /** What a request hears that came too often. */
  limitText(number: number): string {
    return `more of '${this.#keys.name(number)}' came than its rate allows`
  }

  /** Whether one more of this number may come now, by its rate. If so, it is counted. */
  admits(number: number, now: number): boolean {
    const { flags, places, rates } = this.#rules
    if ((flags[number] & flag.isLimited) === 0) return true
    this.#buckets ??= new TokenBuckets(rates)
    return this.#buckets.take(places[number], 1, now)
  }
}

function makeRules(keys: KeyTable): Rules {
  // An open table learns, but knows nothing of its keys.
  const count = keys.kind === 'closed' ? keys.count : 0
  const flags = new Uint8Array(count)
  const places = new Uint16Array(count)
  const rates: TokenRate[] = []
  for (let number = 0; number < count; number++) {
    const { kind, from, rate, burst } = keys.traits(number)
    if (from === 'client') flags[number] |= flag.fromClient
    if (from === 'server') flags[number] |= flag.fromServer
    if (kind === 'request') flags[number] |= flag.isRequest
    if (rate === Number.POSITIVE_INFINITY) continue
    flags[number] |= flag.isLimited
    places[number] = rates.push({ rate, burst }) - 1
  }
  const plain = { client: plainOf(flags, flag.fromServer), server: plainOf(flags, flag.fromClient) }
  const rules = { flags, plain, places, rates }
  rulesOf.set(keys, rules)
  return rules
}

/** The messages that need no look of the guard, by their codes; `other` marks those of the other side. */
function plainOf(flags: Uint8Array, other: number): Uint8Array {
  const watched = other | flag.isRequest | flag.isLimited
  return Uint8Array.from({ length: 256 }, (_, code) => {
    const isPlain = code < codeMessageEnd && code < flags.length && (flags[code] & watched) === 0
    return isPlain ? 1 : 0
  })
}
