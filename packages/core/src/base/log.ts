/** Where log lines go. `console` fits, and so does a pino logger. */
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

/** Writes one line: what speaks, and what it says. Returns what the log does, which may be a promise. */
export function writeLog({ log }: LogOptions, level: LogLevel, speaker: Describable, text: string): unknown {
  return log?.[level](`${speaker.describe()}: ${text}`)
}

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
