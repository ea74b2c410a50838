import { MillraceError } from '../base/millrace-error.ts'
import type { Conversation } from '../channel/conversation.ts'

/** At most one report in so many milliseconds: peers choose what they take, and how often they come. */
const intervalMs = 1000

/** Says once a channel, and once a second, that messages are larger than a peer takes. */
export class TooLargeNews {
  #toldAt = Number.NEGATIVE_INFINITY
  /** Channels that were not told of. */
  #untold = 0

  /** What to tell of a message that was not sent and is counted already; undefined: nothing. */
  about(
    conversation: Conversation,
    key: string,
    peerSizeMax: number | undefined,
    now: number,
  ): MillraceError | undefined {
    if (conversation.overflow.tooLarge !== 1) return undefined
    if (now - this.#toldAt < intervalMs) {
      this.#untold++
      return undefined
    }
    const more = this.#untold === 0 ? '' : `; it was the same with ${this.#untold} more channels`
    this.#toldAt = now
    this.#untold = 0
    const takes = peerSizeMax === undefined ? '' : ` of ${peerSizeMax} bytes`
    const text = `channel ${conversation.describe()}: '${key}' was not sent, as it is above the peer's messageSizeMax${takes}; later ones are only counted (tooLarge)${more}`
    return new MillraceError('message-too-large', text)
  }
}
