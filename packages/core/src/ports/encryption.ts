import type { BlockPool } from '@millrace/buffer'
import type { HandshakeState } from '@millrace/cipher'
import type { ChannelEncryption } from '../base/channel-encryption.ts'
import type { EncryptionOptions } from '../base/encryption-options.ts'
import type { Link, LinkOwner } from './transport.ts'

/** A handshake that is about to begin, and the suite that seals behind it. */
export interface HandshakePlan {
  /** @internal The machine of the handshake, for the code that made it. */
  readonly handshake: HandshakeState
  readonly suite: string
}

/** Whether a proven key may go on. */
export type Authorise = (peerKey: Uint8Array) => boolean | Promise<boolean>

/** What one end brings to a handshake. */
export interface HandshakeSide {
  readonly plan: HandshakePlan
  readonly authorise?: Authorise
}

/** What each end of a local channel knows of the encryption then; or, in words, why there is none. */
export type LocalHandshakeResult =
  | { readonly opened: ChannelEncryption; readonly accepted: ChannelEncryption }
  | string

/** The time of a pipe's turns, and deadlines in them. */
export interface TurnClock {
  /** In milliseconds of the loop's clock. */
  readonly now: number
  /** A deadline that isn't set yet; `due` is called in a turn. */
  deadline(due: () => void): { readonly isSet: boolean; setIn(ms: number): void; cancel(): void }
}

/** What a sealed link needs besides the link below. */
export interface SealOptions extends HandshakeSide {
  readonly pool: BlockPool
  readonly turns: TurnClock
  /** A record that has begun must be whole within this time, in milliseconds. */
  readonly limits: { readonly frameTimeoutMs: number }
}

/** A link over another one, such as one that encrypts. It is made with its owner and needs no `start`. */
export interface LinkLayer extends Link, LinkOwner {
  /** Gives all memory back, and tells nothing more. */
  release(): void
}

/** The code that encrypts channels. Core doesn't import it: `noiseCode` of `@millrace/core/noise` makes it. */
export interface EncryptionCode {
  /** The handshake of one side. Throws `argument-invalid` for keys that the pattern lacks in this role. */
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

/** Brings the code that encrypts when it is first needed, so that a program which doesn't encrypt doesn't load it. */
export interface EncryptionLoader {
  /** The code, once it is there. */
  readonly loaded: EncryptionCode | undefined
  /** Loads the code, once for all callers. */
  load(): Promise<EncryptionCode>
}

/** Encryption as a value that brings its own code: what `noise({ key })` makes. */
export interface Encryption {
  readonly kind: 'encryption'
  readonly options: EncryptionOptions
  readonly loader: EncryptionLoader
}
