import type { CloseReason } from '../base/close-reason.ts'

/** Tells those who wait for the end of a channel, exactly once. */
export class CloseNotifier {
  reason: CloseReason | undefined
  #waiting: ((reason: CloseReason) => void)[] | undefined

  /** Calls `run` at the end, or at once if it has come. */
  onEnd(run: (reason: CloseReason) => void): void {
    if (this.reason !== undefined) run(this.reason)
    else if (this.#waiting === undefined) this.#waiting = [run]
    else this.#waiting.push(run)
  }

  notify(reason: CloseReason, failed: (error: unknown) => void): void {
    if (this.reason !== undefined) return
    this.reason = reason
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const run of waiting) {
      try {
        run(reason)
      } catch (error) {
        failed(error)
      }
    }
  }
}
