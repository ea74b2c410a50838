import type { ConnectToken, KeyPair, TokenChecker, TokenHolder, TokenRules } from '@millrace/cipher'
import { MillraceError } from './millrace-error.ts'

/**
 * What seals the bytes: a name, or a full suite of Noise (`Noise_XX_25519_AESGCM_BLAKE2b`), of the pattern that is used.
 * Nothing is negotiated: both sides say the same, or no channel opens.
 */
export type EncryptionAlgorithm = 'chacha20-poly1305' | 'aes-256-gcm' | `Noise_${string}`

/** A channel before it is open: the very object that `accepted` or `open` brings later, if it is let in. */
export interface PendingChannel {
  readonly isOpen: boolean
  describe(): string
}

/** Both sides have the same secret: `NNpsk0`. A holder of it can be either side, so that it proves no identity. */
export interface SharedKeyEncryption {
  /** 32 random bytes, copied: never a pass phrase, see `keyFromPassphrase`. */
  readonly key: Uint8Array
  /** Default `'chacha20-poly1305'`. */
  readonly algorithm?: EncryptionAlgorithm | undefined
  readonly pattern?: undefined
  readonly identity?: undefined
  readonly peerKey?: undefined
  readonly authorise?: undefined
  readonly anyPeer?: undefined
  readonly tokens?: undefined
  readonly token?: undefined
  readonly server?: undefined
}

/** Both sides prove keys of their own. */
export interface MutualEncryption
  extends Pick<SharedKeyEncryption, 'algorithm' | 'tokens' | 'token' | 'server'> {
  /** `XX`: both show their keys; `IK`: the opening side knows the other's before; `XK` is `IK` with a message more, in which the opening side hides better. */
  readonly pattern: 'XX' | 'IK' | 'XK'
  /** The keys of this side, copied. A public key that isn't of the secret key is refused when the pipe binds or opens: `argument-invalid`. */
  readonly identity: KeyPair
  /**
   * The public key of the peer, 32 bytes, copied: a peer that proves another one has no channel, and `authorise` isn't asked about it. The opening
   * side of `NK`, `IK` and `XK` has to know it before.
   */
  readonly peerKey?: Uint8Array | undefined
  /**
   * Whether this peer may have a channel; asked as soon as its key is proven, before `accepted` and before anything more is said to it. With `IK`
   * that is when its first record comes: the first message alone could be a recording. An accepting side without it, and without `peerKey`, takes
   * every peer with a key of its own. A promise that takes longer than `handshakeTimeoutMs` is too late. `channel` isn't open yet:
   * it is there to be remembered.
   */
  readonly authorise?:
    | ((peerKey: Uint8Array, channel: PendingChannel) => boolean | Promise<boolean>)
    | undefined
  readonly anyPeer?: undefined
  readonly key?: undefined
}

/** The same with any peer that proves a key, whichever that is. */
export interface AnyPeerEncryption
  extends Pick<MutualEncryption, 'algorithm' | 'pattern' | 'identity' | 'tokens' | 'token' | 'server'> {
  /**
   * The opening side of `XX` says so when it has neither `peerKey` nor `authorise`: it takes every server, also that of a man in the middle. On
   * the accepting side it says in words what is so without it.
   */
  readonly anyPeer: true
  readonly peerKey?: undefined
  readonly authorise?: undefined
  readonly key?: undefined
}

/** The accepting side of `NK`, in which the opening side proves nothing. */
export interface AnonymousAccepting
  extends Pick<MutualEncryption, 'algorithm' | 'identity' | 'tokens' | 'token' | 'server'> {
  readonly pattern: 'NK'
  readonly peerKey?: undefined
  readonly authorise?: undefined
  readonly anyPeer?: undefined
  readonly key?: undefined
}

/** The opening side of `NK`, which knows the other's key before. */
export interface AnonymousOpening
  extends Pick<MutualEncryption, 'algorithm' | 'authorise' | 'tokens' | 'token' | 'server'> {
  readonly pattern: 'NK'
  /** The public key of the accepting side, 32 bytes, copied. */
  readonly peerKey: Uint8Array
  readonly identity?: undefined
  readonly anyPeer?: undefined
  readonly key?: undefined
}

/** Sides have keys of their own, and prove them. What a role of a pattern can't keep is refused. */
export type IdentityEncryption = MutualEncryption | AnyPeerEncryption | AnonymousAccepting | AnonymousOpening

/** The accepting side of connect tokens (`NKpsk0`): the opening side shows one that a login server made, and is who it was made for. */
export interface TokenAccepting extends Pick<MutualEncryption, 'algorithm' | 'identity'> {
  /**
   * What checks the tokens: a `TokenVerifier` of `@millrace/cipher`, or the options of one without primitives, copied. Used tokens are remembered by it: all
   * pipes of one `serverId` need the same verifier, or a token would be good once for each. Needs the platform's `wallMs`: `unsupported` when the pipe binds without.
   */
  readonly tokens: TokenChecker | TokenRules
  /**
   * Whether this user may have a channel; asked when the token is true, proven to be the peer's, and used up, before `accepted` and before anything is said to the peer. Default:
   * who has a token may. A promise that takes longer than `handshakeTimeoutMs` is too late. `channel` isn't open yet: it is there to be remembered.
   */
  readonly authorise?:
    | ((holder: TokenHolder, channel: PendingChannel) => boolean | Promise<boolean>)
    | undefined
  readonly token?: undefined
  readonly server?: undefined
  readonly pattern?: undefined
  readonly peerKey?: undefined
  readonly anyPeer?: undefined
  readonly key?: undefined
}

/** The opening side of connect tokens. */
export interface TokenOpening extends Pick<MutualEncryption, 'algorithm'> {
  /** What the login server gave the player, as text (`mrt1.…`) or as what `parseConnectToken` makes of it; copied. Good for one channel: another `open` needs another token. */
  readonly token: string | ConnectToken
  /** The id of the server that is opened, needed where the token names several: its key is the one that the peer has to prove. */
  readonly server?: string | undefined
  readonly tokens?: undefined
  readonly pattern?: undefined
  readonly identity?: undefined
  readonly peerKey?: undefined
  readonly authorise?: undefined
  readonly anyPeer?: undefined
  readonly key?: undefined
}

/** The opening side shows a token of a login server, which the accepting side checks without asking it. What a role can't keep is refused. */
export type TokenEncryption = TokenAccepting | TokenOpening

/** How the channels of a pipe are encrypted, from their first byte on. */
export type EncryptionOptions = SharedKeyEncryption | IdentityEncryption | TokenEncryption

const aliases = { 'chacha20-poly1305': 'ChaChaPoly', 'aes-256-gcm': 'AESGCM' } as const

/** The full name of the suite for a pattern. Throws `argument-invalid` for an algorithm that there isn't. */
export function suiteOf(pattern: string, algorithm: EncryptionAlgorithm | undefined, where: string): string {
  const name = algorithm ?? 'chacha20-poly1305'
  if (Object.hasOwn(aliases, name))
    return `Noise_${pattern}_25519_${aliases[name as keyof typeof aliases]}_SHA256`
  if (/^Noise_[A-Za-z0-9+]+_25519_(ChaChaPoly|AESGCM)_(SHA256|BLAKE2b|BLAKE2s)$/.test(name)) {
    if (name.startsWith(`Noise_${pattern}_`)) return name
    throw new MillraceError(
      'argument-invalid',
      `${where}: the suite for this is Noise_${pattern}_…; got '${name}'`,
    )
  }
  const known = Object.keys(aliases).join("', '")
  throw new MillraceError(
    'argument-invalid',
    `${where}: algorithm is '${known}' or a Noise suite; got '${String(algorithm)}'`,
  )
}
