import type { CloseReason } from './close-reason.ts'

/** Tells those who wait for the end of a channel, exactly once. */
export class EndBell {
  reason: CloseReason | undefined
  readonly #waiting: ((reason: CloseReason) => void)[] = []

  /** Calls `run` at the end, or at once if it has come. */
  onEnd(run: (reason: CloseReason) => void): void {
    if (this.reason !== undefined) run(this.reason)
    else this.#waiting.push(run)
  }

  ring(reason: CloseReason, failed: (error: unknown) => void): void {
    if (this.reason !== undefined) return
    this.reason = reason
    for (const run of this.#waiting.splice(0)) {
      try {
        run(reason)
      } catch (error) {
        failed(error)
      }
    }
  }
}
