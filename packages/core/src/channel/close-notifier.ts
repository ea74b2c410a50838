import type { CloseReason } from '../base/close-reason.ts'

/** Tells those who wait for the end of a channel, exactly once: promises when it has come, functions of the program when they may be called. */
export class CloseNotifier {
  reason: CloseReason | undefined
  #promises: ((reason: CloseReason) => void)[] | undefined
  #handlers: ((reason: CloseReason) => void)[] | undefined
  #isTold = false

  /** Resolves a promise at the end, or at once if it has come. */
  settle(resolve: (reason: CloseReason) => void): void {
    if (this.reason !== undefined) resolve(this.reason)
    else if (this.#promises === undefined) this.#promises = [resolve]
    else this.#promises.push(resolve)
  }

  /** Calls `run` at the end, or at once if that was told. */
  onEnd(run: (reason: CloseReason) => void): void {
    if (this.reason !== undefined && this.#isTold) run(this.reason)
    else if (this.#handlers === undefined) this.#handlers = [run]
    else this.#handlers.push(run)
  }

  /** The end has come. Says whether functions of the program wait to be told. */
  end(reason: CloseReason): 'told' | 'untold' {
    this.reason = reason
    for (const resolve of this.#promises ?? []) resolve(reason)
    this.#promises = undefined
    this.#isTold = this.#handlers === undefined
    return this.#isTold ? 'told' : 'untold'
  }

  /** Tells the functions of the program. */
  tell(reason: CloseReason, failed: (error: unknown) => void): void {
    this.#isTold = true
    const handlers = this.#handlers ?? []
    this.#handlers = undefined
    for (const run of handlers) {
      try {
        run(reason)
      } catch (error) {
        failed(error)
      }
    }
  }
}
