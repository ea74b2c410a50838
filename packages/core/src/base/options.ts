import type { Drive } from '../ports/driver.ts'
import type { Encryption } from '../ports/encryption.ts'
import type { Loop } from '../ports/loop.ts'
import type { CloseWords } from './close-words.ts'
import type { EncryptionOptions } from './encryption-options.ts'
import type { LogOptions } from './log.ts'
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

/** Every bound of a pipe and its channels. Sizes in bytes, times in milliseconds. */
export interface PipeLimits {
  /** Open channels. The next one is refused with `channel-limit`. Default 10,000. */
  readonly maxOpenChannels: number
  /** Links that have not said hello yet. For the next one, the oldest from the address with most of them is cut. Default 4,096. */
  readonly maxHandshakes: number
  /** The peer's hello is due within; for the side that opens, connecting counts too. Default 2,000. */
  readonly handshakeTimeoutMs: number
  /** After `close`, the peer's end is due within; then the link is cut. Default 2,000. */
  readonly closeTimeoutMs: number
  /** A frame that has begun must be whole within. Default 10,000. */
  readonly frameTimeoutMs: number
  /** A peer that takes nothing although something waits for it is cut after. Default 10,000; `Infinity` is allowed. */
  readonly stallTimeoutMs: number
  /** The largest body of a message, in both directions. Default 1 MiB. */
  readonly messageSizeMax: number
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
  maxHandshakes: 4096,
  handshakeTimeoutMs: 2000,
  closeTimeoutMs: 2000,
  frameTimeoutMs: 10_000,
  stallTimeoutMs: 10_000,
  messageSizeMax: 1 << 20,
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

/** When to ask a silent peer for a sign of life, and when to give it up. Times in milliseconds. */
export interface HeartbeatOptions {
  /** After so long without a word the peer is asked. Default 5,000. */
  readonly intervalMs?: number | undefined
  /** After so long the channel ends: `heartbeat-timeout`. More than the interval. Default 15,000. */
  readonly timeoutMs?: number | undefined
}

/** Heartbeat options that are complete. */
export interface HeartbeatTimes {
  readonly intervalMs: number
  readonly timeoutMs: number
}

/** What a program says of a channel that is asked for: `true` admits it; `false`, or words for the peer, refuse it. */
export type Admission = boolean | CloseWords

/**
 * Says whether a channel may open. `data` is what the opener said about itself (`open({ data })`), empty if nothing, and this function's
 * own copy; `peerAddress` is where the link comes from, if the transport tells.
 */
export type Admit = (data: Uint8Array, peerAddress: string | undefined) => Admission | Promise<Admission>

/** How a pipe works. All optional. */
export interface PipeOptions extends PipeLimitOptions, LogOptions {
  /** Who gives turns: the library at the end of each I/O event (`auto`), the program by `pipe.process()` (`manual`), or a driver. Default `auto`. */
  readonly drive?: Drive | undefined
  /** What its channels do at the high-water mark. Default `wait`. */
  readonly overflow?: OverflowPolicy | undefined
  /** The loop to run on instead of the platform's. */
  readonly loop?: Loop | undefined
  /** Encrypts every channel from its first byte on. Both sides say the same. Default: no encryption. */
  readonly encryption?: EncryptionOptions | Encryption | undefined
  /**
   * The heartbeat of its channels, as `channel.setHeartbeat` would set it when they open; `false`: none. It is for channels over a network:
   * local channels have none, nor has a protocol without pings. Default: 5 and 15 seconds.
   */
  readonly heartbeat?: false | HeartbeatOptions | undefined
  /**
   * Asked for every channel that this pipe is to accept, when the hellos fit and before there is a channel. What throws or rejects refuses,
   * and is told to the event `error`. A promise that takes longer than `handshakeTimeoutMs` is too late. Default: all are admitted.
   */
  readonly admit?: Admit | undefined
  /** A name for logs. */
  readonly name?: string | undefined
}

const limitNames = Object.keys(defaultLimits) as (keyof PipeLimits)[]

/** Completes limits with the defaults, once. Throws `argument-invalid` for what is no positive number. */
export function parseLimits(options: PipeLimitOptions): PipeLimits {
  // Most pipes have no limits of their own: they share one object.
  if (limitNames.every((name) => options[name] === undefined)) return defaultLimits
  const limits: Record<keyof PipeLimits, number> = { ...defaultLimits }
  for (const name of limitNames) {
    const value = options[name]
    if (value === undefined) continue
    if (typeof value !== 'number' || !(value > 0)) {
      throw new MillraceError('argument-invalid', `${name} is a positive number; got ${String(value)}`)
    }
    limits[name] = value
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

/** Checks who gives the turns. Throws `argument-invalid`. */
export function parseDrive(drive: Drive): Drive {
  if (drive === 'auto' || drive === 'manual' || typeof drive?.ready === 'function') return drive
  const text = `drive is 'auto', 'manual', or a driver with ready(); got ${JSON.stringify(drive)}`
  throw new MillraceError('argument-invalid', text)
}

/** Completes a heartbeat. Throws `argument-invalid` for times that make none. */
export function parseHeartbeat(options: false | HeartbeatOptions = {}): HeartbeatTimes | undefined {
  if (options === false) return undefined
  const { intervalMs = 5000, timeoutMs = 15_000 } = options
  if (intervalMs > 0 && timeoutMs > intervalMs) return { intervalMs, timeoutMs }
  const text = `a heartbeat wants 0 < interval < timeout, in ms; got ${intervalMs} and ${timeoutMs}`
  throw new MillraceError('argument-invalid', text)
}

/** Checks the options of a pipe, but its limits. Throws `argument-invalid`. */
export function checkOptions(options: PipeOptions): void {
  parseHeartbeat(options.heartbeat)
  if (options.overflow !== undefined) parseOverflow(options.overflow)
  if (options.drive !== undefined) parseDrive(options.drive)
  if (options.admit === undefined || typeof options.admit === 'function') return
  throw new MillraceError('argument-invalid', `admit is a function; got ${typeof options.admit}`)
}
