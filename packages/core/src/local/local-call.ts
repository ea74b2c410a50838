import type { Goodbye } from '@millrace/wire'
import { type CloseReason, goodbyeOf } from '../base/close-reason.ts'

/** What a program says when it closes. */
export type CloseTold = Pick<Goodbye, 'appCode' | 'text'>

/** What lies in the queue in place of a body that belongs to a call. */
export class Call {
  readonly kind: 'request' | 'reply' | 'fault' | 'close'
  readonly id: number
  readonly body: unknown

  constructor(kind: 'request' | 'reply' | 'fault' | 'close', id: number, body: unknown) {
    this.kind = kind
    this.id = id
    this.body = body
  }
}

/** Whether it answers a request. */
export function isReply({ kind }: Call): boolean {
  return kind === 'reply' || kind === 'fault'
}

/** Why an end has ended when it, or the other one, was closed with these words. */
export function closed(by: 'local' | 'remote', words: CloseTold): CloseReason & { code: 'closed' } {
  return { code: 'closed', by, why: 'closed', ...words }
}

/** Reasons that the other end hears as a close. */
const toldAsClosed: ReadonlySet<string> = new Set(['closed', 'overflow', 'total-overflow', 'message-rate'])

/** Why the other end has ended when this one fails; that a channel could not be is the same for both. */
export function toldOf(reason: CloseReason): CloseReason {
  if (!toldAsClosed.has(reason.code)) return reason
  const { code: why, appCode, text } = goodbyeOf(reason)
  return { ...closed('remote', { appCode, text }), why }
}
