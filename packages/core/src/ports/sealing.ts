import type { BlockPool } from '@millrace/buffer'
import type { TokenHolder } from '@millrace/cipher'
import type { Handshake } from '../base/handshake.ts'

/** A handshake that is about to begin, and the suite that seals behind it. */
export interface HandshakePlan {
  /** @internal The machine of the handshake, for the code that made it. */
  readonly handshake: Handshake
  readonly suite: string
  /** Whether a proven key is the one that this side expects; any is, if it expects none. In a time that doesn't depend on the key. */
  isExpected(peerKey: Uint8Array): boolean
}

/** Whether the peer may go on: by its proven key, or by its token. */
export type Authorise = (peer: Uint8Array | TokenHolder) => boolean | Promise<boolean>

/** What one end brings to a handshake. */
export interface HandshakeSide {
  readonly plan: HandshakePlan
  readonly authorise?: Authorise
}

/** The time of a pipe's turns, and deadlines in them. */
export interface TurnClock {
  /** In milliseconds of the loop's clock. */
  readonly now: number
  /** A deadline that isn't set yet; `due` of the target is called in a turn. */
  deadline(target: { due(now: number): void }): {
    readonly isSet: boolean
    setIn(ms: number): void
    cancel(): void
  }
}

/** What a sealed link needs besides the link below. */
export interface SealOptions extends HandshakeSide {
  readonly pool: BlockPool
  readonly turns: TurnClock
  /** A record that has begun must be whole within this time, in milliseconds. */
  readonly limits: { readonly frameTimeoutMs: number }
}
