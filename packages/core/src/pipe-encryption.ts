import type { Channel } from './channel.ts'
import type { ChannelBook } from './channel-book.ts'
import { checkEncryption, type EncryptionOptions, planHandshake } from './encryption.ts'
import type { Platform } from './platform.ts'
import { SealedLink } from './sealed-link.ts'
import type { Link } from './transport.ts'

/** How a pipe encrypts its links. */
export class PipeEncryption {
  readonly #options: EncryptionOptions

  /** Throws `argument-invalid` for options that make no sense in any role. */
  constructor(options: EncryptionOptions) {
    checkEncryption(options, 'encryption')
    this.#options = options
  }

  /** Throws `argument-invalid` when the keys for this role are not there: better now than when somebody comes. */
  expectKeys(role: 'accepted' | 'opened', platform: Platform): void {
    planHandshake(this.#options, role, platform.crypto, '').handshake.abandon()
  }

  /** A link over this one that encrypts from the first byte on. `channel` gives the channel to be, for `authorise`. */
  over(
    link: Link,
    role: 'accepted' | 'opened',
    platform: Platform,
    book: ChannelBook,
    channel: () => Channel,
  ): Link {
    const options = this.#options
    const authorise = 'authorise' in options ? options.authorise : undefined
    return new SealedLink(link, {
      pool: book.pool,
      now: () => book.turns.loop.now(),
      plan: planHandshake(options, role, platform.crypto, 'pipe'),
      ...(authorise === undefined ? {} : { authorise: (key: Uint8Array) => authorise(key, channel()) }),
    })
  }
}
