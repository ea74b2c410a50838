import type { CancelSignal } from '../base/cancel.ts'
import { type CloseReason, reasonError } from '../base/close-reason.ts'
import { MillraceError } from '../base/millrace-error.ts'
import type { Turns } from '../turn/turns.ts'

/** How a request waits. */
export interface RequestOptions {
  /** The reply is due within so many milliseconds. Default: the pipe's `requestTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  /** Ends the wait: the promise rejects with the signal's reason. A reply that comes later is ignored. */
  readonly signal?: CancelSignal | undefined
}

interface Pending {
  readonly key: string
  readonly number: number
  readonly resolve: (body: unknown) => void
  readonly reject: (error: unknown) => void
  readonly release: () => void
}

/** The requests of one channel that wait for their replies. Each ends exactly once: reply, fault, timeout, abort or close. */
export class PendingRequests {
  readonly #turns: Turns
  readonly #countMax: number
  readonly #timeoutMs: number
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  constructor(turns: Turns, countMax: number, timeoutMs: number) {
    this.#turns = turns
    this.#countMax = countMax
    this.#timeoutMs = timeoutMs
  }

  /** Registers a request, sends it by `encode`, and returns the promise of its reply. */
  start(
    key: string,
    number: number,
    options: RequestOptions,
    encode: (id: number) => void,
  ): Promise<unknown> {
    const { signal, timeoutMs = this.#timeoutMs } = options
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#pending.size >= this.#countMax) {
      const text = `${this.#countMax} requests wait for a reply already (maxRequests)`
      return Promise.reject(new MillraceError('request-limit', text))
    }
    if (!(timeoutMs > 0)) {
      const text = `timeoutMs is a positive number of milliseconds; got ${timeoutMs}`
      return Promise.reject(new MillraceError('argument-invalid', text))
    }
    const id = this.#freeId()
    try {
      encode(id)
    } catch (error) {
      return Promise.reject(error)
    }
    return new Promise((resolve, reject) => {
      const late = () => {
        this.#end(id)?.reject(
          new MillraceError('request-timeout', `no reply to '${key}' within ${timeoutMs} ms`),
        )
      }
      const aborted = () => this.#end(id)?.reject(signal?.reason)
      signal?.addEventListener('abort', aborted, { once: true })
      const deadline = this.#turns.awaitedDeadline({ due: late })
      deadline.setIn(timeoutMs)
      const release = () => {
        deadline.cancel()
        signal?.removeEventListener('abort', aborted)
      }
      this.#pending.set(id, { key, number, resolve, reject, release })
    })
  }

  /** The key's number of a request that waits, or -1. */
  awaited(id: number): number {
    return this.#pending.get(id)?.number ?? -1
  }

  /** A reply came. One that is no longer waited for is ignored. */
  replied(id: number, body: unknown): void {
    this.#end(id)?.resolve(body)
  }

  /** The peer could not reply. */
  faulted(id: number, text: string): void {
    const pending = this.#end(id)
    pending?.reject(
      new MillraceError('request-failed', `the peer could not reply to '${pending.key}': ${text}`),
    )
  }

  /** The channel ended: nothing will be answered any more. */
  end(reason: CloseReason): void {
    if (this.#pending.size === 0) return
    const error = reasonError(reason, 'the channel ended before the reply came')
    for (const id of [...this.#pending.keys()]) this.#end(id)?.reject(error)
  }

  #end(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    if (pending === undefined) return undefined
    this.#pending.delete(id)
    try {
      pending.release()
    } catch (error) {
      // Of the program's signal, which is the caller's matter.
      pending.reject(error)
    }
    return pending
  }

  #freeId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0
    while (this.#pending.has(this.#lastId))
    return this.#lastId
  }
}
