import type { Primitives } from '@millrace/cipher'

/** What a platform lends for encryption. */
export interface PlatformCrypto {
  readonly primitives: Primitives
  /** Unpredictable bytes of a cryptographic source. */
  random(size: number): Uint8Array
}
