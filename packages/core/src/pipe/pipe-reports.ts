import { once, runCallback } from '../base/callback.ts'
import { type LogOptions, writeLog } from '../base/log.ts'
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
  /** What the log throws is not told to the log. */
  readonly #logFailed = once((cause: unknown) => warnOf(this.#owner.platform, 'log', cause))
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
    if (this.#options.log === undefined) return
    runCallback(() => writeLog(this.#options, 'error', this.#owner, error.message), this.#logFailed)
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
    if (this.#warnings < warningsMax) warn(this.#owner.platform, error)
    this.#warnings++
  }
}

/** Warns that something which only looks on failed: nothing else suffers from that. */
export function warnOf(platform: Platform, what: 'diagnostics' | 'log', cause: unknown): void {
  warn(platform, new MillraceError('handler-failed', `the ${what} failed: ${causeText(cause)}`, { cause }))
}

/** What `warn` itself throws, or rejects with, goes nowhere: it is the last that is told of anything. */
function warn(platform: Platform, error: MillraceError): void {
  runCallback(
    () => platform.warn?.(error),
    () => {},
  )
}
