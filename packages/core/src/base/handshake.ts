import type { HandshakeState, TokenHolder } from '@millrace/cipher'
import type { EncryptionFailure } from './encryption-failure.ts'

/** A handshake as links know it: messages of Noise, and perhaps a connect token as one more in front of them. */
export interface Handshake
  extends Pick<
    HandshakeState,
    'role' | 'turn' | 'remoteStatic' | 'overhead' | 'write' | 'read' | 'split' | 'abandon'
  > {
  /** Who came with a token, once that is proven and the token is used up. */
  readonly holder?: TokenHolder | undefined
  /** Why the token of the peer was refused: no message follows. */
  readonly failure?: EncryptionFailure | undefined
}
