import type { TokenRefusal } from '@millrace/cipher'
import { sharedByCopies } from './copies.ts'
import { printable } from './printable.ts'

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
  | 'message-rate'
  | 'message-too-large'
  | 'name-taken'
  | 'not-admitted'
  | 'not-bound'
  | 'protocol-mismatch'
  | 'protocol-unknown'
  | 'proto-mismatch'
  | 'rate-limit'
  | 'request-failed'
  | 'request-limit'
  | 'request-timeout'
  | 'transport-unknown'
  | 'unsupported'

/**
 * Every error that Millrace makes: `code` says which, `message` what was wrong and what would be right, in one line, `cause` what led to
 * it. What a peer said stands escaped in the message. `instanceof` holds for those of another copy of this package, too.
 */
export class MillraceError extends Error {
  static {
    sharedByCopies(MillraceError, 'MillraceError')
  }

  readonly code: MillraceErrorCode
  /** What the peer's program said as a number when it refused or closed the channel; 0: nothing. */
  readonly appCode: number

  /** Why the connect token of a peer was refused; undefined for all other errors. */
  declare readonly tokenRefusal?: TokenRefusal

  constructor(
    code: MillraceErrorCode,
    message: string,
    options?: { cause?: unknown; appCode?: number; tokenRefusal?: TokenRefusal | undefined },
  ) {
    super(printable(message || code), options)
    this.name = 'MillraceError'
    this.code = code
    this.appCode = options?.appCode ?? 0
    if (options?.tokenRefusal !== undefined) this.tokenRefusal = options.tokenRefusal
  }
}

/** An error of several says so many of their reasons. */
const reasonsMax = 4

/** What a thrown value says of itself, in one line; never nothing, and never throws. An error of several gives the reasons of each. */
export function causeText(cause: unknown): string {
  try {
    return printable(textOf(cause))
  } catch {
    return 'an object without a text'
  }
}

function textOf(cause: unknown): string {
  if (!(cause instanceof AggregateError) || cause.errors.length === 0) return ownText(cause)
  const reasons = [...new Set(cause.errors.map(ownText))]
  const more = reasons.length - reasonsMax
  if (more > 0) reasons.splice(reasonsMax, more, `and ${more} more`)
  const text = reasons.join('; ')
  return cause.message === '' ? text : `${cause.message}: ${text}`
}

function ownText(cause: unknown): string {
  if (cause instanceof Error) {
    const { message, code, name } = cause as Error & { readonly code?: unknown }
    return message !== '' ? String(message) : typeof code === 'string' ? code : name
  }
  return cause === '' ? "''" : String(cause)
}
