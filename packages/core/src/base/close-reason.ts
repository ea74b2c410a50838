import type { TokenRefusal } from '@millrace/cipher'
import { type Goodbye, type GoodbyeCode, goodbyeCodes } from '@millrace/wire'
import { EncryptionFailure } from './encryption-failure.ts'
import { causeText, MillraceError, type MillraceErrorCode } from './millrace-error.ts'
import { printable } from './printable.ts'

/** Every way a channel can end. Each channel has exactly one, told exactly once. */
export type CloseReason =
  /**
   * One side called `close`. The other was told, and everything sent before had arrived there (`by: 'remote'`); the side that called it (`'local'`) knows
   * that the peer ended, or had its time to. `why` is Millrace's own reason (`closed`: the program's), `appCode` and `text` are what the program said:
   * `close({ code: 4001, text: 'banned' })`. `appCode` is 0 if it said no code.
   */
  | {
      readonly code: 'closed'
      readonly by: 'local' | 'remote'
      readonly why: GoodbyeCode
      readonly appCode: number
      readonly text: string
    }
  /** This side called `destroy`, on the channel or on its pipe: what was on its way may be lost. */
  | { readonly code: 'destroyed' }
  /** The peer refused the channel: it is full, shutting down, speaks something else, or its program does not admit it. */
  | {
      readonly code: 'refused'
      readonly why: GoodbyeCode
      /** What the peer's program said as a number; 0: nothing. */
      readonly appCode: number
      readonly text: string
    }
  /** The peer didn't say hello within `handshakeTimeoutMs`. */
  | { readonly code: 'handshake-timeout'; readonly timeoutMs: number }
  /** Nothing was heard of the peer for longer than the heartbeat's timeout. */
  | { readonly code: 'heartbeat-timeout'; readonly silentMs: number }
  /** The peer broke the protocol; `what` says how. */
  | { readonly code: 'protocol-violation'; readonly what: string }
  /** The peer speaks another codec. */
  | { readonly code: 'protocol-mismatch'; readonly text: string }
  /** The peer has another contract; `text` says which message differs and which side is older. */
  | {
      readonly code: 'contract-mismatch'
      readonly text: string
      readonly older: 'mine' | 'theirs' | 'unknown'
    }
  /** More than the high-water mark was waiting, and the channel's policy is `close`: bytes over a link, messages on a local channel. */
  | { readonly code: 'overflow'; readonly queuedBytes: number; readonly queuedMessages: number }
  /** The peer took nothing for `stallTimeoutMs` although something was waiting for it. */
  | { readonly code: 'slow-reader'; readonly queuedBytes: number; readonly stalledMs: number }
  /** More was received than the limits let wait (`receiveHighWaterBytes`, and one message), over a link that can't pause. */
  | { readonly code: 'receive-overflow'; readonly storedBytes: number }
  /** The peer sent more messages of this key than its rate allows, and the pipe's `overRate` is `close`; '': of all keys together. `rate`: a second; `burst`: at once. */
  | { readonly code: 'message-rate'; readonly key: string; readonly rate: number; readonly burst: number }
  /** All channels of the factory together held more than its `bytesMax`, and this one most of it: the bytes that it held for its peer, and all of them. */
  | { readonly code: 'total-overflow'; readonly heldBytes: number; readonly totalBytes: number }
  /** What came was not what the peer sealed, or the peer is not who it should be; `what` says which, `tokenRefusal` why its connect token was refused, if it was. */
  | {
      readonly code: 'encryption-failed'
      readonly what: string
      readonly tokenRefusal?: TokenRefusal | undefined
    }
  /** The link ended without a goodbye: the peer died, or the connection was cut. */
  | { readonly code: 'link-ended' }
  /** The link reported an error. */
  | { readonly code: 'link-failed'; readonly cause: unknown }

/**
 * Why a channel ends when its link is gone, with an error if it has one. A channel that is closing ends as it was `asked` to, unless what
 * the peer still sends is tampered with.
 */
export function linkReason(error: unknown, asked?: CloseReason): CloseReason {
  const failure = error instanceof EncryptionFailure ? error : undefined
  if (failure?.kind === 'refused') {
    const { kind: _, ...told } = failure
    return { code: 'encryption-failed', ...told }
  }
  return asked ?? (failure === undefined ? { code: 'link-failed', cause: error } : { code: 'link-ended' })
}

/** A close reason in words, in one line: what the peer said stands escaped in it. */
export function describeReason(reason: CloseReason): string {
  return printable(wordsFor(reason))
}

function wordsFor(reason: CloseReason): string {
  switch (reason.code) {
    case 'closed':
      return `closed by the ${reason.by} side${wordsOf(reason)}`
    case 'destroyed':
      return 'destroyed by the local side'
    case 'refused':
      return `refused by the peer${wordsOf(reason)}`
    case 'handshake-timeout':
      return `the peer did not say hello within ${reason.timeoutMs} ms`
    case 'heartbeat-timeout':
      return `the peer was silent for ${Math.round(reason.silentMs)} ms`
    case 'protocol-violation':
      return `the peer broke the protocol: ${reason.what}`
    case 'protocol-mismatch':
    case 'contract-mismatch':
      return reason.text
    case 'overflow':
      return reason.queuedMessages > 0
        ? `${reason.queuedMessages} messages were waiting (localQueueMax)`
        : `${reason.queuedBytes} bytes were waiting, more than the high-water mark`
    case 'slow-reader':
      return `the peer took nothing for ${Math.round(reason.stalledMs)} ms while ${reason.queuedBytes} bytes waited`
    case 'receive-overflow':
      return `${reason.storedBytes} received bytes were waiting, more than there was room for`
    case 'message-rate':
      return `${overRateText(reason.key)}: ${reason.rate} a second, ${reason.burst} at once`
    case 'total-overflow':
      return `${reason.heldBytes} bytes were waiting, more than all channels together had room for`
    case 'encryption-failed':
      return `the encryption failed: ${reason.what}`
    case 'link-ended':
      return 'the connection ended without a goodbye'
    case 'link-failed':
      return `the connection failed: ${causeText(reason.cause)}`
  }
}

/** What came too often, in words; '': of whatever key. */
export function overRateText(key = ''): string {
  return `more ${key === '' ? '' : `of '${key}' `}came than the rate allows`
}

/** What was said at the end: Millrace's reason if it isn't the program's, the program's code, its text. */
function wordsOf({
  why,
  appCode,
  text,
}: Pick<CloseReason & { code: 'refused' }, 'why' | 'appCode' | 'text'>): string {
  const codes = [...(why === 'closed' ? [] : [why]), ...(appCode === 0 ? [] : [appCode])].join(', ')
  return `${codes === '' ? '' : ` (${codes})`}${text === '' ? '' : `: ${text}`}`
}

/** The error of a caller that waited for a channel, which ended for this reason instead. */
export function reasonError(reason: CloseReason, what: string): MillraceError {
  // `cause`, `appCode` and `tokenRefusal` are called the same in both.
  const options: object = reason
  return new MillraceError(errorCode(reason), `${what}: ${describeReason(reason)}`, options)
}

/** Refusals of which the error has the same name. */
const refusals = ['channel-limit', 'not-admitted', 'protocol-mismatch', 'contract-mismatch'] as const

function errorCode(reason: CloseReason): MillraceErrorCode {
  switch (reason.code) {
    case 'refused':
      return refusals.find((code) => code === reason.why) ?? 'handshake-failed'
    case 'protocol-mismatch':
    case 'contract-mismatch':
    case 'encryption-failed':
      return reason.code
    case 'handshake-timeout':
    case 'protocol-violation':
      return 'handshake-failed'
    case 'link-ended':
    case 'link-failed':
      return 'link-failed'
    default:
      return 'channel-closed'
  }
}

/** What the peer is told when a channel ends for this reason. */
export function goodbyeOf(reason: CloseReason): Goodbye {
  if (reason.code === 'refused') return { code: reason.why, appCode: reason.appCode, text: reason.text }
  const text = reason.code === 'encryption-failed' ? reason.what : describeReason(reason)
  return { code: goodbyeCode(reason), appCode: 0, text }
}

function goodbyeCode(reason: CloseReason): GoodbyeCode {
  switch (reason.code) {
    case 'slow-reader':
    case 'receive-overflow':
    case 'total-overflow':
      return 'overflow'
    case 'handshake-timeout':
    case 'heartbeat-timeout':
      return 'timeout'
    case 'closed':
      return reason.why
    default:
      // Most have one of the same name.
      return goodbyeCodes.find((code) => code === reason.code) ?? 'closed'
  }
}
