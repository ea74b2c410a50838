import type { Outflow } from '../link/send-queue.ts'
import type { ChannelStatistics } from './carrier.ts'
import type { Dispatch } from './dispatch.ts'

/** What a carrier counts itself. */
export class Traffic {
  messagesOut = 0
  bytesIn = 0
  roundTripMs = Number.NaN

  /** With what its parts have counted. */
  statistics(outflow: Outflow, dispatch: Dispatch, stored: number): ChannelStatistics {
    const { messagesIn, unhandled } = dispatch
    const { messagesOut, bytesIn, roundTripMs } = this
    return { ...outflow.statistics(), messagesIn, messagesOut, bytesIn, stored, unhandled, roundTripMs }
  }
}
