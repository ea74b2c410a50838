import { messageSizeFloor } from '@millrace/wire'
import { MillraceError } from './millrace-error.ts'

/**
 * What to do with a message when the high-water mark is reached:
 * - `wait`: refuse it with `'full'`; the sender waits for `drained()`. Nothing is dropped.
 * - `drop-newest`: drop it, count it, and answer `'full'`.
 * - `drop-oldest`: queue it, and drop the oldest queued messages that have not left yet.
 * - `latest-by-key`: queue it, and drop an older queued message of the same key: for states, not for events.
 * - `close`: close the channel.
 */
export type OverflowPolicy = 'wait' | 'drop-newest' | 'drop-oldest' | 'latest-by-key' | 'close'

/**
 * What to do when a peer sends more messages than their rate allows. What is over the rate is dropped before it is decoded, and counted, in any case:
 * - `drop`: nothing else.
 * - `warn`: tell the event `error` (`message-rate`), once a channel until it has kept to its rates for a second, and once a second a pipe.
 * - `close`: end the channel with `message-rate`, which the peer is told.
 */
export type RatePolicy = 'drop' | 'warn' | 'close'

/** Every bound of a pipe and its channels. Sizes in bytes, times in milliseconds. */
export interface PipeLimits {
  /** Open channels. The next one is refused with `channel-limit`. Default 10,000. */
  readonly maxOpenChannels: number
  /** Channels that may come from one address, as far as the transport tells addresses. The next one is refused with `channel-limit`. Default `Infinity`. */
  readonly maxChannelsPerAddress: number
  /** Links that have not said hello yet. For the next one, one of them is cut, of an address that has or wastes many. Default 4,096. */
  readonly maxHandshakes: number
  /**
   * Handshakes that one address may begin a second, where a pipe encrypts, and questions to `admit`, where it doesn't: both cost more than a link. More are
   * refused before that, with the event `error` (`rate-limit`). Default 20; `Infinity`, for servers behind a proxy: any number.
   */
  readonly handshakeRate: number
  /** As many at once after a pause. Default 100. */
  readonly handshakeBurst: number
  /**
   * A link is due within, for the side that opens: name lookup and connecting. `handshakeTimeoutMs` counts from the link on then. `Infinity`: as long as the
   * system tries. Default: none of its own, so that connecting and the peer's hello have `handshakeTimeoutMs` together.
   */
  readonly connectTimeoutMs: number | undefined
  /** The peer's hello is due within; for the side that opens, connecting counts too, unless that has a `connectTimeoutMs`. Default 2,000; over `udp`, where packets are lost, 5,000. */
  readonly handshakeTimeoutMs: number
  /** After `close`, the peer's end is due within; then the link is cut. Default 2,000. */
  readonly closeTimeoutMs: number
  /** A frame that has begun must be whole within; over `udp`, where its parts come in any order, some part of it must have come within. Default 10,000. */
  readonly frameTimeoutMs: number
  /** A peer that takes nothing although something waits for it is cut after. Default 10,000; `Infinity` is allowed. */
  readonly stallTimeoutMs: number
  /** The largest body of a message, in both directions; at least 4,096. A peer may take less, and says so in its hello. Default 1 MiB. */
  readonly messageSizeMax: number
  /**
   * Messages and requests that a channel takes of its peer a second, of each key that has no `rate` in the contract; of all together where keys are
   * not declared. What is more is dropped before it is decoded, and counted as `limited`; a request gets an error; `overRate` says what else happens. Default
   * `Infinity`: any number.
   */
  readonly messageRate: number
  /** As many of them at once after a rest, at least 1; goes with `messageRate`. Default: as many as come in a second, at least 1. */
  readonly messageBurst: number
  /** A channel with so many bytes on their way out is full. Default 1 MiB. */
  readonly highWaterBytes: number
  /** A full channel is ready again when it is down to so many bytes. Default 256 KiB. */
  readonly lowWaterBytes: number
  /** Received bytes that wait to be processed; then the link is paused, or, if it can't be, the channel ends. Default 1 MiB. */
  readonly receiveHighWaterBytes: number
  /** Messages that wait in a local channel, or for an async iterator. Default 65,536 and 1,000. */
  readonly localQueueMax: number
  readonly iteratorQueueMax: number
  /** Requests without a reply, each way. Default 1,024. */
  readonly maxRequests: number
  /** A reply is due within, unless the request says otherwise. Default 10,000. */
  readonly requestTimeoutMs: number
}

/** The defaults of all limits. */
export const defaultLimits: PipeLimits = Object.freeze({
  maxOpenChannels: 10_000,
  maxChannelsPerAddress: Number.POSITIVE_INFINITY,
  maxHandshakes: 4096,
  handshakeRate: 20,
  handshakeBurst: 100,
  connectTimeoutMs: undefined,
  handshakeTimeoutMs: 2000,
  closeTimeoutMs: 2000,
  frameTimeoutMs: 10_000,
  stallTimeoutMs: 10_000,
  messageSizeMax: 1 << 20,
  messageRate: Number.POSITIVE_INFINITY,
  messageBurst: Number.POSITIVE_INFINITY,
  highWaterBytes: 1 << 20,
  lowWaterBytes: 1 << 18,
  receiveHighWaterBytes: 1 << 20,
  localQueueMax: 65_536,
  iteratorQueueMax: 1000,
  maxRequests: 1024,
  requestTimeoutMs: 10_000,
})

/** Limits of which some may be left out. */
export type PipeLimitOptions = { readonly [Name in keyof PipeLimits]?: PipeLimits[Name] | undefined }

/** The shortest interval of a heartbeat, in milliseconds: peers end a channel when its pings come much faster (docs/WIRE.md, section 5.1). */
export const heartbeatIntervalFloorMs = 10

/** When to ask a silent peer for a sign of life, and when to give it up. Times in milliseconds. */
export interface HeartbeatOptions {
  /** After so long without a word the peer is asked; at least 10. Default 5,000. */
  readonly intervalMs?: number | undefined
  /** After so long the channel ends: `heartbeat-timeout`. More than the interval. Default 15,000. */
  readonly timeoutMs?: number | undefined
}

/** Heartbeat options that are complete. */
export interface HeartbeatTimes {
  readonly intervalMs: number
  readonly timeoutMs: number
}

/** How a peer is watched. */
export interface HeartbeatSettings extends HeartbeatTimes {
  /** Decides about a peer that is silent; without it the channel ends. */
  readonly fail?: (() => void) | undefined
}

const limitNames = Object.keys(defaultLimits) as (keyof PipeLimits)[]

/** Throws `argument-invalid` for a limit that is no positive number. */
export function checkPositive(name: string, value: unknown): void {
  if (typeof value === 'number' && value > 0) return
  throw new MillraceError('argument-invalid', `${name} is a positive number; got ${String(value)}`)
}

/** Completes limits with the defaults, once. Throws `argument-invalid` for what is no positive number. */
export function parseLimits(options: PipeLimitOptions): PipeLimits {
  // Most pipes have no limits of their own: they share one object.
  if (limitNames.every((name) => options[name] === undefined)) return defaultLimits
  const limits: { -readonly [Name in keyof PipeLimits]: PipeLimits[Name] } = { ...defaultLimits }
  for (const name of limitNames) {
    const value = options[name]
    if (value === undefined) continue
    checkPositive(name, value)
    limits[name] = value
  }
  if (limits.messageSizeMax < messageSizeFloor) {
    const text = `messageSizeMax is at least ${messageSizeFloor}, which every peer takes; got ${limits.messageSizeMax}`
    throw new MillraceError('argument-invalid', text)
  }
  if (options.messageBurst === undefined) limits.messageBurst = burstOf(limits.messageRate)
  else if (options.messageRate === undefined || limits.messageBurst < 1) {
    const text = `messageBurst is a number of messages, at least 1, and goes with messageRate; got ${options.messageBurst}`
    throw new MillraceError('argument-invalid', text)
  }
  if (limits.lowWaterBytes > limits.highWaterBytes) {
    if (options.lowWaterBytes !== undefined) {
      const { lowWaterBytes, highWaterBytes } = limits
      const text = `lowWaterBytes (${lowWaterBytes}) must not be above highWaterBytes (${highWaterBytes})`
      throw new MillraceError('argument-invalid', text)
    }
    limits.lowWaterBytes = Math.ceil(limits.highWaterBytes / 4)
  }
  return Object.freeze(limits)
}

/** How many may come at once after a rest where only the rate is said: as many as it allows in a second, and one at least. */
export function burstOf(rate: number): number {
  return Math.max(1, Math.ceil(rate))
}

/** What is said of all options; what is undefined stands for nothing said. */
export function given<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options
}

const policies: readonly OverflowPolicy[] = ['wait', 'drop-newest', 'drop-oldest', 'latest-by-key', 'close']

/** Checks the name of a policy. */
export function parseOverflow(policy: OverflowPolicy): OverflowPolicy {
  if (policies.includes(policy)) return policy
  throw new MillraceError(
    'argument-invalid',
    `no overflow policy '${policy}'; there are: ${policies.join(', ')}`,
  )
}

/** Completes a heartbeat. Throws `argument-invalid` for times that make none. */
export function parseHeartbeat(options: false | HeartbeatOptions = {}): HeartbeatTimes | undefined {
  if (options === false) return undefined
  const { intervalMs = 5000, timeoutMs = 15_000 } = options
  if (intervalMs >= heartbeatIntervalFloorMs && timeoutMs > intervalMs) return { intervalMs, timeoutMs }
  const text = `a heartbeat wants ${heartbeatIntervalFloorMs} <= interval < timeout, in ms; got ${intervalMs} and ${timeoutMs}`
  throw new MillraceError('argument-invalid', text)
}

/** Checks the time of a turn, if one is given: with one that is none, every deadline would be wrong from then on. */
export function parseTime(now: number | undefined): number | undefined {
  if (now === undefined || (typeof now === 'number' && Math.abs(now) <= Number.MAX_SAFE_INTEGER)) return now
  const text = `the time of a turn is in milliseconds of the loop's clock; got ${String(now)}`
  throw new MillraceError('argument-invalid', text)
}
