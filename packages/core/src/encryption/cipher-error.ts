import type { CipherError } from '@millrace/cipher'

/** Whether a handshake or a record failed for a reason of its own. By name: primitives may come with another copy of the package. */
export function isCipherError(error: unknown): error is CipherError {
  return error instanceof Error && error.name === 'CipherError'
}
