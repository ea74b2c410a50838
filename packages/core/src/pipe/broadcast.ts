import type { KeyTable } from '../base/key-table.ts'
import { misuse, sideOf } from '../base/message-traits.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { MessageSender, SendResult } from '../channel/carrier.ts'
import type { Conversation } from '../channel/conversation.ts'

/**
 * Sends one message on many conversations, encoding it once, and returns how many took it. Throws `argument-invalid` for a request, and what
 * `send` throws when it would throw on every one. What throws on some is told to the first of them, and the others are served.
 */
export function broadcast(
  keys: KeyTable,
  key: string,
  body: unknown,
  conversations: Iterable<Conversation>,
): number {
  const number = keys.number(key)
  const traits = keys.traits(number)
  const { kind, from } = traits
  if (kind === 'request')
    throw new MillraceError('argument-invalid', misuse(key, traits, 'message', 'client'))
  let shared: Uint8Array | undefined
  let asked = 0
  let taken = 0
  const failures: { readonly conversation: Conversation; readonly error: unknown }[] = []
  for (const conversation of conversations) {
    if (from !== 'either' && from !== sideOf(conversation.role)) continue
    const { sender } = conversation.carrier
    asked++
    try {
      shared ??= sender.encodeShared(number, body)
      if (sendOne(sender, number, body, shared) === 'queued') taken++
    } catch (error) {
      failures.push({ conversation, error })
    }
  }
  if (failures.length === 0) return taken
  const [{ conversation, error }] = failures
  if (failures.length === asked) throw error
  conversation.failed(`the broadcast of '${key}' failed on ${failures.length} of ${asked} channels`, error)
  return taken
}

function sendOne(
  sender: MessageSender,
  number: number,
  body: unknown,
  shared: Uint8Array | undefined,
): SendResult {
  return shared === undefined ? sender.send(number, body) : sender.sendShared(number, body, shared)
}
