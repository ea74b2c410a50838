import type { Primitives } from '@millrace/cipher'
import type { Platform } from './platform.ts'

/** What encryption needs of a platform. */
export interface PlatformCrypto {
  readonly primitives: Primitives
  /** Unpredictable bytes of a cryptographic source. */
  random(size: number): Uint8Array
}

/** The part of a platform that encryption needs; undefined where there are no ciphers. */
export function cryptoOf(platform: Platform): PlatformCrypto | undefined {
  const { primitives } = platform
  return primitives === undefined ? undefined : { primitives, random: (size) => platform.random(size) }
}
