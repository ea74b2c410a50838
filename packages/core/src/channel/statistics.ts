import type { NetworkStatistics } from '../ports/transport.ts'

/** What a channel counts; a pipe has the sums. */
export interface ChannelCounts {
  readonly messagesIn: number
  readonly messagesOut: number
  /** Bytes over the link; none on a local channel. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** What waits to leave: bytes over a link, messages on a local channel. The other one is 0. */
  readonly queuedBytes: number
  readonly queuedMessages: number
  /** What was received and waits to be processed: bytes over a link, messages on a local channel. The other one is 0. */
  readonly storedBytes: number
  readonly storedMessages: number
  /** What was decoded and waits for its async handlers, or for the reader of the iterator: in bytes, by its weight in memory (64 a message, and four times its frame). */
  readonly decodedBytes: number
  /** What the channel holds because of its peer, in bytes: what is stored, decoded or queued. Of a message on a local channel 64. */
  readonly heldBytes: number
  /** Messages that were refused with `'full'`, under the policy `wait`. */
  readonly refused: number
  /** Messages dropped, by policy. */
  readonly droppedNewest: number
  readonly droppedOldest: number
  readonly superseded: number
  /** Messages, requests and replies that were not sent, as the peer takes smaller ones only (`'too-large'`). */
  readonly tooLarge: number
  /** Messages that nothing listened for. */
  readonly unhandled: number
  /** Messages and requests of the peer that were dropped, as more came than their rate in the contract, or the pipe's `messageRate`, allows. */
  readonly limited: number
  /** The last ping's round trip in milliseconds; NaN before the first. */
  readonly roundTripMs: number
}

/** What a channel did so far. */
export interface ChannelStatistics extends ChannelCounts {
  /** What is known of the path to the peer, over a transport that measures it, as `udp` does. */
  readonly network?: NetworkStatistics | undefined
}

/** What a carrier knows of a channel's traffic. */
export type CarrierStatistics = Pick<
  ChannelStatistics,
  'network' | 'bytesOut' | 'queuedBytes' | 'queuedMessages' | 'storedBytes' | 'storedMessages'
>
