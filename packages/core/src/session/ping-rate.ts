import { heartbeatIntervalFloorMs } from '../base/options.ts'

/** What a ping is accounted for with, in milliseconds: a quarter more of them fit into a second than the fastest heartbeat sends. */
const pingMs = 0.8 * heartbeatIntervalFloorMs

/**
 * The pings that a peer may send: a quarter more in a second than the fastest heartbeat does, and as many at once as that one has sent when the link, or this
 * process, has held them back for a minute. At an interval of a second that is a stall of 100 minutes.
 */
export const pingsMax = { burst: 6000, perSecond: 1000 / pingMs } as const

/** Why one ping too many ends the channel. */
export const tooManyPings = `more than ${pingsMax.burst} pings at once, or ${pingsMax.perSecond} a second`

/** What a channel that heard no ping begins with. */
export const noPings = 0

const burstMs = pingMs * pingsMax.burst

/**
 * Counts one more ping in a single number a channel: the time until which its pings are accounted for, one after the other at `perSecond` (GCRA, ITU-T
 * I.371). `now`: milliseconds; one that runs backwards makes no ping one too many.
 *
 * @returns the number to keep, or undefined: this one is too many.
 */
export function countPing(accounted: number, now: number): number | undefined {
  // No ping that was taken is accounted for later than that.
  const start = accounted > now + burstMs ? now : Math.max(accounted, now)
  return start + pingMs > now + burstMs ? undefined : start + pingMs
}
