import { Random } from '@millrace/testkit'
import { TimerEntry, TimerWheel } from '@millrace/timer'
import { describe, expect, it } from 'vitest'
import { FewDeadlines } from './few-deadlines.ts'

describe('a few deadlines', () => {
  it.each([1, 2, 3])('fire as those of a wheel do, seed %i', (seed) => {
    const random = new Random(seed)
    const kinds = [new FewDeadlines(), new TimerWheel(0)].map((keeper) => {
      const fired: number[] = []
      const entries = Array.from({ length: 3 }, (_, index) => new TimerEntry(() => void fired.push(index)))
      return { keeper, fired, entries }
    })
    let now = 0
    for (let step = 0; step < 3000; step++) {
      const index = random.integer(0, 2)
      const at = now + random.integer(0, 50)
      const isSet = random.chance(0.5)
      const isCancelled = random.chance(0.1)
      now += random.integer(0, 20)
      for (const { keeper, entries, fired } of kinds) {
        if (isSet) keeper.schedule(entries[index], at)
        if (isCancelled) keeper.cancel(entries[index])
        keeper.advance(now)
        fired.sort((one, two) => one - two)
      }
      expect(kinds[0].fired).toEqual(kinds[1].fired)
      for (const { fired } of kinds) fired.length = 0
    }
    expect(kinds[0].keeper.nextDeadline() === Number.POSITIVE_INFINITY).toBe(
      kinds[1].keeper.nextDeadline() === Number.POSITIVE_INFINITY,
    )
  })

  it('may be set anew by what they call', () => {
    const deadlines = new FewDeadlines()
    let count = 0
    const entry: TimerEntry = new TimerEntry((now) => {
      count++
      deadlines.schedule(entry, now + 10)
    })
    deadlines.schedule(entry, 5)
    deadlines.advance(100)
    expect(count).toBe(1)
    expect(deadlines.nextDeadline()).toBe(110)
  })
})
