/** What a platform that has no encryption of its own brings along. */
export { noblePrimitives } from '@millrace/cipher'
export { noise } from '@millrace/core/noise'
export { open } from './opening.ts'
