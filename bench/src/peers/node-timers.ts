import { type ChurnOptions, measureChurn } from '../timer-churn.ts'
import { work } from '../worker-side.ts'

/** Node's own timers. */
work<ChurnOptions>(async (options, parent) => {
  await parent.ready()
  const timers = {
    set: (delayMs: number) => setTimeout(ignore, delayMs),
    cancel: (handle: NodeJS.Timeout) => clearTimeout(handle),
  }
  parent.result(measureChurn(timers, options))
})

function ignore(): void {
  // A timer of the churn is cancelled before it is due.
}
