/** The one error class of this package. A message says what was wrong and what would be right, and never holds a key, a secret or a plaintext. */

/**
 * Why something was refused.
 *
 * - Asking wrongly: `size`, `name`, `missing`, `unexpected`, `option`, `turn`, `unsupported`
 * - What the other side sent: `malformed`, `not-authentic`, `low-order`, `expired`, `replayed`
 * - An end: `failed` (an earlier error ended the machine), `used` (it was handed on and can't be used again), `exhausted` (a
 *   counter or a limit of one key is reached), `closed`
 */
export type CipherErrorCode =
  /** Some bytes that the caller gave have the wrong size: a key, a nonce, an output buffer, a payload. */
  | 'size'
  /** No suite, pattern, cipher or hash of this name. */
  | 'name'
  /** Something that the pattern or the call needs wasn't given: a static key, a pre-shared key. */
  | 'missing'
  /** Something was given that the pattern or the call has no use for. */
  | 'unexpected'
  /** An option is out of its range. */
  | 'option'
  /** It is the other side's turn, or the handshake is already complete, or not yet. */
  | 'turn'
  /** The implementation handed in lacks this primitive. */
  | 'unsupported'
  /** Bytes of the other side are too short, too long or not of the shape that was expected. */
  | 'malformed'
  /** A tag didn't match: a wrong key, other options on the other side, or changed bytes. */
  | 'not-authentic'
  /** The other side's public key is a point of low order: the shared secret would be all zeros. */
  | 'low-order'
  /** What was presented is no longer valid, or not yet. */
  | 'expired'
  /** What was presented has been seen before. */
  | 'replayed'
  /** An earlier error ended this machine for ever. */
  | 'failed'
  /** This machine was used up: a handshake after `split()`. */
  | 'used'
  /** A counter or a limit of one key is reached: rekey or begin anew. */
  | 'exhausted'
  /** The conversation was closed before. */
  | 'closed'

/** Everything that this package throws. */
export class CipherError extends Error {
  override readonly name = 'CipherError'
  readonly code: CipherErrorCode

  constructor(code: CipherErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
