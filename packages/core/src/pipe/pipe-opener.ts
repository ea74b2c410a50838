import { MillraceError } from '../base/millrace-error.ts'
import type { Channel } from '../channel/channel.ts'
import { Attempt } from './attempt.ts'
import { checkOpening, connectLink, copyOpenData, greet, type OpenOptions, startCarrier } from './opening.ts'
import type { PipeParts, Settled } from './settled.ts'

/** What an opener needs of its pipe. */
export interface PipeOpenerOwner {
  readonly isEnding: boolean
  describe(): string
}

/** Opens the channels of a pipe. */
export class PipeOpener {
  readonly #owner: PipeOpenerOwner
  readonly #parts: PipeParts
  #attempts: Set<Attempt> | undefined

  constructor(owner: PipeOpenerOwner, parts: PipeParts) {
    this.#owner = owner
    this.#parts = parts
  }

  /** Opens one. Rejects with a typed error that says why not, or with what `abort` was given. */
  async open(where: 'remote' | 'local', options: OpenOptions, settled: Settled): Promise<Channel> {
    const { services, encryption } = this.#parts
    const { target, transport, registry } = settled
    const { limits } = registry
    const owner = this.#owner
    checkOpening(where, target, transport)
    encryption?.expectRole('opened')
    if (encryption?.isLoaded === false) await encryption.load()
    const data = copyOpenData(options.data)
    if (owner.isEnding)
      throw new MillraceError('not-bound', `${owner.describe()}: it is closing or destroyed`)
    registry.checkRoom(owner.describe())
    encryption?.expectKeys('opened', registry)
    const { address } = target
    const isLocal = where === 'local' || transport.carries === 'messages'
    const times = isLocal ? { ...limits, connectTimeoutMs: undefined } : limits
    const attempt = new Attempt(registry.turns, times, address.text, options.signal)
    this.#attempts ??= new Set()
    this.#attempts.add(attempt)
    try {
      if (isLocal) {
        const openLocal = services.localOpener()
        if (openLocal === undefined)
          throw new MillraceError('unsupported', "local channels want a factory with add('local', local())")
        return await openLocal({ registry, encryption }, target, services.boundAt(target), attempt, data)
      }
      const link = await connectLink(transport, address, attempt.signal, registry)
      return await greet(attempt, data, (opening) =>
        startCarrier(link, 'opened', settled, encryption, opening),
      )
    } finally {
      this.#attempts.delete(attempt)
      attempt.end()
    }
  }

  /** Gives up all that is under way: those calls of `open` reject for this reason. */
  abort(reason: MillraceError): void {
    // To each an error of its own, which says who asked.
    for (const attempt of this.#attempts ?? []) attempt.abort(new MillraceError(reason.code, reason.message))
  }
}
