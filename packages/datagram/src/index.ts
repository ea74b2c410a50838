export {
  contentsConnection,
  contentsMessage,
  contentsNewest,
  contentsStride,
  laneCountMax,
  type PacketContents,
} from './base/packet-contents.ts'
