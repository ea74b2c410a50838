/** Keys alone: nothing behind this door loads a cipher. */
export { CipherError, type CipherErrorCode } from '../base/errors.ts'
export type { KeyPair, Primitives } from '../base/primitives.ts'
export { HiddenKeyPair } from './hidden-key-pair.ts'
export {
  keyFromText,
  keyPair,
  keyToText,
  type RandomSource,
  randomKey,
  requireKey,
  staticSecret,
} from './key.ts'
export { keyFromPassphrase, type PassphraseCost } from './passphrase.ts'
