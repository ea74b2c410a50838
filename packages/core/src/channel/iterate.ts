import { MillraceError } from '../base/millrace-error.ts'
import type { Conversation } from './conversation.ts'
import { Inbox, type Waiting } from './inbox.ts'

/**
 * All messages of a conversation from now on. Up to `countMax` wait for the reader; those that it has not read when the loop is left count as
 * `unhandled`. Throws `already-open` for a second reader.
 */
export function iterate(conversation: Conversation, countMax: number): AsyncIterableIterator<Waiting> {
  const { dispatch } = conversation
  if (dispatch.inbox !== undefined)
    throw new MillraceError('already-open', 'this channel is being iterated already')
  const leave = (unread: number) => {
    dispatch.listen(undefined)
    dispatch.unhandled += unread
    conversation.goOn('reading')
  }
  const inbox = new Inbox(countMax, conversation, leave)
  if (conversation.reason === undefined) dispatch.listen(inbox)
  else inbox.end()
  const iterator: AsyncIterableIterator<Waiting> = {
    next: () => inbox.next(),
    return: () => inbox.return(),
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}
