import { meanNs } from './micro.ts'
import { randomNumbers } from './random.ts'
import type { Measurement } from './scenario.ts'
import type { WindowOptions } from './window.ts'

/** Timers as the churn needs them: `set` gives back what `cancel` takes. `slot` may serve as the key of the timer. */
export type TimerUnderTest<Handle> = {
  set(delayMs: number, slot: number): Handle
  cancel(handle: Handle): void
}

/** How the delays are chosen: all 30 s like so many idle timeouts, or spread from 1 s to 61 s. */
export type Delays = 'equal' | 'spread'

/**
 * Which timers come and go while the others stay: `pair` sets one and cancels it at once; `request` sets a new one and cancels it 64 timers later, like the
 * timeout of a request when its reply comes; `renew` cancels a random one of all and sets it anew.
 */
export type Pattern = 'pair' | 'request' | 'renew'

/** What is churned, and how. */
export type ChurnOptions = WindowOptions & {
  readonly liveCount: number
  readonly delays: Delays
  readonly pattern: Pattern
}

const pairsPerCall = 1024
/** How many timers of `request` are under way. */
const inFlightCount = 64

/**
 * Fills up to `liveCount` timers, then sets and cancels one at a time without leaving the turn. The random numbers
 * are the same in every run. None of the timers comes due meanwhile.
 */
export function measureChurn<Handle>(timers: TimerUnderTest<Handle>, options: ChurnOptions): Measurement {
  const { liveCount, delays, pattern } = options
  const random = randomNumbers(0x2545f491)
  const delay = delays === 'equal' ? () => 30_000 : () => 1000 + (random() % 60_000)
  const slotCount = pattern === 'renew' ? liveCount : liveCount + inFlightCount
  const aheadCount = pattern === 'pair' ? 1 : inFlightCount
  const live = Array.from({ length: slotCount }, (_, slot) => timers.set(delay(), slot))
  const nextSlot =
    pattern === 'renew' ? () => random() % liveCount : (pair: number) => liveCount + (pair % aheadCount)
  let pairs = 0
  const churn = () => {
    for (const until = pairs + pairsPerCall; pairs < until; pairs++) {
      const slot = nextSlot(pairs)
      timers.cancel(live[slot])
      live[slot] = timers.set(delay(), slot)
    }
  }
  const nsPerPair = meanNs(churn, options) / pairsPerCall
  return { nsPerPair, pairsPerSecond: 1e9 / nsPerPair }
}
