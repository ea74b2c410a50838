import { CipherError } from '@millrace/cipher'
import { checkEncryption, type EncryptionOptions } from '../base/encryption-options.ts'
import type { Encryption, EncryptionCode, EncryptionLoader } from '../ports/encryption.ts'
import { encryptionLoader } from './encryption-loader.ts'
import { type NoiseCrypto, planHandshake } from './handshake-plan.ts'
import { handshakeLocally, handshakeWithAuthorisation } from './local-handshake.ts'
import { SealedLink } from './sealed-link.ts'

/** The code that encrypts channels by the Noise protocol framework. A platform brings it by an `EncryptionLoader`. */
export function noiseCode(crypto: NoiseCrypto): EncryptionCode {
  return {
    plan: (options, role, prologue) => planHandshake(options, role, crypto, prologue),
    seal: (link, options) => new SealedLink(link, options),
    sealFromHere: (link, options, owner) => SealedLink.begin(link, options, owner),
    meet: handshakeLocally,
    meetAsking: handshakeWithAuthorisation,
    failureOf: (error) => (error instanceof CipherError ? error.message : undefined),
  }
}

/** A loader for a platform that has the code already. */
export function noiseLoader(crypto: NoiseCrypto): EncryptionLoader {
  const code = noiseCode(crypto)
  return encryptionLoader(() => Promise.resolve(code), code)
}

/**
 * Encryption as a value that brings its code with it, for programs whose platform has none: `encryption: noise({ key }, crypto)`.
 * Throws `argument-invalid` for options that make no sense.
 */
export function noise(options: EncryptionOptions, crypto: NoiseCrypto): Encryption {
  checkEncryption(options, 'noise')
  return { kind: 'encryption', options, loader: noiseLoader(crypto) }
}
