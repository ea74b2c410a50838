import { Timer } from '@millrace/timer'
import { type ChurnOptions, measureChurn } from '../timer-churn.ts'
import { work } from '../worker-side.ts'

/** Millrace's keyed timers, on a clock that is read once a turn: setTimeout, too, takes the time of the turn. */
work<ChurnOptions>(async (options, parent) => {
  await parent.ready()
  const turnMs = performance.now()
  const timer = new Timer({ now: () => turnMs }, { drive: 'manual', countMax: options.liveCount + 64 })
  const timers = {
    set: (delayMs: number, slot: number) => {
      timer.once(slot, ignore, delayMs)
      return slot
    },
    cancel: (slot: number) => timer.cancel(slot),
  }
  parent.result(measureChurn(timers, options))
})

function ignore(): void {
  // A timer of the churn is cancelled before it is due.
}
