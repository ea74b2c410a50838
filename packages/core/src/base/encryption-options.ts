import type { KeyPair } from '@millrace/cipher'

/**
 * What seals the bytes: a name, or a full suite of Noise (`Noise_XX_25519_AESGCM_BLAKE2b`), whose pattern must be the one that is used.
 * Nothing is negotiated: both sides say the same, or no channel opens.
 */
export type EncryptionAlgorithm = 'chacha20-poly1305' | 'aes-256-gcm' | `Noise_${string}`

/** Both sides have the same secret: `NNpsk0`. Whoever has it can be either side. */
export interface SharedKeyEncryption {
  /** 32 random bytes: never a pass phrase, see `keyFromPassphrase`. */
  readonly key: Uint8Array
  /** Default `'chacha20-poly1305'`. */
  readonly algorithm?: EncryptionAlgorithm | undefined
  /** Never set: a shared key proves nobody's identity. */
  readonly pattern?: undefined
}

/** A channel before it is open: the very object that `accepted` or `open` brings later, if it is let in. */
export interface PendingChannel {
  readonly isOpen: boolean
  describe(): string
}

/** Sides have keys of their own, and prove them. */
export interface IdentityEncryption {
  /**
   * Who proves what: with `XX` both show their keys, with `IK` the opening side knows the other's before, with `NK` only the accepting side has
   * a key, which the opening side knows; `XK` is `IK` with a message more, in which the opening side hides better.
   */
  readonly pattern: 'XX' | 'NK' | 'IK' | 'XK'
  /** The keys of this side, where it has some. */
  readonly identity?: KeyPair | undefined
  /** The public key of the accepting side, 32 bytes, where the opening side must know it. */
  readonly peerKey?: Uint8Array | undefined
  /** Default `'chacha20-poly1305'`. */
  readonly algorithm?: EncryptionAlgorithm | undefined
  /**
   * Whether this peer may have a channel; asked as soon as its key is proven, before `accepted` and before anything more is said to it. With `IK`
   * that is when its first record comes: the first message alone could be somebody's recording. Without it, everyone with a key of their own may. A
   * promise that takes longer than `handshakeTimeoutMs` is too late. `channel` isn't open yet:
   * it is there to be remembered.
   */
  readonly authorise?:
    | ((peerKey: Uint8Array, channel: PendingChannel) => boolean | Promise<boolean>)
    | undefined
}

/** How the channels of a pipe are encrypted, from their first byte on. */
export type EncryptionOptions = SharedKeyEncryption | IdentityEncryption
