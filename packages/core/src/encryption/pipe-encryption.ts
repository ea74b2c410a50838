import type { EncryptionOptions, PendingChannel } from '../base/encryption-options.ts'
import { MillraceError } from '../base/millrace-error.ts'
import { checkRole, parseEncryption } from '../base/parse-encryption.ts'
import type {
  EncryptedPipe,
  EncryptionCode,
  EncryptionLoader,
  HandshakeMaker,
  PipeEncryption,
  ProgramTurns,
} from '../ports/encryption.ts'
import type { Authorise, HandshakeSide } from '../ports/sealing.ts'
import type { Link } from '../ports/transport.ts'
import { deferredMax } from '../turn/turns.ts'

/** `authorise` of whichever options. */
type AuthoriseOf = (peer: Parameters<Authorise>[0], channel: PendingChannel) => ReturnType<Authorise>

/** Encrypts the links of a pipe by the code that a loader brings. */
export class LoadedEncryption implements PipeEncryption {
  readonly #options: EncryptionOptions
  readonly #loader: EncryptionLoader
  #code: EncryptionCode | undefined
  /** Of each role that the pipe has had. */
  readonly #makers: { accepted?: HandshakeMaker; opened?: HandshakeMaker } = {}

  /** Keys are copied. Throws `argument-invalid` for options that neither role can keep. */
  constructor(loader: EncryptionLoader, options: EncryptionOptions) {
    this.#options = parseEncryption(options, 'encryption', loader.tokens)
    this.#loader = loader
    this.#code = loader.loaded
  }

  get code(): EncryptionCode {
    if (this.#code === undefined)
      throw new MillraceError('unsupported', 'the code that encrypts is not loaded')
    return this.#code
  }

  get isLoaded(): boolean {
    return this.#code !== undefined
  }

  async load(): Promise<void> {
    this.#code = await this.#loader.load()
  }

  expectRole(role: 'accepted' | 'opened'): void {
    checkRole(this.#options, role, 'encryption')
  }

  expectKeys(role: 'accepted' | 'opened', { crypto }: EncryptedPipe): void {
    if (this.#options.tokens !== undefined && crypto.wallMs === undefined)
      throw new MillraceError('unsupported', 'connect tokens expire, and this platform has no wallMs')
    this.#maker(role)
  }

  over(
    link: Link,
    role: 'accepted' | 'opened',
    pipe: EncryptedPipe,
    channel: () => PendingChannel | undefined,
  ): Link {
    const { pool, turns, limits } = pipe
    return this.code.seal(link, { pool, turns, limits, ...this.side(role, pipe, channel, link.peerAddress) })
  }

  side(
    role: 'accepted' | 'opened',
    pipe: EncryptedPipe,
    channel: () => PendingChannel | undefined,
    peerAddress?: string,
  ): HandshakeSide {
    const plan = this.#maker(role).plan('pipe', pipe.crypto, peerAddress)
    // Each kind of options asks about what its handshakes prove.
    const authorise = this.#options.authorise as AuthoriseOf | undefined
    if (authorise === undefined) return { plan }
    // It may have ended while the question waited: nothing is decided by the answer then.
    const ask = (peer: Parameters<Authorise>[0]): boolean | Promise<boolean> => {
      const pending = channel()
      return pending !== undefined && authorise(peer, pending)
    }
    return { plan, authorise: (peer) => askInTurn(pipe.turns, () => ask(peer)) }
  }

  #maker(role: 'accepted' | 'opened'): HandshakeMaker {
    this.#makers[role] ??= this.code.prepare(this.#options, role)
    return this.#makers[role]
  }
}

/** Asks a function of the program when it may be called. */
function askInTurn(turns: ProgramTurns, ask: () => boolean | Promise<boolean>): boolean | Promise<boolean> {
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
