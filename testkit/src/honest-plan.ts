import type { PipeLimits } from '@millrace/core'
import type { NetworkProfile } from './network-profile.ts'

/** What a run may contain that is known to fail today. */
export const honestFeatures = [
  'both ways full',
  'heartbeat beside a slow reader',
  'heartbeat behind a goodbye',
  'asks while it reads',
  'asks locally while it reads',
  'seals beside a slow reader',
  'seals with a full queue',
  'replies in pieces',
  'heartbeat while it encrypts',
  'own stall',
] as const

/** One of them. */
export type HonestFeature = (typeof honestFeatures)[number]

/**
 * Features that are not drawn, because the library cuts honest peers with them. Only ever taken from: a mend of one
 * removes it here, and `npm test` draws it from then on.
 */
export const unmended: readonly HonestFeature[] = []

/** One message of a side. */
export interface HonestSay {
  readonly afterMs: number
  readonly size: number
}

/** One request of a side. */
export interface HonestAsk {
  readonly replySize: number
  /** How long the peer's handler takes; 0: it replies at once. */
  readonly replyAfterMs: number
}

/** What one side of a channel does. */
export interface HonestProgram {
  readonly says: readonly HonestSay[]
  /** Each message waits until that of the peer with its number was heard, and is sent from its handler. */
  readonly echoes: boolean
  readonly asks: readonly HonestAsk[]
  /** Requests that wait for their reply at the same time. */
  readonly askers: number
  readonly reader: 'handler' | 'async handler' | 'iterator'
  /** How long the reader takes for the peer's message of each number, in milliseconds. */
  readonly takesMs: readonly number[]
  /** Messages of the peer for which the reader asks the peer before it goes on. */
  readonly asksAt: ReadonlySet<number>
  /** When it calls `setEncryption`; undefined: never. */
  readonly sealsAfterMs: number | undefined
  readonly heartbeatMs: number | undefined
}

/** What both sides of a channel do. */
export interface HonestChannelPlan {
  readonly opened: HonestProgram
  readonly accepted: HonestProgram
  readonly closer: 'opened' | 'accepted'
  /** It is closed when all is said, asked and read, or so many milliseconds after it opened. */
  readonly ending: 'after all' | number
}

/** Everything of a run, drawn before it begins. */
export interface HonestPlan {
  readonly seed: number
  readonly features: ReadonlySet<HonestFeature>
  readonly where: 'remote' | 'local'
  readonly network: NetworkProfile
  readonly encryption: 'none' | 'pipe' | 'late' | 'both'
  readonly channels: readonly HonestChannelPlan[]
  readonly drives: { readonly accepting: 'auto' | 'manual'; readonly opening: 'auto' | 'manual' }
  readonly marks: { readonly accepting: HonestMarks; readonly opening: HonestMarks }
  /** How long the program stands still now and then. */
  readonly stallMs: number | undefined
  readonly bounds: HonestBounds
}

/** The limits of a pipe that count bytes and messages. */
export type HonestMarks = Pick<
  PipeLimits,
  | 'highWaterBytes'
  | 'lowWaterBytes'
  | 'receiveHighWaterBytes'
  | 'messageSizeMax'
  | 'iteratorQueueMax'
  | 'localQueueMax'
  | 'maxRequests'
>

/** When the program stands still, in milliseconds after it began; each time anything up to twice as late. */
export const stallsAtMs = [1, 100, 1000, 5000] as const

/** How often a pipe is driven that is driven by hand, in milliseconds. */
export const tickMs = 33

/**
 * The limits of a run, in milliseconds: each as near as an honest peer can keep it, whatever else of the run is drawn.
 * Honest is: what a side sends leaves at once; a link carries at least `pieceBytesMin` bytes (or its window) in two delays; a
 * reader takes each message in the time that is drawn for it; a handler replies in its time; a pipe that is driven by hand is
 * driven every tick; both sides call `setEncryption`.
 */
export type HonestBounds = Pick<
  PipeLimits,
  'handshakeTimeoutMs' | 'closeTimeoutMs' | 'frameTimeoutMs' | 'stallTimeoutMs' | 'requestTimeoutMs'
> & {
  /** By the channel: how much longer than its interval a heartbeat waits, at least. */
  readonly graceMs: readonly number[]
  /** When all of it must be over. */
  readonly totalMs: number
}
