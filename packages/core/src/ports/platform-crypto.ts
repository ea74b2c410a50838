import type { Platform } from './platform.ts'

/** What encryption needs of a platform: unpredictable bytes, and the code if there is any. */
export type PlatformCrypto = Pick<Platform, 'random' | 'encryption'>
