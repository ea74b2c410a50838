import type { ChannelCounts } from '../channel/statistics.ts'
import type { PacketStatistics } from '../ports/transport.ts'

/** What a pipe and all its channels, past and present, did so far. */
export interface PipeStatistics extends ChannelCounts {
  readonly openChannels: number
  readonly handshakes: number
  /** Open channels that are paused, since all channels of the factory together hold more than `bytesMax`. */
  readonly pausedChannels: number
  readonly accepted: number
  readonly connected: number
  /** Errors told to `error`. */
  readonly errors: number
  /** Datagrams dropped because too many waited. */
  readonly datagramsDropped: number
  /** What came to the socket, of a pipe that is bound over a transport with packets, as `udp` is. */
  readonly packets?: PacketStatistics | undefined
}

/** What all channels of a pipe, past and present, did so far. */
export type RegistryStatistics = Omit<PipeStatistics, 'errors' | 'datagramsDropped' | 'packets'>

/** What only channels that are open count. */
export const nothingWaits = {
  queuedBytes: 0,
  queuedMessages: 0,
  storedBytes: 0,
  storedMessages: 0,
  decodedBytes: 0,
  heldBytes: 0,
}

/** What a channel counts that did nothing yet. */
export const noStatistics: ChannelCounts = {
  messagesIn: 0,
  messagesOut: 0,
  bytesIn: 0,
  bytesOut: 0,
  ...nothingWaits,
  refused: 0,
  droppedNewest: 0,
  droppedOldest: 0,
  superseded: 0,
  tooLarge: 0,
  unhandled: 0,
  limited: 0,
  roundTripMs: 0,
}

/** What a pipe did that has no channels yet. */
export const noPipeStatistics: RegistryStatistics = {
  ...noStatistics,
  openChannels: 0,
  handshakes: 0,
  pausedChannels: 0,
  accepted: 0,
  connected: 0,
}

/** Adds what one more channel did. */
export function addStatistics(sums: Record<keyof ChannelCounts, number>, more: ChannelCounts): void {
  for (const name of Object.keys(noStatistics) as (keyof ChannelCounts)[]) sums[name] += more[name]
}
