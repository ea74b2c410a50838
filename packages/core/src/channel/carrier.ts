import type { Goodbye } from '@millrace/wire'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { CloseReason } from '../base/close-reason.ts'
import type { SharedKeyEncryption } from '../base/encryption-options.ts'
import type { BodyMaker } from './latest-values.ts'
import type { CarrierStatistics } from './statistics.ts'

/**
 * What became of a message: `queued` will leave; `full`: the channel is at its high-water mark and the message was not
 * taken (or was dropped and counted, by the channel's policy); `closed`: the channel has ended or is ending; `too-large`: it is within this
 * side's `messageSizeMax`, but above what this one peer says that it takes, and was not sent. It counts in `statistics().tooLarge`.
 */
export type SendResult = 'queued' | 'full' | 'closed' | 'too-large'

/** The way out of a carrier. */
export interface MessageSender {
  /** So many bytes leave at once if they are sent now; where that is not known, so many are not refused. */
  readonly budgetBytes: number
  /** Whether replies of async handlers wait for `drained()`. */
  readonly mustRepliesWait: boolean
  send(number: number, body: unknown): SendResult
  /** Sends what `make` returns, when there is room for it: a later call for the same number takes the place of one that waits. */
  sendLatest(number: number, make: BodyMaker): SendResult
  /** Sends what `encodeShared` of a channel of the same protocol made. */
  sendShared(number: number, body: unknown, bytes: Uint8Array): SendResult
  encodeShared(number: number, body: unknown): Uint8Array | undefined
  /** Throws `unsupported` where the protocol has no requests, and for a body that doesn't fit, or that the peer doesn't take. */
  sendRequest(id: number, number: number, body: unknown): void
  sendReply(id: number, number: number, body: unknown): void
  sendFault(id: number, text: string): void
}

/**
 * Carries the messages of one conversation: over a link, or to the other end itself when both are in one process. Holds nothing that
 * must outlive it: a conversation may get another carrier.
 */
export interface Carrier {
  /** Whether what is sent can still arrive: the link is there. */
  readonly isConnected: boolean
  /** Whether so much waits that requests must wait too. */
  readonly isFull: boolean
  /** Whether a reply can still leave: it can in the very turn in which the channel was closed. */
  readonly mayReply: boolean
  /** What is known of its encryption, if it is encrypted. */
  readonly encryption: ChannelEncryption | undefined
  /** The network address of the peer without its port, if the link has one. */
  readonly peerAddress: string | undefined
  readonly sender: MessageSender
  /** What it has because of its peer, in bytes: what came and was not delivered, and what has not left. */
  readonly heldBytes: number
  /** What reads the frames, where there are any: it knows the size of the one that is being delivered. */
  readonly session?: { readonly frameSize?: number }
  /** The heartbeat of the conversation was set. */
  heartbeatChanged(): void
  /** The overflow policy of the conversation was set. */
  overflowChanged(): void
  /** Lets the link rest, where there is one. */
  readonly throttle?: { pause(): void }
  /** The channel is paused, or goes on: `isPaused` of the conversation. */
  pauseChanged(): void
  /** Lets messages wait (`held`) or come (`free`). */
  hold(state: 'held' | 'free'): void
  /** Encrypts from an exact byte on, both ways; resolves when that is done here. */
  setEncryption(options: SharedKeyEncryption): Promise<void>
  close(words: Pick<Goodbye, 'appCode' | 'text'>): void
  destroy(): void
  /** Ends it for a reason of this side's, of which the peer is told. */
  fail(reason: CloseReason): void
  statistics(): CarrierStatistics
  /** Throws when numbers contradict each other. For tests. */
  invariants?(): void
  /** Where it leads, for people: `tcp://127.0.0.1:7777`. */
  describe(): string
}
