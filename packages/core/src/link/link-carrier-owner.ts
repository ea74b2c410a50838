import type { BlockPool } from '@millrace/buffer'
import type { Goodbye } from '@millrace/wire'
import type { HeartbeatTimes, PipeLimits } from '../base/options.ts'
import type { Conversation } from '../channel/conversation.ts'
import type { PlatformCrypto } from '../ports/platform-crypto.ts'
import type { Turns } from '../turn/turns.ts'
import type { IncompleteFrames } from './incomplete-frames.ts'

/** What a carrier needs of the pipe of its channel. */
export interface LinkCarrierOwner {
  readonly limits: PipeLimits
  readonly turns: Turns
  readonly pool: BlockPool
  /** The frames that have begun and not ended, of all channels of the factory; undefined where none are accepted. */
  readonly incomplete: IncompleteFrames | undefined
  /** What the platform lends for encryption. */
  readonly crypto: PlatformCrypto
  /** The heartbeat of its channels, if they have one. */
  readonly heartbeat: HeartbeatTimes | undefined
  /**
   * Whether this channel may open, with what its opener said about itself; if not, what the peer is told. `later`: the program has not
   * decided; `decided` is called when it has, and the next question gets the answer.
   */
  admit(conversation: Conversation, data: Uint8Array, decided: () => void): 'yes' | 'later' | Goodbye
  /** The link of an ended channel is gone too. */
  linkGone(conversation: Conversation): void
}
