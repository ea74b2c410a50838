import type { Encryption, EncryptionOptions } from '@millrace/core'
import { nodePlatform } from '@millrace/transports/node-platform'

/**
 * Encryption as a value: `{ encryption: noise({ key }) }` says the same as `{ encryption: { key } }`. Its code is imported when the first
 * pipe that has it binds or opens. Options that make no sense are refused by the pipe: `argument-invalid`.
 */
export function noise(options: EncryptionOptions): Encryption {
  return { kind: 'encryption', options, loader: nodePlatform.encryption! }
}
