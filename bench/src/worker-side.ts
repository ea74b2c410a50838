import { type Measurement, NotRun } from './scenario.ts'
import type { Facts, FromWorker, ToWorker } from './worker.ts'

/** The parent as a worker sees it. */
export type Parent = {
  /** Tells that the worker can begin, and waits for the word. */
  ready(facts?: Facts): Promise<void>
  result(measurement: Measurement): void
}

/**
 * The frame of every node worker: reads the options, runs `work`, reports what it throws, and ends the process when
 * told so or when the parent is gone.
 */
export function work<Options>(run: (options: Options, parent: Parent) => Promise<void>): void {
  const started = Promise.withResolvers<void>()
  process.on('message', (message) => {
    const { kind } = message as ToWorker
    if (kind === 'start') started.resolve()
    else process.exit(0)
  })
  process.on('disconnect', () => process.exit(0))
  const parent: Parent = {
    ready: (facts = {}) => {
      tell({ kind: 'ready', facts })
      return started.promise
    },
    result: (measurement) => tell({ kind: 'result', measurement }),
  }
  const fail = (error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    tell({ kind: error instanceof NotRun ? 'not run' : 'failed', why })
  }
  process.on('uncaughtException', fail)
  run(JSON.parse(process.argv[2]) as Options, parent).catch(fail)
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message, () => undefined)
}
