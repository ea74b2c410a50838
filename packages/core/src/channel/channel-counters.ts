import type { SendQueue } from '../link/send-queue.ts'
import type { ChannelStatistics } from './carrier.ts'
import type { Dispatch } from './dispatch.ts'

/** What a carrier counts itself. */
export class ChannelCounters {
  messagesOut = 0
  bytesIn = 0
  roundTripMs = Number.NaN

  /** With what its parts have counted. */
  statistics(sendQueue: SendQueue, dispatch: Dispatch, stored: number): ChannelStatistics {
    const { messagesIn, unhandled } = dispatch
    const { messagesOut, bytesIn, roundTripMs } = this
    return { ...sendQueue.statistics(), messagesIn, messagesOut, bytesIn, stored, unhandled, roundTripMs }
  }
}
