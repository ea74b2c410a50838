import type { Goodbye } from '@millrace/wire'

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
