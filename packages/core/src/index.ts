export type { CancelSignal } from './base/cancel.ts'
export type { ChannelEncryption } from './base/channel-encryption.ts'
export { type CloseReason, describeReason } from './base/close-reason.ts'
export type { CloseWords } from './base/close-words.ts'
export { sharedByCopies } from './base/copies.ts'
export type {
  AnonymousAccepting,
  AnonymousOpening,
  AnyPeerEncryption,
  EncryptionAlgorithm,
  EncryptionOptions,
  IdentityEncryption,
  MutualEncryption,
  PendingChannel,
  SharedKeyEncryption,
  TokenAccepting,
  TokenEncryption,
  TokenOpening,
} from './base/encryption-options.ts'
export { KeyTable, openKeysMax } from './base/key-table.ts'
export { type Log, type LogLevel, type LogOptions, withSource } from './base/log.ts'
export {
  type Delivery,
  defaultTraits,
  type MessageOptions,
  type MessageTraits,
  parseTraits,
} from './base/message-traits.ts'
export type {
  Answer,
  Asks,
  Body,
  From,
  Hears,
  Key,
  Message,
  Reply,
  Request,
  Sends,
  Side,
} from './base/messages.ts'
export { MillraceError, type MillraceErrorCode } from './base/millrace-error.ts'
export {
  defaultLimits,
  type HeartbeatOptions,
  type OverflowPolicy,
  type PipeLimitOptions,
  type PipeLimits,
  type RatePolicy,
} from './base/options.ts'
export { RequestError } from './base/request-error.ts'
export type { TokenCode } from './base/token-code.ts'
export type { SendResult } from './channel/carrier.ts'
export { Channel, type Handler, type KeyedHandler } from './channel/channel.ts'
export { type ChannelState, channelTransitions } from './channel/channel-state.ts'
export { checkInvariants } from './channel/check-invariants.ts'
export type { OverflowOptions } from './channel/overflow.ts'
export type { RequestOptions } from './channel/pending-requests.ts'
export { Sink, type SinkFilter, type SinkHandler } from './channel/sink.ts'
export type { ChannelCounts, ChannelStatistics } from './channel/statistics.ts'
export { encryptionLoader } from './encryption/encryption-loader.ts'
export { encryptionValue } from './encryption/encryption-value.ts'
export { type LocalFields, type LocalPlugin, local } from './local/local.ts'
export { accepting } from './pipe/accepting.ts'
export type { OpenOptions } from './pipe/opening.ts'
export { Pipe } from './pipe/pipe.ts'
export type { PipeEvent, PipeEvents } from './pipe/pipe-events.ts'
export type { Admission, Admit, PipeOptions } from './pipe/pipe-options.ts'
export type { PipeStatistics } from './pipe/pipe-statistics.ts'
export { Proto } from './pipe/proto.ts'
export { ProtoFactory, type ProtoFactoryOptions } from './pipe/proto-factory.ts'
export type { AnyMessages } from './pipe/target-types.ts'
export type { UnaddressedPipe } from './pipe/unaddressed-pipe.ts'
export { type ByteSource, type Codec, undecodable } from './ports/codec.ts'
export type { Diagnostics, DiagnosticsTopic } from './ports/diagnostics.ts'
export type { Drive, Driver, Runnable } from './ports/driver.ts'
export type {
  ChannelEncryptionOwner,
  ChannelEncryptionSteps,
  ChannelLayer,
  EncryptedPipe,
  Encryption,
  EncryptionCode,
  EncryptionLoader,
  HandshakeMaker,
  LinkLayer,
  LinkToEncrypt,
  LocalHandshakeResult,
  PipeEncryption,
  ProgramTurns,
} from './ports/encryption.ts'
export type { FrameTable } from './ports/framing.ts'
export type { Loop } from './ports/loop.ts'
export type { PacketNetwork, PacketOwner, PacketPlace, PacketSocket } from './ports/packet-network.ts'
export type { Accepting, Platform } from './ports/platform.ts'
export type {
  DatagramHost,
  DatagramSession,
  EncodeResult,
  MessagesOf,
  PeerLimit,
  Protocol,
  Session,
  SessionHost,
  StreamSession,
} from './ports/protocol.ts'
export type { HandshakePlan, HandshakeSide, SealOptions, TurnClock } from './ports/sealing.ts'
export type {
  Address,
  DatagramOwner,
  DatagramSocket,
  DatagramTransport,
  Link,
  LinkOwner,
  LinkRoom,
  Listener,
  ListenerOwner,
  LocalTransport,
  NetworkStatistics,
  PacketSealer,
  PacketSealing,
  PacketSealingOwner,
  PacketStatistics,
  StrayDatagram,
  StreamTransport,
  Transport,
  TransportPlugin,
  TransportServices,
} from './ports/transport.ts'
export { framed } from './session/framed.ts'
