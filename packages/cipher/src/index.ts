export { CipherError, type CipherErrorCode } from './base/errors.ts'
export type { RekeyLimits } from './base/limits.ts'
export type {
  Aead,
  AeadKey,
  AeadName,
  Dh,
  DhSecret,
  Hash,
  HashName,
  KeyPair,
  Primitives,
} from './base/primitives.ts'
export { KEY_SIZE, TAG_SIZE } from './base/primitives.ts'
export { DATAGRAM_OVERHEAD, datagramReceiver } from './datagrams/datagram.ts'
export {
  type DatagramDrop,
  DatagramRecords,
  type DatagramRecordsOptions,
} from './datagrams/datagram-records.ts'
export { type ReplayVerdict, ReplayWindow } from './datagrams/replay-window.ts'
export {
  TIMESTAMP_SIZE,
  TimestampGuard,
  TimestampSource,
  type TimestampVerdict,
} from './datagrams/timestamp-guard.ts'
export { HiddenKeyPair } from './keys/hidden-key-pair.ts'
export {
  keyFromText,
  keyPair,
  keyToText,
  type RandomSource,
  randomKey,
  requireKey,
  staticSecret,
} from './keys/key.ts'
export { keyFromPassphrase, type PassphraseCost } from './keys/passphrase.ts'
export { noblePrimitives } from './noble/noble.ts'
export type { HandshakeOptions } from './noise/handshake-options.ts'
export {
  type CipherPair,
  type HandshakeState,
  type HandshakeTurn,
  MESSAGE_SIZE_MAX,
  type ReceiveState,
  type SendState,
  startHandshake,
} from './noise/handshake-state.ts'
export type { BasePattern, PatternName, Role } from './noise/patterns.ts'
export type { SuiteName } from './noise/suite.ts'
export { CONTROL_SIZE, RECORD_OVERHEAD, RECORD_SIZE_MAX } from './records/record.ts'
export { type RecordFailure, RecordOpener, type RecordOpenerOptions } from './records/record-opener.ts'
export type { RecordBlock, RecordPool } from './records/record-part.ts'
export { RecordSealer, type RecordSealerOptions, type RecordTarget } from './records/record-sealer.ts'
export {
  APPLICATION_ID_SIZE,
  CONNECT_TOKEN_SIZE_MAX,
  SEALED_TOKEN_SIZE_MAX,
} from './tokens/token.ts'
export { type ConnectToken, parseConnectToken, type TokenServer } from './tokens/token-connect.ts'
export { TokenIssuer, type TokenKeyring, type TokenOrder } from './tokens/token-issuer.ts'
export type { TokenRules } from './tokens/token-rules.ts'
export {
  type TokenCandidate,
  type TokenChecker,
  type TokenHolder,
  type TokenRefusal,
  TokenVerifier,
  type TokenVerifierOptions,
} from './tokens/token-verifier.ts'
