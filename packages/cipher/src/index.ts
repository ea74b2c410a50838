export { DATAGRAM_OVERHEAD, datagramReceiver } from './datagram.ts'
export { type DatagramDrop, DatagramRecords, type DatagramRecordsOptions } from './datagram-records.ts'
export { CipherError, type CipherErrorCode } from './errors.ts'
export type { HandshakeOptions } from './handshake-options.ts'
export {
  type CipherPair,
  type HandshakeState,
  type HandshakeTurn,
  MESSAGE_SIZE_MAX,
  type ReceiveState,
  type SendState,
  startHandshake,
} from './handshake-state.ts'
export {
  keyFromText,
  keyPair,
  keyToText,
  type RandomSource,
  randomKey,
  requireKey,
} from './key.ts'
export type { RekeyLimits } from './limits.ts'
export { noblePrimitives } from './noble.ts'
export { keyFromPassphrase, type PassphraseCost } from './passphrase.ts'
export type { BasePattern, PatternName, Role } from './patterns.ts'
export type { Aead, AeadName, Dh, Hash, HashName, KeyPair, Primitives } from './primitives.ts'
export { KEY_SIZE, TAG_SIZE } from './primitives.ts'
export { CONTROL_SIZE, RECORD_OVERHEAD, RECORD_SIZE_MAX } from './record.ts'
export { type RecordFailure, RecordOpener, type RecordOpenerOptions } from './record-opener.ts'
export type { RecordBlock, RecordPool } from './record-part.ts'
export { RecordSealer, type RecordSealerOptions, type RecordTarget } from './record-sealer.ts'
export { type ReplayVerdict, ReplayWindow } from './replay-window.ts'
export type { SuiteName } from './suite.ts'
export {
  TIMESTAMP_SIZE,
  TimestampGuard,
  TimestampSource,
  type TimestampVerdict,
} from './timestamp-guard.ts'
export {
  APPLICATION_ID_SIZE,
  CONNECT_TOKEN_SIZE_MAX,
  SEALED_TOKEN_SIZE_MAX,
} from './token.ts'
export { type ConnectToken, parseConnectToken, type TokenServer } from './token-connect.ts'
export { TokenIssuer, type TokenKeyring, type TokenOrder } from './token-issuer.ts'
export {
  type TokenCandidate,
  type TokenHolder,
  type TokenRefusal,
  TokenVerifier,
  type TokenVerifierOptions,
} from './token-verifier.ts'
