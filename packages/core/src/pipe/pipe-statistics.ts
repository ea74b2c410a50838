import type { ChannelStatistics } from '../channel/statistics.ts'

/** What a pipe and all its channels, past and present, did so far. */
export interface PipeStatistics extends ChannelStatistics {
  readonly openChannels: number
  readonly handshakes: number
  readonly accepted: number
  readonly connected: number
  /** Errors told to `error`. */
  readonly errors: number
  /** Datagrams dropped because too many waited. */
  readonly datagramsDropped: number
}
