import type { TokenHolder } from '@millrace/cipher'

/** What is known of the encryption of a channel. */
export interface ChannelEncryption {
  /** The full name of the suite, such as `Noise_XX_25519_ChaChaPoly_SHA256`. */
  readonly suite: string
  /** The proven public key of the peer, 32 bytes, if the pattern has one. */
  readonly peerKey: Uint8Array | undefined
  /** On the accepting side, who came with a connect token: `userId`, `userData`, `tokenId`. The bytes are this channel's own. */
  readonly holder?: TokenHolder | undefined
  /**
   * The hash of the handshake: the same on both sides, and on no other channel. A token that is bound to it (channel binding) is worth nothing
   * elsewhere.
   */
  readonly handshakeHash: Uint8Array
}
