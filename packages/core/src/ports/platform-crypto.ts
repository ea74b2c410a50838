import type { Platform } from './platform.ts'

/** What encryption needs of a platform: unpredictable bytes, and the ciphers if there are any. */
export type PlatformCrypto = Pick<Platform, 'random' | 'primitives'>
