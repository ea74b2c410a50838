/** The code that encrypts channels: a door of its own, so that a program which doesn't encrypt doesn't load it. */
export type { NoiseCrypto } from './encryption/handshake-plan.ts'
export { noise, noiseCode, noiseLoader } from './encryption/noise-code.ts'
