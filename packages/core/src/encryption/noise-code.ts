import type { EncryptionOptions } from '../base/encryption-options.ts'
import type { Encryption, EncryptionCode, EncryptionLoader } from '../ports/encryption.ts'
import { isCipherError } from './cipher-error.ts'
import { encryptionLoader } from './encryption-loader.ts'
import { encryptionValue } from './encryption-value.ts'
import { type NoiseCrypto, prepareHandshakes } from './handshake-plan.ts'
import { handshakeLocally, handshakeWithAuthorisation } from './local-handshake.ts'
import { SealedLink } from './sealed-link.ts'

/** The code that encrypts channels by the Noise protocol framework. A platform brings it by an `EncryptionLoader`. */
export function noiseCode(crypto: NoiseCrypto): EncryptionCode {
  return {
    prepare: (options, role) => prepareHandshakes(options, role, crypto),
    plan: (options, role, prologue) => prepareHandshakes(options, role, crypto).plan(prologue, {}),
    seal: (link, options) => link.sealed?.(link, options) ?? new SealedLink(link, options),
    sealFromHere: (link, options, owner) => SealedLink.begin(link, options, owner),
    meet: handshakeLocally,
    meetAsking: handshakeWithAuthorisation,
    failureOf: (error) => (isCipherError(error) ? error.message : undefined),
  }
}

/** A loader for a platform that has the code already. */
export function noiseLoader(crypto: NoiseCrypto): EncryptionLoader {
  const code = noiseCode(crypto)
  return encryptionLoader(() => Promise.resolve(code), code, crypto.tokens)
}

/**
 * Encryption as a value that brings its code with it, for platforms that have none: `encryption: noise({ key }, crypto)`.
 * Keys are copied. Throws `argument-invalid` for options that neither role can keep.
 */
export function noise(options: EncryptionOptions, crypto: NoiseCrypto): Encryption {
  return encryptionValue(options, noiseLoader(crypto), 'noise')
}
