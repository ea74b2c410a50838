import { describe, expect, it } from 'vitest'
import { drawPlan } from './plan.ts'
import { Rules } from './rules.ts'
import { SpreadWatch } from './spread-watch.ts'

/** Bytes that leave at these instants, over a way of `delayMs`. Returns what was wrong. */
function faultsOf(delayMs: number, left: readonly [at: number, bytes: number][]): string[] {
  const faults: string[] = []
  const watch = new SpreadWatch(
    new Rules((text) => void faults.push(text)),
    drawPlan(1, { delayMs: [delayMs, delayMs] }),
  )
  for (const [at, bytes] of left)
    for (let size = bytes; size > 0; size -= 1000) watch.saw('server', 'player', Math.min(size, 1000), at)
  return faults
}

/** The same bytes every millisecond for two round trips of 100 ms, and then so many at once. */
const steady = (bytesAtOnce: number): [at: number, bytes: number][] => [
  ...Array.from({ length: 200 }, (_, at): [at: number, bytes: number] => [at, 2000]),
  [200, bytesAtOnce],
]

describe('the rule that packets are spread over time', () => {
  it('takes half of what leaves in a round trip, and 30 kB, at one instant', () => {
    expect(faultsOf(50, steady(130_000))).toEqual([])
  })

  it('finds more than that', () => {
    const [first] = faultsOf(50, steady(400_000))
    expect(first).toContain("'packets are spread over time'")
    expect(first).toMatch(/^'packets are spread over time': \d+ bytes left server for player at one instant/)
  })

  it('goes by any round trip, wherever it begins', () => {
    const first: [at: number, bytes: number] = [90, 50_000]
    expect(faultsOf(50, [first, [110, 75_000]])).toEqual([])
    expect(faultsOf(50, [first, [210, 75_000]])).not.toEqual([])
  })

  it('says nothing of ways that are so short that a burst is most of a round trip', () => {
    expect(faultsOf(19, steady(400_000))).toEqual([])
    expect(faultsOf(20, steady(400_000))).not.toEqual([])
  })

  it('looks at each way by itself', () => {
    const faults: string[] = []
    const rules = new Rules((text) => void faults.push(text))
    const watch = new SpreadWatch(rules, drawPlan(1, { delayMs: [50, 50] }))
    for (let count = 0; count < 50; count++) {
      watch.saw('server', `player${count}`, 29_000, 0)
      watch.saw(`player${count}`, 'server', 29_000, 0)
    }
    expect(faults).toEqual([])
    expect(rules.asked.get('packets are spread over time')).toBe(100)
  })
})
