import type { EncryptionOptions } from '../base/encryption-options.ts'
import type { Channel } from '../channel/channel.ts'
import { checkEncryption, type HandshakeSide, planHandshake } from '../encryption/encryption.ts'
import { SealedLink } from '../encryption/sealed-link.ts'
import type { Link } from '../ports/transport.ts'
import { deferredMax, type Turns } from '../turn/turns.ts'
import type { ChannelRegistry } from './channel-registry.ts'

/** How a pipe encrypts its links. */
export class PipeEncryption {
  readonly #options: EncryptionOptions

  /** Throws `argument-invalid` for options that make no sense in any role. */
  constructor(options: EncryptionOptions) {
    checkEncryption(options, 'encryption')
    this.#options = options
  }

  /** Throws `argument-invalid` when the keys for this role are not there: better now than when somebody comes. */
  expectKeys(role: 'accepted' | 'opened', registry: ChannelRegistry): void {
    planHandshake(this.#options, role, registry.crypto, '').handshake.abandon()
  }

  /** A link over this one that encrypts from the first byte on. `channel` gives the channel to be, for `authorise`. */
  over(link: Link, role: 'accepted' | 'opened', registry: ChannelRegistry, channel: () => Channel): Link {
    const { pool, turns, limits } = registry
    return new SealedLink(link, { pool, turns, limits, ...this.side(role, registry, channel) })
  }

  /** What one end needs for its handshake. */
  side(role: 'accepted' | 'opened', registry: ChannelRegistry, channel: () => Channel): HandshakeSide {
    const options = this.#options
    const plan = planHandshake(options, role, registry.crypto, 'pipe')
    const authorise = 'authorise' in options ? options.authorise : undefined
    return authorise === undefined
      ? { plan }
      : { plan, authorise: (key: Uint8Array) => askInTurn(registry.turns, () => authorise(key, channel())) }
  }
}

/** Asks a function of the program when it may be called. */
function askInTurn(turns: Turns, ask: () => boolean | Promise<boolean>): boolean | Promise<boolean> {
  if (turns.mayCall) return ask()
  if (turns.deferredCount >= deferredMax)
    throw new Error('the program has no turns, and too many wait for one')
  return new Promise((resolve, reject) => {
    turns.defer(() => {
      try {
        resolve(ask())
      } catch (error) {
        reject(error)
      }
    })
  })
}
