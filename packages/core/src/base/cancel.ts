/** A signal that ends a wait: `AbortSignal` fits. */
export interface CancelSignal {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', run: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', run: () => void): void
}

/** A signal that its owner can give: what `AbortController` is where there is a platform. */
export class Cancel implements CancelSignal {
  aborted = false
  reason: unknown
  readonly #listeners = new Set<() => void>()

  addEventListener(_type: 'abort', run: () => void): void {
    this.#listeners.add(run)
  }

  removeEventListener(_type: 'abort', run: () => void): void {
    this.#listeners.delete(run)
  }

  /** Gives the signal, once. */
  abort(reason: unknown): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    for (const run of this.#listeners) run()
    this.#listeners.clear()
  }

  /** Gives the signal when another one is given, until the returned function is called. */
  follow(signal: CancelSignal | undefined): () => void {
    const aborted = () => this.abort(signal?.reason)
    if (signal?.aborted) aborted()
    signal?.addEventListener('abort', aborted, { once: true })
    return () => signal?.removeEventListener('abort', aborted)
  }
}
