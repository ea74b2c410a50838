import type { Side } from './messages.ts'
import { MillraceError } from './millrace-error.ts'
import { burstOf, type PipeLimits } from './options.ts'
import type { TokenRate } from './token-buckets.ts'

/**
 * How a message travels:
 * - `reliable`: each arrives once, in the order in which its lane was given them.
 * - `reliableUnordered`: each arrives once, in any order.
 * - `sequenced`: some may be lost; one that is older than what has arrived is dropped.
 * - `latestByKey`: the latest of a key arrives for certain; older ones may be left out.
 * - `unreliable`: some may be lost, or come in another order.
 *
 * It is what a message can bear, not what it will suffer: over streams and locally all of them are `reliable`.
 */
export type Delivery = 'reliable' | 'reliableUnordered' | 'sequenced' | 'latestByKey' | 'unreliable'

/** What a contract may say about a message beside its body. All optional. */
export interface MessageOptions<Sender extends Side = Side> {
  /** The side that sends it: `client` opened the channel, `server` accepted it. The other side is refused. Default: both. */
  readonly from?: Sender | undefined
  /** How it travels, where a transport can choose. Default `reliable`. */
  readonly delivery?: Delivery | undefined
  /** Lanes, 0 to 15, don't wait for each other, where a transport can choose; streams have one. Default 0. */
  readonly lane?: number | undefined
  /**
   * Messages a second that one channel takes of its peer. What is more is dropped before it is decoded, and counted as
   * `limited`; a request is answered with an error. What waits for a reader counts when it comes. `Infinity`: any number. Default: the
   * pipe's `messageRate`.
   */
  readonly rate?: number | undefined
  /** How many of them may come at once after a rest. Default: as many as `rate` allows in a second, at least 1. */
  readonly burst?: number | undefined
  /** The largest body in bytes; a reply is not bound by it. Not for local channels, which encode nothing. Default: the pipe's `messageSizeMax` alone. */
  readonly sizeMax?: number | undefined
}

/** All that is known of a message beside its body. */
export interface MessageTraits {
  /** By what it is sent: `send`, `request`, or either, as where keys are not declared. */
  readonly kind: 'message' | 'request' | 'either'
  /** Who may send it. */
  readonly from: Side | 'either'
  readonly delivery: Delivery
  readonly lane: number
  /** Messages a second; `Infinity`: any number; undefined: as many as a pipe's `messageRate` says. */
  readonly rate: number | undefined
  readonly burst: number
  /** Bytes; `Infinity`: as many as a pipe allows. */
  readonly sizeMax: number
}

/** The traits of a message of which nothing is said. */
export const defaultTraits: MessageTraits = Object.freeze({
  kind: 'either',
  from: 'either',
  delivery: 'reliable',
  lane: 0,
  rate: undefined,
  burst: Number.POSITIVE_INFINITY,
  sizeMax: Number.POSITIVE_INFINITY,
})

const laneMax = 15

const deliveries: readonly Delivery[] = [
  'reliable',
  'reliableUnordered',
  'sequenced',
  'latestByKey',
  'unreliable',
]
/** All that can be said of a message; by which call it is sent is said by `message` or `request`. */
const optionNames = Object.keys(defaultTraits).filter((name) => name !== 'kind')

/** Completes what a contract says about a message. Throws `argument-invalid` for what cannot be. */
export function parseTraits(
  key: string,
  kind: MessageTraits['kind'],
  options: MessageOptions,
): MessageTraits {
  const check = (isRight: boolean, wanted: string, got: unknown): void => {
    if (!isRight)
      throw new MillraceError('argument-invalid', `message '${key}': ${wanted}; got ${String(got)}`)
  }
  check(typeof options === 'object' && options !== null, 'its traits are an object', options)
  for (const name of Object.keys(options)) {
    check(optionNames.includes(name), `its traits are ${optionNames.join(', ')}`, name)
  }
  const { from = 'either', delivery = 'reliable', lane = 0, sizeMax = Number.POSITIVE_INFINITY } = options
  const { rate, burst = burstOf(rate ?? Number.POSITIVE_INFINITY) } = options
  check(
    options.from === undefined || from === 'client' || from === 'server',
    "from is 'client' or 'server'",
    from,
  )
  check(deliveries.includes(delivery), `delivery is one of ${deliveries.join(', ')}`, delivery)
  const isCertain = delivery === 'reliable' || delivery === 'reliableUnordered'
  check(kind !== 'request' || isCertain, 'a request is delivered reliable or reliableUnordered', delivery)
  check(
    Number.isInteger(lane) && lane >= 0 && lane <= laneMax,
    `lane is a whole number from 0 to ${laneMax}`,
    lane,
  )
  check(
    rate === undefined || (typeof rate === 'number' && rate > 0),
    'rate is a positive number of messages a second',
    rate,
  )
  check(options.burst === undefined || rate !== undefined, 'burst goes with rate', 'burst alone')
  check(typeof burst === 'number' && burst >= 1, 'burst is a number of messages, at least 1', burst)
  const isSize = Number.isInteger(sizeMax) && sizeMax > 0
  check(options.sizeMax === undefined || isSize, 'sizeMax is a positive whole number of bytes', sizeMax)
  return Object.freeze({ kind, from, delivery, lane, rate, burst, sizeMax })
}

/** How often a message may come: by what the contract says of it, or else by the limits of the pipe. */
export function rateOf({ rate, burst }: MessageTraits, { messageRate, messageBurst }: PipeLimits): TokenRate {
  return rate === undefined ? { rate: messageRate, burst: messageBurst } : { rate, burst }
}

/** The side that a channel's role stands for. */
export function sideOf(role: 'accepted' | 'opened'): Side {
  return role === 'opened' ? 'client' : 'server'
}

/** Whether the side `own` may send such a message by this call. */
export function maySend({ kind, from }: MessageTraits, call: 'message' | 'request', own: Side): boolean {
  return (kind === 'either' || kind === call) && (from === 'either' || from === own)
}

/** Why it may not. */
export function misuse(
  key: string,
  { kind, from }: MessageTraits,
  call: 'message' | 'request',
  own: Side,
): string {
  if (kind === 'message' && call === 'request') {
    return `'${key}' is declared without a reply: send it; request() is for what request(body, reply) declares`
  }
  if (kind === 'request' && call === 'message') {
    return `'${key}' is a request: request() sends it, and waits for the reply`
  }
  const did = own === 'client' ? 'opened' : 'accepted'
  return `only the ${from} sends '${key}'; this side ${did} the channel and is the ${own}`
}
