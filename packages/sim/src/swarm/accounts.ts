import type { ChannelEnd } from './channel-end.ts'
import type { Rules } from './rules.ts'

/** Of all factories of the swarm: small, so that they are reached. */
export const limits = {
  highWaterBytes: 200_000,
  lowWaterBytes: 50_000,
  receiveHighWaterBytes: 200_000,
  messageSizeMax: 100_000,
  bytesMax: 16_000_000,
}

/** What may be stored of a peer: as much as a paused link still takes in, and what a transport holds of messages that are not whole. */
const storedBytesMax = 4_000_000

/**
 * Holds the channels of one factory to its limits, and to what they say of themselves. A channel tells its account once a turn: `isSaidInTurns`, no message was
 * sent from outside of all turns.
 */
export function checkAccounts(
  rules: Rules,
  name: string,
  ends: Iterable<ChannelEnd>,
  heldBytes: number,
  isSaidInTurns: boolean,
): void {
  let sum = 0
  for (const end of ends) {
    const { queuedBytes, storedBytes, heldBytes: held } = end.channel.statistics()
    sum += held
    rules.hold(
      'bytes stay within their accounts',
      queuedBytes <= limits.highWaterBytes + 2 * limits.messageSizeMax && storedBytes <= storedBytesMax,
      () => `${queuedBytes} bytes are queued and ${storedBytes} stored in ${end.channel.describe()}`,
    )
    end.checkCounts()
  }
  rules.hold(
    'accounts add up',
    (heldBytes >= sum || !isSaidInTurns) && heldBytes <= limits.bytesMax,
    () => `${name} holds ${heldBytes} bytes of at most ${limits.bytesMax}, its channels ${sum}`,
  )
}
