import type { Platform } from './platform.ts'

/** What encryption needs of a platform: unpredictable bytes, the code if there is any, and the time of day for tokens. */
export type PlatformCrypto = Pick<Platform, 'random' | 'encryption' | 'wallMs'>
