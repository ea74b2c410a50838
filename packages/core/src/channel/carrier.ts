import type { BlockPool } from '@millrace/buffer'
import type { Goodbye } from '@millrace/wire'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { CloseReason } from '../base/close-reason.ts'
import type { OverflowPolicy, PipeLimits } from '../base/options.ts'
import type { SharedKeyEncryption } from '../encryption/encryption.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import type { Turns } from '../turn/turns.ts'
import type { ChannelState } from './channel-state.ts'
import type { CloseNotifier } from './close-notifier.ts'
import type { Dispatch } from './dispatch.ts'
import type { RequestOptions } from './pending-requests.ts'

/**
 * What became of a message: `queued` will leave; `full`: the channel is at its high-water mark and the message was not
 * taken (or was dropped and counted, by the channel's policy); `closed`: the channel has ended or is ending.
 */
export type SendResult = 'queued' | 'full' | 'closed'

/** What a channel did so far. Sizes in bytes. */
export interface ChannelStatistics {
  readonly messagesIn: number
  readonly messagesOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Bytes that wait to leave; messages, on a local channel. */
  readonly queued: number
  /** Bytes received that wait to be processed; messages, on a local channel. */
  readonly stored: number
  /** Messages that were refused with `'full'`, under the policy `wait`. */
  readonly refused: number
  /** Messages dropped, by policy. */
  readonly droppedNewest: number
  readonly droppedOldest: number
  readonly superseded: number
  /** Messages that nobody listened for. */
  readonly unhandled: number
  /** The last ping's round trip in milliseconds; NaN before the first. */
  readonly roundTripMs: number
}

/** What a full channel does. */
export interface OverflowOptions {
  /**
   * For `latest-by-key`: what a message is about, such as the id of an entity; a later message of the same key and topic
   * replaces it. `undefined`: nothing replaces it, as is right for events. Default: one topic a key.
   */
  readonly topicOf?: (key: string, body: unknown) => string | number | undefined
}

/** How heartbeats end. */
export type HeartbeatFail = () => void

/** Sends requests and waits for their replies. */
export interface Caller {
  request(key: string, number: number, body: unknown, options: RequestOptions): Promise<unknown>
}

/** What carries one channel: a link, or the other end itself when both are in one process. */
export interface Carrier {
  readonly state: ChannelState
  /** Whether something can still be sent. */
  readonly isOpen: boolean
  readonly role: 'accepted' | 'opened'
  readonly dispatch: Dispatch
  readonly closeNotifier: CloseNotifier
  /** What is known of its encryption, if it is encrypted. */
  readonly encryption: ChannelEncryption | undefined
  send(number: number, body: unknown): SendResult
  /** Sends what `encodeShared` of a channel of the same protocol made. */
  sendShared(number: number, body: unknown, bytes: Uint8Array): SendResult
  encodeShared(number: number, body: unknown): Uint8Array | undefined
  /** What sends requests. */
  readonly calls: Caller
  /** Resolves when the channel is below its low-water mark, or has ended. */
  drained(): Promise<'ready' | 'closed'>
  setHeartbeat(intervalMs: number, timeoutMs: number, fail: HeartbeatFail | undefined): void
  setOverflow(policy: OverflowPolicy, options: OverflowOptions): void
  /** Lets messages wait (`held`) or come (`free`). */
  hold(state: 'held' | 'free'): void
  /** Encrypts from an exact byte on, both ways; resolves when that is done here. */
  setEncryption(options: SharedKeyEncryption): Promise<void>
  close(text: string): void
  destroy(): void
  statistics(): ChannelStatistics
  describe(): string
}

/** What a carrier needs of the pipe that owns it. */
export interface CarrierOwner {
  readonly limits: PipeLimits
  readonly turns: Turns
  readonly pool: BlockPool
  readonly overflow: OverflowPolicy
  /** What the platform lends for encryption. */
  readonly crypto: PlatformCrypto | undefined
  /** Whether one more channel may open; if not, what the peer is told. */
  mayOpen(): 'yes' | Goodbye
  opened(carrier: Carrier): void
  /** The channel has ended: told exactly once. */
  ended(carrier: Carrier, reason: CloseReason): void
  /** The link of an ended channel is gone too. */
  linkGone(carrier: Carrier): void
  /** Something that isn't the channel's end went wrong: by default, a handler of the program threw. */
  failed(text: string, cause: unknown, carrier: Carrier): void
  overflowed(carrier: Carrier, queued: number): void
}
