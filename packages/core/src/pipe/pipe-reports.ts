import type { LogOptions } from '../base/log.ts'
import { causeText, MillraceError } from '../base/millrace-error.ts'
import type { Channel } from '../channel/channel.ts'
import type { Topics } from '../ports/diagnostics.ts'
import type { Platform } from '../ports/platform.ts'
import { deferredMax } from '../turn/turns.ts'
import type { PipeEvent, PipeHandlers } from './pipe-events.ts'

/** Warnings that nobody asked for, at most, in the life of a pipe. */
const warningsMax = 10

/** What the reports need to know of their pipe. */
export interface PipeReportsOwner {
  readonly topics: Topics
  readonly platform: Platform
  describe(): string
}

/** Brings a pipe's errors to those who want to know: tracers, the log, the event `error`, or else the platform. */
export class PipeReports {
  /** Errors reported. */
  count = 0
  readonly #owner: PipeReportsOwner
  readonly #handlers: PipeHandlers
  readonly #options: LogOptions
  #warnings = 0

  constructor(owner: PipeReportsOwner, handlers: PipeHandlers, options: LogOptions) {
    this.#owner = owner
    this.#handlers = handlers
    this.#options = options
  }

  /** Tells tracers and the log of an error that its cause learns of elsewhere, as whoever awaits an `open` does. */
  note(error: MillraceError, channel: Channel | undefined): void {
    this.count++
    const { pipeError } = this.#owner.topics
    if (pipeError.hasSubscribers) pipeError.publish({ pipe: this.#owner, error, channel })
    this.#options.log?.error(`${this.#owner.describe()}: ${error.message}`)
  }

  /** Tells everyone of an error. */
  report(error: MillraceError, channel: Channel | undefined): void {
    this.note(error, channel)
    if (this.#handlers.has('error')) {
      // Peers can cause errors at will: later ones are only counted and logged.
      if (this.#handlers.deferredCount < deferredMax)
        this.#handlers.emit('error', this.#owner, error, channel)
      return
    }
    // Peers can cause errors at will: only the program's own are worth a warning that nobody asked for.
    if (error.code === 'handler-failed') this.#warn(error)
  }

  /** A handler of the pipe's own events threw. */
  handlerFailed(cause: unknown, event: PipeEvent): void {
    const text = `the handler of '${event}' failed: ${causeText(cause)}`
    const error = new MillraceError('handler-failed', text, { cause })
    if (event !== 'error') return this.report(error, undefined)
    this.count++
    this.#warn(error)
  }

  /** The driver threw. */
  driverFailed(cause: unknown): void {
    const text = `the driver failed when it was told of a pipe that is ready: ${causeText(cause)}`
    this.report(new MillraceError('handler-failed', text, { cause }), undefined)
  }

  #warn(error: MillraceError): void {
    if (this.#warnings < warningsMax) this.#owner.platform.warn?.(error)
    this.#warnings++
  }
}
