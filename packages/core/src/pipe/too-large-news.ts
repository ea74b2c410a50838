import { MillraceError } from '../base/millrace-error.ts'
import type { Conversation } from '../channel/conversation.ts'
import { RareNews } from './rare-news.ts'

/** Says once a channel, and once a second, that messages are larger than a peer takes. */
export class TooLargeNews {
  readonly #news = new RareNews()

  /** What to tell of a message that was not sent and is counted already; undefined: nothing. */
  about(
    conversation: Conversation,
    key: string,
    peerSizeMax: number | undefined,
    now: number,
  ): MillraceError | undefined {
    if (conversation.overflow.tooLarge !== 1) return undefined
    const count = this.#news.happened(now)
    if (count === 0) return undefined
    const more = count === 1 ? '' : `; it was the same with ${count - 1} more channels`
    const text = `channel ${conversation.describe()}: '${key}' was not sent, as it is above the peer's messageSizeMax (${peerSizeMax ?? '?'} bytes); later ones are only counted (tooLarge)${more}`
    return new MillraceError('message-too-large', text)
  }
}
