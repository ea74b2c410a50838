/** How much a log line weighs. */
export type TimerLogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Where a timer's log lines go. `console` fits, and so does a pino logger. */
export type TimerLog = Readonly<Record<TimerLogLevel, (line: string) => void>>

/** Writes one line. What the log throws, or rejects with later, is told to `failed`, and goes no further. */
export function writeLine(log: TimerLog, level: TimerLogLevel, line: string, failed: () => void): void {
  try {
    const result: unknown = log[level](line)
    if (isThenable(result)) result.then(undefined, failed)
  } catch {
    failed()
  }
}

/** What a thrown value says of itself: anything can be thrown, also what has no text. */
export function textOf(error: unknown): string {
  try {
    return String(error)
  } catch {
    return 'an object without a text'
  }
}

/** Whether a value is a promise, of any realm and kind. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
