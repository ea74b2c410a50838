export {
  contentsConnection,
  contentsMessage,
  contentsNewest,
  contentsStride,
  laneCountMax,
  type PacketContents,
} from './base/packet-contents.ts'
export type { FrameDelivery } from './lanes/delivery.ts'
export { Incoming, type IncomingOptions } from './lanes/incoming.ts'
export type { FrameProducer } from './lanes/newest-sender.ts'
export { Outgoing, type OutgoingOptions, type WriteAnswer } from './lanes/outgoing.ts'
export { framePartEnd, partType } from './lanes/part-types.ts'
