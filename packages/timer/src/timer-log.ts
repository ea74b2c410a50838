/** How much a log line weighs. */
export type TimerLogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Where a timer's log lines go. `console` fits, and so does a pino logger. */
export type TimerLog = Readonly<Record<TimerLogLevel, (line: string) => void>>
