import { once, runCallback } from './callback.ts'

/** Where log lines go. `console` fits, and so does a pino logger. What it throws, or rejects with, is told once, as a process warning. */
export interface Log {
  debug(line: string): void
  info(line: string): void
  warn(line: string): void
  error(line: string): void
}

/** How much a log line weighs. */
export type LogLevel = keyof Log

/** Where log lines go. */
export interface LogOptions {
  /** Nowhere unless given. `withSource(console)` adds the function and line that asked for each line. */
  readonly log?: Log | undefined
}

/** What writes log lines. */
export interface Describable {
  describe(): string
}

/** Writes lines to the log of a program, which may fail at each of them: the first failure is told, and nothing else suffers. */
export class LineWriter {
  readonly #log: Log | undefined
  readonly #failed: (error: unknown) => void

  private constructor(log: Log | undefined, failed: (error: unknown) => void) {
    this.#log = log
    this.#failed = failed
  }

  /** `failed` is told the first failure. Without a log all share one that writes nothing. */
  static of({ log }: LogOptions, failed: (error: unknown) => void): LineWriter {
    return log === undefined ? noLines : new LineWriter(log, once(failed))
  }

  /** Writes nothing. */
  static none(): LineWriter {
    return new LineWriter(undefined, () => {})
  }

  /** Writes one line: what speaks, and what it says. */
  write(level: LogLevel, speaker: Describable, text: string): void {
    const log = this.#log
    if (log !== undefined) runCallback(() => log[level](`${speaker.describe()}: ${text}`), this.#failed)
  }
}

const noLines = LineWriter.none()

/**
 * A log that ends each line of a `log` method (of a pipe, channel, sink or timer) with the function and line that called it. Costs a
 * stack trace a line: for debugging. `new ProtoFactory({ log: withSource(console) })`.
 */
export function withSource(log: Log): Log {
  const add = (line: string) => {
    const caller = callerOf(new Error().stack)
    return caller === undefined ? line : `${line} (${caller})`
  }
  return {
    debug: (line) => log.debug(add(line)),
    info: (line) => log.info(add(line)),
    warn: (line) => log.warn(add(line)),
    error: (line) => log.error(add(line)),
  }
}

/** The frame of a stack below the `log` method that was called: function, file and line. Undefined if there is none. */
export function callerOf(stack: string | undefined): string | undefined {
  const frames = (stack ?? '').split('\n').map((frame) => frame.trim())
  const own = frames.findIndex((frame) => /\.log \(|^at log \(/.test(frame))
  return own < 0 ? undefined : frames[own + 1]?.replace(/^at /, '')
}
