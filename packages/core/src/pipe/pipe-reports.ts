import { runCallback } from '../base/callback.ts'
import { LineWriter, type LogOptions } from '../base/log.ts'
import { causeText, MillraceError } from '../base/millrace-error.ts'
import type { Channel } from '../channel/channel.ts'
import type { Platform } from '../ports/platform.ts'
import { deferredMax } from '../turn/turns.ts'
import type { FactoryServices } from './factory-services.ts'
import type { PipeEvent, PipeHandlers } from './pipe-events.ts'

/** Process warnings of a pipe without a handler of `error`, at most. */
const warningsMax = 10

/** The pipe that is reported about. */
export interface PipeReportsOwner {
  describe(): string
}

/** Where reports go beside the pipe's own handlers. */
type ReportServices = Pick<FactoryServices, 'topics' | 'platform'>

/** Reports a pipe's errors to tracers, the log, the event `error`, or else the platform. */
export class PipeReports {
  /** Errors reported. */
  count = 0
  readonly #owner: PipeReportsOwner
  readonly #services: ReportServices
  readonly #handlers: PipeHandlers
  /** The log of the pipe and its channels. */
  readonly lines: LineWriter
  #warnings = 0

  constructor(
    owner: PipeReportsOwner,
    services: ReportServices,
    handlers: PipeHandlers,
    options: LogOptions,
  ) {
    this.#owner = owner
    this.#services = services
    this.#handlers = handlers
    this.lines = LineWriter.of(options, (cause) => warnOf(services.platform, 'log', cause))
  }

  /** Reports to tracers and the log only: the caller already gets the error, as `open` rejects with it. */
  note(error: MillraceError, channel: Channel | undefined): void {
    this.trace(error, channel)
    this.lines.write('error', this.#owner, error.message)
  }

  /** Counts an error, and reports it to tracers only. */
  trace(error: MillraceError, channel: Channel | undefined): void {
    this.count++
    const { pipeError } = this.#services.topics
    if (pipeError.hasSubscribers) pipeError.publish({ pipe: this.#owner, error, channel })
  }

  /** Reports an error to tracers, the log, and the event `error`, or else the platform. */
  report(error: MillraceError, channel: Channel | undefined): void {
    this.trace(error, channel)
    this.tell(error, channel)
  }

  /** Tells the log and the event `error`, or else the platform, of an error that was counted already. */
  tell(error: MillraceError, channel: Channel | undefined): void {
    this.lines.write('error', this.#owner, error.message)
    if (this.#handlers.has('error')) {
      // Peers can cause errors at will: later ones are only counted and logged.
      if (this.#handlers.deferredCount < deferredMax)
        this.#handlers.emit('error', this.#owner, error, channel)
      return
    }
    // Peers can cause errors at will: only the program's own are worth a process warning.
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
    const text = `the driver's ready() failed: ${causeText(cause)}`
    this.report(new MillraceError('handler-failed', text, { cause }), undefined)
  }

  #warn(error: MillraceError): void {
    if (this.#warnings < warningsMax) warn(this.#services.platform, error)
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
