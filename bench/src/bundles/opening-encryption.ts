/** The primitives of a platform that has none of its own. */
export { noblePrimitives } from '@millrace/cipher'
export { open } from './opening.ts'
