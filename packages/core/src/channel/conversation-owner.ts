import type { CloseReason } from '../base/close-reason.ts'
import type { OverflowPolicy, PipeLimits } from '../base/options.ts'
import type { Turns } from '../turn/turns.ts'
import type { ByteAccount } from './byte-account.ts'

/** What a conversation needs of the pipe that owns it. `Told`: the conversation itself, as its file imports this one. */
export interface ConversationOwner<Told> {
  readonly limits: PipeLimits
  readonly turns: Turns
  readonly overflow: OverflowPolicy
  /** What all channels of the factory hold; undefined where none are accepted. */
  readonly account: ByteAccount | undefined
  opened(conversation: Told): void
  /** The channel has ended: told exactly once. */
  ended(conversation: Told, reason: CloseReason): void
  /** Something that isn't the channel's end went wrong: by default, a handler of the program threw. */
  failed(text: string, cause: unknown, conversation: Told): void
  overflowed(conversation: Told, queued: { readonly bytes: number; readonly messages: number }): void
  /** A message of this key was not sent: the peer takes at most `peerSizeMax` bytes, if it is known how many. */
  tooLarge(conversation: Told, key: string, peerSizeMax: number | undefined): void
  /** A message of this number was dropped by its rate, in the turn of the pipe: does what the pipe does then. */
  limited(conversation: Told, number: number): void
}
