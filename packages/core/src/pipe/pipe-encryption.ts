import { checkEncryption, type EncryptionOptions } from '../base/encryption-options.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { Channel } from '../channel/channel.ts'
import type { Encryption, EncryptionCode, EncryptionLoader, HandshakeSide } from '../ports/encryption.ts'
import type { Link } from '../ports/transport.ts'
import { deferredMax, type Turns } from '../turn/turns.ts'
import type { ChannelRegistry } from './channel-registry.ts'

/** How a pipe encrypts its links. Its code is loaded when the pipe is bound or opens for the first time. */
export class PipeEncryption {
  readonly #options: EncryptionOptions
  readonly #loader: EncryptionLoader
  #code: EncryptionCode | undefined

  /**
   * `platform` brings the code for options that bring none. Throws `argument-invalid` for options that make no sense in any role, and
   * `unsupported` without code.
   */
  constructor(encryption: EncryptionOptions | Encryption, platform: EncryptionLoader | undefined) {
    const value = isEncryption(encryption) ? encryption : undefined
    this.#options = value?.options ?? (encryption as EncryptionOptions)
    checkEncryption(this.#options, 'encryption')
    const loader = value?.loader ?? platform
    if (loader === undefined) {
      const text = 'this platform brings no code that encrypts: noise(options) of @millrace/core/noise does'
      throw new MillraceError('unsupported', text)
    }
    this.#loader = loader
    this.#code = loader.loaded
  }

  /** The code, once `load` has resolved. */
  get code(): EncryptionCode {
    if (this.#code === undefined)
      throw new MillraceError('unsupported', 'the code that encrypts is not loaded')
    return this.#code
  }

  /** Whether `load` must be awaited first. */
  get isLoaded(): boolean {
    return this.#code !== undefined
  }

  async load(): Promise<void> {
    this.#code = await this.#loader.load()
  }

  /** Throws `argument-invalid` when the keys for this role are not there: better now than at the first connection. */
  expectKeys(role: 'accepted' | 'opened'): void {
    this.code.plan(this.#options, role, '').handshake.abandon()
  }

  /** A link over this one that encrypts from the first byte on. `channel` gives the channel to be, for `authorise`. */
  over(link: Link, role: 'accepted' | 'opened', registry: ChannelRegistry, channel: () => Channel): Link {
    const { pool, turns, limits } = registry
    return this.code.seal(link, { pool, turns, limits, ...this.side(role, registry, channel) })
  }

  /** What one end needs for its handshake. */
  side(role: 'accepted' | 'opened', registry: ChannelRegistry, channel: () => Channel): HandshakeSide {
    const options = this.#options
    const plan = this.code.plan(options, role, 'pipe')
    const authorise = 'authorise' in options ? options.authorise : undefined
    return authorise === undefined
      ? { plan }
      : { plan, authorise: (key: Uint8Array) => askInTurn(registry.turns, () => authorise(key, channel())) }
  }
}

function isEncryption(value: EncryptionOptions | Encryption): value is Encryption {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'encryption'
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
