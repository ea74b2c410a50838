import type { Loop } from '@millrace/core'

/** The longest time that Node's timers can wait, in milliseconds. A pipe that is woken early asks again. */
const waitMax = 2 ** 31 - 1

// Tests fake the time, and with it the phases of Node's loop, which are none: a faked immediate would let the network stand still
// without a word. So these are the real ones, whatever is faked later.
const { setImmediate } = globalThis
const nextTick = process.nextTick.bind(process)
if ('clock' in setImmediate) {
  process.emitWarning(
    'setImmediate was faked before millrace was loaded: channels stand still until the fake clock runs. Import millrace first',
    { type: 'MillraceWarning' },
  )
}

/** A wake-up that waits, and the timer that it has now. */
interface Waiting {
  readonly atMs: number
  readonly wake: () => void
  timer: NodeJS.Timeout | undefined
  stop: () => void
}

const waiting = new Set<Waiting>()
/** Promises of the program wait for so many of them. */
let holdCount = 0
let clock = performance.now
/** What is added to the clock, so that the time goes on from where it was when another clock took its place. */
let offsetMs = 0
let lastMs = 0

/**
 * Node's event loop. Its timers don't keep a process alive: sockets do, and promises that wait for a deadline. The end of a turn is a `nextTick`, the next turn
 * an immediate.
 *
 * The time is that of `performance.now` and `setTimeout`, the faked ones if a test has faked them: deadlines then come when the test lets
 * time pass. Messages come in any case.
 */
export const nodeLoop: Loop = {
  now,
  wakeAt(atMs, wake) {
    const one: Waiting = { atMs, wake, timer: undefined, stop: () => {} }
    waiting.add(one)
    start(one, now())
    return {
      cancel() {
        waiting.delete(one)
        one.stop()
      },
    }
  },
  endOfTurn: (run) => nextTick(run),
  nextTurn: (run) => void setImmediate(run),
  hold() {
    if (++holdCount === 1) for (const { timer } of waiting) timer?.ref()
    return {
      cancel() {
        if (--holdCount === 0) for (const { timer } of waiting) timer?.unref()
      },
    }
  },
}

function now(): number {
  // The global is a getter, and looking at the clock is most of what it costs to share a turn: one look at each.
  const source = performance
  const read = source.now
  if (read !== clock) changeClock()
  lastMs = read.call(source) + offsetMs
  return lastMs
}

/** The clock was faked, or the real one is back: those who wait do so by the new one. */
function changeClock(): void {
  clock = performance.now
  offsetMs = lastMs - performance.now()
  for (const one of waiting) {
    one.stop()
    start(one, lastMs)
  }
}

function start(one: Waiting, nowMs: number): void {
  // A timer is stopped by the clock that it was started by.
  const { setTimeout, clearTimeout } = globalThis
  const ring = () => {
    waiting.delete(one)
    one.wake()
  }
  const timer = setTimeout(ring, Math.min(Math.max(one.atMs - nowMs, 0), waitMax))
  if (holdCount === 0) timer.unref()
  one.timer = timer
  one.stop = () => clearTimeout(timer)
}
