import { type Encryption, type EncryptionOptions, encryptionValue } from '@millrace/core'
import { nodePlatform } from '@millrace/transports/node-platform'

/**
 * Encryption as a value: `{ encryption: noise({ key }) }` says the same as `{ encryption: { key } }`. Its code is imported when the first
 * pipe that has it binds or opens. Keys are copied, and shown by neither inspection nor JSON. Throws `argument-invalid` for options that neither role can keep.
 */
export function noise(options: EncryptionOptions): Encryption {
  return encryptionValue(options, nodePlatform.encryption!, 'noise')
}
