/** What an endpoint and all its connections, past and present, have counted: `PacketStatistics` of @millrace/core. */
export interface EndpointCounts {
  packetsIn: number
  bytesIn: number
  strange: number
  unknown: number
  wrongKey: number
  inClear: number
  forged: number
  repeated: number
  untaken: number
  late: number
  violations: number
  cookiesRefused: number
  requestsDeferred: number
  unprovenBytesIn: number
  unprovenPacketsOut: number
  unprovenBytesOut: number
}

export function noCounts(): EndpointCounts {
  return {
    packetsIn: 0,
    bytesIn: 0,
    strange: 0,
    unknown: 0,
    wrongKey: 0,
    inClear: 0,
    forged: 0,
    repeated: 0,
    untaken: 0,
    late: 0,
    violations: 0,
    cookiesRefused: 0,
    requestsDeferred: 0,
    unprovenBytesIn: 0,
    unprovenPacketsOut: 0,
    unprovenBytesOut: 0,
  }
}
