/** What went wrong, by a name that programs can switch over. */
export type MillraceErrorCode =
  | 'address-in-use'
  | 'address-invalid'
  | 'already-open'
  | 'argument-invalid'
  | 'channel-closed'
  | 'channel-limit'
  | 'connect-failed'
  | 'contract-mismatch'
  | 'descriptor-limit'
  | 'encryption-failed'
  | 'handler-failed'
  | 'handshake-failed'
  | 'key-unknown'
  | 'link-failed'
  | 'listen-failed'
  | 'message-too-large'
  | 'name-taken'
  | 'not-bound'
  | 'protocol-mismatch'
  | 'protocol-unknown'
  | 'proto-mismatch'
  | 'request-failed'
  | 'request-limit'
  | 'request-timeout'
  | 'transport-unknown'
  | 'unsupported'

/** Every error that Millrace makes: `code` says which, `message` what was wrong and what would be right, `cause` what led to it. */
export class MillraceError extends Error {
  readonly code: MillraceErrorCode

  constructor(code: MillraceErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'MillraceError'
    this.code = code
  }
}

/** What a thrown value says of itself, in one line. */
export function causeText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
