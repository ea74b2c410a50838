import type { Machines } from './machines.ts'
import type { Transmitter } from './transmitter.ts'

/** What a connection knows of its path: `NetworkStatistics` of @millrace/core. */
export interface ConnectionStatistics {
  readonly roundTripMs: number
  readonly roundTripVarianceMs: number
  readonly roundTripLeastMs: number
  readonly packetsOut: number
  readonly packetsLost: number
  readonly packetsIn: number
  readonly packetsRepeated: number
  readonly bytesOut: number
  readonly bytesIn: number
  readonly messagesStale: number
  readonly messagesMissed: number
  readonly packetSize: number
  readonly bytesPerSecond: number
}

/** What is counted where packets come in. */
export interface PacketCounts {
  readonly packetsIn: number
  readonly repeatedIn: number
  readonly bytesIn: number
}

export function statisticsOf(
  { incoming, recovery, outgoing, mtu }: Machines,
  { packetsOut, bytesOut }: Transmitter,
  { packetsIn, repeatedIn, bytesIn }: PacketCounts,
): ConnectionStatistics {
  const { roundTrip, statistics, pacingRate } = recovery
  return {
    roundTripMs: roundTrip.smoothed,
    roundTripVarianceMs: roundTrip.variance,
    roundTripLeastMs: roundTrip.least,
    packetsOut,
    packetsLost: statistics.lost - statistics.spurious,
    packetsIn,
    packetsRepeated: repeatedIn,
    bytesOut,
    bytesIn,
    messagesStale: outgoing.dropped,
    messagesMissed: incoming.dropped,
    packetSize: mtu.size,
    bytesPerSecond: Math.round(pacingRate * 1000),
  }
}
