export { DatagramError, type DatagramErrorCode } from './base/datagram-error.ts'
export {
  contentsConnection,
  contentsMessage,
  contentsNewest,
  contentsStride,
  laneCountMax,
  type PacketContents,
} from './base/packet-contents.ts'
export { DatagramConnection } from './connection/connection.ts'
export { ConnectionError } from './connection/connection-error.ts'
export type { ConnectionOwner } from './connection/connection-owner.ts'
export type { ConnectionStatistics } from './connection/connection-statistics.ts'
export {
  DatagramEndpoint,
  type EndpointHost,
  type EndpointOptions,
} from './connection/endpoint.ts'
export type { EndpointCounts } from './connection/endpoint-counts.ts'
export type { FrameRules } from './connection/frame-sorter.ts'
export type { PacketSealer } from './connection/packet-cover.ts'
export type { FrameDelivery, WriteAnswer } from './lanes/delivery.ts'
export { Incoming, type IncomingOptions } from './lanes/incoming.ts'
export type { FrameProducer } from './lanes/newest-sender.ts'
export { Outgoing, type OutgoingOptions } from './lanes/outgoing.ts'
export { framePartEnd, partType } from './lanes/part-types.ts'
export type { Mac } from './path/cookies.ts'
export { AckReader, ackRangesMax } from './recovery/ack-reader.ts'
export { Bbr } from './recovery/bbr.ts'
export {
  type CongestionController,
  type ControllerFactory,
  type Progress,
  windowBytesMax,
} from './recovery/congestion-controller.ts'
export { Cubic } from './recovery/cubic.ts'
export { probeTimeoutMaxMs } from './recovery/probe-timer.ts'
export {
  ackDelayDefaultMs,
  ackDelayLimitMs,
  type Receipt,
  ReceivedPackets,
  receivedRangesMax,
} from './recovery/received-packets.ts'
export { Recovery } from './recovery/recovery.ts'
export {
  initialRoundTripMs,
  type RecoveryDue,
  type RecoveryOptions,
  type RecoveryOwner,
  type RecoveryStatistics,
} from './recovery/recovery-options.ts'
export type { RoundTrip } from './recovery/round-trip.ts'
export { sentPacketsMax } from './recovery/sent-packets.ts'
