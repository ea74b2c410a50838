/** Where log lines go. `console` fits, and so does a pino logger. */
export interface Log {
  debug(line: string): void
  info(line: string): void
  warn(line: string): void
  error(line: string): void
}

/** How much a log line weighs. */
export type LogLevel = keyof Log

/** How log lines are made. */
export interface LogOptions {
  /** Where lines go; nowhere unless given. */
  readonly log?: Log | undefined
  /** Adds the function and line that asked for the log line. Costs a stack trace a line: for debugging. Default `off`. */
  readonly logSource?: 'on' | 'off' | undefined
}

/** Whoever writes log lines. */
export interface Describable {
  describe(): string
}

/** Writes one line: who speaks, what he says, and from where, if that is wanted. */
export function writeLog(options: LogOptions, level: LogLevel, speaker: Describable, text: string): void {
  const { log } = options
  if (log === undefined) return
  const source = options.logSource === 'on' ? ` (${callerOf(new Error().stack)})` : ''
  log[level](`${speaker.describe()}: ${text}${source}`)
}

/** The first frame of a stack below the `log` method that was called: function, file and line. */
export function callerOf(stack: string | undefined): string {
  const frames = (stack ?? '')
    .split('\n')
    .slice(1)
    .map((frame) => frame.trim())
  const own = frames.findIndex((frame) => /\.log \(|^at log \(/.test(frame))
  const frame = frames[own + 1] ?? frames.at(-1) ?? ''
  return frame.replace(/^at /, '') || 'unknown place'
}
