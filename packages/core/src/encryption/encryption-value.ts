import type { EncryptionOptions } from '../base/encryption-options.ts'
import { parseEncryption } from '../base/parse-encryption.ts'
import type { Encryption, EncryptionLoader } from '../ports/encryption.ts'

/**
 * Encryption as a value, of options and what brings the code for them. Keys are copied, and neither inspection nor JSON shows them. `where`
 * begins the texts of errors. Throws `argument-invalid` for options that neither role can keep.
 */
export function encryptionValue(
  options: EncryptionOptions,
  loader: EncryptionLoader,
  where = 'encryption',
): Encryption {
  return new EncryptionValue(parseEncryption(options, where, loader.tokens), loader)
}

class EncryptionValue implements Encryption {
  readonly kind = 'encryption'
  readonly loader: EncryptionLoader
  readonly #options: EncryptionOptions

  constructor(options: EncryptionOptions, loader: EncryptionLoader) {
    this.#options = options
    this.loader = loader
    // As a member of the class, its computed name would keep the class in every bundle.
    Object.defineProperty(this, Symbol.for('nodejs.util.inspect.custom'), { value: () => '[encryption]' })
  }

  get options(): EncryptionOptions {
    return this.#options
  }
}
