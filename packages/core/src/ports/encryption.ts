import type { BlockPool, SegmentBatch } from '@millrace/buffer'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { CloseReason } from '../base/close-reason.ts'
import type { EncryptionOptions, PendingChannel, SharedKeyEncryption } from '../base/encryption-options.ts'
import type { TokenCode } from '../base/token-code.ts'
import type { StreamSession } from './protocol.ts'
import type { HandshakePlan, HandshakeSide, SealOptions, TurnClock } from './sealing.ts'
import type { Link, LinkOwner } from './transport.ts'

/** Makes the handshakes of one side; its keys were checked once. */
export interface HandshakeMaker {
  /**
   * `prologue` says what the handshake is for: the same on both sides. Tokens are judged by the time of day of the platform and by where the peer is, if
   * that is known.
   */
  plan(prologue: string, platform: { wallMs?(): number }, peerAddress?: string): HandshakePlan
}

/** What each end of a local channel knows of the encryption then; or why there is none. */
export type LocalHandshakeResult =
  | { readonly opened: ChannelEncryption; readonly accepted: ChannelEncryption }
  | (CloseReason & { readonly code: 'encryption-failed' })

/** A pipe's turns, and when its program may be called. */
export interface ProgramTurns extends TurnClock {
  /** Whether a function of the program may be called now. */
  readonly mayCall: boolean
  /** How many calls wait for the program's next turn. */
  readonly deferredCount: number
  /** Calls this in the program's next turn. */
  defer(run: () => void): void
}

/** A link over another one, such as one that encrypts. It is made with its owner and needs no `start`. */
export interface LinkLayer extends Link, LinkOwner {
  /** Gives all memory back, and tells nothing more. */
  release(): void
}

/** The code that encrypts channels. Core doesn't import it: `noiseCode` of `@millrace/core/noise` makes it. */
export interface EncryptionCode {
  /**
   * Checks the keys of one side, for many handshakes. Throws `argument-invalid` for what the role can't keep or lacks, for a public key that
   * isn't of its secret key, and for a `peerKey` of low order, which proves nothing.
   */
  prepare(options: EncryptionOptions, role: 'accepted' | 'opened'): HandshakeMaker
  /** One handshake of one side. Throws what `prepare` throws. */
  plan(options: EncryptionOptions, role: 'accepted' | 'opened', prologue: string): HandshakePlan
  /** A link over this one that begins with a handshake, and seals everything behind it. */
  seal(link: Link, options: SealOptions): Link
  /** A layer over a link that is open already, when the handshake is over: sealing begins with what is sent next. */
  sealFromHere(link: Link, options: SealOptions, owner: LinkOwner): LinkLayer
  /** The handshake of two ends in one process, in one go. */
  meet(opened: HandshakePlan, accepted: HandshakePlan): LocalHandshakeResult
  /** The same, and each end asks whether the other may go on, as soon as its key is proven. */
  meetAsking(opened: HandshakeSide, accepted: HandshakeSide): Promise<LocalHandshakeResult>
  /** What went wrong, in words, if it was the peer's bytes or keys; `undefined` for any other error. */
  failureOf(error: unknown): string | undefined
}

/** What the encryption of a pipe needs of it. */
export interface EncryptedPipe {
  readonly pool: BlockPool
  readonly turns: ProgramTurns
  readonly limits: { readonly frameTimeoutMs: number }
  /** By its time of day tokens expire. */
  readonly crypto: { wallMs?(): number }
}

/** How a pipe encrypts its links from their first byte on. Its code is loaded when the pipe is bound or opens for the first time. */
export interface PipeEncryption {
  /** The code, once `load` has resolved. */
  readonly code: EncryptionCode
  /** Whether `load` must be awaited first. */
  readonly isLoaded: boolean
  load(): Promise<void>
  /** Throws `argument-invalid` for options that this role can't keep. Needs no code yet. */
  expectRole(role: 'accepted' | 'opened'): void
  /**
   * Throws `argument-invalid` when the keys for this role are not right, and `unsupported` for tokens without a time of day: better now than at the first
   * connection.
   */
  expectKeys(role: 'accepted' | 'opened', pipe: EncryptedPipe): void
  /** A link over this one that encrypts from the first byte on. `channel` gives the channel to be, for `authorise`; undefined once it has ended. */
  over(
    link: Link,
    role: 'accepted' | 'opened',
    pipe: EncryptedPipe,
    channel: () => PendingChannel | undefined,
  ): Link
  /** What one end needs for its handshake. */
  side(
    role: 'accepted' | 'opened',
    pipe: EncryptedPipe,
    channel: () => PendingChannel | undefined,
  ): HandshakeSide
}

/** What stands in the link of a channel from the call of `setEncryption` on: to those above it is the link, to the link below its owner. */
export interface ChannelLayer
  extends Pick<
    LinkLayer,
    'send' | 'pause' | 'resume' | 'end' | 'destroy' | 'received' | 'sent' | 'ended' | 'storedBytes'
  > {
  /** What is known of the encryption, once there is one. */
  readonly encryption: ChannelEncryption | undefined
  /** Whether what is sent is kept back, and how many bytes of it there are. */
  readonly isHolding: boolean
  readonly heldBytes: number
  /** The reason of an end that loses what is kept back, and so many bytes that were written behind that; undefined if nothing is lost. */
  lossWith(writtenBytes: number): CloseReason | undefined
  /** Sends a batch past everything that is kept back. */
  pass(batch: SegmentBatch): void
  /** Drops what is kept back: it can never leave. */
  discardHeld(): void
  /** Gives all memory back, and tells nothing more. */
  release(): void
}

/** The link of a channel that begins to encrypt. */
export interface LinkToEncrypt {
  readonly state: 'open' | 'ended' | 'gone'
  /** Whether those above have paused it. */
  readonly isPaused: boolean
  /** Whether what is sent is kept back. */
  readonly isHolding: boolean
  /** Bytes that went in clear, each way, before its direction is sealed: a layer goes on counting. */
  clearOut: number
  clearIn: number
  /** The link of the transport, for a layer to be put over it. */
  readonly below: Link
  /** Whom a layer tells. */
  readonly above: LinkOwner
  /** Everything passes through this layer from now on. */
  putLayer(layer: ChannelLayer): void
}

/** What the encryption of an open channel needs of its carrier. */
export interface ChannelEncryptionOwner {
  readonly role: 'accepted' | 'opened'
  readonly turns: TurnClock
  readonly limits: { readonly frameTimeoutMs: number; readonly handshakeTimeoutMs: number }
  readonly pool: BlockPool
  readonly sendQueue: { readonly inFlight: number }
  readonly session: StreamSession
  readonly conversation: { readonly openData: Uint8Array }
  /** Whether the channel can still fail: one that closes has an end already. */
  readonly isOpen: boolean
  /** The reason of the end that was asked for, or of what is lost by it. */
  readonly endReason: CloseReason
  readonly link: LinkToEncrypt
  /** Hands everything written so far to the link. */
  flush(): void
  /** The link holds back what is sent: the peer must hear in another way that this side lives. */
  regulate(): void
  /** What is sent leaves again, sealed. */
  sealed(): void
  fail(reason: CloseReason): void
  destroy(reason: CloseReason): void
}

/** Begins encryption on one open channel. */
export interface ChannelEncryptionSteps {
  /** The program asks for it. What is sent from now on waits, also while the code that encrypts is loaded. */
  begin(options: SharedKeyEncryption): Promise<void>
  /** A step of the peer came. */
  came(step: number, message: Uint8Array): void
  /** The channel ended. */
  end(reason: CloseReason): void
}

/**
 * Brings the code that encrypts when it is first needed, so that a program which doesn't encrypt doesn't load it; and at once what pipes and
 * channels do before it is there. `encryptionLoader` makes one.
 */
export interface EncryptionLoader {
  /** The code, once it is there. */
  readonly loaded: EncryptionCode | undefined
  /** The code of connect tokens, if pipes may have them. */
  readonly tokens?: TokenCode | undefined
  /** Loads the code, once for all callers. */
  load(): Promise<EncryptionCode>
  /** The same as a value, with keys of its own. Throws `argument-invalid` for options that neither role can keep. */
  own(options: EncryptionOptions): Encryption
  /** How a pipe encrypts. Keys are copied. Throws `argument-invalid` for options that neither role can keep. */
  forPipe(options: EncryptionOptions): PipeEncryption
  /** How a channel begins to encrypt while it is open. */
  forChannel(owner: ChannelEncryptionOwner): ChannelEncryptionSteps
}

/** Encryption as a value that brings its own code: what `noise({ key })` makes. */
export interface Encryption {
  readonly kind: 'encryption'
  readonly options: EncryptionOptions
  readonly loader: EncryptionLoader
}
