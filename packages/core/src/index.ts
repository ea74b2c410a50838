export type { Log, LogLevel, LogOptions } from '@millrace/timer'
export type { ChannelStatistics, OverflowOptions, SendResult } from './carrier.ts'
export { Channel, type Handler, type KeyedHandler } from './channel.ts'
export type { ChannelEncryption } from './channel-encryption.ts'
export { type ChannelState, channelTransitions } from './channel-state.ts'
export { type CloseReason, describeReason } from './close-reason.ts'
export { type ByteSource, type Codec, undecodable } from './codec.ts'
export type { Diagnostics, DiagnosticsTopic } from './diagnostics.ts'
export type {
  ChannelToBe,
  EncryptionAlgorithm,
  EncryptionOptions,
  IdentityEncryption,
  SharedKeyEncryption,
} from './encryption.ts'
export { framed } from './framed.ts'
export { KeyTable, openKeysMax } from './key-table.ts'
export type { Loop } from './loop.ts'
export type { Answer, Body, Key, Message, Reply, Request } from './messages.ts'
export { MillraceError, type MillraceErrorCode } from './millrace-error.ts'
export { defaultLimits, type OverflowPolicy, type PipeLimits, type PipeOptions } from './options.ts'
export { type OpenOptions, Pipe } from './pipe.ts'
export type { PipeEvent, PipeEvents } from './pipe-events.ts'
export type { PipeStatistics } from './pipe-statistics.ts'
export type { Platform } from './platform.ts'
export type { PlatformCrypto } from './platform-crypto.ts'
export { Proto } from './proto.ts'
export { type AnyMessages, ProtoFactory, type ProtoFactoryOptions } from './proto-factory.ts'
export type {
  DatagramHost,
  DatagramSession,
  MessagesOf,
  Protocol,
  Session,
  SessionHost,
} from './protocol.ts'
export { RequestFault } from './request-fault.ts'
export type { RequestOptions } from './requests.ts'
export { Sink, type SinkFilter, type SinkHandler } from './sink.ts'
export type {
  Address,
  CancelSignal,
  DatagramOwner,
  DatagramSocket,
  DatagramTransport,
  Link,
  LinkOwner,
  Listener,
  ListenerOwner,
  LocalTransport,
  StreamTransport,
  Transport,
  TransportPlugin,
} from './transport.ts'
